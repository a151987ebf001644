"""LDAP: OpenLDAP's server and client, StartTLS on 389 and TLS from the first byte on."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from lab import Lab, captured
from services import VERSIONS
from stacks import program_server, run_client

_SLAPD = """
include /etc/ldap/schema/core.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {folder}/slapd.pid
{tls}
database mdb
suffix dc=example,dc=test
directory {folder}
"""


def _slapd(
    lab: Lab, port: int, addresses: str, *, tls: bool = True
) -> AbstractContextManager[None]:
    """OpenLDAP's server, with a certificate or without; ready once it listens on `port`."""
    folder = lab.folder / f"slapd-{port}-{tls}"
    folder.mkdir()
    certificate = f"TLSCertificateFile {lab.ec.certificate}\nTLSCertificateKeyFile {lab.ec.key}"
    configuration = Path(folder, "slapd.conf")
    configuration.write_text(_SLAPD.format(folder=folder, tls=certificate if tls else ""))
    command = ["slapd", "-d", "0", "-f", str(configuration), "-h", addresses]
    return program_server(lab.server, port, command)


def _search(lab: Lab, address: str, version: str, *options: str) -> None:
    """One search of the root by ldapsearch, whose TLS is GnuTLS's."""
    priority = f"NORMAL:-VERS-ALL:+VERS-TLS{version}"
    command = ["env", "LDAPTLS_REQCERT=never", f"LDAPTLS_CIPHER_SUITE={priority}", "ldapsearch"]
    command += ["-x", "-H", address, "-b", "", "-s", "base", *options, "namingContexts"]
    run_client(lab.client, command)


def _starttls(lab: Lab) -> None:
    address = f"ldap://{lab.server.ip}"
    with _slapd(lab, 389, "ldap://:389"):
        for version in VERSIONS:
            _search(lab, address, version, "-ZZ")
    with _slapd(lab, 389, "ldap://:389", tls=False):
        _search(lab, address, "1.2", "-ZZ")


def _ldaps(lab: Lab) -> None:
    with _slapd(lab, 3269, "ldaps://:636 ldaps://:3269"):
        for port in (636, 3269):
            for version in VERSIONS:
                _search(lab, f"ldaps://{lab.server.ip}:{port}", version)


RECIPES = (
    captured(
        "ldap-starttls",
        "OpenLDAP on 389: StartTLS with TLS 1.0, 1.1, 1.2 and 1.3, then a server without a "
        "certificate, which refuses it",
        _starttls,
        ("carrier", "openldap", "gnutls", "tls10", "tls11", "tls12", "tls13", "refusal"),
    ),
    captured(
        "ldaps",
        "OpenLDAP on 636 and 3269: TLS 1.0, 1.1, 1.2 and 1.3 on each",
        _ldaps,
        ("openldap", "gnutls", "tls10", "tls11", "tls12", "tls13"),
    ),
)
