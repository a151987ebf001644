"""One client and one server on a link, and how a sample is recorded between them."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from containers import packed, without_machine
from network import Host, Network, capture
from sample import Row, Sample
from stacks import Identity, make_identity

# RFC 5737 and RFC 3849 addresses, locally administered hardware addresses.
CLIENT = Host("client", "02:00:5e:10:00:01", ("192.0.2.10/24", "2001:db8::10/64"))
SERVER = Host("server", "02:00:5e:10:00:02", ("192.0.2.20/24", "2001:db8::20/64"))


@dataclass
class Lab:
    """What a recipe may use: the two hosts, certificates and a folder for passing files."""

    network: Network
    client: Host
    server: Host
    folder: Path
    rsa: Identity
    ec: Identity


@dataclass(frozen=True)
class Recipe:
    """A sample and the handshakes that make it.

    `interface` is where the capture is taken: on the switch between the hosts, or `any` or `lo`
    of the client.
    """

    sample: Sample
    run: Callable[[Lab], None]
    interface: str = "switch"
    program: tuple[str, ...] = ()
    packets: str = "tcp or udp"


def captured(
    identifier: str,
    shows: str,
    run: Callable[[Lab], None],
    tags: tuple[str, ...],
    *,
    outcomes: str | tuple[str, ...] | Callable[[Row], str] = "completed",
    ending: str = "pcap",
    interface: str = "switch",
    program: tuple[str, ...] = (),
    packets: str = "tcp or udp",
    decode_as: tuple[str, ...] = (),
    preferences: tuple[str, ...] = (),
    unread: tuple[str, ...] = (),
    corrections: tuple[tuple[int, str, str], ...] = (),
    note: str = "",
) -> Recipe:
    """A recipe whose capture is named for the sample; `ending` says in which format it is."""
    sample = Sample(
        id=identifier,
        file=f"{identifier}.{ending}",
        shows=shows,
        kind="captured",
        tags=tags,
        outcomes=outcomes,
        decode_as=decode_as,
        preferences=preferences,
        unread=unread,
        corrections=corrections,
        note=note,
    )
    return Recipe(sample, run, interface, program, packets)


def make(recipes: Iterable[Recipe]) -> None:
    """Records the samples of some recipes, one after the other, on a network of their own."""
    with (
        tempfile.TemporaryDirectory() as name,
        Network((CLIENT, SERVER)) as network,
    ):
        folder = Path(name)
        lab = Lab(
            network,
            CLIENT,
            SERVER,
            folder,
            make_identity(folder, "www.example.test"),
            make_identity(folder, "www.example.test", "ec"),
        )
        for recipe in recipes:
            record(recipe, lab)


def record(recipe: Recipe, lab: Lab) -> None:
    """Runs one recipe and writes its capture where the sample says."""
    raw = lab.folder / "capture"
    file = recipe.sample.file
    program = recipe.program or (("dumpcap",) if ".pcapng" in file else ("tcpdump",))
    on_switch = recipe.interface == "switch"
    with capture(
        raw,
        namespace=lab.network.namespace if on_switch else lab.client.namespace,
        interface=lab.network.bridge if on_switch else recipe.interface,
        program=program,
        packets=recipe.packets,
    ):
        recipe.run(lab)
    store(raw, recipe.sample.path)


def store(raw: Path, destination: Path) -> None:
    """Copies a capture to its place, compressed as the name's ending says."""
    data = raw.read_bytes()
    if ".pcapng" in destination.name:
        data = without_machine(data)
    destination.write_bytes(packed(data, destination.name))
