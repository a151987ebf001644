"""`docs/engines.md`, printed from the engines and the known differences."""

from __future__ import annotations

from itertools import groupby

from tlsaudit.engines import load
from tlsaudit.engines.known_differences import (
    KNOWN_DIFFERENCES,
    LAYERS_NOT_READ,
)

__all__ = ["markdown"]

_INTRODUCTION = """\
# Three engines

Generated from `tlsaudit/engines/` by `python scripts/generate_docs.py`; do not edit.

The same capture can be read by three programs that know nothing of each other, into the same
handshake table: the core, scapy's TLS layer, and Wireshark's dissectors. Where they differ, the
difference is listed with its reason.

```console
$ tlsaudit verify dc01.pcapng --engine tshark      # 0 agreed, 1 an unexplained difference
$ tlsaudit handshakes dc01.pcapng --engine tshark  # the table as Wireshark sees it
```

```python
audit = tlsaudit.audit("dc01.pcapng")
audit.verify("tshark")  # what both say, and what not
audit.frame(41)  # frame 41 as Wireshark sees it
tlsaudit.read_handshakes("dc01.pcapng", engine="scapy")
```

- `native` is the core and needs nothing.
- `tshark` needs `pip install 'tlsaudit[tshark]'` and Wireshark's tshark. It starts once for each
  capture and reads some megabytes a second: a second opinion, and frames in full.
- `scapy` needs `pip install 'tlsaudit[scapy]'`, which is GPL-2.0-only. It reads some thousand
  packets a second: a second opinion on small captures, up to some ten megabytes.

Nothing else needs scapy, pyshark or tshark. What an engine cannot read (`.etl` and `.matp`; scapy
also `.cap` of Network Monitor, and snoop) it gets as pcapng, as `tlsaudit convert` writes it: a
second opinion on the hellos, not on the file's format.

tshark is run with its settings at their defaults whatever the user's own are, in two passes, with
TCP segments put in order, with TLS recognised by its bytes on any port, and with RDP's port
decoded as TLS. pyshark runs in a process of its own, so that it works in notebooks and threads. Its
PDML output is read as the tree that it is: that keeps several handshake messages in one frame
apart, which flat lists of fields do not.

## What is compared

Every hello and every alert of a handshake is matched by capture, transport and frame. Of each, all
columns are compared but those that the other engine lacks: these are null there, or hold what
hellos and alerts alone can tell (`outcome`). Derived columns are computed in one place for all.

Where the core alone has a message, the other engine is asked what it makes of that frame, and a
known difference is one only where the bytes there show its pattern.
"""


def markdown() -> str:
    """The text of `docs/engines.md`: what each engine lacks, and every known difference."""
    parts = [_INTRODUCTION]
    for name in ("tshark", "scapy"):
        parts.append(f"\n## What `{name}` lacks\n\n| column | why |\n|---|---|\n")
        parts.extend(f"| `{column}` | {why} |\n" for column, why in load(name).LACKS.items())
    parts.append(
        "\n## Known differences\n\n"
        "Each entry is a pattern in the bytes, was looked up in the bytes of its example, and is "
        "taken out once it is no longer needed: a test sees to that.\n"
    )
    for engine, entries in groupby(KNOWN_DIFFERENCES, key=lambda entry: entry.engine):
        parts.append(f"\n### `{engine}`\n\n| difference | reason | example |\n|---|---|---|\n")
        parts.extend(
            f"| `{entry.ident}` | {entry.reason} | `{entry.example}` |\n" for entry in entries
        )
    layers = ", ".join(f"`{layer}` ({what})" for layer, what in LAYERS_NOT_READ.items())
    parts.append(f"\nLayers that the core does not read: {layers}.\n")
    return "".join(parts)
