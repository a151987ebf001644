"""TLS through proxies, and behind load balancers that name the client."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from lab import Lab, captured
from services import curl
from stacks import ANY_CIPHER, openssl_server, program_server

_OLD = ("-cipher", ANY_CIPHER, "-min_protocol", "TLSv1")


def _tinyproxy(lab: Lab) -> AbstractContextManager[None]:
    text = f"Port 3128\nListen {lab.server.ip}\nConnectPort 443\nLogLevel Critical\n"
    (lab.folder / "tinyproxy.conf").write_text(text)
    command = ["tinyproxy", "-d", "-c", str(lab.folder / "tinyproxy.conf")]
    return program_server(lab.server, 3128, command)


def _http_connect(lab: Lab) -> None:
    proxy = ("--proxy", f"http://{lab.server.ip}:3128")
    with openssl_server(lab.server, 443, lab.ec, *_OLD), _tinyproxy(lab):
        for version in ("1.0", "1.3"):
            curl(lab.client, f"https://{lab.server.ip}/", version, *proxy)
        # This port the proxy does not let through.
        curl(lab.client, f"https://{lab.server.ip}:8443/", "1.2", *proxy)


def _socks(lab: Lab) -> None:
    microsocks = ["microsocks", "-i", lab.server.ip, "-p", "1080"]
    named = ["microsocks", "-i", lab.server.ip, "-p", "1081", "-u", "anna", "-P", "sample"]
    with (
        openssl_server(lab.server, 443, lab.ec, *_OLD),
        program_server(lab.server, 1080, microsocks),
        program_server(lab.server, 1081, named),
    ):
        address = f"https://{lab.server.ip}/"
        curl(lab.client, address, "1.0", "--proxy", f"socks5://{lab.server.ip}:1080")
        curl(lab.client, address, "1.3", "--proxy", f"socks5h://anna:sample@{lab.server.ip}:1081")
        # Nothing listens there.
        curl(
            lab.client,
            f"https://{lab.server.ip}:8443/",
            "1.2",
            "--proxy",
            f"socks5://{lab.server.ip}:1080",
        )


_DANTE = """
logoutput: {folder}/dante.log
internal: {address} port = 1080
external: {address}
socksmethod: none
clientmethod: none
user.privileged: root
user.unprivileged: nobody
client pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
socks block {{ from: 0.0.0.0/0 to: 0.0.0.0/0 port = 8443 }}
socks pass {{ from: 0.0.0.0/0 to: 0.0.0.0/0 }}
"""


def _socks4(lab: Lab) -> None:
    configuration = lab.folder / "dante.conf"
    configuration.write_text(_DANTE.format(folder=lab.folder, address=lab.server.ip))
    command = ["danted", "-N", "1", "-f", str(configuration), "-p", str(lab.folder / "dante.pid")]
    with (
        openssl_server(lab.server, 443, lab.ec, *_OLD),
        program_server(lab.server, 1080, command),
    ):
        proxy = f"{lab.server.ip}:1080"
        for version in ("1.0", "1.3"):
            curl(lab.client, f"https://{lab.server.ip}/", version, "--proxy", f"socks4://{proxy}")
        refused = f"https://{lab.server.ip}:8443/"
        curl(lab.client, refused, "1.2", "--proxy", f"socks4://{proxy}")
        # The proxy knows no such name.
        curl(lab.client, "https://www.example.test/", "1.2", "--proxy", f"socks4a://{proxy}")


_HAPROXY = """
defaults
    mode tcp
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen outside
    bind :443
    bind :::443 v6only
    server inside 127.0.0.1:8443 {form}
listen inside
    bind 127.0.0.1:8443 ssl crt {both} accept-proxy ssl-min-ver TLSv1.0 ciphers {ciphers}
    mode http
    http-request return status 200
"""


def _load_balancer(form: str) -> Callable[[Lab], None]:
    """A load balancer in front of another one, which is the server of TLS.

    The capture is taken between the two: on the loopback interface of their host.
    """

    def run(lab: Lab) -> None:
        both = lab.folder / "both.pem"
        both.write_text(lab.ec.certificate.read_text() + lab.ec.key.read_text())
        text = _HAPROXY.format(form=form, both=both, ciphers=ANY_CIPHER)
        (lab.folder / "haproxy.cfg").write_text(text)
        command = ["haproxy", "-db", "-q", "-f", str(lab.folder / "haproxy.cfg")]
        with program_server(lab.client, 443, command):
            for version in ("1.0", "1.3"):
                curl(lab.server, f"https://{lab.client.ip}/", version)
            address = f"https://[{lab.client.ip6}]/"
            curl(lab.server, address, "1.2")

    return run


_INSIDE = "tshark counts what is inside SOCKS as connections of its own: here it is not counted"

RECIPES = (
    captured(
        "http-connect",
        "TLS 1.0 and 1.3 through tinyproxy (CONNECT) by curl, and a port that the proxy refuses",
        _http_connect,
        ("carrier", "tinyproxy", "curl", "openssl", "tls10", "tls13", "refusal"),
    ),
    captured(
        "socks4",
        "TLS 1.0 and 1.3 through Dante by curl (SOCKS 4), a port that the proxy refuses, and a "
        "name that it does not know (SOCKS 4a)",
        _socks4,
        ("carrier", "dante", "curl", "openssl", "tls10", "tls13", "refusal"),
        corrections=((1, "stream", "1"),),
        note=_INSIDE,
    ),
    captured(
        "socks5",
        "TLS 1.0 and 1.3 through microsocks by curl, the second with user name and password, and "
        "a port where nothing listens",
        _socks,
        ("carrier", "microsocks", "curl", "openssl", "tls10", "tls13", "refusal"),
        decode_as=("tcp.port==1081,socks",),
        corrections=((1, "stream", "1"),),
        note=_INSIDE,
    ),
    *(
        captured(
            f"proxy-v{number}",
            f"haproxy names the client to a haproxy behind it (PROXY protocol, version {number}): "
            "TLS 1.0, 1.2 and 1.3, over IPv4 and IPv6",
            _load_balancer(form),
            ("carrier", "haproxy", "curl", "openssl", "tls10", "tls12", "tls13"),
            interface="lo",
        )
        for number, form in ((1, "send-proxy"), (2, "send-proxy-v2"))
    ),
)
