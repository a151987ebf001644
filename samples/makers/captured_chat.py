"""Chat and news: Prosody, InspIRCd and INN, asked for TLS by OpenSSL's client and Python's."""

from __future__ import annotations

import contextlib
import ssl
from contextlib import AbstractContextManager

from lab import Lab, captured
from services import VERSIONS, if_answered, old_openssl, owned_identity, starttls_client
from stacks import ANY_CIPHER, TLS_ERRORS, Identity, connect, program_server, ssl_context

CHAT = "chat.example.test"


def _owned(lab: Lab, user: str) -> Identity:
    folder = lab.folder / user
    if not folder.exists():
        return owned_identity(folder, lab.rsa, user)
    return Identity(folder / "server.crt", folder / "server.key")


# --- XMPP -------------------------------------------------------------------------------------

_PROSODY = """
daemonize = false
pidfile = "{folder}/prosody.pid"
data_path = "{folder}"
log = {{ error = "*console" }}
interfaces = {{ "{address}" }}
modules_enabled = {{ "roster", "saslauth", "tls" }}
modules_disabled = {{ "s2s" }}
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
ssl = {{
    certificate = "{certificate}";
    key = "{key}";
    protocol = "tlsv1+";
    ciphers = "{ciphers}";
}}
VirtualHost "{host}"
"""


def _prosody(lab: Lab) -> AbstractContextManager[None]:
    own = _owned(lab, "prosody")
    folder = own.key.parent
    text = _PROSODY.format(
        folder=folder,
        address=lab.server.ip,
        certificate=own.certificate,
        key=own.key,
        ciphers=ANY_CIPHER,
        host=CHAT,
    )
    configuration = folder / "prosody.cfg.lua"
    configuration.write_text(text)
    command = [*old_openssl(lab.folder), "setpriv", "--reuid", "prosody", "--regid", "prosody"]
    command += ["--clear-groups", "prosody", "--config", str(configuration), "-F"]
    return program_server(lab.server, 5222, command)


def _xmpp(lab: Lab) -> None:
    host = ("-xmpphost", CHAT)
    with _prosody(lab):
        for version in VERSIONS:
            starttls_client(lab.client, lab.server.ip, 5222, "xmpp", version, *host)


# --- IRC --------------------------------------------------------------------------------------

_INSPIRCD = """
<server name="irc.example.test" description="sample" network="sample" id="001">
<admin name="anna" nick="anna" email="anna@example.test">
<bind address="{address}" port="6667" type="clients">
<connect allow="*" timeout="20" useident="no">
<dns timeout="1">
<pid file="{folder}/inspircd.pid">
<log method="file" type="*" level="sparse" target="{folder}/log">
<module name="ssl_gnutls">
<sslprofile name="sample" provider="gnutls" certfile="{certificate}" keyfile="{key}"
 priority="NORMAL">
<module name="starttls">
<starttls enabled="yes" sslprofile="sample">
"""


def _inspircd(lab: Lab) -> AbstractContextManager[None]:
    own = _owned(lab, "irc")
    folder = own.key.parent
    text = _INSPIRCD.format(
        address=lab.server.ip, folder=folder, certificate=own.certificate, key=own.key
    )
    configuration = folder / "inspircd.conf"
    configuration.write_text(text)
    command = ["setpriv", "--reuid", "irc", "--regid", "irc", "--clear-groups", "inspircd"]
    command += ["--nofork", "--config", str(configuration)]
    return program_server(lab.server, 6667, command)


def _ask_irc(lab: Lab, version: ssl.TLSVersion) -> None:
    """Python's ssl: OpenSSL's own client leaves once the server has agreed."""
    connection = connect(lab.client, lab.server.ip, 6667)
    connection.sendall(b"STARTTLS\r\n")
    heard = b""
    while b" 670 " not in heard and (part := connection.recv(4096)):
        heard += part
    context = ssl_context(lowest=version, highest=version)
    with context.wrap_socket(connection, server_hostname="irc.example.test") as secured:
        secured.sendall(b"QUIT\r\n")
        with contextlib.suppress(*TLS_ERRORS):
            while secured.recv(4096):
                pass


def _irc(lab: Lab) -> None:
    versions = (
        ssl.TLSVersion.TLSv1,
        ssl.TLSVersion.TLSv1_1,
        ssl.TLSVersion.TLSv1_2,
        ssl.TLSVersion.TLSv1_3,
    )
    with _inspircd(lab):
        for version in versions:
            _ask_irc(lab, version)


RECIPES = (
    captured(
        "xmpp-starttls",
        "XMPP by Prosody: STARTTLS with TLS 1.0, 1.1, 1.2 and 1.3",
        _xmpp,
        ("carrier", "prosody", "openssl", "tls10", "tls11", "tls12", "tls13"),
        outcomes=if_answered,
    ),
    captured(
        "irc-starttls",
        "IRC by InspIRCd and Python: STARTTLS with TLS 1.0, 1.1, 1.2 and 1.3",
        _irc,
        ("carrier", "inspircd", "gnutls", "openssl", "tls10", "tls11", "tls12", "tls13"),
        outcomes=if_answered,
        decode_as=("tcp.port==6667,tls",),
        note="tshark was told that port 6667 is TLS: by itself it does not know IRC's STARTTLS",
    ),
)
