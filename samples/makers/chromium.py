"""Chromium as a client: its hellos carry GREASE, ECH and a post-quantum key share."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from network import Host


def browse(host: Host, address: str, names: Mapping[str, str], *, quic: Path | None = None) -> None:
    """Loads one page in a headless Chromium on the host; `names` maps server names to addresses.

    Over QUIC from the start where `quic` is given, the server's certificate: over QUIC the browser
    takes one that nobody signed only if it is told which. The host has no way to a name server, so
    whatever else the browser would like to fetch stays unsent.
    """
    rules = ", ".join(f"MAP {name} {ip}" for name, ip in names.items())
    with tempfile.TemporaryDirectory() as profile:
        settings = f"--headless --no-sandbox --disable-gpu --user-data-dir={profile}"
        quiet = "--no-first-run --disable-background-networking --disable-component-update"
        tls = "--disable-sync --ignore-certificate-errors --timeout=15000"
        if quic is None:
            tls += " --disable-quic"
        else:
            origins = ",".join(f"{name}:443" for name in names)
            tls += f" --origin-to-force-quic-on={origins}"
            tls += f" --ignore-certificate-errors-spki-list={_key_hash(quic)}"
        command = ["ip", "netns", "exec", host.namespace, "chromium"]
        command += [*f"{settings} {quiet} {tls} --dump-dom".split()]
        command += [f"--host-resolver-rules={rules}", address]
        subprocess.run(command, capture_output=True, check=False, timeout=90)


def _key_hash(certificate: Path) -> str:
    """SHA-256 of the certificate's public key, in base64."""
    key = ["openssl", "x509", "-in", str(certificate), "-noout", "-pubkey"]
    pem = subprocess.run(key, capture_output=True, check=True).stdout
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "der"], input=pem, capture_output=True, check=True
    ).stdout
    return base64.b64encode(hashlib.sha256(der).digest()).decode()
