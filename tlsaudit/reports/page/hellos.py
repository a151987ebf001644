"""What was offered and what was chosen, side by side: below a verdict that is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsaudit import registry
from tlsaudit.reports.wording import is_null, version_text
from tlsaudit.safe_text import visible

if TYPE_CHECKING:
    import pandas

    from tlsaudit.reports.overview import Tables

__all__ = ["Hellos", "hellos_of"]

# Handshakes that are spelled out on one page: of more, each row still names its frames.
MOST_HELLOS = 3_000

_COLUMNS = (
    *("capture", "transport", "stream", "client_hello_frame", "server_hello_frame"),
    *("client_legacy_version", "client_supported_versions", "client_cipher_suites"),
    *("client_extensions", "client_groups", "client_alpn", "client_hello_complete"),
    *("server_name", "ja3", "ja4", "server_legacy_version", "server_supported_version"),
    *("negotiated_cipher_suite", "negotiated_group", "negotiated_alpn", "ja3s"),
    *("certificate_subject", "certificate_not_after", "certificate_key"),
    *("certificate_signature", "outcome"),
)

Side = list[tuple[str, str]]
"""Names and what was sent under them."""

Hellos = dict[str, Any]
"""`offer` and `choice`, each a Side, and `frames`: the numbers of theirs, null if not captured."""


def hellos_of(audit: Tables, verdicts: pandas.DataFrame) -> list[Hellos | None]:
    """Give for each of these rows of the table of verdicts the hellos that are its evidence.

    None where the page would grow too long (`MOST_HELLOS`).
    """
    shown = verdicts.head(MOST_HELLOS)
    keys = ["capture", "transport", "stream"]
    frames_shown = {int(frame) for frames in shown["frames"] for frame in frames}
    handshakes = audit.handshakes
    has_one = handshakes["client_hello_frame"].isin(frames_shown)
    has_one |= handshakes["server_hello_frame"].isin(frames_shown)
    chosen = handshakes.loc[has_one.astype(bool), list(_COLUMNS)]
    by_key: dict[Any, list[dict[Any, Any]]] = {}
    for key, row in zip(_keys(chosen, keys), chosen.to_dict("records"), strict=True):
        by_key.setdefault(key, []).append(row)
    found: list[Hellos | None] = []
    for key, frames in zip(_keys(shown, keys), shown["frames"], strict=True):
        mine = _evidence(by_key.get(key, []), {int(frame) for frame in frames})
        found.append(None if mine is None else _sides(mine))
    return found + [None] * (len(verdicts) - len(found))


def _keys(frame: pandas.DataFrame, names: list[str]) -> list[tuple[str, ...]]:
    return list(zip(*(frame[name].astype("str") for name in names), strict=True))


def _evidence(rows: list[dict[Any, Any]], frames: set[int]) -> dict[Any, Any] | None:
    """Of the handshakes of one connection the last with a hello in these frames.

    Of a fallback that is the lower one; the better hello before it has its own frames.
    """
    with_hello = [
        row
        for row in rows
        if any(
            not is_null(row[name]) and int(row[name]) in frames
            for name in ("client_hello_frame", "server_hello_frame")
        )
    ]
    return with_hello[-1] if with_hello else None


def _sides(row: dict[Any, Any]) -> Hellos:
    offer: Side = []
    if not is_null(row["client_hello_frame"]):
        versions = _list(row["client_supported_versions"])
        offer = [
            ("Version field", version_text(row["client_legacy_version"])),
            ("Versions offered", _named(versions, registry.version_name)),
            ("Cipher suites", _named(_list(row["client_cipher_suites"]), _suite)),
            ("Groups", _named(_list(row["client_groups"]), registry.group_name)),
            ("ALPN", ", ".join(_list(row["client_alpn"]))),
            ("Server name", _text(row["server_name"])),
            ("Extensions", _named(_list(row["client_extensions"]), registry.extension_name)),
            ("JA3", _text(row["ja3"])),
            ("JA4", _text(row["ja4"])),
        ]
        if row["client_hello_complete"] is False:
            offer.append(("Note", "a part of this hello is not in the capture"))
    choice: Side = []
    if not is_null(row["server_hello_frame"]):
        suite, group = row["negotiated_cipher_suite"], row["negotiated_group"]
        choice = [
            ("Version field", version_text(row["server_legacy_version"])),
            ("Version chosen", version_text(row["server_supported_version"])),
            ("Cipher suite", "" if is_null(suite) else _suite(int(suite))),
            ("Group", "" if is_null(group) else registry.group_name(int(group))),
            ("ALPN", _text(row["negotiated_alpn"])),
            ("Certificate", _text(row["certificate_subject"])),
            ("Key", _text(row["certificate_key"])),
            ("Signature", _text(row["certificate_signature"])),
            ("JA3S", _text(row["ja3s"])),
        ]
    return {
        "offer": [(name, visible(value)) for name, value in offer if value],
        "choice": [(name, visible(value)) for name, value in choice if value],
        "frames": [
            None if is_null(row[name]) else int(row[name])
            for name in ("client_hello_frame", "server_hello_frame")
        ],
    }


def _list(value: Any) -> list[Any]:
    return [] if is_null(value) else list(value)


def _text(value: Any) -> str:
    return "" if is_null(value) else str(value)


def _suite(code: int) -> str:
    return registry.cipher_suite_name(code)


def _named(codes: list[Any], name: Any) -> str:
    return ", ".join(name(int(code)) for code in codes)
