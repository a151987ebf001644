"""Remote desktops: xrdp asked by FreeRDP, with TLS, without, and refused."""

from __future__ import annotations

from contextlib import AbstractContextManager

from lab import Lab, captured
from services import VERSIONS, if_answered
from stacks import ANY_CIPHER, program_server, run_client

_XRDP = """
[Globals]
ini_version=1
fork=true
port=tcp://{address}:3389
security_layer={security}
crypt_level=high
certificate={certificate}
key_file={key}
ssl_protocols={protocol}
tls_ciphers={ciphers}
autorun=
allow_channels=false
[Logging]
LogFile={folder}/xrdp.log
LogLevel=ERROR
EnableSyslog=false
[Channels]
[none]
name=none
lib=libvnc.so
"""


def _xrdp(lab: Lab, security: str, version: str = "1.2") -> AbstractContextManager[None]:
    text = _XRDP.format(
        address=lab.server.ip,
        security=security,
        certificate=lab.rsa.certificate,
        key=lab.rsa.key,
        protocol=f"TLSv{version}".removesuffix(".0"),
        ciphers=ANY_CIPHER,
        folder=lab.folder,
    )
    configuration = lab.folder / "xrdp.ini"
    configuration.write_text(text)
    return program_server(lab.server, 3389, ["xrdp", "--nodaemon", "--config", str(configuration)])


def _rdp(lab: Lab, security: str) -> None:
    """FreeRDP as far as to the login. It needs a screen, if only one that nobody sees."""
    command = ["timeout", "8", "xvfb-run", "-a", "xfreerdp", f"/v:{lab.server.ip}", "/u:anna"]
    command += ["/p:sample", "/cert:ignore", "/tls-seclevel:0", "/client-hostname:client"]
    command += [f"/sec:{security}", "+auth-only", "/log-level:OFF"]
    run_client(lab.client, command, b"")


def _desktops(lab: Lab) -> None:
    for version in VERSIONS:
        with _xrdp(lab, "tls", version):
            _rdp(lab, "tls")
    with _xrdp(lab, "rdp"):
        _rdp(lab, "tls")
        _rdp(lab, "rdp")


RECIPES = (
    captured(
        "rdp",
        "xrdp and FreeRDP: TLS 1.0, 1.1, 1.2 and 1.3; then a server that has only RDP's own "
        "security refuses one client and agrees on that with another",
        _desktops,
        ("carrier", "xrdp", "freerdp", "openssl", "tls10", "tls11", "tls12", "tls13", "refusal"),
        outcomes=if_answered,
        decode_as=("tcp.port==3389,tls",),
        note="tshark was told that port 3389 is TLS: by itself it does not look into RDP",
    ),
)
