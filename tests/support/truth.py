"""What tshark found in the corpus, in our words, and which of it is not read yet."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What carries a hello that is found only once carriers and tunnels are read. Single entries: the
# layer that is missing, by the name that tshark gives it.
LAYERS_NOT_READ = {
    "geneve": "tunnel",
    "gre": "tunnel",
    "gtp": "tunnel",
    "vxlan": "tunnel",
    "wlan_centrino": "IEEE 802.11 inside Ethernet",
    "jxta": "carrier: TLS inside JXTA messages",
    "openvpn": "carrier: TLS inside OpenVPN packets",
    "proxy": "carrier: the hello follows a PROXY header in one segment",
    "tds": "carrier: TLS inside TDS packets",
}


@dataclass(frozen=True)
class Hello:
    """One hello of the truth."""

    capture: str
    kind: str
    frame: int
    stream: str
    source: tuple[str, int]
    fields: dict
    layers: tuple[str, ...]

    @property
    def layer_not_read(self) -> str | None:
        """The layer for which it is not found yet; null for plain TLS over TCP."""
        for layer in self.layers:
            if layer in LAYERS_NOT_READ:
                return layer
        # IP inside IP, whichever versions.
        if sum(layer in ("ip", "ipv6") for layer in self.layers) > 1:
            return "ip-in-ip"
        return None


def hellos(truth: Path) -> Iterator[Hello]:
    """Every hello that tshark saw in TLS over TCP."""
    for path in sorted(truth.rglob("*.jsonl")):
        capture = str(path.relative_to(truth)).removesuffix(".jsonl")
        for line in path.read_text(encoding="utf-8").splitlines():
            fields = json.loads(line)
            stream = fields.get("stream") or ""
            if fields["type"] == "alert" or not stream.startswith("tcp:"):
                continue
            yield Hello(
                capture,
                fields["type"],
                fields["frame"],
                stream,
                (fields["src"], fields["sport"]),
                fields,
                tuple(fields["protocols"].split(":")),
            )


def code(value: str | None) -> int | None:
    """A code point as a number, from either spelling."""
    return None if value is None else int(value, 16)


def codes(values: list[str] | None) -> list[int]:
    """A list of code points as numbers; an absent list is an empty one, as in the truth."""
    return [int(value, 16) for value in values or []]
