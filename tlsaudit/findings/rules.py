"""The rules: what a pattern of old TLS is, why it matters, who says so, and what to do.

A rule is a record and a pure predicate. It knows no severity: how bad a pattern is here is for
the policy to say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tlsaudit.findings import predicates

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

__all__ = ["RULES", "Rule", "rule"]


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern.

    `matches` gives a boolean per row of the handshake table, never null. `observed` gives, for
    rows that match, what was seen, as text. `sources` names the most telling one first.
    """

    ident: str
    title: str
    basis: Literal["negotiated", "offered"]
    what: str
    why: str
    sources: tuple[str, ...]
    remedy: str
    matches: Callable[[pd.DataFrame], pd.Series[bool]]
    observed: Callable[[pd.DataFrame], pd.Series[str]]

    @property
    def evidence(self) -> str:
        """The column that holds the frame of the hello that proves it."""
        return "server_hello_frame" if self.basis == "negotiated" else "client_hello_frame"


def rule(ident: str) -> Rule | None:
    """The rule of that name; null if there is none."""
    return _BY_IDENT.get(ident)


_RAISE_CLIENT = (
    "Find the program behind the address: one machine often runs several TLS stacks, and the old "
    "one is seldom the browser. Windows Schannel: Windows 8 and Server 2012 and later have TLS 1.2 "
    "on by default; on Windows 7 SP1 and Server 2008 R2 SP1 set `Enabled` = 1 and "
    "`DisabledByDefault` = 0 under `SCHANNEL\\Protocols\\TLS 1.2\\Client` and install KB3140245 "
    "for programs on WinHTTP; older ones are to be replaced. .NET Framework: what counts is the "
    "version that the program targets, not the one installed; retarget it to 4.7 or later, so that "
    "the operating system chooses. Until then set `SystemDefaultTlsVersions` and "
    "`SchUseStrongCrypto` to 1, in both registry views (also `Wow6432Node`); a value in code "
    "overrides them, so remove assignments to `ServicePointManager.SecurityProtocol`, or add "
    "TLS 1.2 with `|=`. Never list SSL 3.0 there. Java: 8 or later. OpenSSL: 1.0.1 or later. "
    "A device that cannot be updated needs a proxy that speaks TLS 1.2 for it, or a replacement."
)

_SEE_WHO_LIMITS = (
    "First see who limits: if `client_max_version` is TLS 1.2 or newer, the client can do better "
    "and the server, or a box between them, is old"
)
_THEN_RAISE_IT = (
    "If the server is old, enable TLS 1.2 on it. If the client is old, raise its stack: see "
    "`tls10-is-best-offered`."
)
# The sentinel lies in the random of a ServerHello, which SSL 2.0 has none of.
_WHO_LIMITS_SSL20 = f"{_SEE_WHO_LIMITS}. {_THEN_RAISE_IT}"
_WHO_LIMITS = (
    f"{_SEE_WHO_LIMITS}; `downgrade_sentinel` = `tls11-or-below` clears the server. "
    f"{_THEN_RAISE_IT}"
)

_UPDATE_DTLS = (
    "The programs that speak DTLS are VPN clients, telephones, browsers in a conference, access "
    "points (`carrier`): update the one at fault. Schannel has DTLS 1.2 since Windows 10 1607 and "
    "Server 2016."
)

RULES: tuple[Rule, ...] = (
    Rule(
        ident="ssl20-negotiated",
        title="SSL 2.0 was negotiated",
        basis="negotiated",
        what="The server answered in SSL 2.0.",
        why="SSL 2.0 protects neither the handshake nor the end of the data against change, and a "
        "server that speaks it puts its newer sessions at risk too (DROWN).",
        sources=("RFC 6176 §3", "RFC 9325 §3.1.1", "CVE-2016-0800"),
        remedy="Disable SSL 2.0 on the server. " + _WHO_LIMITS_SSL20,
        matches=predicates.negotiated_version(0x0002),
        observed=predicates.version_text,
    ),
    Rule(
        ident="ssl30-negotiated",
        title="SSL 3.0 was negotiated",
        basis="negotiated",
        what="The server chose SSL 3.0.",
        why="An attacker on the path can read parts of what is sent with its block ciphers "
        "(POODLE), and its other cipher is RC4.",
        sources=("RFC 7568 §3", "RFC 9325 §3.1.1", "CVE-2014-3566"),
        remedy="Disable SSL 3.0 on the server. " + _WHO_LIMITS,
        matches=predicates.negotiated_version(0x0300),
        observed=predicates.version_text,
    ),
    Rule(
        ident="tls10-negotiated",
        title="TLS 1.0 was negotiated",
        basis="negotiated",
        what="The server chose TLS 1.0.",
        why="TLS 1.0 has no authenticated encryption and rests on MD5 and SHA-1. Standards forbid "
        "it, and services refuse it, some of them inside the session: a handshake that completes "
        "does not mean that the service works.",
        sources=("RFC 8996 §4", "RFC 9325 §3.1.1"),
        remedy=_WHO_LIMITS,
        matches=predicates.negotiated_version(0x0301),
        observed=predicates.version_text,
    ),
    Rule(
        ident="tls11-negotiated",
        title="TLS 1.1 was negotiated",
        basis="negotiated",
        what="The server chose TLS 1.1.",
        why="TLS 1.1 has no authenticated encryption and rests on MD5 and SHA-1. Standards forbid "
        "it, and services refuse it.",
        sources=("RFC 8996 §5", "RFC 9325 §3.1.1"),
        remedy=_WHO_LIMITS,
        matches=predicates.negotiated_version(0x0302),
        observed=predicates.version_text,
    ),
    Rule(
        ident="dtls10-negotiated",
        title="DTLS 1.0 was negotiated",
        basis="negotiated",
        what="The server chose DTLS 1.0, or the version before it that Cisco AnyConnect speaks.",
        why="DTLS 1.0 is TLS 1.1 over datagrams: it has no authenticated encryption and rests on "
        "MD5 and SHA-1. Standards forbid it.",
        sources=("RFC 9325 §3.1.2", "RFC 8996"),
        remedy="First see who limits: if `client_max_version` is DTLS 1.2 or newer, the server is "
        f"old; enable DTLS 1.2 there. {_UPDATE_DTLS}",
        matches=predicates.negotiated_version(0x0100, 0xFEFF),
        observed=predicates.version_text,
    ),
    Rule(
        ident="3des-negotiated",
        title="3DES was negotiated",
        basis="negotiated",
        what="The server chose a cipher suite with Triple DES.",
        why="Its blocks of 64 bits let an attacker who sees enough of one session recover "
        "plaintext (Sweet32); its strength is 112 bits. Most services have switched it off.",
        sources=("RFC 9325 §4.1", "CVE-2016-2183", "NIST SP 800-131A Rev. 2"),
        remedy="If the client offers a suite with AES (`client_cipher_suites`), the server prefers "
        "3DES: correct its order, or switch 3DES off there. If it does not, the client's stack is "
        "old: raise it as for `tls10-is-best-offered`, which brings AES with it. Schannel of "
        "Windows XP has nothing better.",
        matches=predicates.negotiated_suite(lambda suite: suite.is_3des),
        observed=predicates.suite_text,
    ),
    Rule(
        ident="rc4-negotiated",
        title="RC4 was negotiated",
        basis="negotiated",
        what="The server chose a cipher suite with RC4.",
        why="The biases of RC4 let an attacker recover what is sent again and again, such as "
        "passwords and cookies.",
        sources=("RFC 7465 §2", "RFC 9325 §4.1", "CVE-2013-2566", "CVE-2015-2808"),
        remedy="Switch RC4 off on the server. If the client then fails, it offers nothing better "
        "and its stack is to be raised as for `tls10-is-best-offered`.",
        matches=predicates.negotiated_suite(lambda suite: suite.rc4),
        observed=predicates.suite_text,
    ),
    Rule(
        ident="export-negotiated",
        title="An export-grade cipher was negotiated",
        basis="negotiated",
        what="The server chose a cipher suite of export grade (40 or 56 bits).",
        why="Its keys can be found by trying them all, and its key exchange is broken "
        "(FREAK, Logjam).",
        sources=("RFC 9325 §4.1", "CVE-2015-0204", "CVE-2015-4000"),
        remedy="Switch export suites off on the server, and raise the client's stack as for "
        "`tls10-is-best-offered`.",
        matches=predicates.negotiated_suite(lambda suite: suite.export),
        observed=predicates.suite_text,
    ),
    Rule(
        ident="null-negotiated",
        title="A cipher suite without encryption was negotiated",
        basis="negotiated",
        what="The server chose a cipher suite that does not encrypt.",
        why="Anyone on the path can read what is sent.",
        sources=("RFC 9325 §4.1",),
        remedy="Take the suites without encryption out of the configuration of server and client; "
        "they are in no stack's default.",
        matches=predicates.negotiated_suite(lambda suite: suite.null),
        observed=predicates.suite_text,
    ),
    *(
        Rule(
            ident=f"{ident}-is-best-offered",
            title=f"The client offers nothing better than {name}",
            basis="offered",
            what=f"The highest version in the ClientHello is {name}, and the client does not say "
            "that it falls back. The answer does not matter: a refused offer counts too.",
            why=f"This program cannot connect once the server insists on {least}. It may be one of "
            "several on the machine.",
            sources=sources,
            remedy=remedy,
            matches=predicates.best_offered(*code_points),
            observed=predicates.best_offered_text,
        )
        for ident, name, code_points, sources, least, remedy in (
            ("ssl20", "SSL 2.0", (0x0002,), ("RFC 6176 §3",), "TLS 1.2", _RAISE_CLIENT),
            ("ssl30", "SSL 3.0", (0x0300,), ("RFC 7568 §3",), "TLS 1.2", _RAISE_CLIENT),
            ("tls10", "TLS 1.0", (0x0301,), ("RFC 8996 §4",), "TLS 1.2", _RAISE_CLIENT),
            ("tls11", "TLS 1.1", (0x0302,), ("RFC 8996 §5",), "TLS 1.2", _RAISE_CLIENT),
            (
                "dtls10",
                "DTLS 1.0",
                (0x0100, 0xFEFF),
                ("RFC 9325 §3.1.2",),
                "DTLS 1.2",
                _UPDATE_DTLS,
            ),
        )
    ),
    Rule(
        ident="fallback-offered",
        title="The client falls back to an older version",
        basis="offered",
        what="The ClientHello carries TLS_FALLBACK_SCSV: the client tries again with a lower "
        "version than it can do, after an attempt that failed.",
        why="The client itself is able to do better; something stopped its first attempt: a slow "
        "network, a box between, or a server that does not tolerate new hellos.",
        sources=("RFC 7507", "RFC 9325 §3.1.3"),
        remedy="Look at the attempt before this one, to the same server: its alert, reset or "
        "silence is the cause. The client needs no newer TLS.",
        matches=predicates.falls_back,
        observed=predicates.best_offered_text,
    ),
    Rule(
        ident="ssl20-format-hello",
        title="The ClientHello has the format of SSL 2.0",
        basis="offered",
        what="The ClientHello has the format of SSL 2.0, whichever version it offers in it.",
        why="Such a hello cannot carry extensions, so it names no server and cannot lead to "
        "TLS 1.3; many servers refuse it. It comes from stacks as old as Java 6 and Windows XP.",
        sources=("RFC 6176 §3", "RFC 8446 §D.5"),
        remedy="Java: update to 8 or later, or take `SSLv2Hello` out of the enabled protocols. "
        "Windows: switch off SSL 2.0 in the Internet options, or replace the system. OpenSSL: "
        "1.1.0 or later cannot send it.",
        matches=predicates.ssl20_format,
        observed=predicates.best_offered_text,
    ),
    Rule(
        ident="3des-offered",
        title="The client offers 3DES",
        basis="offered",
        what="Among the cipher suites offered is one with Triple DES.",
        why="This is common and harms nothing as long as the server chooses another suite. It "
        "shows who is ready to use 3DES.",
        sources=("RFC 9325 §4.1", "CVE-2016-2183"),
        remedy="None is needed for its own sake. It goes with an update of the stack, or with "
        "3DES switched off in its configuration.",
        matches=predicates.offers_3des,
        observed=predicates.offered_3des_text,
    ),
)
"""Every rule, in the order of documentation and of findings within one handshake."""

_BY_IDENT = {each.ident: each for each in RULES}
