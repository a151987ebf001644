"""Mail: Postfix and Dovecot, asked for TLS by curl and by OpenSSL's client; refusals too."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager

from lab import Lab, captured
from services import VERSIONS, curl, if_answered, old_openssl, starttls_client
from stacks import ANY_CIPHER, program_server

# Debian's folder; `postfix` itself would leave this process running when it is ended.
_MASTER = "/usr/lib/postfix/sbin/master"

_POSTFIX = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
inet_interfaces = all
mynetworks = {server}
myhostname = mail.example.test
alias_maps =
smtpd_tls_security_level = {level}
smtpd_tls_cert_file = {certificate}
smtpd_tls_key_file = {key}
smtpd_tls_protocols = >=TLSv1
smtpd_tls_ciphers = low
tls_low_cipherlist = {ciphers}
"""

_SERVICES = """
smtp      inet n - n - - smtpd
cleanup   unix n - n - 0 cleanup
rewrite   unix - - n - - trivial-rewrite
proxymap  unix - - n - - proxymap
anvil     unix - - n - 1 anvil
tlsmgr    unix - - n 1000? 1 tlsmgr
postlog   unix-dgram n - n - 1 postlogd
"""


def _postfix(lab: Lab, *, tls: bool) -> AbstractContextManager[None]:
    lab.folder.chmod(0o711)
    folder = lab.folder / f"postfix-{tls}"
    queues = ("pid", "private", "public")
    for name in ("", "data", "queue", *(f"queue/{queue}" for queue in queues)):
        (folder / name).mkdir()
    for name in ("data", "queue/private", "queue/public"):
        shutil.chown(folder / name, "postfix")
    text = _POSTFIX.format(
        folder=folder,
        server=lab.server.ip,
        level="may" if tls else "none",
        certificate=lab.ec.certificate,
        key=lab.ec.key,
        ciphers=ANY_CIPHER,
    )
    (folder / "main.cf").write_text(text)
    (folder / "master.cf").write_text(_SERVICES)
    command = [*old_openssl(lab.folder), _MASTER, "-c", str(folder), "-d"]
    return program_server(lab.server, 25, command)


_DOVECOT = """
base_dir = {folder}/run
state_dir = {folder}/run
log_path = /dev/null
protocols = imap pop3 sieve
listen = {address}
disable_plaintext_auth = no
ssl = {ssl}
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_min_protocol = TLSv1
ssl_cipher_list = {ciphers}
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}
}}
service imap-login {{
  inet_listener imaps {{
    port = 0
  }}
}}
service pop3-login {{
  inet_listener pop3s {{
    port = 0
  }}
}}
"""


def _dovecot(lab: Lab, port: int, *, tls: bool) -> AbstractContextManager[None]:
    lab.folder.chmod(0o711)
    folder = lab.folder / f"dovecot-{port}-{tls}"
    folder.mkdir()
    text = _DOVECOT.format(
        folder=folder,
        address=lab.server.ip,
        ssl="yes" if tls else "no",
        certificate=lab.ec.certificate,
        key=lab.ec.key,
        ciphers=ANY_CIPHER,
    )
    (folder / "dovecot.conf").write_text(text)
    return program_server(lab.server, port, ["dovecot", "-F", "-c", str(folder / "dovecot.conf")])


def _smtp(lab: Lab) -> None:
    with _postfix(lab, tls=True):
        for version in VERSIONS:
            address = f"smtp://{lab.server.ip}/client.example.test"
            curl(lab.client, address, version, "--ssl-reqd", "--request", "NOOP")
    with _postfix(lab, tls=False):
        starttls_client(lab.client, lab.server.ip, 25, "smtp")


def _box(protocol: str, port: int, request: str) -> Callable[[Lab], None]:
    def run(lab: Lab) -> None:
        address = f"{protocol}://{lab.server.ip}"
        with _dovecot(lab, port, tls=True):
            for version in VERSIONS:
                curl(lab.client, address, version, "--ssl-reqd", "--request", request)
        with _dovecot(lab, port, tls=False):
            starttls_client(lab.client, lab.server.ip, port, protocol)

    return run


def _sieve(lab: Lab) -> None:
    with _dovecot(lab, 4190, tls=True):
        for version in VERSIONS:
            starttls_client(lab.client, lab.server.ip, 4190, "sieve", version)
    with _dovecot(lab, 4190, tls=False):
        starttls_client(lab.client, lab.server.ip, 4190, "sieve")


_TAGS = ("carrier", "openssl", "tls10", "tls11", "tls12", "tls13", "refusal")

# Of the last connection, on which OpenSSL's client goes on after the server's no.
_BLIND = "tshark was told that the port is TLS: by itself it shows no hello that was refused before"

RECIPES = (
    captured(
        "smtp-postfix",
        "Postfix and curl: STARTTLS with TLS 1.0, 1.1, 1.2 and 1.3, then a server without "
        "TLS, which refuses it",
        _smtp,
        (*_TAGS, "postfix"),
        outcomes=if_answered,
        decode_as=("tcp.port==25,tls",),
        note=_BLIND,
    ),
    captured(
        "imap-starttls",
        "IMAP by Dovecot and curl: STARTTLS with TLS 1.0, 1.1, 1.2 and 1.3, then a server without "
        "TLS, which refuses it",
        _box("imap", 143, "CAPABILITY"),
        (*_TAGS, "dovecot"),
        outcomes=if_answered,
    ),
    captured(
        "pop3-starttls",
        "POP3 by Dovecot and curl: STLS with TLS 1.0, 1.1, 1.2 and 1.3, then a server without TLS, "
        "which refuses it",
        _box("pop3", 110, "CAPA"),
        (*_TAGS, "dovecot"),
        outcomes=if_answered,
        decode_as=("tcp.port==110,tls",),
        note=_BLIND,
    ),
    captured(
        "sieve-starttls",
        "ManageSieve by Dovecot: STARTTLS with TLS 1.0, 1.1, 1.2 and 1.3, then a server without "
        "TLS, which refuses it",
        _sieve,
        (*_TAGS, "dovecot"),
        decode_as=("tcp.port==4190,tls",),
    ),
)
