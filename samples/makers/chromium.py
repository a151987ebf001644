"""Chromium as a client: its hellos carry GREASE, encrypted_client_hello and a post-quantum share."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping

from network import Host


def browse(host: Host, address: str, names: Mapping[str, str], *options: str) -> None:
    """Loads one page in a headless Chromium on the host; `names` maps server names to addresses.

    The host has no way to a name server, so whatever else the browser would like to fetch stays
    unsent.
    """
    rules = ", ".join(f"MAP {name} {ip}" for name, ip in names.items())
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            ["ip", "netns", "exec", host.namespace, "chromium", "--headless", "--no-sandbox"]
            + ["--disable-gpu", "--disable-quic", "--ignore-certificate-errors", "--no-first-run"]
            + ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
            + [f"--user-data-dir={profile}", f"--host-resolver-rules={rules}", *options]
            + ["--timeout=15000", "--dump-dom", address],
            capture_output=True,
            check=False,
            timeout=90,
        )
