"""Network authentication by EAP: FreeRADIUS asked by eapol_test, hostapd asked by wpa_supplicant.

All take whatever TLS they are told to, however old. An authentication that is refused is no error
here: the capture shows it.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from network import Host
from stacks import ANY_CIPHER, PATIENCE, Identity

SECRET = "shared by two programs for a moment"
PASSWORD = "nobody has this one"

_RADIUS = """
name = samples
prefix = /usr
libdir = /usr/lib/freeradius
raddbdir = {folder}
logdir = {folder}
run_dir = {folder}
pidfile = {folder}/radius.pid
security {{
    reject_delay = 0
    allow_vulnerable_openssl = yes
}}
client all {{
    ipaddr = {client}
    secret = "{secret}"
}}
modules {{
    pap {{
    }}
    mschap {{
    }}
    eap {{
        default_eap_type = tls
        tls-config both {{
            private_key_file = {key}
            certificate_file = {certificate}
            ca_file = {authority}
            cipher_list = "{ciphers}"
            tls_min_version = "{lowest}"
            tls_max_version = "{highest}"
            fragment_size = {fragment}
        }}
        tls {{
            tls = both
        }}
        ttls {{
            tls = both
            virtual_server = inner
        }}
        peap {{
            tls = both
            virtual_server = inner
            default_eap_type = mschapv2
        }}
        mschapv2 {{
        }}
    }}
}}
server outer {{
    listen {{
        type = auth
        ipaddr = {server}
        port = 1812
    }}
    authorize {{
        eap
    }}
    authenticate {{
        eap
    }}
}}
server inner {{
    authorize {{
        update control {{
            Cleartext-Password := "{password}"
        }}
        pap
        mschap
        eap
    }}
    authenticate {{
        Auth-Type PAP {{
            pap
        }}
        Auth-Type MS-CHAP {{
            mschap
        }}
        eap
    }}
}}
"""


@contextmanager
def radius_server(
    host: Host,
    folder: Path,
    identity: Identity,
    *,
    client: Host,
    authority: Path,
    lowest: str = "1.0",
    highest: str = "1.3",
    fragment: int = 1024,
) -> Iterator[None]:
    """FreeRADIUS on port 1812, which trusts the peers that `authority` has signed."""
    text = _RADIUS.format(
        folder=folder,
        client=client.ip,
        server=host.ip,
        secret=SECRET,
        password=PASSWORD,
        key=identity.key,
        certificate=identity.certificate,
        authority=authority,
        ciphers=ANY_CIPHER,
        lowest=lowest,
        highest=highest,
        fragment=fragment,
    )
    (folder / "radiusd.conf").write_text(text)
    command = ["freeradius", "-f", "-X", "-d", str(folder), "-n", "radiusd"]
    with _running(host, command, folder, "Ready to process requests"):
        yield


def authenticate_by_radius(
    host: Host, server: Host, folder: Path, network: str, *, station: str
) -> bool:
    """eapol_test as a switch and the peer behind it; whether the peer was let in."""
    (folder / "peer.conf").write_text(network)
    command = ["eapol_test", "-c", str(folder / "peer.conf"), "-a", server.ip, "-s", SECRET]
    command += ["-M", station, "-t", "5", "-r", "0"]
    run = subprocess.run(
        ["ip", "netns", "exec", host.namespace, *command], capture_output=True, check=False
    )
    return run.returncode == 0


def peer(
    method: str,
    identity: str,
    authority: Path,
    *,
    own: Identity | None = None,
    versions: tuple[str, ...] = ("1.0", "1.1", "1.2", "1.3"),
    inner: str = "",
    outer: str = "",
    password: str = PASSWORD,
    phase1: str = "",
    more: tuple[str, ...] = (),
) -> str:
    """A network block of wpa_supplicant's: who the peer is, whom it trusts, what it offers."""
    switches = " ".join(
        f"tls_disable_tlsv1_{number}={int(f'1.{number}' not in versions)}" for number in range(4)
    )
    lines = [
        f"eap={method}",
        f'identity="{identity}"',
        f'phase1="{switches} {phase1}"',
        f'openssl_ciphers="{ANY_CIPHER}"',
        f'ca_cert="{authority}"',
        "key_mgmt=IEEE8021X",
        "eapol_flags=0",
        *more,
    ]
    if own:
        lines += [f'client_cert="{own.certificate}"', f'private_key="{own.key}"']
    if inner:
        lines += [f'password="{password}"', f'phase2="{inner}"']
    if outer:
        lines.append(f'anonymous_identity="{outer}"')
    return "ap_scan=0\nnetwork={\n" + "".join(f"    {line}\n" for line in lines) + "}\n"


@contextmanager
def _running(host: Host, command: list[str], folder: Path, ready: str) -> Iterator[None]:
    """A program in the host's namespace, inside `with` once it has printed that it is ready."""
    log = folder / f"{command[0]}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["ip", "netns", "exec", host.namespace, *command],
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for_line(process, log, ready)
            yield
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PATIENCE)
            process.kill()
            process.wait()


def _wait_for_line(process: subprocess.Popen[bytes], log: Path, wanted: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        text = log.read_text(errors="replace")
        if wanted in text:
            return
        if process.poll() is not None:
            raise RuntimeError(text[-2000:])
        time.sleep(0.05)
    raise RuntimeError(f"{wanted!r} is not in {log}")


_SWITCH = """
driver=wired
interface=eth0
ieee8021x=1
eapol_version=2
eap_server=1
eap_user_file={folder}/users
ca_cert={authority}
server_cert={certificate}
private_key={key}
openssl_ciphers={ciphers}
tls_flags=[ENABLE-TLSv1.0][ENABLE-TLSv1.1][ENABLE-TLSv1.2][ENABLE-TLSv1.3]
eap_fast_a_id=101112131415161718191a1b1c1d1e1f
eap_fast_a_id_info=samples
eap_fast_prov=3
pac_opaque_encr_key=000102030405060708090a0b0c0d0e0f
pac_key_lifetime=604800
pac_key_refresh_time=86400
"""


@contextmanager
def wired_switch(
    host: Host, folder: Path, identity: Identity, *, authority: Path, method: str
) -> Iterator[None]:
    """Hostapd as a switch that asks whoever is on the wire, and answers by itself."""
    users = f'* {method}\n"anna@example.test" MSCHAPV2,GTC "{PASSWORD}" [2]\n'
    (folder / "users").write_text(users)
    text = _SWITCH.format(
        folder=folder,
        authority=authority,
        certificate=identity.certificate,
        key=identity.key,
        ciphers=ANY_CIPHER,
    )
    (folder / "hostapd.conf").write_text(text)
    with _running(host, ["hostapd", str(folder / "hostapd.conf")], folder, "AP-ENABLED"):
        yield


def authenticate_on_wire(host: Host, folder: Path, network: str) -> None:
    """wpa_supplicant at the other end of the wire, until it is let in or turned away."""
    (folder / "peer.conf").write_text(network)
    command = ["wpa_supplicant", "-D", "wired", "-i", "eth0", "-c", str(folder / "peer.conf")]
    with _running(host, command, folder, "CTRL-EVENT-EAP-"):
        log = folder / "wpa_supplicant.log"
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            text = log.read_text(errors="replace")
            if "CTRL-EVENT-EAP-SUCCESS" in text or "CTRL-EVENT-EAP-FAILURE" in text:
                return
            time.sleep(0.05)
