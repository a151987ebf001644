"""TLS through a tunnel that the kernel makes."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from lab import Lab, Recipe
from network import Host, in_namespace
from sample import Sample
from stacks import openssl_client, openssl_server

NAMED = ("-servername", "www.example.test")
# The addresses inside the tunnel.
CLIENT_INSIDE, SERVER_INSIDE = "198.51.100.10", "198.51.100.20"


def _ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True)


@contextmanager
def _tunnel(host: Host, peer: Host, kind: str, address: str) -> Iterator[None]:
    """A tunnel interface on the host, up between `with` and its end."""
    with in_namespace(host.namespace):
        _ip(f"link add tunnel0 type {kind} local {host.ip} remote {peer.ip}")
        _ip("link set tunnel0 addrgenmode none")
        _ip(f"address add {address}/24 dev tunnel0")
        _ip("link set tunnel0 up")
    try:
        yield
    finally:
        with in_namespace(host.namespace):
            _ip("link del tunnel0")


def _vxlan(lab: Lab) -> None:
    kind = "vxlan id 42 dstport 4789 dev eth0"
    with (
        _tunnel(lab.client, lab.server, kind, CLIENT_INSIDE),
        _tunnel(lab.server, lab.client, kind, SERVER_INSIDE),
        openssl_server(lab.server, 443, lab.ec),
    ):
        openssl_client(lab.client, SERVER_INSIDE, 443, *NAMED, "-tls1_2")


RECIPES = (
    Recipe(
        Sample(
            id="tunnel-vxlan",
            file="tunnel-vxlan.pcap",
            shows="TLS 1.2 through VXLAN, as Linux sends it",
            kind="captured",
            tags=("tls12", "tunnel"),
            outcomes="completed",
        ),
        _vxlan,
    ),
)
