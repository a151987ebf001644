"""Captures made to hurt whoever reads them, and what reading each takes.

    python scripts/adversaries.py            # makes them all, reads them, prints a table
    python scripts/adversaries.py NAME...    # only these
    python scripts/adversaries.py --write DIR [NAME...]    # only makes them

Every adversary has a bound on memory, beyond what the process takes anyway, and one on CPU time.
They are reached by size alone: `--scale 0.01` makes each a hundredth as large, the bounds stay.
"""

from __future__ import annotations

import argparse
import json
import lzma
import os
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from hostile_packets import (
    ACK,
    SECTION,
    SERVER_HELLO,
    SYN,
    answers,
    enhanced,
    extension,
    hello,
    hello_body,
    in_rows,
    interface,
    one_packet,
    packets,
    pcap_header,
    record,
    usual_hello,
    vector,
)
from torture import peak_mb

Chunks = Iterator[bytes]

# --- adversaries ----------------------------------------------------------------------------------


def half_open_streams(scale: float) -> Chunks:
    """10 million SYNs, each of another connection."""
    yield pcap_header()
    for n in in_rows(int(10_000_000 * scale)):
        yield packets(
            len(n), b"", client=0x0A000000 + n // 50_000, client_port=10_000 + n % 50_000, flags=SYN
        )


def unanswered_hellos(scale: float) -> Chunks:
    """A million connections that send a ClientHello and nothing more."""
    yield pcap_header()
    payload = usual_hello()
    for n in in_rows(int(1_000_000 * scale)):
        yield packets(
            len(n), payload, client=0x0A000000 + n // 50_000, client_port=10_000 + n % 50_000
        )


def endless_hello(scale: float) -> Chunks:
    """A hello that says it has 128 KB and goes on for 512 MB, in records of 16 KB."""
    yield pcap_header()
    more = record(bytes(16_000))
    first = record(b"\x01\x01\xff\xff" + hello_body() + bytes(15_900))
    yield packets(1, first, sequence=1)
    for n in in_rows(int(512e6 * scale / len(more))):
        yield packets(len(n), more, sequence=(1 + len(first) + n * len(more)) & 0xFFFFFFFF)


def hellos_of_16_mb(scale: float) -> Chunks:
    """50,000 connections whose ServerHello says that it has 16 MB, and brings 4,200 bytes of it."""
    yield pcap_header()
    first = b"\x16\x03\x03\x40\x00\x02\xff\xff\xff\x03\x03" + bytes(1_389)
    for n in in_rows(int(50_000 * scale)):
        client, port = 0x0A000000 + n // 50_000, 10_000 + n % 50_000
        yield packets(len(n), usual_hello(), client=client, client_port=port)
        for number, data in enumerate((first, bytes(1_400), bytes(1_400))):
            yield answers(len(n), data, client=client, port=port, sequence=1 + 1_400 * number)


def large_certificates(scale: float) -> Chunks:
    """3,000 connections whose server sends a certificate of 100 KB, each another one."""
    yield pcap_header()
    for n in in_rows(int(3_000 * scale)):
        for number in n.tolist():
            leaf = vector(3, number.to_bytes(4, "big") + bytes(100_000))
            message = b"\x0b" + vector(3, vector(3, leaf))
            parts = [message[at : at + 16_000] for at in range(0, len(message), 16_000)]
            said = SERVER_HELLO + b"".join(map(record, parts))
            port = 10_000 + number
            yield packets(1, usual_hello(), client_port=port)
            for at in range(0, len(said), 60_000):
                yield answers(1, said[at : at + 60_000], port=port, sequence=1 + at)


def hellos_of_many_names(scale: float) -> Chunks:
    """20,000 connections whose ClientHello lists 16,000 protocols without a letter."""
    yield pcap_header()
    body = vector(2, extension(16, vector(2, bytes(16_000))))
    payload = record(hello(body))
    for n in in_rows(int(20_000 * scale)):
        yield packets(len(n), payload, client_port=10_000 + n)


def hellos_in_a_row(scale: float) -> Chunks:
    """500,000 connections that begin handshake after handshake in one segment."""
    yield pcap_header()
    payload = record(hello()) + record(b"\x01\x00\x00\x00" * 100)
    for n in in_rows(int(500_000 * scale)):
        yield packets(
            len(n), payload, client=0x0A000000 + n // 50_000, client_port=10_000 + n % 50_000
        )


def empty_certificates(scale: float) -> Chunks:
    """5,000 connections of 65 handshakes, then 12,000 certificates without content in a segment."""
    yield pcap_header()
    payload = (
        record(hello()) + record(b"\x01\x00\x00\x00" * 65) + record(b"\x0b\x00\x00\x00" * 4_000) * 3
    )
    for n in in_rows(int(5_000 * scale)):
        yield packets(len(n), payload, client_port=10_000 + n)


def empty_records(scale: float) -> Chunks:
    """20,000 connections full of records without content, 12,000 a segment."""
    yield pcap_header()
    payload = record(hello()) + b"\x17\x03\x03\x00\x00" * 12_000
    for n in in_rows(int(20_000 * scale)):
        yield packets(len(n), payload, client_port=10_000 + n)


def all_fragments(scale: float) -> Chunks:
    """5 million fragments, each of another datagram."""
    yield pcap_header()
    for n in in_rows(int(5_000_000 * scale)):
        yield packets(
            len(n), bytes(24), client=0x0A000000 + n // 65_536, identification=n % 65_536,
            fragment=0x2001,
        )  # fmt: skip


def overlapping_fragments(scale: float) -> Chunks:
    """512 MB of fragments of 60 KB that lie on one another, of 256 datagrams."""
    yield pcap_header()
    for n in in_rows(int(512e6 * scale / 60_000)):
        for some in np.array_split(n, max(1, len(n) // 1_000)):
            yield packets(len(some), bytes(59_960), identification=some % 256, fragment=0x2001)


def disagreeing_segments(scale: float) -> Chunks:
    """2 million segments that overlap behind a hole, each with other bytes, in 100 connections."""
    yield pcap_header()
    yield packets(100, usual_hello()[:60], client_port=10_000 + np.arange(100))
    for n in in_rows(int(2_000_000 * scale)):
        body = np.repeat((n % 251).astype(np.uint8)[:, None], 200, axis=1)
        yield packets(
            len(n), body, client_port=10_000 + n % 100, sequence=100 + (n * 7_919) % 60_000
        )


def jumping_numbers(scale: float) -> Chunks:
    """5 million segments whose sequence numbers jump about, in one connection."""
    yield pcap_header()
    yield packets(1, usual_hello()[:60])
    for n in in_rows(int(5_000_000 * scale)):
        sequence = (n * 2_654_435_761) & 0xFFFFFFFF
        ahead = 100 + (n * 7_919) % 16_000_000
        yield packets(len(n), bytes(8), sequence=np.where(n % 2 == 0, sequence, ahead))


def segments_backwards(scale: float) -> Chunks:
    """2 million segments of one byte, the last byte first, in 1,000 connections."""
    yield pcap_header()
    payload = usual_hello()
    yield packets(1_000, payload[:60], client_port=10_000 + np.arange(1_000))
    for n in in_rows(int(2_000_000 * scale)):
        yield packets(
            len(n),
            b"\x00",
            client_port=10_000 + n % 1_000,
            sequence=100_000 - (n // 1_000) % 50_000,
        )


def answers_too_early(scale: float) -> Chunks:
    """2 million segments of one byte that answer what nobody has sent, in 1,000 connections."""
    yield pcap_header()
    ports = 10_000 + np.arange(1_000)
    payload = usual_hello()
    yield packets(1_000, payload, client_port=ports)
    yield answers(1_000, SERVER_HELLO, port=ports, acknowledgement=1 + len(payload))
    for n in in_rows(int(2_000_000 * scale)):
        yield answers(
            len(n),
            b"\x00",
            port=10_000 + n % 1_000,
            sequence=1 + len(SERVER_HELLO) + n // 1_000,
            acknowledgement=1_000_000,
        )


def acknowledgements_of_nothing(scale: float) -> Chunks:
    """10 million acknowledgements while 1,000 segments of the other side wait for bytes of this."""
    yield pcap_header()
    payload = usual_hello()
    end = 1 + len(payload)
    yield packets(1, payload)
    yield answers(1, SERVER_HELLO, acknowledgement=end)
    first = 1 + len(SERVER_HELLO)
    early = first + np.arange(1_000)
    yield answers(1_000, b"\x00", sequence=early, acknowledgement=1_000_000)
    for n in in_rows(int(10_000_000 * scale)):
        yield packets(len(n), b"", sequence=end, acknowledgement=first, flags=ACK)


def servers_alone(scale: float) -> Chunks:
    """200,000 connections of which only a server's flight of 20 segments was captured."""
    yield pcap_header()
    pieces = [SERVER_HELLO, *[record(bytes([11, 0, 3, 252]) + bytes(1_020))] * 19]
    for n in in_rows(int(200_000 * scale)):
        for some in np.array_split(n, max(1, len(n) // 1_000)):
            sequence = 1
            for piece in pieces:
                yield answers(
                    len(some),
                    piece,
                    client=0x0B000000 + some // 50_000,
                    port=10_000 + some % 50_000,
                    sequence=sequence,
                    acknowledgement=400,
                )
                sequence += len(piece)


def similar_flows(scale: float) -> Chunks:
    """3 million connections whose addresses and ports differ in few bits, and whose sums agree."""
    yield pcap_header()
    for n in in_rows(int(3_000_000 * scale)):
        high, port = (n // 1_024) << np.uint64(20), (n % 1_024) << np.uint64(6)
        yield packets(
            len(n),
            b"",
            client=high,
            server=0xFFFFFFFF - high,
            client_port=port,
            server_port=0xFFFF - port,
            flags=SYN,
        )


def blocks_of_4_gb(scale: float) -> Chunks:
    """A pcapng file whose block says that it has 4 GB, with 256 MB behind it."""
    yield SECTION + interface() + enhanced(one_packet(usual_hello()))
    yield struct.pack("<II", 0x0000_1234, 0xFFFFFFFC)
    for _ in range(int(256 * scale) or 1):
        yield bytes(1 << 20)


def packets_of_4_gb(scale: float) -> Chunks:
    """A pcapng file with a packet that says that it has 4 GB, and as much room for it."""
    yield SECTION + interface() + enhanced(one_packet(usual_hello()))
    body = struct.pack("<5I", 0, 0, 0, 0xFFFFFF00, 0xFFFFFF00)
    yield struct.pack("<II", 6, 0xFFFFFFFC) + body
    for _ in range(int(256 * scale) or 1):
        yield bytes(1 << 20)


def a_million_interfaces(scale: float) -> Chunks:
    """A pcapng file that describes a million interfaces in one section."""
    yield SECTION
    for n in in_rows(int(1_000_000 * scale) or 1):
        yield interface() * len(n)
    yield enhanced(one_packet(usual_hello()))


def a_million_sections(scale: float) -> Chunks:
    """A pcapng file of a million sections, each with three interfaces and a packet."""
    packet = enhanced(one_packet(b"", flags=SYN), number=2)
    for n in in_rows(int(1_000_000 * scale) or 1):
        yield (SECTION + interface() * 3 + packet) * len(n)


def both_ends_of_time(_scale: float) -> Chunks:
    """A pcapng file with hellos in 1677, in 2262, and at times that no table can hold."""
    # The first and the last nanosecond of 64 bits are 145,224,192 after the first of these seconds
    # and 854,775,807 after the second.
    offsets = (-9_223_372_037, 9_223_372_036, -(1 << 63), (1 << 63) - 1, 0)
    yield SECTION
    for offset in offsets:
        yield interface(struct.pack("<HHB3xHHq", 9, 1, 9, 14, 8, offset))
    for number in range(len(offsets)):
        for at, ticks in enumerate((0, 145_224_192, 854_775_807, (1 << 64) - 1)):
            port = 10_000 + 10 * number + at
            yield enhanced(one_packet(usual_hello(), client_port=port), ticks, number)


def zstd_bomb(scale: float) -> Chunks:
    """3 MB of zstd that unpack to 100 GB of packets without bytes."""
    # Magic, a window of 128 KiB, and blocks: header of 3 bytes (last, type, size), then content.
    first = pcap_header()
    yield bytes.fromhex("28b52ffd 00 38")
    yield (len(first) << 3).to_bytes(3, "little") + first
    run = ((1 << 17) << 3 | 1 << 1).to_bytes(3, "little") + b"\x00"
    yield run * int(100e9 * scale / (1 << 17))
    yield b"\x01\x00\x00"


def gzip_bomb(scale: float) -> Chunks:
    """100 MB of gzip that unpack to 100 GB of packets without bytes."""
    packer = zlib.compressobj(9, wbits=-15)
    yield bytes.fromhex("1f8b08 00 00000000 00 03")
    yield packer.compress(pcap_header()) + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(bytes(100_000_000)) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(int(1_000 * scale) or 1):
        yield piece


def xz_bomb(scale: float) -> Chunks:
    """15 MB of xz that unpack to 100 GB of packets without bytes."""
    yield lzma.compress(pcap_header())
    piece = lzma.compress(bytes(100_000_000), preset=1)
    for _ in range(int(1_000 * scale) or 1):
        yield piece


@dataclass(frozen=True)
class Adversary:
    """A capture by its maker, and what reading it may take at most."""

    chunks: Callable[[float], Chunks]
    megabytes: float
    seconds: float

    @property
    def name(self) -> str:
        """Its name on the command line."""
        return self.chunks.__name__.replace("_", "-")

    @property
    def what(self) -> str:
        """What it is, in a sentence."""
        return (self.chunks.__doc__ or "").split("\n", 1)[0]

    def write(self, path: Path, scale: float = 1.0) -> None:
        """Make the capture."""
        with path.open("wb") as file:
            for chunk in self.chunks(scale):
                file.write(chunk)


# Many fill the 96 MiB that hellos and early segments may take. Their bounds leave room for the
# tables beside those, and for what the allocator gives back only after a second.
ADVERSARIES: tuple[Adversary, ...] = (
    Adversary(half_open_streams, 192, 60),
    Adversary(unanswered_hellos, 192, 60),
    Adversary(endless_hello, 32, 30),
    Adversary(hellos_of_16_mb, 160, 60),
    Adversary(large_certificates, 192, 60),
    Adversary(hellos_of_many_names, 160, 60),
    Adversary(hellos_in_a_row, 192, 120),
    Adversary(empty_certificates, 128, 10),
    Adversary(empty_records, 160, 60),
    Adversary(all_fragments, 64, 60),
    Adversary(overlapping_fragments, 64, 30),
    Adversary(disagreeing_segments, 64, 60),
    Adversary(jumping_numbers, 32, 60),
    Adversary(segments_backwards, 128, 60),
    Adversary(answers_too_early, 128, 60),
    Adversary(acknowledgements_of_nothing, 32, 30),
    Adversary(servers_alone, 192, 60),
    Adversary(similar_flows, 160, 30),
    Adversary(blocks_of_4_gb, 16, 10),
    Adversary(packets_of_4_gb, 16, 10),
    Adversary(a_million_interfaces, 32, 10),
    Adversary(a_million_sections, 32, 10),
    Adversary(both_ends_of_time, 16, 10),
    Adversary(zstd_bomb, 32, 30),
    Adversary(gzip_bomb, 32, 30),
    Adversary(xz_bomb, 96, 60),
)


# --- measuring ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    """What reading a capture took, and what was said of it."""

    seconds: float
    megabytes: float
    capture: dict[str, Any]


def measure(path: Path) -> Measure:
    """Read a capture in a process of its own, as `tlsaudit handshakes --format csv` does."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).resolve()), "--read", str(path)],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    answer = json.loads(done.stdout)
    return Measure(answer["seconds"], answer["megabytes"], answer["capture"])


def read_and_print(path: str) -> None:
    """Be the process of `measure`."""
    from tlsaudit import registry
    from tlsaudit._core import write_text

    names = registry.names_for_core()
    write_text([("empty", os.devnull)], "csv", os.devnull, names)
    before, started = peak_mb(), time.process_time()
    [capture] = write_text([("it", path)], "csv", os.devnull, names)
    seconds = time.process_time() - started
    answer = {"seconds": seconds, "megabytes": peak_mb() - before, "capture": capture}
    print(json.dumps(answer))


def growing_file(folder: Path, scale: float) -> Measure:
    """Read a file while another thread writes to it, faster than it is read at first."""
    path = folder / "growing"
    chunks = half_open_streams(scale / 5)
    written = threading.Event()

    def write() -> None:
        with path.open("ab", buffering=0) as file:
            for chunk in chunks:
                # Never whole packets: the reader meets ends in the middle of one.
                for at in range(0, len(chunk), 999_983):
                    file.write(chunk[at : at + 999_983])
                written.set()
                time.sleep(0.01)

    thread = threading.Thread(target=write)
    thread.start()
    written.wait()
    result = measure(path)
    thread.join()
    return result


def said(capture: dict[str, Any]) -> str:
    """Give what the captures table says of a capture."""
    parts = [f"{capture['frames']:,} frames, {capture['handshakes']:,} handshakes"]
    parts += [str(capture[key]).removeprefix("it: ") for key in ("error", "limits") if capture[key]]
    return "; ".join(parts)


def table(names: Iterable[str], scale: float) -> int:
    """Make, read and print; give how many bounds did not hold."""
    chosen = [each for each in ADVERSARIES if not names or each.name in names]
    broken = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for each in chosen:
            path = folder / each.name
            each.write(path, scale)
            size, result = path.stat().st_size, measure(path)
            path.unlink()
            broken += _line(each.name, each.what, size, result, (each.megabytes, each.seconds))
        if not names or "growing-file" in names:
            result = growing_file(folder, scale)
            size = (folder / "growing").stat().st_size
            what = (growing_file.__doc__ or "").split("\n", 1)[0]
            broken += _line("growing-file", what, size, result, (160, 60))
    return broken


def _line(name: str, what: str, size: int, result: Measure, bounds: tuple[float, float]) -> int:
    megabytes, seconds = bounds
    broken = result.megabytes > megabytes or result.seconds > seconds
    print(
        f"{name:28} {size / 1e6:8.1f} MB {result.seconds:6.1f} s (<= {seconds:.0f}) "
        f"{result.megabytes:6.0f} MB (<= {megabytes:.0f}){' BROKEN' if broken else ''}\n"
        f"    {what}\n    -> {said(result.capture)}",
        flush=True,
    )
    return int(broken)


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help="; ".join(a.name for a in ADVERSARIES)
    )
    parser.add_argument("--scale", type=float, default=1.0, help="their size")
    parser.add_argument("--write", type=Path, metavar="DIR", help="only make them, in this folder")
    parser.add_argument("--read", metavar="CAPTURE", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.read:
        read_and_print(arguments.read)
        return 0
    unknown = set(arguments.names) - {each.name for each in ADVERSARIES} - {"growing-file"}
    if unknown:
        parser.error(f"there is no adversary {', '.join(sorted(unknown))}")
    if arguments.write:
        arguments.write.mkdir(parents=True, exist_ok=True)
        for each in ADVERSARIES:
            if not arguments.names or each.name in arguments.names:
                each.write(arguments.write / each.name, arguments.scale)
        return 0
    return 1 if table(arguments.names, arguments.scale) else 0


if __name__ == "__main__":
    sys.exit(main())
