"""Handshakes that come to nothing: refused, dropped, unanswered, or given up by the client."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable

from lab import Lab, captured
from stacks import (
    closes,
    connect,
    gnutls_server,
    openssl_client,
    openssl_server,
    resets,
    run_client,
    serve,
    speaks_http,
    ssl_client,
    ssl_context,
    ssl_handler,
    stays_silent,
    tlslite_client,
    tlslite_settings,
)

NAME = "www.example.test"
NAMED = ("-servername", NAME)
OLD = ("-cipher", "ALL:@SECLEVEL=0")


def _protocol_version(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.rsa, *OLD, "-min_protocol", "TLSv1.2"):
        openssl_client(lab.client, lab.server.ip, 443, *NAMED, "-tls1", *OLD)
        openssl_client(lab.client, lab.server.ip, 443, *NAMED, "-tls1_1", *OLD)
        ssl30 = tlslite_settings((3, 0), (3, 0))
        tlslite_client(connect(lab.client, lab.server.ip, 443), ssl30)
    with openssl_server(lab.server, 8443, lab.rsa, "-tls1_3"):
        openssl_client(lab.client, lab.server.ip, 8443, *NAMED, "-tls1_2")


def _internal_error(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.rsa):
        openssl_client(lab.client, lab.server.ip, 443, *NAMED, "-tls1", *OLD)


def _handshake_failure(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.rsa):
        triple_des = tlslite_settings((3, 1), (3, 3), ["3des"])
        tlslite_client(connect(lab.client, lab.server.ip, 443), triple_des, NAME)


def _no_application_protocol(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.rsa, "-alpn", "h2"):
        openssl_client(lab.client, lab.server.ip, 443, *NAMED, "-alpn", "http/1.0")


def _reset(lab: Lab) -> None:
    with serve(lab.server, 443, resets):
        openssl_client(lab.client, lab.server.ip, 443, *NAMED, "-tls1", *OLD)


def _close(lab: Lab) -> None:
    with serve(lab.server, 443, closes):
        openssl_client(lab.client, lab.server.ip, 443, *NAMED, "-tls1_1", *OLD)


def _silence(lab: Lab) -> None:
    with serve(lab.server, 443, stays_silent):
        connection = connect(lab.client, lab.server.ip, 443)
        connection.settimeout(1)
        ssl_client(connection, ssl_context(), NAME)


def _client_distrusts(version: ssl.TLSVersion) -> Callable[[Lab], None]:
    def run(lab: Lab) -> None:
        server = ssl_context(lab.rsa, lowest=version, highest=version)
        client = ssl_context(lowest=version, highest=version)
        client.verify_mode = ssl.CERT_REQUIRED
        with serve(lab.server, 443, ssl_handler(server)):
            ssl_client(connect(lab.client, lab.server.ip, 443), client, NAME)

    return run


def _encrypted_alert(lab: Lab) -> None:
    with gnutls_server(lab.server, 443, lab.rsa, "NORMAL:-VERS-ALL:+VERS-TLS1.3"):
        command = ["gnutls-cli", "--port", "443", "--sni-hostname", NAME, lab.server.ip]
        run_client(lab.client, command)


def _client_certificate(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.rsa, "-tls1_2", "-Verify", "1"):
        openssl_client(lab.client, lab.server.ip, 443, *NAMED)


def _unrecognized_name(lab: Lab) -> None:
    second = ("-cert2", str(lab.ec.certificate), "-key2", str(lab.ec.key))
    with openssl_server(lab.server, 443, lab.rsa, "-tls1_2", "-servername", NAME, *second):
        openssl_client(lab.client, lab.server.ip, 443, "-servername", "other.example.test")


def _plain_server(lab: Lab) -> None:
    with serve(lab.server, 80, speaks_http):
        openssl_client(lab.client, lab.server.ip, 80, *NAMED)


def _plain_client(lab: Lab) -> None:
    with (
        serve(lab.server, 443, ssl_handler(ssl_context(lab.rsa))),
        connect(lab.client, lab.server.ip, 443) as connection,
        contextlib.suppress(ConnectionResetError),
    ):
        connection.sendall(b"GET / HTTP/1.1\r\nHost: www.example.test\r\n\r\n")
        while connection.recv(4096):
            pass


RECIPES = (
    captured(
        "refused-protocol-version",
        "clients that can do no better than TLS 1.0, TLS 1.1 and (at a server of TLS 1.3 alone) "
        "TLS 1.2, refused with the alert protocol_version, and one of SSL 3.0, which has no such "
        "alert: handshake_failure",
        _protocol_version,
        ("refused", "tls10", "tls11", "ssl30", "openssl"),
        outcomes="rejected",
    ),
    captured(
        "refused-internal-error",
        "a TLS 1.0 client refused by OpenSSL 3 as Debian sets it up: the alert is internal_error",
        _internal_error,
        ("refused", "tls10", "openssl"),
        outcomes="rejected",
    ),
    captured(
        "refused-handshake-failure",
        "a client with nothing but 3DES, refused with the alert handshake_failure",
        _handshake_failure,
        ("refused", "3des", "tlslite-ng", "openssl"),
        outcomes="rejected",
    ),
    captured(
        "refused-application-protocol",
        "a client that asks for HTTP/1.0 by ALPN, refused with the alert no_application_protocol",
        _no_application_protocol,
        ("refused", "alpn", "openssl"),
        outcomes="rejected",
    ),
    captured(
        "refused-reset",
        "a TLS 1.0 hello answered by a TCP reset",
        _reset,
        ("refused", "tls10", "openssl"),
        outcomes="rejected",
    ),
    captured(
        "refused-close",
        "a TLS 1.1 hello answered by an orderly close without a byte",
        _close,
        ("refused", "tls11", "openssl"),
        outcomes="rejected",
    ),
    captured(
        "unanswered",
        "a hello that the server acknowledges and never answers; the client gives up",
        _silence,
        ("unanswered", "python"),
        outcomes="unanswered",
    ),
    captured(
        "failed-unknown-authority",
        "TLS 1.2 given up by a client that does not know who signed the certificate",
        _client_distrusts(ssl.TLSVersion.TLSv1_2),
        ("failed", "tls12", "python"),
        outcomes="failed",
    ),
    captured(
        "failed-unknown-authority-tls13",
        "the same in TLS 1.3: OpenSSL has not changed keys yet and sends its alert in clear",
        _client_distrusts(ssl.TLSVersion.TLSv1_3),
        ("failed", "tls13", "python"),
        outcomes="failed",
    ),
    captured(
        "failed-encrypted-alert",
        "TLS 1.3 given up by GnuTLS's client, whose alert is encrypted: a short record and a close",
        _encrypted_alert,
        ("failed", "tls13", "gnutls"),
        outcomes="failed",
    ),
    captured(
        "failed-client-certificate",
        "TLS 1.2 ended by the server because the client has no certificate",
        _client_certificate,
        ("failed", "tls12", "openssl"),
        outcomes="failed",
    ),
    captured(
        "warning-before-server-hello",
        "TLS 1.2 that completes after a warning, unrecognized_name, ahead of the ServerHello",
        _unrecognized_name,
        ("tls12", "warning", "openssl"),
        outcomes="completed",
    ),
    captured(
        "tls-to-http-port",
        "TLS spoken to a plain HTTP server, which answers 400 Bad Request",
        _plain_server,
        ("refused", "openssl", "no-answer-in-tls"),
        decode_as=("tcp.port==80,tls",),
        note="tshark was told that port 80 is TLS: by itself it shows the stream as HTTP",
        outcomes="rejected",
    ),
    captured(
        "http-to-tls-port",
        "plain HTTP spoken to a TLS server: no ClientHello, so no row",
        _plain_client,
        ("no-rows", "python"),
        outcomes="rejected",
    ),
)
