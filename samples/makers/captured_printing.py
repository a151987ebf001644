"""Printing: CUPS, which is asked for TLS inside HTTP (RFC 2817)."""

from __future__ import annotations

import shutil
from contextlib import AbstractContextManager

from lab import Lab, captured
from stacks import connect, program_server, ssl_client, ssl_context

_CUPSD = """
Listen {address}:631
ServerName printer.example.test
ServerAlias *
LogLevel error
Browsing Off
SSLOptions MinTLS1.0 {most}
<Location />
  Order allow,deny
  Allow all
</Location>
"""

_FILES = """
ServerRoot {folder}
ServerKeychain {folder}/ssl
StateDir {folder}/state
CacheDir {folder}/cache
RequestRoot {folder}/requests
TempDir {folder}/temporary
AccessLog {folder}/access.log
ErrorLog {folder}/error.log
PageLog {folder}/page.log
"""


def _cupsd(lab: Lab, most: str) -> AbstractContextManager[None]:
    lab.folder.chmod(0o711)
    folder = lab.folder / "cups"
    for name in ("", "ssl", "state", "cache", "requests", "temporary"):
        (folder / name).mkdir(exist_ok=True)
    shutil.copy(lab.rsa.certificate, folder / "ssl" / "printer.example.test.crt")
    shutil.copy(lab.rsa.key, folder / "ssl" / "printer.example.test.key")
    (folder / "cupsd.conf").write_text(_CUPSD.format(address=lab.server.ip, most=most))
    (folder / "cups-files.conf").write_text(_FILES.format(folder=folder))
    command = ["cupsd", "-f", "-c", str(folder / "cupsd.conf")]
    return program_server(lab.server, 631, [*command, "-s", str(folder / "cups-files.conf")])


_REQUEST = b"""OPTIONS * HTTP/1.1\r
Connection: Upgrade\r
Host: printer.example.test:631\r
Upgrade: TLS/1.2,TLS/1.1,TLS/1.0\r
\r
"""


def _upgrade(lab: Lab) -> None:
    """Python asks as CUPS's own client does, which would say on which machine it runs."""
    for most in ("MaxTLS1.0", "MaxTLS1.2", "MaxTLS1.3"):
        with _cupsd(lab, most):
            connection = connect(lab.client, lab.server.ip, 631)
            connection.sendall(_REQUEST)
            connection.recv(4096)
            ssl_client(connection, ssl_context(), "printer.example.test")


RECIPES = (
    captured(
        "http-upgrade",
        "CUPS, asked for TLS inside HTTP by a client of Python: TLS 1.0, 1.2 and 1.3",
        _upgrade,
        ("carrier", "cups", "gnutls", "python", "tls10", "tls12", "tls13"),
        decode_as=("tcp.port==631,tls",),
        unread=("http",),
        note="tshark was told that port 631 is TLS and not HTTP, whose upgrade it does not follow",
    ),
)
