"""The commands to type, for each program, and in words what they keep and what they miss."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tlsaudit.capturing.filters import PORTS, handshakes_filter, ports_filter
from tlsaudit.errors import RecipeError
from tlsaudit.safe_text import shell_word, visible

__all__ = ["KEEPS", "MOST_PKTMON_FILTERS", "TOOLS", "Recipe", "recipe"]

TOOLS = {
    "dumpcap": "Wireshark's capture program, on every system that Wireshark runs on",
    "tcpdump": "on nearly every Linux, BSD and macOS",
    "netsh": "netsh trace, part of every Windows",
    "pktmon": "Packet Monitor, part of newer Windows",
}
"""The programs, and where each is found."""

KEEPS = ("handshakes", "ports", "all")
"""What may be kept: the packets that begin a piece of a handshake, whole ports, or everything."""

MOST_PKTMON_FILTERS = 32
"""Filters that Packet Monitor takes at once."""

MOST_HOURS = 366 * 24
"""What a capture may run; more is a slip of the pen."""

_SECONDS = 3600
_KEPT = {
    "handshakes": "Kept: beginning and end of every TCP connection, and every packet that begins a "
    "hello, an alert or a change of keys of SSL 2.0 to TLS 1.3, on any port, over IPv4 and IPv6, "
    "also after StartTLS, in RDP and SQL Server; DTLS; QUIC's long packets; EAP over EAPOL and "
    "RADIUS; later IP fragments. So little that it may run for days.",
    "ports": "Kept: everything on these ports, later IP fragments, and EAPOL.",
    "all": "Kept: everything.",
}
_MISSED = {
    "handshakes": "Missed: what comes in later segments of a message. A hello of more than one "
    "segment (browsers with post-quantum keys; seldom the old clients looked for) is then a row "
    "that says that it is incomplete, and its answer is whole. Certificates, the dialogue before "
    "StartTLS (so the carrier's name), refusals in plaintext, bytes sent after the handshake, and "
    "in TLS 1.3 whether it was completed, are not seen. Nor is TLS inside tunnels (GRE, VXLAN, "
    "MPLS, PPPoE), OpenVPN or TURN, or behind VLAN tags (one with `--vlan`): use `--keep all` "
    "there.",
    "ports": "Missed: TLS on other ports, inside tunnels, and behind VLAN tags (one with "
    "`--vlan`).",
    "all": "Missed: nothing but what passes elsewhere, or faster than the disk can write.",
}
_HOW_LONG = (
    "How long: at least one whole working day; a week meets what runs at night and at the "
    "weekend, and a month's end what runs once a month. `none found` speaks for these hours alone. "
    "Capture where both directions pass, best on the server itself: behind a load balancer, proxy "
    "or address translation all clients look like one."
)
_ONE_FILE = "The trace is one file that overwrites its oldest part when it is full."


@dataclass(frozen=True, slots=True)
class Recipe:
    """What to type, and what to know about it.

    `commands` are lines for a shell (dumpcap and tcpdump) or PowerShell (netsh and pktmon), in
    order; `filter` is the capture filter in them, None where the program has no such language.
    `notes` are sentences.
    """

    tool: str
    commands: tuple[str, ...]
    notes: tuple[str, ...]
    filter: str | None = None

    def __str__(self) -> str:
        import textwrap

        lines: list[str] = []
        for note in self.notes:
            lines += textwrap.wrap(
                note, 96, initial_indent="# ", subsequent_indent="#   ", break_long_words=False,
                break_on_hyphens=False,
            )  # fmt: skip
        return "\n".join([*self.commands, "", *lines]) + "\n"


def recipe(
    tool: str = "dumpcap",
    *,
    interface: str | None = None,
    keep: str | None = None,
    ports: Sequence[int] = (),
    vlan: bool = False,
    hours: float = 24.0,
    file_megabytes: int = 100,
    files: int = 50,
    name: str = "tls",
) -> Recipe:
    """Give the commands that capture with this program.

    `keep` is one of `KEEPS`; None means the least that the program can do. `ports` are those to
    keep in place of `PORTS`. A ring of `files` files of `file_megabytes` each is written, so that
    the disk cannot fill; it ends after `hours`. Raises RecipeError for what the program cannot do.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise RecipeError(f"`{visible(name)}` is no plain name for a file")
    if not 0 < hours <= MOST_HOURS:
        raise RecipeError(f"hours: a number above 0 and up to {MOST_HOURS:,}, which is a year")
    if file_megabytes < 1:
        raise RecipeError("file-megabytes: a file needs 1 MB at least")
    if files < 2:
        raise RecipeError("files: a ring needs two files at least")
    if any(not 0 < port < 1 << 16 for port in ports):
        raise RecipeError("a port is a number from 1 to 65535")
    if ports and keep not in (None, "ports"):
        raise RecipeError(f"ports are for keeping `ports`, not `{visible(str(keep))}`")
    if vlan and interface in (None, "any"):
        raise RecipeError("VLAN tags can be asked for on Ethernet alone: name the interface")
    if keep is not None and keep not in KEEPS:
        raise RecipeError(f"`{visible(keep)}` is not one of {', '.join(KEEPS)}")
    if tool not in TOOLS:
        raise RecipeError(f"`{visible(tool)}` is not one of {', '.join(TOOLS)}")
    seconds = max(1, round(hours * _SECONDS))
    wish = _Wish(interface, keep, tuple(ports), vlan, seconds, file_megabytes, files, name)
    return {"dumpcap": _dumpcap, "tcpdump": _tcpdump, "netsh": _netsh, "pktmon": _pktmon}[tool](
        wish
    )


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is asked for; the fields are the arguments of `recipe`."""

    interface: str | None
    keep: str | None
    ports: tuple[int, ...]
    vlan: bool
    seconds: int
    file_megabytes: int
    files: int
    name: str

    @property
    def kept(self) -> str:
        """What a program with filters keeps."""
        return self.keep or ("ports" if self.ports else "handshakes")

    @property
    def filter(self) -> str | None:
        """The filter for that."""
        if self.kept == "handshakes":
            return handshakes_filter(self.vlan)
        return ports_filter(self.ports, self.vlan) if self.kept == "ports" else None

    @property
    def megabytes(self) -> int:
        """The size of the whole ring."""
        return self.file_megabytes * self.files

    @property
    def ring(self) -> str:
        """The sentence on time and size."""
        return (
            f"It ends by itself after {self.seconds / _SECONDS:g} hours, and keeps the last "
            f"{self.files} files of {self.file_megabytes} MB: if it wraps, only the end of that "
            "time is there. Join the files before an audit, as the second line does: a connection "
            "that crosses from one to the next would be seen in halves."
        )


def _dumpcap(wish: _Wish) -> Recipe:
    line = (
        f"dumpcap -i {shell_word(wish.interface or 'any')} -s 0 -a duration:{wish.seconds} "
        f"-b filesize:{wish.file_megabytes * 1000} -b files:{wish.files} -w {wish.name}.pcapng"
    )
    say_who = (
        "Run it with the right to capture (root, or the group wireshark). `any` is Linux's word "
        "for all interfaces; elsewhere name one: `dumpcap -D` lists them."
    )
    if wish.filter is not None:
        line += f" -f '{wish.filter}'"
    return _filtered("dumpcap", wish, line, f"{wish.name}_*.pcapng", say_who)


def _tcpdump(wish: _Wish) -> Recipe:
    line = (
        f"timeout {wish.seconds} tcpdump -i {shell_word(wish.interface or 'any')} -n -s 0 -Z root "
        f"-C {wish.file_megabytes} -W {wish.files} -w {wish.name}.pcap"
    )
    say_who = (
        "Run it as root. `any` is Linux's word for all interfaces; elsewhere name one: "
        "`tcpdump -D` lists them. `-Z root` lets the second file of the ring be opened; leave it "
        "out where tcpdump does not know it, and `timeout` where there is none."
    )
    if wish.filter is not None:
        line += f" '{wish.filter}'"
    return _filtered("tcpdump", wish, line, f"{wish.name}.pcap*", say_who)


def _filtered(tool: str, wish: _Wish, line: str, files: str, say_who: str) -> Recipe:
    joined = f"{wish.name}-all.pcapng"
    return Recipe(
        tool,
        (line, f"mergecap -w {joined} {files}"),
        (say_who, wish.ring, _KEPT[wish.kept], _MISSED[wish.kept], _HOW_LONG, _then(joined)),
        wish.filter,
    )


def _netsh(wish: _Wish) -> Recipe:
    if wish.keep not in (None, "all") or wish.ports or wish.vlan:
        raise RecipeError(
            "netsh trace cannot choose by port or content, it keeps `all`: leave `port`, `keep` "
            "and `vlan` out, or take pktmon, which chooses by port"
        )
    if wish.interface is not None:
        raise RecipeError("netsh trace captures on all interfaces: name none")
    name = wish.name
    return Recipe(
        "netsh",
        (
            "netsh trace start capture=yes report=disabled correlation=disabled overwrite=yes "
            f"fileMode=circular maxSize={wish.megabytes} traceFile=C:\\{name}.etl",
            f"Start-Sleep -Seconds {wish.seconds}",
            "netsh trace stop",
        ),
        (
            "Run it in PowerShell as administrator. `netsh trace stop` may take minutes, and "
            "leaves a .cab beside the .etl. tlsaudit reads the .etl as it is, on any system, and "
            "names the process behind a connection where the trace tells it.",
            _ONE_FILE,
            _KEPT["all"],
            _MISSED["all"] + " Traffic of the machine with itself (127.0.0.1) is not captured.",
            _HOW_LONG,
            _then(f"{name}.etl"),
        ),
    )


def _pktmon(wish: _Wish) -> Recipe:
    if wish.keep == "handshakes" or wish.vlan:
        raise RecipeError("pktmon cannot choose by content: keep `ports` or `all`")
    if wish.interface is not None and not re.fullmatch("[0-9]+", wish.interface):
        raise RecipeError("pktmon wants the number of a component: `pktmon list` shows them")
    numbers = sorted(set(wish.ports)) or [port for port, _ in PORTS]
    if len(numbers) > MOST_PKTMON_FILTERS:
        raise RecipeError(f"pktmon takes {MOST_PKTMON_FILTERS} ports at most")
    by_port = wish.keep != "all"
    added = [f"pktmon filter add port-{port} -p {port}" for port in numbers]
    name = wish.name
    return Recipe(
        "pktmon",
        (
            "pktmon filter remove",
            *(added if by_port else ()),
            f"pktmon start --capture --comp {wish.interface or 'nics'} --pkt-size 0 "
            f"--file-name C:\\{name}.etl --file-size {wish.megabytes} --log-mode circular",
            f"Start-Sleep -Seconds {wish.seconds}",
            "pktmon stop",
            "pktmon filter remove",
        ),
        (
            "Run it in PowerShell as administrator. Without `--pkt-size 0` only 128 bytes of each "
            "packet are kept, which cuts nearly every hello before its list of versions. Older "
            "builds of Windows 10 say `--etw` for `--capture`. tlsaudit reads the .etl as it is, "
            "on any system.",
            _ONE_FILE,
            "Kept: everything on these ports." if by_port else _KEPT["all"],
            "Missed: TLS on other ports and inside tunnels, and EAPOL."
            if by_port
            else _MISSED["all"],
            _HOW_LONG,
            _then(f"{name}.etl"),
        ),
    )


def _then(capture: str) -> str:
    return f"Then: tlsaudit capture --check {capture}, and tlsaudit report {capture} -o report"
