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
    *("nbns.type", "nbns.name", "nbns.addr", "nbns.nb_flags.group", "nbns.name_flags.group"),
    *("nbns.netbios_name", "nbns.flags.opcode", "nbns.flags.response"),
    *("dhcp.option.dhcp", "dhcp.hw.mac_addr", "dhcp.ip.client", "dhcp.ip.your"),
    *("dhcp.option.hostname", "dhcp.fqdn.name", "dhcp.option.vendor_class_id"),
    *("kerberos.msg_type", "kerberos.CNameString", "kerberos.addr_nb", "ip.dst", "ipv6.dst"),
    *("ntlmssp.auth.hostname", "ntlmssp.auth.username", "ntlmssp.auth.domain"),
    *("ntlmssp.challenge.target_info.dns_computer_name", "rdp.rt_cookie"),
    *("http.user_agent", "http.request.method", "http.request.uri"),
)
_FILTER = (
    "dns.a || dns.aaaa || dns.ptr.domain_name || nbns.addr || nbns.netbios_name || dhcp || "
    "kerberos.CNameString || kerberos.addr_nb || ntlmssp.auth.hostname || rdp.rt_cookie || "
    "ntlmssp.challenge.target_info.dns_computer_name || (http.user_agent && tcp) || "
    'http.request.method == "CONNECT"'
)
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
    asking: dict[str, list[str]] = {}
    for line in ran.stdout.decode("utf-8", "backslashreplace").splitlines():
        cells = line.split("\t")
        row = {
            name: [each for each in cell.split(_BETWEEN) if each]
            for name, cell in zip(FIELDS, cells, strict=False)
        }
        for read in (_dns, _nbns, _kerberos, _ntlm, _http):
            found.update(read(row))
        found.update(_dhcp(row, asking))
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


def _from(row: dict[str, list[str]]) -> str:
    return _end(row, "src")


def _to(row: dict[str, list[str]]) -> str:
    return _end(row, "dst")


def _end(row: dict[str, list[str]], which: str) -> str:
    """The address of the innermost packet."""
    layers = [each for each in row["frame.protocols"][0].split(":") if each in ("ip", "ipv6")]
    return str(ipaddress.ip_address(row[f"{layers[-1]}.{which}"][-1]))


def _frame(row: dict[str, list[str]]) -> int:
    return int(row["frame.number"][0])


def _nbns(row: dict[str, list[str]]) -> Iterator[Fact]:
    """Machines: names of their own that end with <00> or <20>."""
    if row["nbns.netbios_name"]:
        told = zip(row["nbns.netbios_name"], row["nbns.name_flags.group"], strict=False)
        addresses = [_from(row)]
    else:
        # Of a question and a record the record comes last.
        told = zip(row["nbns.name"][-1:], row["nbns.nb_flags.group"][-1:], strict=False)
        addresses = row["nbns.addr"]
    if row["nbns.flags.opcode"] == ["6"]:
        return
    for name, group in told:
        text, _, suffix = name.partition("<")
        if group in ("0", "False") and suffix[:3] in ("00>", "20>"):
            for address in addresses:
                yield _frame(row), "nbns", address, text.rstrip()


def _dhcp(row: dict[str, list[str]], asking: dict[str, list[str]]) -> Iterator[Fact]:
    """What a machine calls itself, of its link address and of the address that it is given."""
    if not row["dhcp.option.dhcp"] or not row["dhcp.hw.mac_addr"]:
        return
    kind, mac = row["dhcp.option.dhcp"][0], row["dhcp.hw.mac_addr"][0]
    names = [
        name.rstrip("\0")
        for field in ("dhcp.option.hostname", "dhcp.fqdn.name", "dhcp.option.vendor_class_id")
        for name in row[field]
    ]
    nothing = "0.0.0.0"
    client, given = row["dhcp.ip.client"][0], row["dhcp.ip.your"][0]
    addresses = []
    if kind in ("1", "3", "4", "7", "8"):
        addresses = [mac, *([client] if client != nothing else [])]
        asking[mac] = names or asking.get(mac, [])
    elif kind == "5":
        addresses = [each for each in (given, client) if each != nothing][:1]
        names = names + asking.pop(mac, [])
    for address in addresses:
        for name in names:
            yield _frame(row), "dhcp", address, name


def _kerberos(row: dict[str, list[str]]) -> Iterator[Fact]:
    """The client by its name without its realm, and the machine that it gives as its address."""
    if not row["kerberos.msg_type"]:
        return
    address = _from(row) if row["kerberos.msg_type"][0] in ("10", "12") else _to(row)
    parts = row["kerberos.CNameString"]
    if len(parts) == 2 and parts[0] == "host":
        yield _frame(row), "kerberos", address, parts[1]
    elif parts:
        yield _frame(row), "kerberos", address, "/".join(parts).removesuffix("$")
    for name in row["kerberos.addr_nb"]:
        yield _frame(row), "kerberos", address, name.partition("<")[0].rstrip()


def _ntlm(row: dict[str, list[str]]) -> Iterator[Fact]:
    for name in row["ntlmssp.auth.hostname"]:
        if name != "NULL":
            yield _frame(row), "ntlm", _from(row), name
    for name in row["ntlmssp.auth.username"]:
        domain = (row["ntlmssp.auth.domain"] or ["NULL"])[0]
        if name != "NULL":
            user = name if domain == "NULL" else f"{domain}\\{name}"
            yield _frame(row), "ntlm", _from(row), user
    for name in row["ntlmssp.challenge.target_info.dns_computer_name"]:
        yield _frame(row), "ntlm", _from(row), name.lower()


def _http(row: dict[str, list[str]]) -> Iterator[Fact]:
    for name in row["rdp.rt_cookie"]:
        if name.startswith("Cookie: mstshash="):
            yield _frame(row), "rdp", _from(row), name.removeprefix("Cookie: mstshash=").strip()
    for name in row["http.user_agent"]:
        yield _frame(row), "http-user-agent", _from(row), name.strip()
    for method, target in zip(row["http.request.method"], row["http.request.uri"], strict=False):
        if method == "CONNECT":
            yield _frame(row), "http-connect", _from(row), target
