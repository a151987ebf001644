"""Clients of services that speak plaintext before TLS, each held to one version of it."""

from __future__ import annotations

import shutil
from pathlib import Path

from network import Host
from sample import Row
from stacks import ANY_CIPHER, Identity, run_client

VERSIONS = ("1.0", "1.1", "1.2", "1.3")

# What ends a session once TLS is there, or once the server has refused it.
_FAREWELLS = {
    "imap": b"a LOGOUT\r\n",
    "ldap": b"0\x05\x02\x01\x03B\x00",
    "sieve": b"LOGOUT\r\n",
    "xmpp": b"</stream:stream>",
}


def if_answered(row: Row) -> str:
    """How a handshake of these samples ended: completed, but for hellos that got no hello back."""
    return "completed" if row["server_hello_frame"] else "rejected"


def old_openssl(folder: Path) -> list[str]:
    """What to put in front of a program so that its OpenSSL takes old versions and suites."""
    folder.chmod(0o711)  # Some programs read this as another user.
    configuration = folder / "old-openssl.cnf"
    configuration.write_text(
        "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = old\n"
        f"[old]\nMinProtocol = TLSv1\nCipherString = {ANY_CIPHER}\n"
    )
    return ["env", f"OPENSSL_CONF={configuration}"]


def owned_identity(folder: Path, identity: Identity, user: str) -> Identity:
    """The identity as files that the user may read, in a folder of its own."""
    folder.parent.chmod(0o711)
    folder.mkdir()
    copies = Identity(folder / "server.crt", folder / "server.key")
    for source, copy in ((identity.certificate, copies.certificate), (identity.key, copies.key)):
        shutil.copy(source, copy)
        copy.chmod(0o600)
    for path in (folder, *folder.iterdir()):
        shutil.chown(path, user, user)
    return copies


def curl(host: Host, address: str, version: str, *options: str) -> str:
    """One transfer by curl, which trusts anyone and speaks one version of TLS."""
    command = ["curl", "--silent", "--insecure", "--max-time", "10", f"--tlsv{version}"]
    command += ["--tls-max", version, "--ciphers", ANY_CIPHER, *options, address]
    return run_client(host, command, b"")


def starttls_client(
    host: Host, address: str, port: int, protocol: str, version: str = "", *options: str
) -> str:
    """OpenSSL's client, which asks for TLS even of a server that does not offer it."""
    command = ["openssl", "s_client", "-connect", f"{address}:{port}", "-starttls", protocol]
    command += ["-cipher", ANY_CIPHER, "-ign_eof", *options]
    if version:
        command.append("-tls1" + version.removeprefix("1").removesuffix(".0").replace(".", "_"))
    return run_client(host, command, _FAREWELLS.get(protocol, b"QUIT\r\n"))
