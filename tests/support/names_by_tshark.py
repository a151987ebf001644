"""The names that tshark shows in a capture, put in the words of the table of names.

Nothing here comes from tlsaudit.
"""

from __future__ import annotations

import ipaddress
import subprocess
from collections.abc import Iterator
from pathlib import Path

__all__ = ["FIELDS", "Fact", "facts"]

Fact = tuple[int, str, str, str]
"""Frame, what tells it, address, name."""

FIELDS = (
    *("frame.number", "frame.protocols", "ip.src", "ipv6.src", "eth.src"),
    *("dns.flags.response", "dns.flags.opcode", "dns.resp.name", "dns.resp.type"),
    *("dns.resp.class", "dns.a", "dns.aaaa", "dns.ptr.domain_name"),
    *("dns.qry.name", "dns.cname"),
)
_FILTER = "dns.a || dns.aaaa || dns.ptr.domain_name"
_BETWEEN = "\x1f"
_SRV, _OPT = 33, 41


def facts(capture: Path) -> set[Fact]:
    """Everything that tshark shows; one pass, and another for what was put together."""
    command = ["tshark", "-2", "-n", "-r", str(capture), "-Y", _FILTER, "-T", "fields"]
    command += ["-o", "tcp.reassemble_out_of_order:TRUE", "-E", f"aggregator={_BETWEEN}"]
    command += ["-E", "separator=/t", "-E", "occurrence=a"]
    for field in FIELDS:
        command += ["-e", field]
    ran = subprocess.run(command, capture_output=True, check=False)
    found: set[Fact] = set()
    for line in ran.stdout.decode("utf-8", "backslashreplace").splitlines():
        cells = line.split("\t")
        row = {
            name: [each for each in cell.split(_BETWEEN) if each]
            for name, cell in zip(FIELDS, cells, strict=False)
        }
        found.update(_dns(row))
    return found


def _dns(row: dict[str, list[str]]) -> Iterator[Fact]:
    frame = int(row["frame.number"][0])
    names = row["frame.protocols"][0].split(":")
    source = next((each for each in ("mdns", "llmnr", "dns") if each in names), None)
    if source is None:
        return
    values = {
        1: iter(row["dns.a"]),
        5: iter(row["dns.cname"]),
        12: iter(row["dns.ptr.domain_name"]),
        28: iter(row["dns.aaaa"]),
    }
    asked = {each.lower() for each in row["dns.qry.name"]} if len(row["dns.qry.name"]) == 1 else ()
    question = min(asked, default="")
    # Names that the one that was asked for leads to.
    led_to = set(asked)
    classes = iter(row["dns.resp.class"])
    owners = iter(row["dns.resp.name"])
    for kind in row["dns.resp.type"]:
        number = int(kind)
        # The owner of a service is in a field of its own.
        owner = next(owners, "") if number != _SRV else ""
        is_internet = number == _OPT or int(next(classes, "0"), 0) == 1
        if number not in values:
            continue
        value = next(values[number], None)
        if value is None or not is_internet:
            continue
        if number == 5:
            led_to |= {value.lower()} if owner.lower() in led_to else set()
        elif number == 12:
            subject = _pointed_at(owner)
            if subject is not None:
                yield frame, source, subject, value.lower()
        else:
            address = str(ipaddress.ip_address(value))
            yield frame, source, address, owner.lower()
            if source == "dns" and owner.lower() in led_to:
                yield frame, source, address, question


def _pointed_at(owner: str) -> str | None:
    """The address of a name that stands for one."""
    labels = owner.lower().split(".")
    if labels[-2:] == ["in-addr", "arpa"] and len(labels) == 6:
        return ".".join(reversed(labels[:4]))
    if labels[-2:] == ["ip6", "arpa"] and len(labels) == 34:
        digits = "".join(reversed(labels[:32]))
        return str(ipaddress.IPv6Address(int(digits, 16)))
    return None
