"""Sign-ins over an old TLS, from the sign-in log of Entra as JSON, in each form that it is had in.

These are the download of the portal (a list), answers of Microsoft Graph (`value`), what a storage
account or an event hub gets (`records`, or an object a line, with `properties`), and results of Log
Analytics (objects with capital letters, or `tables` with columns and rows). A sign-in is one over
an old TLS if its authenticationProcessingDetails say so under `Legacy TLS (TLS 1.0, 1.1, 3DES)`.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlsaudit.errors import ListError
from tlsaudit.events.reading import MAX_FIELD
from tlsaudit.events.record import nanoseconds, whole_number
from tlsaudit.inputs import printable_name
from tlsaudit.safe_text import escaped

if TYPE_CHECKING:
    import os

__all__ = ["SignIn", "SignIns", "read_sign_ins"]

MAX_LOG = 1 << 30
"""Bytes of a file: a week of a large tenant takes some hundred MiB."""

_LEGACY = "legacy tls"
_DETAILS = "authenticationprocessingdetails"

_WITH_PORT = re.compile(r"(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]+)?")
"""An address in brackets or an IPv4 address, and perhaps a port."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A sign-in over an old TLS. `ts` counts nanoseconds since 1970 (UTC); null where absent."""

    log: str
    id: str | None = None
    ts: int | None = None
    address: str | None = None
    user: str | None = None
    app: str | None = None
    client_app: str | None = None
    user_agent: str | None = None
    device: str | None = None
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class SignIns:
    """The sign-ins over an old TLS, in the order of time; `others` are over a newer one."""

    legacy: tuple[SignIn, ...]
    others: int = 0


def read_sign_ins(*paths: str | os.PathLike[str]) -> SignIns:
    """Read sign-ins from these files, one that two files hold once.

    Raises ListError where a file cannot be read or is something else.
    """
    found: dict[object, SignIn] = {}
    others = 0
    for path in paths:
        place = Path(path)
        count = 0
        for entry in _entries(_content(place), place):
            count += 1
            if not _is_legacy(entry):
                others += 1
                continue
            sign_in = _sign_in(entry, printable_name(str(path)))
            found.setdefault(sign_in.id or sign_in, sign_in)
        if not count:
            raise ListError(f"{place}: holds no sign-ins")
    legacy = sorted(found.values(), key=lambda each: (each.ts is None, each.ts or 0, each.id or ""))
    return SignIns(tuple(legacy), others)


def _content(place: Path) -> Any:
    try:
        if place.stat().st_size > MAX_LOG:
            raise ListError(f"{place}: larger than 1 GiB; export fewer days, or filter the log")
        data = place.read_bytes()
    except OSError as error:
        raise ListError(f"{place}: cannot be read ({error.strerror or error})") from None
    wide = data[:2] in (b"\xff\xfe", b"\xfe\xff")
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        raise ListError(f"{place}: this is no text in UTF-8 or UTF-16") from None
    try:
        return json.loads(text)
    except RecursionError:
        raise ListError(f"{place}: JSON that is nested too deeply") from None
    except ValueError as error:
        return _lines(text, place, error)


def _lines(text: str, place: Path, whole: ValueError) -> list[Any]:
    """Give the values of a text with one a line; `whole` is why it is not a single one."""
    start = text.lstrip()[:1]
    if start == "<":
        raise ListError(
            f"{place}: this is XML, which sign-ins are not; events of Windows are given as such "
            "(`--events`)"
        )
    if start not in ("[", "{"):
        raise ListError(
            f"{place}: this is not JSON; in the portal choose Download, JSON: the CSV does not say "
            "which sign-ins used an old TLS"
        )
    values: list[Any] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            values += [json.loads(line)] if line.strip() else []
        except (ValueError, RecursionError) as error:
            why = f"line {number}: {error}" if values else str(whole)
            raise ListError(
                f"{place}: this JSON is cut or damaged ({why}); download it once more"
            ) from None
    return values


def _entries(content: Any, place: Path) -> Iterator[dict[str, Any]]:
    """Give the sign-ins, whatever they are wrapped in, their names in small letters."""
    if isinstance(content, dict):
        tables = content.get("tables")
        inner = content.get("value", content.get("records", content.get("Records")))
        if isinstance(tables, list):
            content = [row for table in tables for row in _rows(table)]
        else:
            content = inner if isinstance(inner, list) else [content]
    if not isinstance(content, list):
        raise ListError(f"{place}: JSON, but no list of sign-ins")
    for each in content:
        if isinstance(each, dict) and isinstance(each.get("records"), list):
            yield from _entries(each, place)
        elif isinstance(each, dict):
            entry = _small(each)
            inner = entry.get("properties")
            if isinstance(inner, dict):
                entry = {**entry, **_small(inner)}
            if _DETAILS in entry or "createddatetime" in entry:
                yield entry


def _rows(table: Any) -> Iterator[dict[str, Any]]:
    """The rows of a result of Log Analytics."""
    if not isinstance(table, dict):
        return
    columns, rows = table.get("columns"), table.get("rows")
    if isinstance(columns, list) and isinstance(rows, list):
        names = [str(each.get("name")) for each in columns if isinstance(each, dict)]
        for row in rows:
            if isinstance(row, list) and len(row) == len(names):
                yield dict(zip(names, row, strict=True))


def _small(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name).casefold(): value for name, value in entry.items()}


def _unpacked(value: Any) -> Any:
    """Log Analytics keeps lists and objects as text."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return None
    return value


def _is_legacy(entry: Mapping[str, Any]) -> bool:
    """Whether Entra marked the sign-in; the mark is text, a number or a truth value."""
    details = _unpacked(entry.get(_DETAILS))
    for each in details if isinstance(details, list) else ():
        if isinstance(each, dict):
            pair = _small(each)
            name, value = str(pair.get("key", "")), str(pair.get("value", ""))
            if name.strip().casefold().startswith(_LEGACY):
                return value.strip().casefold() in ("true", "1")
    return False


def _sign_in(entry: Mapping[str, Any], log: str) -> SignIn:
    device = _unpacked(entry.get("devicedetail"))
    parts = _small(device) if isinstance(device, dict) else {}
    known = [_text(parts.get(name)) for name in ("displayname", "operatingsystem", "browser")]
    status = _unpacked(entry.get("status"))
    code = _small(status).get("errorcode") if isinstance(status, dict) else entry.get("resulttype")
    moment = _first(entry, "createddatetime", "timegenerated", "time")
    return SignIn(
        log,
        _text(entry.get("id")),
        nanoseconds(moment or ""),
        _address(_first(entry, "ipaddress", "calleripaddress")),
        _first(entry, "userprincipalname", "userdisplayname", "serviceprincipalname"),
        _first(entry, "appdisplayname", "appid"),
        _text(entry.get("clientappused")),
        _text(entry.get("useragent")),
        ", ".join(each for each in known if each) or None,
        whole_number("" if code is None else str(code), 0xFFFF_FFFF),
    )


def _address(text: str | None) -> str | None:
    """The address as the tables spell it; what is none stays as it is."""
    if text is None:
        return None
    match = _WITH_PORT.fullmatch(text)
    bare = (match[1] or match[2] or "") if match else text
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return text
    return str(getattr(address, "ipv4_mapped", None) or address)


def _first(entry: Mapping[str, Any], *names: str) -> str | None:
    return next((text for name in names if (text := _text(entry.get(name)))), None)


def _text(value: Any) -> str | None:
    if not isinstance(value, str | int) or isinstance(value, bool):
        return None
    return escaped(str(value).strip()[:MAX_FIELD].encode("utf-8", "surrogatepass")) or None
