"""Handshakes between OpenSSL's own programs, one version or one manner of shaking hands each."""

from __future__ import annotations

import shlex
from contextlib import AbstractContextManager

from lab import Lab, Recipe, captured
from stacks import openssl_client, openssl_server, program_server, run_client

OLD = ("-cipher", "ALL:@SECLEVEL=0")
NAME = ("-servername", "www.example.test")


def _one_version(option: str) -> Recipe:
    """Both sides held to one version by the option of that name (`-tls1` and so on)."""
    digits = {"-tls1": "10", "-tls1_1": "11", "-tls1_2": "12", "-tls1_3": "13"}[option]
    version = f"TLS {digits[0]}.{digits[1]}"
    cipher = OLD if digits in ("10", "11") else ()

    def run(lab: Lab) -> None:
        alpn = ("-alpn", "h2,http/1.1")
        with openssl_server(lab.server, 443, lab.rsa, option, *cipher, "-alpn", "http/1.1"):
            openssl_client(lab.client, lab.server.ip, 443, option, *cipher, *NAME, *alpn)

    shows = f"{version} between OpenSSL's client and server, with server name and ALPN"
    if digits == "13":
        shows = "TLS 1.3 by OpenSSL: its records say 0x0301 and 0x0303, its hellos 0x0303"
    ending = "pcapng" if digits in ("12", "13") else "pcap"
    tags = ("openssl", f"tls{digits}", "alpn")
    return captured(f"tls{digits}-openssl", shows, run, tags, ending=ending)


def _retry_request(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.ec, "-tls1_3", "-groups", "P-384"):
        openssl_client(lab.client, lab.server.ip, 443, *NAME, "-groups", "X25519:P-384")


def _resumed(lab: Lab, server: tuple[str, ...], client: tuple[str, ...]) -> None:
    """Two connections: the second brings back the session that the first was given."""
    session = str(lab.folder / "session.pem")
    with openssl_server(lab.server, 443, lab.rsa, *server):
        openssl_client(lab.client, lab.server.ip, 443, *NAME, *client, "-sess_out", session)
        openssl_client(lab.client, lab.server.ip, 443, *NAME, *client, "-sess_in", session)


def _session_id(lab: Lab) -> None:
    _resumed(lab, ("-tls1_2", "-no_ticket"), ("-tls1_2", "-no_ticket"))


def _ticket(lab: Lab) -> None:
    _resumed(lab, ("-tls1_2",), ("-tls1_2",))


def _pre_shared_key(lab: Lab) -> None:
    _resumed(lab, ("-tls1_3",), ("-tls1_3",))


def _early_data(lab: Lab) -> None:
    session, early = lab.folder / "early.pem", lab.folder / "early.txt"
    early.write_bytes(b"GET /early HTTP/1.0\r\n\r\n")
    with _talking_server(lab, "-tls1_3", "-early_data"):
        _talk(lab, ["hello", "Q"], "-tls1_3", "-sess_out", str(session))
        _talk(lab, ["hello", "Q"], "-tls1_3", "-sess_in", str(session), "-early_data", str(early))


def _held_back(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.rsa, "-tls1", *OLD):
        openssl_client(
            lab.client, lab.server.ip, 443, *OLD, *NAME, "-min_protocol", "TLSv1", "-no_tls1_3"
        )
        openssl_client(lab.client, lab.server.ip, 443, *OLD, *NAME, "-min_protocol", "TLSv1")


def _sentinels(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.rsa, *OLD, "-min_protocol", "TLSv1"):
        openssl_client(lab.client, lab.server.ip, 443, *NAME, "-tls1_2")
        openssl_client(lab.client, lab.server.ip, 443, *OLD, *NAME, "-tls1_1")


def _fallback(lab: Lab) -> None:
    lowered = ("-tls1_1", "-fallback_scsv", *OLD, *NAME)
    with openssl_server(lab.server, 443, lab.rsa, *OLD, "-tls1_1"):
        openssl_client(lab.client, lab.server.ip, 443, *lowered)
    with openssl_server(lab.server, 8443, lab.rsa, *OLD, "-min_protocol", "TLSv1"):
        openssl_client(lab.client, lab.server.ip, 8443, *lowered)


def _null_cipher(lab: Lab) -> None:
    null = ("-tls1_2", "-cipher", "NULL-SHA256:NULL-SHA@SECLEVEL=0")
    with openssl_server(lab.server, 443, lab.rsa, *null):
        openssl_client(lab.client, lab.server.ip, 443, *NAME, *null)


def _anonymous(lab: Lab) -> None:
    anonymous = ("-tls1_2", "-cipher", "ADH-AES128-SHA:@SECLEVEL=0")
    with openssl_server(lab.server, 443, lab.rsa, *anonymous):
        openssl_client(lab.client, lab.server.ip, 443, *NAME, *anonymous)


def _renegotiation(lab: Lab) -> None:
    with _talking_server(lab, "-tls1_2", "-client_renegotiation"):
        _talk(lab, ["R", "hello", "Q"], "-tls1_2")


def _talking_server(lab: Lab, *options: str) -> AbstractContextManager[None]:
    """A server that takes lines of text: early data and renegotiation exclude `-www`."""
    command = ["openssl", "s_server", "-accept", "443", "-quiet", *options]
    command += ["-cert", str(lab.rsa.certificate), "-key", str(lab.rsa.key)]
    return program_server(lab.server, 443, command)


def _talk(lab: Lab, lines: list[str], *options: str) -> None:
    """One connection; of the lines "R" renegotiates and "Q" ends it."""
    command = ["openssl", "s_client", "-connect", f"{lab.server.ip}:443", *NAME, *options]
    said = "; ".join(f"sleep 0.4; echo {line}" for line in lines)
    run_client(lab.client, ["sh", "-c", f"({said}) | {shlex.join(command)}"])


RECIPES = (
    *(_one_version(option) for option in ("-tls1", "-tls1_1", "-tls1_2", "-tls1_3")),
    captured(
        "tls13-retry-request",
        "TLS 1.3 whose server asks for another key share: HelloRetryRequest, second ClientHello",
        _retry_request,
        ("openssl", "tls13", "hello-retry-request"),
    ),
    captured(
        "tls12-resumed-session-id",
        "TLS 1.2, then the same session resumed by its session id",
        _session_id,
        ("openssl", "tls12", "resumed"),
    ),
    captured(
        "tls12-resumed-ticket",
        "TLS 1.2, then the same session resumed by its ticket",
        _ticket,
        ("openssl", "tls12", "resumed"),
    ),
    captured(
        "tls13-resumed-psk",
        "TLS 1.3, then the same session resumed by a pre-shared key",
        _pre_shared_key,
        ("openssl", "tls13", "resumed"),
        ending="pcapng.gz",
    ),
    captured(
        "tls13-early-data",
        "TLS 1.3, then resumed with early data before the ServerHello",
        _early_data,
        ("openssl", "tls13", "resumed", "early-data"),
    ),
    captured(
        "tls12-offered-tls10-answered",
        "a server that holds back: clients that offer TLS 1.2 and 1.3 are answered TLS 1.0",
        _held_back,
        (
            "openssl",
            "tls10",
        ),
    ),
    captured(
        "downgrade-sentinels",
        "a TLS 1.3 server that answers TLS 1.2 and 1.1 and says so at the end of its random",
        _sentinels,
        ("openssl", "tls12", "tls11", "downgrade-sentinel"),
    ),
    captured(
        "fallback-scsv",
        "TLS_FALLBACK_SCSV twice: accepted by a TLS 1.1 server, refused by one that can do better",
        _fallback,
        ("openssl", "tls11", "fallback-scsv", "refused"),
        outcomes=("completed", "rejected"),
    ),
    captured(
        "tls12-null-cipher",
        "TLS 1.2 without encryption: TLS_RSA_WITH_NULL_SHA256 negotiated",
        _null_cipher,
        ("openssl", "tls12", "null"),
    ),
    captured(
        "tls12-anonymous",
        "TLS 1.2 without a certificate: TLS_DH_anon_WITH_AES_128_CBC_SHA negotiated",
        _anonymous,
        ("openssl", "tls12", "anonymous"),
    ),
    captured(
        "tls12-renegotiated",
        "TLS 1.2, renegotiated under encryption: one handshake is visible",
        _renegotiation,
        ("openssl", "tls12", "renegotiation"),
    ),
)
