"""The table of verdicts: what becomes of a client at a service once a policy is enforced there."""

from __future__ import annotations

from tlsaudit.schema.column import ENDS, TRANSPORTS, Column

VERDICTS_WORST_FIRST = (
    "will break",
    "app-limited",
    "cipher-limited",
    "server-limited",
    "refused already",
    "fallback",
    "unknown",
    "scanner",
    "ready",
)

BREAKING = ("will break", "app-limited", "cipher-limited")
"""The verdicts that say that something on the client's side must change."""

NO_PROBLEM = ("ready", "scanner", "unknown")
"""The verdicts that are no problem, or not known to be one."""

CONFIDENCES = ("low", "medium", "high")

CAUSES = (
    "one-direction",
    "truncated",
    "lost-packets",
    "malformed",
    "reader-limit",
    "unanswered",
    "unknown-version",
)

VERDICTS: tuple[Column, ...] = (
    Column("policy", "dict<str>", False, "The policy that is forecast."),
    Column("client", "str", False, "As in the handshake table."),
    Column("client_name", "str", True, "As in the client table."),
    Column("client_name_why", "str", True, "Where that name is from."),
    Column(
        "processes",
        "list<str>",
        True,
        "The programs that made these handshakes, those of most first, each with the number of its "
        "process and how sure that is: `certain` by an event or table of Windows, `likely` by the "
        "thread that sent the first packet. Null = no capture tells.",
    ),
    Column(
        "service",
        "str",
        False,
        "What was asked for: the server name, else the server's address, with the port.",
    ),
    Column(
        "stack",
        "str",
        True,
        "The TLS stack, told by the shape of its hellos: best version, suites in order, "
        "extensions, without what changes from one connection to the next (server_name, GREASE, "
        "padding, session ticket, PSK, early data, cookie) and without the order of extensions, "
        "which some browsers shuffle. Null where no whole ClientHello was seen.",
    ),
    Column(
        "stack_hint",
        "str",
        True,
        "What the stack probably is, by the order of its suites, or perhaps, by its JA3; a list "
        "that the user brings comes first. Null = its hellos do not tell.",
    ),
    Column("stack_hint_why", "str", True, "What makes that probable."),
    Column(
        "verdict",
        "dict<str>",
        False,
        "`will break`: every hello of this stack is below the policy and none of them a fallback; "
        "`app-limited`: so too, but the stack can do better, and a program or a setting holds it "
        "back; `cipher-limited`: the version is right, and none of the offered suites is accepted; "
        "`server-limited`: the client offered enough and the server chose less; "
        "`refused already`: the service refuses every attempt today; `fallback`: a lower retry "
        "after a better hello failed; `unknown`: `because` says why; `scanner`: versions and "
        "suites are tried out; `ready`: keeps working.",
        values=VERDICTS_WORST_FIRST,
        ordered=True,
    ),
    Column(
        "because",
        "dict<str>",
        True,
        "Why nothing is known: `one-direction` of the connection was captured; `truncated`: the "
        "snap length cut a hello; `lost-packets`: a part of one is missing; `malformed`: one "
        "contradicts itself; `reader-limit`: a bound of the reader was reached; `unanswered`: the "
        "server said nothing; `unknown-version`: a hello names no version that is known. Null for "
        "every other verdict.",
        values=CAUSES,
    ),
    Column(
        "confidence",
        "dict<str>",
        True,
        "How sure the verdict is: `high` where nothing else explains what was seen, `medium` where "
        "one thing rests on inference (one old hello, a reset without an alert, a ladder that does "
        "not say so), `low` where another explanation is about as good: only the client's side was "
        "captured and it sent no more than its hello, nobody answered, or the stack does better at "
        "the same service. Null for `unknown`.",
        values=CONFIDENCES,
        ordered=True,
    ),
    Column(
        "in_scope",
        "bool",
        True,
        "Whether the policy speaks of this service; true for a policy that speaks of all. Null = "
        "it goes by the server's name, the hello gives none, and neither does an answer of DNS to "
        "this client, or the user.",
    ),
    Column("sentence", "str", False, "The verdict and its reason in one sentence."),
    Column(
        "remedy",
        "str",
        True,
        "What to do: an entry of `docs/remedies.md`. Null where nothing is to be done.",
    ),
    Column("handshakes", "uint32", False, "Handshakes of this client, service and stack."),
    Column("first_seen", "timestamp[ns, UTC]", True, "Time of the first of them."),
    Column("last_seen", "timestamp[ns, UTC]", True, "Time of the last of them."),
    Column("captures", "uint32", False, "Captures in which they are."),
    Column(
        "offered",
        "uint16",
        True,
        "`client_max_version` of the handshake that is the evidence. Null = not seen.",
        text="code point",
    ),
    Column(
        "negotiated",
        "uint16",
        True,
        "Its `negotiated_version`. Null = no ServerHello was seen.",
        text="code point",
    ),
    Column(
        "negotiated_cipher_suite",
        "uint16",
        True,
        "Its cipher suite. Null = no ServerHello was seen.",
        text="code point",
    ),
    Column("alert_description", "uint8", True, "Its alert. Null = none was seen."),
    Column("end", "dict<str>", True, "As in the handshake table.", values=ENDS),
    Column("ja4", "str", True, "Its JA4 fingerprint."),
    Column("transport", "dict<str>", False, "As in the handshake table.", values=TRANSPORTS),
    Column("carrier", "dict<str>", True, "As in the handshake table."),
    Column("server", "str", False, "Its server, as in the handshake table."),
    Column("server_port", "uint16", True, "As in the handshake table."),
    Column("server_name", "str", True, "As in the handshake table."),
    Column(
        "server_called",
        "str",
        True,
        "What the server is called beside TLS, where the hello of the evidence names none, by the "
        "rule in `docs/names.md`. Null = nobody says.",
    ),
    Column("server_called_why", "str", True, "Where that name is from."),
    Column("capture", "dict<str>", False, "The capture that holds the evidence."),
    Column("stream", "uint32", True, "As in the handshake table."),
    Column(
        "frames",
        "list<uint64>",
        False,
        "The frames that are the evidence: the hellos, the alert or reset where it matters, and of "
        "a fallback the better hello that failed.",
        "Wireshark `frame.number`",
    ),
    Column(
        "tshark",
        "str",
        True,
        "The command that shows these frames, for bash, cmd and PowerShell 7; in PowerShell 5 what "
        "stands on each side of `&&` is run by itself. A file whose name these shells do not take "
        "alike is named for bash. Null for a capture from standard input.",
    ),
)

ROLLUP: tuple[Column, ...] = (
    Column("name", "str", False, "The client, the service or the capture that the row is about."),
    Column(
        "worst",
        "dict<str>",
        False,
        "The worst verdict among its rows of the table of verdicts.",
        values=VERDICTS_WORST_FIRST,
        ordered=True,
    ),
    Column("verdicts", "uint32", False, "Its rows of the table of verdicts."),
    Column("handshakes", "uint32", False, "The handshakes behind them."),
    Column(
        "others",
        "uint32",
        False,
        "Of a client its services, of a service its clients, of a capture its clients.",
    ),
    *(
        Column(
            verdict.replace(" ", "_").replace("-", "_"),
            "uint32",
            False,
            f"Of its rows those with the verdict `{verdict}`.",
        )
        for verdict in VERDICTS_WORST_FIRST
    ),
)
