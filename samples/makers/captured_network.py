"""Ordinary handshakes in less ordinary places: other links, one direction, the roles swapped."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

from chromium import browse
from lab import CLIENT, SERVER, Lab, captured
from network import in_namespace
from stacks import (
    PATIENCE,
    RESPONSE,
    ask_for_tls,
    connect,
    openssl_client,
    openssl_server,
    serve,
    speaks_http,
    ssl_client,
    ssl_context,
    ssl_handler,
    starttls,
    tlslite_client,
    tlslite_settings,
)

NAME = "www.example.test"
NAMED = ("-servername", NAME)


def _tls12(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.ec):
        openssl_client(lab.client, lab.server.ip, 443, *NAMED, "-tls1_2")


def _tls13(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.ec):
        openssl_client(lab.client, lab.server.ip, 443, *NAMED)


def _loopback(lab: Lab) -> None:
    with openssl_server(lab.client, 443, lab.ec):
        openssl_client(lab.client, "::1", 443, *NAMED)
        openssl_client(lab.client, "127.0.0.1", 443, *NAMED, "-tls1_2")


def _small_segments(lab: Lab) -> None:
    with openssl_server(lab.server, 443, lab.rsa):
        with in_namespace(lab.client.namespace):
            connection = socket.socket()
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)
            connection.settimeout(PATIENCE)
            connection.connect((lab.server.ip, 443))
        tlslite_client(connection, tlslite_settings((3, 3), (3, 4)), NAME)


def _starttls(lab: Lab) -> None:
    context = ssl_context(lab.rsa, highest=ssl.TLSVersion.TLSv1)
    with serve(lab.server, 25, starttls(ssl_handler(context))):
        connection = ask_for_tls(connect(lab.client, lab.server.ip, 25))
        ssl_client(connection, ssl_context(), "mail.example.test")


def _roles_swapped(lab: Lab) -> None:
    """The side that accepts the TCP connection is the TLS client, as in active FTP."""
    done = threading.Event()

    def client(connection: socket.socket) -> None:
        # ssl_client closes what it is given; the connection belongs to serve().
        ssl_client(connection.dup(), ssl_context(), NAME)
        done.set()

    with serve(lab.server, 2020, client):
        connection = connect(lab.client, lab.server.ip, 2020)
        # The client closes without waiting for the server's farewell.
        with contextlib.suppress(ssl.SSLEOFError):
            ssl_handler(ssl_context(lab.ec), RESPONSE)(connection)
        connection.close()
        done.wait(PATIENCE)


def _no_tls(lab: Lab) -> None:
    def echo(connection: socket.socket) -> None:
        while data := connection.recv(4096):
            connection.sendall(data)

    with serve(lab.server, 80, speaks_http), serve(lab.server, 443, echo):
        with connect(lab.client, lab.server.ip, 80) as connection:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: www.example.test\r\n\r\n")
            while connection.recv(4096):
                pass
        with connect(lab.client, lab.server.ip, 443) as connection:
            # Bytes that look like records at a glance: type and version, then nonsense.
            connection.sendall(b"\x16\x03\x01 this is not TLS, only its first three bytes")
            connection.recv(4096)
        with in_namespace(lab.client.namespace):
            datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with datagrams:
            datagrams.sendto(b"\x16\x03\x01\x00\x05hello", (lab.server.ip, 443))


def _chromium(lab: Lab) -> None:
    context = ssl_context(lab.ec, lowest=ssl.TLSVersion.TLSv1_2, alpn=("http/1.1",))
    with serve(lab.server, 443, ssl_handler(context)):
        browse(lab.client, f"https://{NAME}/", {NAME: lab.server.ip})


RECIPES = (
    captured(
        "any-interface-sll2",
        "TLS 1.2 captured on all interfaces at once (Linux cooked capture, second version)",
        _tls12,
        ("tls12", "link-sll2"),
        interface="any",
        program=("tcpdump", "-y", "LINUX_SLL2"),
    ),
    captured(
        "any-interface-sll",
        "TLS 1.3 captured on all interfaces at once (Linux cooked capture, first version)",
        _tls13,
        ("tls13", "link-sll"),
        interface="any",
        program=("tcpdump", "-y", "LINUX_SLL"),
    ),
    captured(
        "loopback",
        "TLS 1.3 to ::1 and TLS 1.2 to 127.0.0.1, captured on the loopback interface",
        _loopback,
        ("tls13", "tls12", "loopback", "ipv6"),
        ending="pcapng",
        interface="lo",
    ),
    captured(
        "nanoseconds",
        "TLS 1.2 in a pcap file with nanosecond times",
        _tls12,
        ("tls12", "format"),
        program=("tcpdump", "--time-stamp-precision=nano"),
    ),
    captured(
        "client-side-only",
        "TLS 1.3 of which the client's direction alone was captured",
        _tls13,
        ("one-sided",),
        outcomes="client_only",
        packets=f"src host {CLIENT.ip}",
    ),
    captured(
        "server-side-only",
        "TLS 1.2 of which the server's direction alone was captured",
        _tls12,
        ("tls12", "one-sided"),
        outcomes="server_only",
        packets=f"src host {SERVER.ip}",
    ),
    captured(
        "small-segments",
        "TLS 1.3 over TCP segments of at most 76 bytes",
        _small_segments,
        ("tls13", "segmentation", "tlslite-ng", "openssl"),
    ),
    captured(
        "smtp-starttls",
        "TLS 1.0 begun by STARTTLS inside SMTP, by a client that offers up to TLS 1.3",
        _starttls,
        ("tls10", "carrier", "python"),
    ),
    captured(
        "client-is-tcp-responder",
        "TLS 1.3 in which the side that accepted the TCP connection sends the ClientHello",
        _roles_swapped,
        ("tls13", "roles", "python"),
    ),
    captured(
        "no-tls",
        "plain HTTP and other traffic, some of it on port 443, and no TLS at all: no row",
        _no_tls,
        ("no-rows",),
    ),
    captured(
        "chromium",
        "Chromium's hello: GREASE, encrypted_client_hello, a post-quantum key share, two segments",
        _chromium,
        ("tls13", "grease", "ech", "chromium"),
        ending="pcapng",
    ),
)
