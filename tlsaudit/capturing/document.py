"""`docs/capturing.md`, printed from the recipes."""

from __future__ import annotations

from tlsaudit.capturing.filters import PORTS
from tlsaudit.capturing.recipes import TOOLS, recipe

__all__ = ["markdown"]

_INTRODUCTION = """\
# How to capture

Generated from `tlsaudit/capturing/` by `python scripts/generate_docs.py`; do not edit.

`tlsaudit capture` prints the command for a program, an interface, a time and a size:

```console
$ tlsaudit capture --tool dumpcap --interface eth0 --hours 48
$ tlsaudit capture --tool tcpdump --keep ports --port 636 --port 3269
$ tlsaudit capture --tool pktmon --file-megabytes 20 --files 50
```

A capture filter sees one packet at a time. The one for handshakes therefore keeps the packets in
which a piece of a handshake begins, which is little, and is said to miss what comes in later ones.
The tests run every filter here over the sample captures, and compare what is left with the whole.
"""


def markdown() -> str:
    """The text of `docs/capturing.md`: the commands of every program as they come."""
    parts = [_INTRODUCTION]
    for tool, where in TOOLS.items():
        parts.append(f"\n## {tool}\n\n{where[0].upper()}{where[1:]}.\n\n")
        parts.append(f"```text\n{recipe(tool)}```\n")
    parts.append("\n## The ports of `--keep ports`\n\n| port | usual for |\n|---|---|\n")
    parts += [f"| {port} | {usual} |\n" for port, usual in PORTS]
    return "".join(parts)
