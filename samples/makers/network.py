"""Hosts that exist only while samples are made: network namespaces on one switched link.

Nothing here touches the machine's own network: every host is a namespace with one virtual
Ethernet port on a bridge, and the bridge (where captures are taken) is in a namespace too. Needs
root and `ip` (iproute2).
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import socket
import struct
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

CLONE_NEWNET = 0x40000000
SIOCETHTOOL = 0x8946
# ethtool commands that set transmit checksum, TCP segmentation and generic segmentation offload.
# All are turned off, so that captured packets have right checksums and none is above the MTU.
OFFLOAD_COMMANDS = (0x17, 0x1F, 0x24)

_libc = ctypes.CDLL(None, use_errno=True)


@contextmanager
def in_namespace(name: str) -> Iterator[None]:
    """Runs the body with the calling thread in a network namespace."""
    with Path("/proc/thread-self/ns/net").open("rb") as before:
        with Path("/run/netns", name).open("rb") as wanted:
            _set_namespace(wanted.fileno())
        try:
            yield
        finally:
            _set_namespace(before.fileno())


def _set_namespace(descriptor: int) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


@dataclass(frozen=True)
class Host:
    """A machine on the link: its namespace, hardware address and IP addresses with prefixes.

    An address with the prefix of a single host (`/32`) is put on the loopback interface.
    """

    name: str
    mac: str
    addresses: tuple[str, ...]
    routes: tuple[str, ...] = ()  # each "network via gateway"

    @property
    def namespace(self) -> str:
        return f"samples-{self.name}"

    @property
    def ip(self) -> str:
        """The first IPv4 address."""
        return next(a for a in self.addresses if "." in a).partition("/")[0]

    @property
    def ip6(self) -> str:
        """The first IPv6 address."""
        return next(a for a in self.addresses if ":" in a).partition("/")[0]


@dataclass
class Network:
    """Hosts joined by a bridge in a namespace of its own, up between `with` and its end."""

    hosts: Sequence[Host]
    namespace: str = "samples-switch"
    bridge: str = "br0"
    _made: list[str] = field(default_factory=list)

    def __enter__(self) -> Network:
        try:
            self._make_switch()
            for number, host in enumerate(self.hosts):
                self._plug_in(number, host)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(self._made):
            subprocess.run(["ip", "netns", "del", name], check=False)
        self._made.clear()

    def _make_namespace(self, name: str) -> None:
        _ip(f"netns add {name}")
        self._made.append(name)

    def _make_switch(self) -> None:
        self._make_namespace(self.namespace)
        with in_namespace(self.namespace):
            # The bridge itself has no address and sends nothing of its own.
            Path("/proc/sys/net/ipv6/conf/default/disable_ipv6").write_text("1")
            _ip(f"link add {self.bridge} type bridge stp_state 0 mcast_snooping 0")
            _ip(f"link set {self.bridge} up")

    def _plug_in(self, number: int, host: Host) -> None:
        self._make_namespace(host.namespace)
        port = f"port{number}"
        with in_namespace(self.namespace):
            _ip(f"link add {port} type veth peer name eth0 netns {host.namespace}")
            _turn_offloads_off(port)
            _ip(f"link set {port} master {self.bridge} up")
        with in_namespace(host.namespace):
            # No router solicitation or listener reports: only what the samples are about.
            for setting, value in (("addr_gen_mode", "1"), ("router_solicitations", "0")):
                Path(f"/proc/sys/net/ipv6/conf/eth0/{setting}").write_text(value)
            _ip("link set lo up")
            _ip(f"link set eth0 address {host.mac}")
            _turn_offloads_off("eth0")
            _ip("link set eth0 up")
            for address in host.addresses:
                # Duplicate address detection would delay the address and add packets.
                option = "nodad" if ":" in address else ""
                device = "lo" if address.endswith(("/32", "/128")) else "eth0"
                _ip(f"address add {address} dev {device} {option}")
            for route in host.routes:
                _ip(f"route add {route}")


def _ip(command: str) -> None:
    subprocess.run(["ip", *command.split()], check=True)


def _turn_offloads_off(interface: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        for command in OFFLOAD_COMMANDS:
            value = ctypes.create_string_buffer(struct.pack("II", command, 0))
            request = struct.pack("16sP", interface.encode(), ctypes.addressof(value))
            fcntl.ioctl(control, SIOCETHTOOL, request)


@contextmanager
def capture(
    path: Path,
    *,
    namespace: str,
    interface: str,
    program: Sequence[str] = ("tcpdump",),
    packets: str = "tcp or udp",
) -> Iterator[None]:
    """Captures what the body sends into `path`; returns when the last packet is written.

    `program` is `tcpdump` or `dumpcap` with further options; `packets` is a capture filter.
    """
    options = {
        # -Z root: tcpdump would otherwise give up the right to write the file.
        "tcpdump": ["-U", "--immediate-mode", "-Z", "root", "-n"],
        "dumpcap": ["-q"],
    }[program[0]]
    path.unlink(missing_ok=True)
    command = ["ip", "netns", "exec", namespace, program[0], *options, *program[1:]]
    command += ["-i", interface, "-w", str(path)]
    command += [packets] if program[0] == "tcpdump" else ["-f", packets]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            # Both say so once the capture handle is open.
            if "listening on" in line or line.startswith("File:"):
                break
        if process.poll() is not None:
            raise RuntimeError(f"{program[0]} did not start")
        time.sleep(0.3)
        yield
        _wait_until_written(path)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _wait_until_written(path: Path, quiet: float = 1.0, longest: float = 15.0) -> None:
    """Returns when the file has not grown for `quiet` seconds."""
    deadline = time.monotonic() + longest
    size, since = -1, time.monotonic()
    while time.monotonic() < deadline:
        now = path.stat().st_size if path.exists() else 0
        if now != size:
            size, since = now, time.monotonic()
        elif time.monotonic() - since >= quiet:
            return
        time.sleep(0.05)
    raise RuntimeError(f"{path.name} still grows after {longest:.0f} s")
