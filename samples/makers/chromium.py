"""Chromium as a client: its hellos carry GREASE, ECH and a post-quantum key share."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping

from network import Host


def browse(host: Host, address: str, names: Mapping[str, str]) -> None:
    """Loads one page in a headless Chromium on the host; `names` maps server names to addresses.

    The host has no way to a name server, so whatever else the browser would like to fetch stays
    unsent.
    """
    rules = ", ".join(f"MAP {name} {ip}" for name, ip in names.items())
    with tempfile.TemporaryDirectory() as profile:
        settings = f"--headless --no-sandbox --disable-gpu --user-data-dir={profile}"
        quiet = "--no-first-run --disable-background-networking --disable-component-update"
        tls = "--disable-quic --disable-sync --ignore-certificate-errors --timeout=15000"
        command = ["ip", "netns", "exec", host.namespace, "chromium"]
        command += [*f"{settings} {quiet} {tls} --dump-dom".split()]
        command += [f"--host-resolver-rules={rules}", address]
        subprocess.run(command, capture_output=True, check=False, timeout=90)
