"""The demo's capture: 72 clients of an office within 25 seconds, as its switch sees them.

Every machine is a namespace of its own with its own addresses, and every handshake is real: most
are TLS 1.2 and 1.3, a handful of machines are left behind, one server holds others back, some
are refused. Around them is ordinary other traffic (ARP, DNS, plain HTTP).
"""

from __future__ import annotations

import contextlib
import random
import socket
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from chromium import browse
from lab import store
from name_server import look_up, name_server
from network import Host, Network, capture
from sample import Row, Sample
from stacks import (
    Handler,
    ask_for_tls,
    connect,
    gnutls_client,
    gnutls_server,
    make_identity,
    openssl_client,
    reset,
    serve,
    speaks_http,
    ssl_client,
    ssl_context,
    ssl_handler,
    starttls,
    stays_silent,
    tlslite_client,
    tlslite_settings,
)

V10, V11 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
V12, V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3

# --- who is there -----------------------------------------------------------------------------

OUTSIDE = ("203.0.113.0/24 via 10.20.0.1", "198.51.100.0/24 via 10.20.0.1")


def _server(name: str, number: int) -> Host:
    addresses = (f"10.20.10.{number}/16", f"2001:db8:20::{number}/64")
    return Host(name, f"02:00:0a:14:0a:{number:02x}", addresses, OUTSIDE)


DC, MAIL, FILES = _server("dc01", 11), _server("mail", 25), _server("files", 40)
INTRANET, ERP = _server("intranet", 80), _server("erp", 90)
# The way out. What lies beyond it (addresses of RFC 5737) answers on its loopback.
GATEWAY = Host(
    "gateway",
    "02:00:0a:14:00:01",
    ("10.20.0.1/16", "203.0.113.10/32", "203.0.113.20/32", "198.51.100.30/32", "198.51.100.40/32"),
)
SERVERS = (DC, MAIL, FILES, INTRANET, ERP, GATEWAY)


@dataclass(frozen=True)
class Service:
    """A name that clients use, where it is, and over which port."""

    name: str
    ip: str
    port: int


LDAPS = Service("ldaps.example.test", DC.ip, 636)
SMTPS = Service("mail.example.test", MAIL.ip, 465)
SUBMISSION = Service("mail.example.test", MAIL.ip, 587)
IMAPS = Service("mail.example.test", MAIL.ip, 993)
FILE_SHARE = Service("files.example.test", FILES.ip, 443)
BACKUP = Service("files.example.test", FILES.ip, 9443)
WEB = Service("intranet.example.test", INTRANET.ip, 443)
WEB6 = Service("intranet.example.test", INTRANET.ip6, 443)
LEGACY = Service("erp.example.test", ERP.ip, 8443)
LOGIN = Service("login.microsoftonline.com", "203.0.113.10", 443)
OUTLOOK = Service("outlook.office365.com", "203.0.113.20", 443)
UPDATES = Service("updates.example.com", "198.51.100.30", 443)
PLAIN = Service("www.example.com", "198.51.100.40", 80)

# --- how clients speak ------------------------------------------------------------------------

Visit = Callable[[Host, Service], None]


def python(lowest: ssl.TLSVersion, highest: ssl.TLSVersion) -> Visit:
    """A client of Python's ssl between two versions."""
    ciphers = "DEFAULT:@SECLEVEL=0" if lowest < V12 else "DEFAULT"
    context = ssl_context(lowest=lowest, highest=highest, ciphers=ciphers)

    def visit(host: Host, service: Service) -> None:
        connection = connect(host, service.ip, service.port)
        if service is SUBMISSION:
            connection = ask_for_tls(connection)
        ssl_client(connection, context, service.name)

    return visit


def gnutls(priority: str) -> Visit:
    def visit(host: Host, service: Service) -> None:
        gnutls_client(host, service.ip, service.port, service.name, priority)

    return visit


def openssl(*options: str) -> Visit:
    def visit(host: Host, service: Service) -> None:
        named = ("-servername", service.name, *options)
        openssl_client(host, service.ip, service.port, *named)

    return visit


def tlslite(
    lowest: tuple[int, int], highest: tuple[int, int], ciphers: Sequence[str] = ()
) -> Visit:
    def visit(host: Host, service: Service) -> None:
        settings = tlslite_settings(lowest, highest, list(ciphers) or None)
        tlslite_client(connect(host, service.ip, service.port), settings, service.name)

    return visit


def distrustful(host: Host, service: Service) -> None:
    """Trusts public authorities only, and so not the intranet's own certificate."""
    context = ssl_context(highest=V12, lowest=V12, ciphers="DEFAULT")
    context.verify_mode = ssl.CERT_REQUIRED
    ssl_client(connect(host, service.ip, service.port), context, service.name)


def impatient(host: Host, service: Service) -> None:
    """Gives up after two seconds without an answer."""
    connection = connect(host, service.ip, service.port)
    connection.settimeout(2)
    ssl_client(connection, ssl_context(ciphers="DEFAULT"), service.name)


def http(host: Host, service: Service) -> None:
    with connect(host, service.ip, service.port) as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {service.name}\r\n\r\n".encode())
        while connection.recv(65536):
            pass


def chromium(host: Host, service: Service) -> None:
    browse(host, f"https://{service.name}/", {service.name: service.ip})


# --- who visits whom --------------------------------------------------------------------------


@dataclass(frozen=True)
class Group:
    """Machines of one kind. `visits` are in order; a service may carry how its visit ends."""

    count: int
    first: int  # last number of the first machine's address, 10.20.30.first
    speak: Visit
    visits: tuple[tuple[Service, str], ...]
    plain: bool = False  # also reads a page without TLS


def _done(*services: Service) -> tuple[tuple[Service, str], ...]:
    return tuple((service, "completed") for service in services)


GROUPS = (
    # Up to date.
    Group(10, 101, python(V12, V13), _done(LOGIN, OUTLOOK, WEB), plain=True),
    Group(8, 111, python(V12, V13), _done(LOGIN, WEB6, LDAPS)),
    Group(3, 121, chromium, _done(LOGIN, WEB)),
    Group(8, 131, gnutls("NORMAL"), _done(LOGIN, FILE_SHARE)),
    Group(4, 141, tlslite((3, 3), (3, 4)), _done(WEB, OUTLOOK)),
    Group(6, 151, python(V10, V13), (*_done(LOGIN, UPDATES), *_done(LEGACY))),
    # TLS 1.2 is the best they can do.
    Group(6, 161, openssl("-tls1_2"), _done(LOGIN, LDAPS, IMAPS)),
    Group(6, 171, python(V10, V12), _done(OUTLOOK, LDAPS, LEGACY)),
    # Left behind: printers, a door terminal, a scanner.
    Group(2, 201, python(V10, V10), (*_done(SUBMISSION, LDAPS), (LOGIN, "rejected"))),
    Group(1, 203, gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.0"), _done(LEGACY)),
    Group(1, 204, python(V10, V10), ((UPDATES, "rejected"), *_done(SMTPS))),
    Group(2, 205, python(V10, V11), (*_done(LDAPS), (OUTLOOK, "rejected"))),
    Group(1, 207, openssl("-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"), _done(SMTPS)),
    Group(1, 211, tlslite((3, 1), (3, 1), ["3des"]), _done(LDAPS)),
    Group(1, 212, tlslite((3, 1), (3, 3), ["3des"]), (*_done(LDAPS), (LOGIN, "rejected"))),
    Group(1, 213, tlslite((3, 0), (3, 0), ["3des"]), ((LOGIN, "rejected"),)),
    # Odd ones.
    Group(
        1,
        221,
        openssl("-tls1_1", "-fallback_scsv", "-cipher", "DEFAULT:@SECLEVEL=0"),
        ((IMAPS, "rejected"),),
    ),
    Group(1, 222, distrustful, ((WEB, "failed"),)),
    Group(1, 223, impatient, ((BACKUP, "unanswered"),)),
)


# What the domain controller's name server knows.
ADDRESSES = {
    service.name: service.ip
    for service, _ in (visit for group in GROUPS for visit in group.visits)
    if "." in service.ip
}
ADDRESSES[PLAIN.name] = PLAIN.ip


@dataclass(frozen=True)
class Client:
    host: Host
    group: Group


def clients() -> list[Client]:
    found = []
    for group in GROUPS:
        for number in range(group.first, group.first + group.count):
            addresses = (f"10.20.30.{number}/16", f"2001:db8:20::30:{number}/64")
            host = Host(f"pc{number}", f"02:00:0a:14:1e:{number:02x}", addresses, OUTSIDE)
            found.append(Client(host, group))
    return found


def outcome(row: Row) -> str:
    """How a handshake of the capture ended: looked up in the plan above."""
    for client in clients():
        if row["client_ip"] in (client.host.ip, client.host.ip6):
            for service, ending in client.group.visits:
                if (row["server_ip"], row["server_port"]) == (service.ip, str(service.port)):
                    return ending
    raise LookupError(f"nobody was to connect {row['client_ip']} to {row['server_ip']}")


# --- the servers ------------------------------------------------------------------------------


def _resets_old_clients(secured: Handler) -> Handler:
    """What Windows' web server does with versions that are switched off: a reset, no alert."""

    def handle(connection: socket.socket) -> None:
        hello = connection.recv(65536, socket.MSG_PEEK)
        if hello[9:11] < b"\x03\x03":
            connection.recv(65536)
            reset(connection)
        else:
            secured(connection)

    return handle


@contextmanager
def servers(folder: Path) -> Iterator[None]:
    modern, everything = "DEFAULT", "DEFAULT:@SECLEVEL=0"
    # Named before use: a certificate is what most of a handshake's bytes are.
    own = {name: make_identity(folder, f"{name}.example.test") for name in ("ldaps", "mail", "erp")}
    files = make_identity(folder, "files.example.test", "ec")
    intranet = make_identity(folder, "intranet.example.test", "ec")
    login = make_identity(folder, "login.microsoftonline.com", "rsa")
    outlook = make_identity(folder, "outlook.office365.com", "ec")
    updates = make_identity(folder, "updates.example.com", "ec")
    mail = ssl_handler(ssl_context(own["mail"], ciphers=everything))
    with ExitStack() as running:
        enter = running.enter_context
        enter(name_server(DC, ADDRESSES))
        # The domain controller takes whatever comes.
        everything_gnutls = "NORMAL:+VERS-TLS1.0:+VERS-TLS1.1:+3DES-CBC:+SHA1"
        enter(gnutls_server(DC, 636, own["ldaps"], everything_gnutls, "--disable-client-cert"))
        enter(serve(MAIL, 465, mail))
        enter(serve(MAIL, 587, starttls(mail)))
        enter(serve(MAIL, 993, mail))
        tls12 = ssl_context(files, lowest=V12, highest=V12, ciphers=modern)
        enter(serve(FILES, 443, ssl_handler(tls12)))
        enter(serve(FILES, 9443, stays_silent))
        enter(serve(INTRANET, 443, ssl_handler(ssl_context(intranet, lowest=V12, ciphers=modern))))
        # The machine that holds others back.
        tls10 = ssl_context(own["erp"], lowest=V10, highest=V10, ciphers=everything)
        enter(serve(ERP, 8443, ssl_handler(tls10)))
        for ip, identity in (("203.0.113.10", login), ("203.0.113.20", outlook)):
            current = ssl_handler(ssl_context(identity, lowest=V12, ciphers=modern))
            enter(serve(GATEWAY, 443, current, ip))
        current = ssl_handler(ssl_context(updates, lowest=V12, ciphers=modern))
        enter(serve(GATEWAY, 443, _resets_old_clients(current), "198.51.100.30"))
        enter(serve(GATEWAY, 80, speaks_http, "198.51.100.40"))
        yield


# --- what the machines do --------------------------------------------------------------------


def work(client: Client, seed: int, problems: list[str]) -> None:
    """One machine's part: looks names up and visits its services, with pauses between."""
    order = random.Random(seed)
    pauses = [order.uniform(0.5, 8.0) for _ in range(len(client.group.visits) + 1)]
    for (service, _), pause in zip(client.group.visits, pauses, strict=False):
        time.sleep(pause)
        with _noted(problems, client, service):
            look_up(client.host, DC.ip, service.name, order.randrange(65536))
            client.group.speak(client.host, service)
    if client.group.plain:
        time.sleep(pauses[-1])
        with _noted(problems, client, PLAIN):
            look_up(client.host, DC.ip, PLAIN.name, order.randrange(65536))
            http(client.host, PLAIN)


@contextmanager
def _noted(problems: list[str], client: Client, service: Service) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # a thread's error would otherwise be printed and forgotten
        problems.append(f"{client.host.ip} to {service.name}:{service.port}: {error!r}")


def make(recipes: list[Recipe]) -> None:
    """Records the one sample of this module."""
    everyone = clients()
    problems: list[str] = []
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as running:
        folder = Path(name)
        hosts = (*SERVERS, *(client.host for client in everyone))
        network = running.enter_context(Network(hosts))
        running.enter_context(servers(folder))
        raw = folder / "capture"
        with capture(
            raw,
            namespace=network.namespace,
            interface=network.bridge,
            program=("dumpcap",),
            packets="",
        ):
            threads = [
                threading.Thread(target=work, args=(client, seed, problems))
                for seed, client in enumerate(everyone)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        if problems:
            raise RuntimeError("\n".join(problems))
        store(raw, recipes[0].sample.path)


@dataclass(frozen=True)
class Recipe:
    """The one sample of this module; how it is made is `make`."""

    sample: Sample


RECIPES = (
    Recipe(
        Sample(
            id="office",
            file="office.pcapng",
            shows="72 clients of an office within 25 seconds: most up to date, some left "
            "behind with TLS 1.0, 1.1 or 3DES, one server that holds others back, some refused",
            kind="captured",
            tags=("demo", "tls10", "tls11", "tls12", "tls13", "3des", "refused", "ipv6"),
            outcomes=outcome,
        ),
    ),
)
