"""Scenes of the forecast: clients with an address each, and what becomes of them.

Clients and servers are as in the other modules; what is peculiar here is who meets whom, in which
order, and what the capture shows of it. `tests/golden/scenarios.toml` says what each client is to
be told and why.
"""

from __future__ import annotations

import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path

from captured_stacks import PROGRAMS
from crafted_imitations import GOOGLE_SERVER, MICROSOFT_SERVER
from expected import messages, rows_of_messages
from lab import Lab, Recipe, captured, record
from network import Host, Network, in_namespace
from sample import Row, Sample
from services import if_answered
from stacks import (
    ANY_CIPHER,
    Handler,
    connect,
    gnutls_client,
    gnutls_server,
    make_identity,
    openssl_client,
    reset,
    run_client,
    serve,
    ssl_client,
    ssl_context,
    ssl_handler,
    tlslite_client,
    tlslite_handler,
    tlslite_settings,
    tool,
)

V10, V11 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
OLD = ("-cipher", ANY_CIPHER)
TO_OLD = (*OLD, "-min_protocol", "TLSv1")
NEW_NAME, OLD_NAME = "www.example.test", "old.example.test"

# --- who is there ---------------------------------------------------------------------------------

BEYOND = "198.51.100.0/24 via 192.0.2.1"
SERVER = Host("server", "02:00:5e:10:00:02", ("192.0.2.20/24",), (BEYOND,))
CLIENTS = tuple(
    Host(f"client{number}", f"02:00:5e:10:01:{number:02x}", (f"192.0.2.{number}/24",))
    for number in range(11, 18)
)
# A router between a second network and the servers, on the same switch.
BOX = Host("box", "02:00:5e:10:02:01", ("198.51.100.1/24", "192.0.2.1/24"))
BEHIND = tuple(
    Host(
        f"behind{number}",
        f"02:00:5e:10:02:{number:02x}",
        (f"198.51.100.{number}/24",),
        ("192.0.2.0/24 via 198.51.100.1",),
    )
    for number in range(11, 14)
)


def scanned(row: Row) -> str:
    """How a handshake of the scanners ended.

    nmap gives up by an alert once it has its answer. sslscan asks for each version by a hello of
    its own, which lacks extended_master_secret, and resets; what it tries out later it completes.
    """
    nmap = row["client_ip"] == CLIENTS[0].ip
    first = row["client_ip"] == CLIENTS[1].ip and "0x0017" not in row["client_extensions"]
    return "failed" if row["server_hello_frame"] and (nmap or first) else if_answered(row)


def if_low_enough(row: Row) -> str:
    """How a handshake with the old servers ended: the last client does not go that low."""
    return "failed" if row["client_ip"] == CLIENTS[4].ip else "completed"


def without_imitations(sample: Sample) -> list[Row]:
    """The table of tshark, which takes the imitations for TLS 1.0, without them."""
    rows = rows_of_messages(messages(sample))
    return [row for row in rows if row["client_ip"] == CLIENTS[2].ip]


# --- servers and clients --------------------------------------------------------------------------


def takes_anything(lab: Lab, port: int) -> AbstractContextManager[None]:
    """A server of TLS 1.0 to 1.3 that prefers the best."""
    return serve(SERVER, port, ssl_handler(ssl_context(lab.ec)))


def modern(lab: Lab, port: int) -> AbstractContextManager[None]:
    """A server of TLS 1.2 and 1.3 that says by an alert what it does not take."""
    return serve(SERVER, port, ssl_handler(ssl_context(lab.rsa, lowest=V12)))


def of_tls10(lab: Lab) -> Handler:
    """A server of TLS 1.0 alone."""
    return ssl_handler(ssl_context(lab.ec, lowest=V10, highest=V10))


def openssl(host: Host, port: int, name: str, *options: str) -> str:
    return openssl_client(host, SERVER.ip, port, "-servername", name, *options)


def gnutls(host: Host, port: int, name: str, priority: str) -> str:
    return gnutls_client(host, SERVER.ip, port, name, priority)


def curl(host: Host, port: int, name: str, *options: str) -> str:
    command = ["curl", "--silent", "--insecure", "--max-time", "10", "--ciphers"]
    command += ["DEFAULT@SECLEVEL=0", "--tlsv1.0", "--resolve", f"{name}:{port}:{SERVER.ip}"]
    return run_client(host, [*command, *options, f"https://{name}:{port}/"])


def nss(lab: Lab, host: Host, port: int, name: str, versions: str) -> str:
    database = lab.folder / "nss"
    if not database.exists():
        database.mkdir()
        tool("certutil", "-N", "-d", f"sql:{database}", "--empty-password")
    request = lab.folder / "request.txt"
    request.write_bytes(b"GET / HTTP/1.0\r\n\r\n")
    command = ["tstclnt", "-h", SERVER.ip, "-p", str(port), "-a", name, "-D", "-o", "-4"]
    return run_client(host, [*command, "-V", versions, "-A", str(request)])


def java(lab: Lab, host: Host, port: int, name: str, *options: str) -> str:
    """Java as it is set, with the old versions and suites that it refuses by default allowed."""
    settings = lab.folder / "java.security"
    if not settings.exists():
        tool("javac", "-d", lab.folder, PROGRAMS / "Peer.java")
        lists = ("tls.disabledAlgorithms", "tls.legacyAlgorithms", "certpath.disabledAlgorithms")
        settings.write_text("".join(f"jdk.{each}=\n" for each in lists))
    command = ["java", f"-Djava.security.properties={settings}", "-cp", str(lab.folder), *options]
    return run_client(host, [*command, "Peer", "client", SERVER.ip, str(port), name, "default"])


def python(host: Host, port: int, name: str, highest: ssl.TLSVersion) -> bool:
    context = ssl_context(highest=highest, ciphers="DEFAULT:@SECLEVEL=0")
    return ssl_client(connect(host, SERVER.ip, port), context, name)


def tlslite(
    host: Host,
    port: int,
    lowest: tuple[int, int],
    highest: tuple[int, int],
    ciphers: Sequence[str] = (),
) -> None:
    settings = tlslite_settings(lowest, highest, list(ciphers) or None)
    tlslite_client(connect(host, SERVER.ip, port), settings, OLD_NAME)


def ladder(host: Host, port: int, name: str) -> None:
    """What browsers did until about 2015: after a failure the next lower version, and the next."""
    any(python(host, port, name, highest) for highest in (V13, V12, V11, V10))


def ladder_with_mark(host: Host, port: int, name: str) -> None:
    """The same by OpenSSL, and the lower attempts say what they are (RFC 7507)."""
    openssl(host, port, name, *TO_OLD)
    openssl(host, port, name, *OLD, "-tls1", "-fallback_scsv")


def resets_what_is_new(secured: Handler) -> Handler:
    """A server that breaks on hellos of TLS 1.1 or better, as some did when these were new."""

    def handle(connection: socket.socket) -> None:
        hello = connection.recv(65536, socket.MSG_PEEK)
        if hello[9:11] > b"\x03\x01":
            connection.recv(65536)
            reset(connection)
        else:
            secured(connection)

    return handle


# --- the scenes -----------------------------------------------------------------------------------


def _tls10_only(lab: Lab) -> None:
    with takes_anything(lab, 443):
        for _ in range(2):
            openssl(CLIENTS[0], 443, OLD_NAME, *OLD, "-tls1")
            gnutls(CLIENTS[1], 443, OLD_NAME, "NORMAL:-VERS-ALL:+VERS-TLS1.0")
            java(lab, CLIENTS[2], 443, OLD_NAME, "-Djdk.tls.client.protocols=TLSv1")
        nss(lab, CLIENTS[3], 443, OLD_NAME, "tls1.0:tls1.0")
        tlslite(CLIENTS[4], 443, (3, 0), (3, 1))
    with modern(lab, 8443):
        openssl(CLIENTS[5], 8443, NEW_NAME, *OLD, "-tls1")


def _pinned(lab: Lab) -> None:
    """Each client reaches one service at its best, and another held at an old version."""
    with takes_anything(lab, 443), takes_anything(lab, 8443):
        curl(CLIENTS[0], 443, NEW_NAME)
        curl(CLIENTS[0], 8443, OLD_NAME, "--tls-max", "1.0")
        java(lab, CLIENTS[1], 443, NEW_NAME)
        java(lab, CLIENTS[1], 8443, OLD_NAME, "-Djdk.tls.client.protocols=TLSv1")
        gnutls(CLIENTS[2], 443, NEW_NAME, "NORMAL:+VERS-TLS1.0")
        gnutls(CLIENTS[2], 8443, OLD_NAME, "NORMAL:-VERS-ALL:+VERS-TLS1.0")
        nss(lab, CLIENTS[3], 443, NEW_NAME, "tls1.0:tls1.3")
        nss(lab, CLIENTS[3], 8443, OLD_NAME, "tls1.0:tls1.1")
        # The same service both times: two programs, or one that changes its mind.
        python(CLIENTS[4], 443, NEW_NAME, V13)
        python(CLIENTS[4], 443, NEW_NAME, V10)
        # Two libraries on one machine: what one can do says nothing of the other.
        openssl(CLIENTS[5], 443, NEW_NAME)
        gnutls(CLIENTS[5], 8443, OLD_NAME, "NORMAL:-VERS-ALL:+VERS-TLS1.0")


def _old_server(lab: Lab) -> None:
    tls11 = tlslite_handler(lab.rsa, tlslite_settings((3, 2), (3, 2)))
    with serve(SERVER, 443, of_tls10(lab)), serve(SERVER, 8443, tls11):
        openssl(CLIENTS[0], 443, OLD_NAME, *TO_OLD, "-no_tls1_3")
        curl(CLIENTS[1], 443, OLD_NAME)
        gnutls(CLIENTS[2], 443, OLD_NAME, "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1")
        nss(lab, CLIENTS[3], 8443, OLD_NAME, "tls1.0:tls1.3")
        # It does not go below TLS 1.2, and gives up.
        openssl(CLIENTS[4], 443, OLD_NAME)


def _triple_des(lab: Lab) -> None:
    everything = "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:+3DES-CBC:+SHA1"
    alone = "NORMAL:-VERS-TLS1.3:-CIPHER-ALL:+3DES-CBC:+SHA1"
    plain = "--disable-client-cert"
    with (
        gnutls_server(SERVER, 443, lab.rsa, everything, plain),
        gnutls_server(SERVER, 8443, lab.rsa, alone, plain),
        modern(lab, 9443),
    ):
        tlslite(CLIENTS[0], 443, (3, 1), (3, 3), ["3des"])
        gnutls(CLIENTS[1], 8443, OLD_NAME, "NORMAL:+3DES-CBC:+SHA1")
        tlslite(CLIENTS[2], 9443, (3, 1), (3, 3), ["3des"])
        tlslite(CLIENTS[3], 443, (3, 1), (3, 1), ["3des"])
        gnutls(CLIENTS[4], 443, OLD_NAME, "NORMAL:+3DES-CBC:+SHA1")


def _fallback(lab: Lab) -> None:
    with serve(SERVER, 443, resets_what_is_new(of_tls10(lab))):
        ladder(CLIENTS[0], 443, OLD_NAME)
        ladder_with_mark(CLIENTS[1], 443, OLD_NAME)
        openssl(CLIENTS[2], 443, OLD_NAME, *OLD, "-tls1")


def _fallback_behind_box(lab: Lab) -> None:
    """A router that resets whoever offers TLS 1.2 or better; the servers are up to date."""
    rule = "tcp dport 443 @ih,0,8 0x16 @ih,72,16 0x0303 reject with tcp reset"
    with in_namespace(BOX.namespace):
        for setting in ("conf/all/send_redirects", "conf/eth0/send_redirects"):
            Path("/proc/sys/net/ipv4", setting).write_text("0")
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        tool("nft", "add table inet box")
        tool("nft", "add chain inet box through { type filter hook forward priority 0; }")
        tool("nft", f"add rule inet box through {rule}")
    with takes_anything(lab, 443), takes_anything(lab, 8443):
        ladder(BEHIND[0], 443, NEW_NAME)
        openssl(BEHIND[0], 8443, NEW_NAME, *TO_OLD)
        openssl(BEHIND[1], 443, NEW_NAME)
        openssl(BEHIND[2], 443, NEW_NAME, *OLD, "-tls1")


def _scanner(lab: Lab) -> None:
    # Three suites: each scanner takes one connection for every one that it finds.
    ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-SHA:ECDHE-ECDSA-AES128-SHA"
    context = ssl_context(lab.ec, ciphers=f"{ciphers}:@SECLEVEL=0")
    with serve(SERVER, 443, ssl_handler(context)):
        scan = ["nmap", "-Pn", "-n", "-p", "443", "--script", "ssl-enum-ciphers", SERVER.ip]
        run_client(CLIENTS[0], scan)
        options = [
            "--no-colour",
            "--no-check-certificate",
            "--no-heartbleed",
            "--no-groups",
            "--tlsall",
        ]
        run_client(CLIENTS[1], ["sslscan", *options, f"{SERVER.ip}:443"])
        openssl(CLIENTS[2], 443, NEW_NAME)
        openssl(CLIENTS[3], 443, OLD_NAME, *OLD, "-tls1")


def _resumed(lab: Lab) -> None:
    def twice(host: Host, port: int, name: str, *options: str, first: Host | None = None) -> None:
        session = str(lab.folder / f"{host.name}.pem")
        openssl(first or host, port, name, *options, "-sess_out", session)
        openssl(host, port, name, *options, "-sess_in", session)

    with (
        serve(SERVER, 443, of_tls10(lab)),
        modern(lab, 8443),
    ):
        twice(CLIENTS[0], 443, OLD_NAME, *OLD, "-tls1")
        twice(CLIENTS[1], 443, OLD_NAME, *TO_OLD)
        # The packets of the last host are not captured: as if the capture had begun later.
        twice(CLIENTS[2], 443, OLD_NAME, *TO_OLD, first=CLIENTS[6])
        twice(CLIENTS[3], 8443, NEW_NAME, "-tls1_2", first=CLIENTS[6])
        twice(CLIENTS[4], 8443, NEW_NAME, first=CLIENTS[6])


def _one_direction(lab: Lab) -> None:
    """Of the first five the client's packets are captured, of the last two the server's."""
    with (
        takes_anything(lab, 443),
        modern(lab, 8443),
        serve(SERVER, 9443, resets_what_is_new(of_tls10(lab))),
    ):
        openssl(CLIENTS[0], 443, OLD_NAME, *OLD, "-tls1")
        openssl(CLIENTS[1], 8443, NEW_NAME, *OLD, "-tls1")
        openssl(CLIENTS[2], 443, NEW_NAME)
        ladder(CLIENTS[3], 9443, OLD_NAME)
        python(CLIENTS[4], 443, NEW_NAME, V13)
        python(CLIENTS[4], 443, NEW_NAME, V10)
        openssl(CLIENTS[5], 443, OLD_NAME, *OLD, "-tls1")
        openssl(CLIENTS[6], 443, NEW_NAME)


def _cut(lab: Lab) -> None:
    with takes_anything(lab, 443):
        openssl(CLIENTS[0], 443, OLD_NAME, *OLD, "-tls1")
        openssl(CLIENTS[1], 443, NEW_NAME, "-tls1_2")
        openssl(CLIENTS[2], 443, NEW_NAME)
        tlslite(CLIENTS[3], 443, (3, 1), (3, 1), ["3des", "aes128"])


def answers_an_imitation(connection: socket.socket) -> None:
    """Handler: a relay that imitates TLS as its client does, and then has no more to say."""
    hello = connection.recv(65536)
    connection.sendall(MICROSOFT_SERVER if hello[:1] == b"\x16" else GOOGLE_SERVER)
    connection.recv(65536)


def _pseudo_tls(lab: Lab) -> None:
    program = lab.folder / "relay_client"
    flags = subprocess.run(
        ["pkg-config", "--cflags", "--libs", "nice"], capture_output=True, text=True, check=True
    ).stdout.split()
    tool("cc", "-O1", "-o", program, PROGRAMS / "relay_client.c", *flags)
    with serve(SERVER, 443, answers_an_imitation), takes_anything(lab, 8443):
        for host, kind in ((CLIENTS[0], "microsoft"), (CLIENTS[1], "google")):
            run_client(host, [str(program), SERVER.ip, "443", kind])
        openssl(CLIENTS[2], 8443, OLD_NAME, *OLD, "-tls1")


def make(recipes: Iterable[Recipe]) -> None:
    """Records the scenes, one after the other, on a network of their own."""
    with (
        tempfile.TemporaryDirectory() as name,
        ExitStack() as running,
    ):
        folder = Path(name)
        network = running.enter_context(Network((SERVER, *CLIENTS, BOX, *BEHIND)))
        rsa = make_identity(folder, NEW_NAME)
        ec = make_identity(folder, OLD_NAME, "ec")
        lab = Lab(network, CLIENTS[0], SERVER, folder, rsa, ec)
        for recipe in recipes:
            record(recipe, lab)


def _ips(hosts: Iterable[Host]) -> str:
    return " or ".join(host.ip for host in hosts)


def _without_imitations(recipe: Recipe) -> Recipe:
    return replace(recipe, sample=replace(recipe.sample, table=without_imitations))


RECIPES = (
    captured(
        "scenario-tls10-only",
        "clients of TLS 1.0 alone: OpenSSL, GnuTLS and Java twice, NSS and tlslite-ng once, and "
        "one that is refused",
        _tls10_only,
        ("scenario", "tls10", "openssl", "gnutls", "java", "nss", "tlslite-ng", "refused"),
        outcomes=if_answered,
    ),
    captured(
        "scenario-pinned",
        "clients whose library does better elsewhere: curl, Java, GnuTLS, NSS and Python held at "
        "an old version by an option or a setting",
        _pinned,
        ("scenario", "tls10", "tls11", "tls13", "curl", "java", "gnutls", "nss", "python"),
    ),
    captured(
        "scenario-old-server",
        "clients of TLS 1.2 and 1.3 at servers of TLS 1.0 and 1.1 alone; one does not go that low",
        _old_server,
        ("scenario", "tls10", "tls11", "openssl", "curl", "gnutls", "nss", "tlslite-ng"),
        outcomes=if_low_enough,
    ),
    captured(
        "scenario-3des-only",
        "3DES as all that is shared: because of the client, because of the server, with TLS 1.0, "
        "refused; and offered only",
        _triple_des,
        ("scenario", "3des", "tls10", "tls12", "gnutls", "tlslite-ng", "refused"),
        outcomes=if_answered,
    ),
    captured(
        "scenario-fallback",
        "a server that resets what is better than TLS 1.0: a ladder of versions as browsers had "
        "it, one with TLS_FALLBACK_SCSV, and a client of TLS 1.0 alone",
        _fallback,
        ("scenario", "fallback", "refused", "tls10", "python", "openssl", "fallback-scsv"),
        outcomes=if_answered,
    ),
    captured(
        "scenario-fallback-behind-box",
        "a box on the way resets what offers TLS 1.2 or better, captured before it: a ladder of "
        "versions, a client of TLS 1.3 and one of TLS 1.0 alone",
        _fallback_behind_box,
        ("scenario", "fallback", "refused", "tls10", "tls11", "tls13", "python", "openssl"),
        outcomes=if_answered,
        packets="tcp and (" + " or ".join(f"ether host {host.mac}" for host in BEHIND) + ")",
    ),
    captured(
        "scenario-scanner",
        "nmap's ssl-enum-ciphers and sslscan at a server, and two clients beside them",
        _scanner,
        ("scenario", "scanner", "nmap", "sslscan"),
        outcomes=scanned,
        ending="pcap.zst",
    ),
    captured(
        "scenario-resumed",
        "resumed sessions: of a client of TLS 1.0, at an old server, and of TLS 1.2 and 1.3 "
        "without their beginning",
        _resumed,
        ("scenario", "resumed", "tls10", "tls12", "tls13", "openssl"),
        packets=f"tcp and not host {CLIENTS[6].ip}",
    ),
    captured(
        "scenario-one-direction",
        "one direction removed: clients of TLS 1.0 alone, of TLS 1.3, a ladder; and "
        "servers' answers",
        _one_direction,
        ("scenario", "one-direction", "tls10", "tls13", "openssl", "python"),
        outcomes=lambda row: "client_only" if row["client_hello_frame"] else "server_only",
        packets=f"tcp and (src host ({_ips(CLIENTS[:5])}) or dst host ({_ips(CLIENTS[5:])}))",
    ),
    captured(
        "scenario-cut-at-128-bytes",
        "packets cut at 128 bytes: clients of TLS 1.0, 1.2 and 1.3",
        _cut,
        ("scenario", "cut", "tls10", "tls12", "tls13", "openssl", "tlslite-ng"),
        program=("tcpdump", "-s", "128"),
        corrections=(
            (1, "server_hello_frame", "24"),
            (1, "server_legacy_version", "0x0303"),
            (1, "negotiated_cipher_suite", "0xC02C"),
            (2, "server_hello_frame", "42"),
            (2, "server_legacy_version", "0x0303"),
        ),
        note="tshark shows nothing of a ServerHello cut within or after its session id: what is "
        "left of two of them was read off the bytes",
    ),
    _without_imitations(
        captured(
            "scenario-pseudo-tls",
            "libnice's imitations of TLS 1.0, Microsoft's and Google's, and one client that does "
            "speak TLS 1.0",
            _pseudo_tls,
            ("scenario", "imitation", "tls10", "libnice", "openssl"),
            note="tshark calls the imitations TLS 1.0",
        )
    ),
)
