"""How a value of a table is said to a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tlsaudit import registry

__all__ = ["is_null", "joined", "plural", "server_text", "version_text", "when"]


def is_null(value: Any) -> bool:
    """Say whether one value of a table is null."""
    if value is None or isinstance(value, str | int) or hasattr(value, "__len__"):
        return value is None
    import pandas

    return bool(pandas.isna(value))


def plural(count: int, noun: str) -> str:
    """Give `1 client`, `2,000 clients`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def joined(words: Sequence[str], last: str = "and") -> str:
    """Give `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def when(moment: Any) -> str:
    """Give a time to the second, UTC; empty for null."""
    return "" if is_null(moment) else f"{moment:%Y-%m-%d %H:%M:%S}"


def version_text(code: Any) -> str:
    """Give the name of a version; empty for null."""
    return "" if is_null(code) else registry.version_name(int(code))


def server_text(address: object, port: object) -> str:
    """Give `192.0.2.1:636` or `[2001:db8::1]:636`; without a port the address alone."""
    text = str(address)
    if is_null(port):
        return text
    return f"[{text}]:{port}" if ":" in text else f"{text}:{port}"
