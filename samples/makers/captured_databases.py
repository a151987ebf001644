"""Databases: PostgreSQL, MariaDB and SQL Server's protocol, all versions of TLS and none."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

from lab import Lab, captured
from services import VERSIONS, old_openssl, owned_identity
from sql_server import ALL, LOGIN_ALONE, NONE, sql_server
from stacks import ANY_CIPHER, program_server, run_client, serve, ssl_context

_POSTGRESQL = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))


def _as(user: str, *command: object) -> list[str]:
    """A command run by another user: database servers do not run as root."""
    return ["setpriv", "--reuid", user, "--regid", user, "--clear-groups", *map(str, command)]


def _folder(lab: Lab, user: str) -> Path:
    """A folder of the user's own with the server's certificate and key in it."""
    folder = lab.folder / user
    if not folder.exists():
        owned_identity(folder, lab.ec, user)
    return folder


# --- PostgreSQL -------------------------------------------------------------------------------


def _postgres(lab: Lab, *, tls: bool) -> AbstractContextManager[None]:
    folder = _folder(lab, "postgres")
    data = folder / "data"
    if not data.exists():
        initdb = _as("postgres", _POSTGRESQL / "initdb", "-D", data, "-A", "trust", "-N")
        subprocess.run(initdb, check=True, capture_output=True, cwd=folder)
        with (data / "pg_hba.conf").open("a") as file:
            file.write("host all all all trust\n")
    settings = {
        "listen_addresses": "*",
        "unix_socket_directories": str(folder),
        "ssl": "on" if tls else "off",
        "ssl_cert_file": str(folder / "server.crt"),
        "ssl_key_file": str(folder / "server.key"),
        "ssl_ciphers": ANY_CIPHER,
        "ssl_min_protocol_version": "TLSv1",
    }
    options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    command = _as("postgres", _POSTGRESQL / "postgres", "-D", data, *options)
    return program_server(lab.server, 5432, command)


def _psql(lab: Lab, settings: str) -> None:
    target = f"host={lab.server.ip} user=postgres dbname=postgres gssencmode=disable {settings}"
    run_client(lab.client, [*old_openssl(lab.folder), "psql", target, "-Atc", "select 1"], b"")


def _postgresql(lab: Lab) -> None:
    with _postgres(lab, tls=True):
        for version in VERSIONS:
            name = f"TLSv{version}".removesuffix(".0")
            bounds = f"ssl_min_protocol_version={name} ssl_max_protocol_version={name}"
            _psql(lab, f"sslmode=require {bounds}")
    with _postgres(lab, tls=False):
        _psql(lab, "sslmode=prefer")


# --- MariaDB ----------------------------------------------------------------------------------


def _mariadbd(lab: Lab, *, tls: bool) -> AbstractContextManager[None]:
    folder = _folder(lab, "mysql")
    data = folder / "data"
    if not data.exists():
        install = ["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--user=mysql"]
        install += ["--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run(install, check=True, capture_output=True)
        rights = "create user guest@'%';\n"
        (folder / "rights.sql").write_text(rights)
        shutil.chown(folder / "rights.sql", "mysql", "mysql")
    options = [f"--datadir={data}", f"--socket={folder}/socket", "--bind-address=0.0.0.0"]
    options += ["--skip-name-resolve", f"--pid-file={folder}/pid", "--skip-log-error"]
    if tls:
        options += [f"--ssl-cert={folder}/server.crt", f"--ssl-key={folder}/server.key"]
        options += ["--tls-version=TLSv1.0,TLSv1.1,TLSv1.2,TLSv1.3", f"--ssl-cipher={ANY_CIPHER}"]
    else:
        options.append(f"--init-file={folder}/rights.sql")
    command = _as("mysql", "mariadbd", "--no-defaults", *options)
    return program_server(lab.server, 3306, command)


def _mysql(lab: Lab, *options: str) -> None:
    command = [*old_openssl(lab.folder), "mariadb", "--no-defaults", f"--host={lab.server.ip}"]
    command += ["--user=guest", "--execute=select 1", *options]
    run_client(lab.client, command, b"")


def _mariadb(lab: Lab) -> None:
    # The server without TLS comes first: it makes the user.
    with _mariadbd(lab, tls=False):
        _mysql(lab)
    with _mariadbd(lab, tls=True):
        for version in VERSIONS:
            _mysql(lab, "--ssl", f"--tls-version=TLSv{version}", f"--ssl-cipher={ANY_CIPHER}")


# --- SQL Server's protocol --------------------------------------------------------------------

_FREETDS = """
[sample]
host = {server}
port = 1433
tds version = 7.4
encryption = {encryption}
enable tls v1 = yes
enable tls v1.1 = yes
"""


def _tsql(lab: Lab, encryption: str) -> None:
    configuration = lab.folder / "freetds.conf"
    configuration.write_text(_FREETDS.format(server=lab.server.ip, encryption=encryption))
    command = ["env", f"FREETDSCONF={configuration}", "TDSHOST=client", "tsql", "-S", "sample"]
    command += ["-U", "anna", "-P", "sample"]
    run_client(lab.client, command, b"quit\n")


def _tds(lab: Lab) -> None:
    versions = (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2)
    for version, size in zip(versions, (4096, 512, 4096), strict=True):
        context = ssl_context(lab.rsa, highest=version)
        with serve(lab.server, 1433, sql_server(context, ALL, size)):
            _tsql(lab, "require")
    with serve(
        lab.server, 1433, sql_server(ssl_context(lab.rsa, highest=versions[2]), LOGIN_ALONE)
    ):
        _tsql(lab, "request")
    with serve(lab.server, 1433, sql_server(ssl_context(lab.rsa), NONE)):
        _tsql(lab, "request")


RECIPES = (
    captured(
        "postgresql",
        "PostgreSQL: TLS 1.0, 1.1, 1.2 and 1.3, then a server without TLS, which answers N",
        _postgresql,
        ("carrier", "postgresql", "openssl", "tls10", "tls11", "tls12", "tls13", "refusal"),
    ),
    captured(
        "mariadb",
        "MariaDB: a client that goes on without TLS, then TLS 1.0, 1.1, 1.2 and 1.3",
        _mariadb,
        ("carrier", "mariadb", "openssl", "tls10", "tls11", "tls12", "tls13"),
    ),
    captured(
        "sql-server",
        "SQL Server's protocol (TDS 7.4): FreeTDS and a server made for the sample, with TLS 1.0, "
        "1.1 (in packets of 512 bytes) and 1.2, once for the login alone, once declined",
        _tds,
        ("carrier", "freetds", "gnutls", "openssl", "tls10", "tls11", "tls12", "refusal"),
    ),
)
