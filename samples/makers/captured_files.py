"""Files over FTP: vsftpd and curl, TLS on the control connection and on those for data."""

from __future__ import annotations

from contextlib import AbstractContextManager

from lab import Lab, captured
from services import VERSIONS, curl, if_answered, old_openssl, starttls_client
from stacks import ANY_CIPHER, program_server, run_client

_VSFTPD = """
listen=YES
listen_address={address}
background=NO
anonymous_enable=YES
local_enable=NO
anon_root={folder}
secure_chroot_dir={folder}
no_anon_password=YES
seccomp_sandbox=NO
connect_from_port_20=NO
ftpd_banner=files.example.test
"""

_TLS = """
ssl_enable=YES
allow_anon_ssl=YES
rsa_cert_file={certificate}
rsa_private_key_file={key}
ssl_ciphers={ciphers}
ssl_tlsv1=YES
require_ssl_reuse=NO
"""


def _vsftpd(lab: Lab, *, tls: bool) -> AbstractContextManager[None]:
    lab.folder.chmod(0o711)
    folder = lab.folder / "files"
    if not folder.exists():
        folder.mkdir()
        (folder / "hello.txt").write_text("hello\n")
        folder.chmod(0o555)
    text = _VSFTPD.format(address=lab.server.ip, folder=folder)
    if tls:
        text += _TLS.format(certificate=lab.rsa.certificate, key=lab.rsa.key, ciphers=ANY_CIPHER)
    (lab.folder / "vsftpd.conf").write_text(text)
    command = [*old_openssl(lab.folder), "vsftpd", str(lab.folder / "vsftpd.conf")]
    return program_server(lab.server, 21, command)


def _lftp(lab: Lab) -> None:
    """One file by lftp, whose TLS is GnuTLS's, over a data connection from the server."""
    settings = (
        "ftp:passive-mode off",
        "ftp:ssl-force yes",
        "ftp:ssl-allow-anonymous yes",
        "ftp:ssl-protect-data yes",
        "ssl:verify-certificate no",
    )
    script = "".join(f"set {setting}; " for setting in settings)
    script += f"open ftp://{lab.server.ip}; cat hello.txt; bye"
    run_client(lab.client, ["lftp", "-c", script], b"")


def _ftp(lab: Lab) -> None:
    address = f"ftp://{lab.server.ip}/hello.txt"
    with _vsftpd(lab, tls=True):
        for version in VERSIONS:
            curl(lab.client, address, version, "--ftp-ssl-reqd")
        # The server connects, and is the one that answers the hello all the same.
        _lftp(lab)
    with _vsftpd(lab, tls=False):
        starttls_client(lab.client, lab.server.ip, 21, "ftp")


RECIPES = (
    captured(
        "ftp-tls",
        "vsftpd and curl: AUTH SSL, TLS on the data connections too, with TLS 1.0, 1.1, 1.2 and "
        "1.3; lftp, to which the server connects for the data; then a server without TLS, which "
        "refuses it",
        _ftp,
        (
            "carrier",
            "vsftpd",
            "openssl",
            "gnutls",
            "tls10",
            "tls11",
            "tls12",
            "tls13",
            "roles",
            "refusal",
        ),
        outcomes=if_answered,
        decode_as=("tcp.port==21,tls",),
        note="tshark was told that port 21 is TLS: it does not know curl's AUTH SSL",
    ),
)
