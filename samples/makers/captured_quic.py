"""QUIC by aioquic and by Chromium: versions, Retry, hellos over several datagrams, refusals."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from chromium import browse
from lab import Lab, captured
from stacks import PATIENCE

NAME = "www.example.test"
PEER = Path(__file__).parent / "programs" / "quic_peer.py"
PORT = 443


@contextmanager
def quic_server(lab: Lab, *options: str) -> Iterator[None]:
    """Aioquic's server on the server host, inside `with` once it listens."""
    command = ["ip", "netns", "exec", lab.server.namespace, sys.executable, str(PEER), "serve"]
    command += [lab.server.ip, str(PORT), str(lab.ec.certificate), str(lab.ec.key), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        if process.stdout.readline() != "ready\n":
            raise RuntimeError("the QUIC server did not start")
        yield
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def quic_client(lab: Lab, *options: str) -> None:
    """Aioquic's client on the client host; being refused is no error here."""
    command = ["ip", "netns", "exec", lab.client.namespace, sys.executable, str(PEER), "ask"]
    command += [lab.server.ip, str(PORT), NAME, *options]
    subprocess.run(command, capture_output=True, check=False, timeout=60)


def _pair(server: tuple[str, ...] = (), client: tuple[str, ...] = ()) -> Callable[[Lab], None]:
    def run(lab: Lab) -> None:
        with quic_server(lab, *server):
            quic_client(lab, *client)

    return run


def _chromium(lab: Lab) -> None:
    with quic_server(lab):
        browse(lab.client, f"https://{NAME}/", {NAME: lab.server.ip}, quic=lab.ec.certificate)


V2 = ("--versions", "2,1")
ONE_PORT = ("--times", "2", "--local-port", "40443")

RECIPES = (
    captured(
        "quic",
        "QUIC version 1 between aioquic's client and server: hellos in Initial packets",
        _pair(),
        ("quic", "tls13", "aioquic"),
        ending="pcapng",
    ),
    captured(
        "quic-v2",
        "QUIC version 2, whose packet types, salt and labels are other ones",
        _pair(V2, V2),
        ("quic", "tls13", "aioquic"),
    ),
    captured(
        "quic-version-changed",
        "QUIC begun in version 1 by a client that would rather have version 2, answered in that",
        _pair(V2, (*V2, "--begin", "1")),
        ("quic", "tls13", "aioquic"),
    ),
    captured(
        "quic-retry",
        "QUIC whose server first asks the client to come again with a token: Retry",
        _pair(("--retry",)),
        ("quic", "tls13", "aioquic"),
    ),
    captured(
        "quic-hello-over-datagrams",
        "QUIC whose ClientHello takes two datagrams",
        _pair((), ("--large",)),
        ("quic", "tls13", "aioquic"),
    ),
    captured(
        "quic-early-data",
        "two QUIC connections from one port, the second resumed and with early data (0-RTT)",
        _pair((), ONE_PORT),
        ("quic", "tls13", "resumed", "aioquic"),
    ),
    captured(
        "quic-refused-application-protocol",
        "a QUIC hello refused because of its ALPN: the close says no_application_protocol",
        _pair((), ("--alpn", "doq")),
        ("quic", "tls13", "refused", "aioquic"),
        outcomes="rejected",
    ),
    captured(
        "quic-version-refused",
        "a QUIC client of version 2 alone at a server of version 1: Version Negotiation",
        _pair((), ("--versions", "2")),
        ("quic", "tls13", "refused", "aioquic"),
        outcomes="rejected",
    ),
    captured(
        "quic-chromium",
        "Chromium's QUIC: a post-quantum key share, the hello over two datagrams and shuffled",
        _chromium,
        ("quic", "tls13", "grease", "ech", "chromium"),
        ending="pcapng",
    ),
)
