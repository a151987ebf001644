"""What the rules ask of the handshake table: a boolean per row, and what was seen as text.

A negotiated pattern needs a ServerHello; an offered one is judged by `client_max_version`, never
by the record version. Null is no, and so is a version that a hello seen only in part cannot
settle; such a hello counts as no fallback unless the part that was seen says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tlsaudit import registry
from tlsaudit.schema.lists import numbers, raw

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = [
    "best_offered",
    "best_offered_text",
    "falls_back",
    "negotiated_suite",
    "negotiated_version",
    "offered_3des_text",
    "offers_3des",
    "ssl20_format",
    "suite_text",
    "version_text",
]


def negotiated_version(*code_points: int) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    """A predicate: the server chose one of these versions."""

    def matches(frame: pd.DataFrame) -> pd.Series[bool]:
        answered = frame["server_hello_frame"].notna()
        return answered & _is_true(frame["negotiated_version"].isin(code_points))

    return matches


def negotiated_suite(
    wanted: Callable[[registry.CipherSuite], bool],
) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    """A predicate: the server chose a cipher suite of this kind."""

    def matches(frame: pd.DataFrame) -> pd.Series[bool]:
        codes = [code for code, suite in registry.cipher_suites().items() if wanted(suite)]
        answered = frame["server_hello_frame"].notna()
        return answered & _is_true(frame["negotiated_cipher_suite"].isin(codes))

    return matches


def best_offered(*code_points: int) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    """A predicate: the client offers nothing better than one of these, and does not fall back."""

    def matches(frame: pd.DataFrame) -> pd.Series[bool]:
        offered = frame["client_hello_frame"].notna()
        # Of a list of versions that was cut, a better one may be missing.
        uncut = _is_true(frame["client_hello_complete"])
        settled = uncut | frame["client_supported_versions"].isna()
        best = _is_true(frame["client_max_version"].isin(code_points))
        return offered & settled & best & ~falls_back(frame)

    return matches


def falls_back(frame: pd.DataFrame) -> pd.Series[bool]:
    """Whether the client says that it could do better and tries again with less."""
    offered = frame["client_hello_frame"].notna()
    return offered & _is_true(frame["client_fallback_scsv"])


def offers_3des(frame: pd.DataFrame) -> pd.Series[bool]:
    """Whether the client offers a suite with Triple DES."""
    return frame["client_hello_frame"].notna() & _is_true(frame["offers_3des"])


def ssl20_format(frame: pd.DataFrame) -> pd.Series[bool]:
    """Whether the ClientHello has the format of SSL 2.0, whatever version it offers."""
    # Of a ServerHello alone, record_version is the server's.
    offered = frame["client_hello_frame"].notna()
    return offered & _is_true(frame["record_version"] == _SSL20)


def version_text(frame: pd.DataFrame) -> pd.Series[str]:
    """The negotiated version: `TLS 1.0`."""
    return _named(frame["negotiated_version"], registry.version_name)


def best_offered_text(frame: pd.DataFrame) -> pd.Series[str]:
    """The best version offered: `at most TLS 1.0`; of a hello that does not show it, so."""
    best = _named(frame["client_max_version"], registry.version_name)
    return ("at most " + best).fillna("version not seen")


def suite_text(frame: pd.DataFrame) -> pd.Series[str]:
    """The negotiated suite: `TLS_RSA_WITH_3DES_EDE_CBC_SHA (0x000A)`."""
    return _named(frame["negotiated_cipher_suite"], _suite)


def offered_3des_text(frame: pd.DataFrame) -> pd.Series[str]:
    """The Triple DES suites and kinds offered, in the client's order, joined by commas."""
    import pandas as pd

    weak = {code for code, suite in registry.cipher_suites().items() if suite.is_3des}
    texts: dict[tuple[bytes | None, bytes | None], str] = {}
    offers = list(
        zip(raw(frame["client_cipher_suites"]), raw(frame["client_ssl2_cipher_kinds"]), strict=True)
    )
    for suites, kinds in offers:
        if (suites, kinds) not in texts:
            words = [_suite(code) for code in dict.fromkeys(numbers(suites, 2)) if code in weak]
            words += [
                f"{registry.SSL2_KINDS[kind]} (0x{kind:06X})"
                for kind in dict.fromkeys(numbers(kinds, 4))
                if kind in registry.SSL2_3DES_KINDS
            ]
            texts[suites, kinds] = ", ".join(words)
    return pd.Series([texts[offer] for offer in offers], index=frame.index, dtype="str")


_SSL20 = 0x0002


def _is_true(answers: pd.Series[Any]) -> pd.Series[bool]:
    """The answers, with null as no."""
    return answers.fillna(False).astype(bool)


def _named(codes: pd.Series[Any], name: Callable[[int], str]) -> pd.Series[str]:
    names = {code: name(int(code)) for code in codes.dropna().unique()}
    return codes.map(names).astype("str")


def _suite(code_point: int) -> str:
    return f"{registry.cipher_suite_name(code_point)} (0x{code_point:04X})"
