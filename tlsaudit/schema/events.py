"""The tables of what Windows and Entra logged, and of what each entry was tied to."""

from __future__ import annotations

from tlsaudit.schema.column import SIDES, TRANSPORTS, Column

TIES = ("process", "alert", "name", "time")

NOT_TIED = (
    "several-connections",
    "several-events",
    "unclear",
    "no-connection",
    "outside",
    "no-host",
    "never-sent",
    "not-compared",
    "no-time",
)

SIGN_IN_TIES = ("address", "time")

_TIED_TO: tuple[Column, ...] = (
    Column("capture", "dict<str>", True, "The capture of that handshake. Null = not tied."),
    Column("transport", "dict<str>", True, "As in the handshake table.", values=TRANSPORTS),
    Column("stream", "uint32", True, "As in the handshake table."),
    Column("handshake", "uint16", True, "As in the handshake table."),
    Column("frame", "uint64", True, "The frame to open: the alert, else a hello."),
    Column("client", "str", True, "The client of that handshake."),
    Column("server", "str", True, "Its server."),
    Column("server_port", "uint16", True, "The server's port."),
)

EVENTS: tuple[Column, ...] = (
    Column("log", "dict<str>", False, "The file of events, as the caller named it."),
    Column("record", "uint64", True, "The number of the event in the log of its computer."),
    Column("ts", "timestamp[ns, UTC]", True, "When it was logged, by the computer's clock."),
    Column("computer", "str", True, "The computer that logged it, as the event has it."),
    Column("event_id", "uint32", False, "The event's number, as in `docs/events.md`."),
    Column("meaning", "str", False, "What it says, in a sentence."),
    Column(
        "side",
        "dict<str>",
        True,
        "Whether the computer was the client or the server. Null = the event does not say.",
        values=SIDES,
    ),
    Column(
        "process",
        "str",
        True,
        "The program that used Schannel, as the event has it: without path and `.exe`. Null before "
        "Windows 11 21H2 and Windows Server 2022, and always for 36880.",
    ),
    Column("pid", "uint32", True, "The number of that process. Null likewise."),
    Column("version", "uint16", True, "The version that the event names.", text="code point"),
    Column("cipher_suite", "uint16", True, "The cipher suite that it names.", text="code point"),
    Column("alert_description", "uint8", True, "The alert that was sent or received."),
    Column("error_state", "str", True, "Schannel's internal state or error, as the event has it."),
    Column("target_name", "str", True, "The server that the program asked for, in its words."),
    Column("local_certificate", "str", True, "The subject of the computer's own certificate."),
    Column("remote_certificate", "str", True, "The subject of the peer's certificate."),
    Column("host", "str", True, "The addresses that this computer is known by, with commas."),
    Column("host_why", "str", True, "What says so: a file of the user's, or packets."),
    Column(
        "tie",
        "dict<str>",
        True,
        "How the event was tied to a handshake, the strongest reason that holds: `process`, the "
        "same process; `alert`, the same alert in the same direction; `name`, the same server "
        "name, version and suite; `time`, nothing but what happened within two seconds. Null = "
        "not tied: `because` says why.",
        values=TIES,
    ),
    Column(
        "because",
        "dict<str>",
        True,
        "Why it was not tied. `several-connections`: more than one fits equally well; "
        "`several-events`: the handshake that fits, fits another such event too; `unclear`: what "
        "fits in time was captured in part, or does not show enough; `no-connection`: none of the "
        "computer's handshakes in the captures fits; `outside`: nothing was captured at that time; "
        "`no-host`: no address of the computer is known; `never-sent`: what failed there fails "
        "before anything is sent; `not-compared`: such events say too little about a connection; "
        "`no-time`: the event has none.",
        values=NOT_TIED,
    ),
    Column(
        "candidates",
        "uint32",
        False,
        "Handshakes that fit equally well: 1 where it is tied, more for `several-connections`.",
    ),
    Column(
        "others",
        "uint32",
        False,
        "Further handshakes within two seconds that nothing speaks against, with weaker reasons.",
    ),
    *_TIED_TO,
)

SIGN_INS: tuple[Column, ...] = (
    Column("log", "dict<str>", False, "The file of sign-ins, as the caller named it."),
    Column("id", "str", True, "The sign-in's own identifier."),
    Column("ts", "timestamp[ns, UTC]", True, "When Entra logged it (`createdDateTime`)."),
    Column(
        "address",
        "str",
        True,
        "The address that Entra saw: behind address translation the public one of many clients.",
    ),
    Column("user", "str", True, "Who signed in, or the service principal."),
    Column("app", "str", True, "The application that was signed in to or with."),
    Column("client_app", "str", True, "The kind of client, as Entra names it."),
    Column("user_agent", "str", True, "The User-Agent of the request."),
    Column("device", "str", True, "Name and operating system of the device, where Entra knows."),
    Column("error_code", "uint32", True, "The sign-in's result: 0 = it succeeded."),
    Column(
        "tie",
        "dict<str>",
        True,
        "How the sign-in was tied to a handshake: `address`, the same client address, an old "
        "version or 3DES, a sign-in name and the time; `time`, all that without the address, since "
        "the capture has another one. Null = not tied: `because` says why.",
        values=SIGN_IN_TIES,
    ),
    Column(
        "because",
        "dict<str>",
        True,
        "Why it was not tied: as in the table of events.",
        values=NOT_TIED,
    ),
    Column("candidates", "uint32", False, "Handshakes that fit equally well."),
    *(
        Column(
            "client",
            "str",
            True,
            "The client of that handshake; also where several fit that are all of one client.",
        )
        if column.name == "client"
        else column
        for column in _TIED_TO
    ),
)
