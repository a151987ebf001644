"""Network authentication whose TLS runs inside EAP: a RADIUS server, and a switch on the wire."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import expected_eap
from authentication import (
    authenticate_by_radius,
    authenticate_on_wire,
    peer,
    radius_server,
    wired_switch,
)
from lab import Lab, Recipe, captured
from network import in_namespace
from stacks import Identity, make_identity

ANNA = "anna@example.test"
OUTER = "anonymous@example.test"
VERSIONS = ("1.0", "1.1", "1.2", "1.3")


def _laptop(lab: Lab) -> Identity:
    return make_identity(lab.folder, "laptop.example.test")


def _server(lab: Lab, laptop: Identity, **settings: Any) -> AbstractContextManager[None]:
    return radius_server(
        lab.server, lab.folder, lab.rsa, client=lab.client, authority=laptop.certificate, **settings
    )


def _ask(lab: Lab, number: int, network: str) -> None:
    station = f"02:00:5e:10:01:{number:02x}"
    authenticate_by_radius(lab.client, lab.server, lab.folder, network, station=station)


def _tls(lab: Lab) -> None:
    laptop = _laptop(lab)
    with _server(lab, laptop, fragment=600):
        for number, version in enumerate(VERSIONS):
            network = peer("TLS", ANNA, lab.rsa.certificate, own=laptop, versions=(version,))
            _ask(lab, number, network)


def _tunnels(method: str, inner: str) -> Callable[[Lab], None]:
    def run(lab: Lab) -> None:
        with _server(lab, _laptop(lab)):
            for number, version in enumerate(VERSIONS):
                network = peer(
                    method,
                    ANNA,
                    lab.rsa.certificate,
                    inner=inner,
                    outer=OUTER,
                    versions=(version,),
                )
                _ask(lab, number, network)

    return run


def _refusals(lab: Lab) -> None:
    laptop = _laptop(lab)
    stranger = make_identity(lab.folder, "stranger.example.test")
    trusted = lab.rsa.certificate
    with _server(lab, laptop, lowest="1.2"):
        inner = "auth=MSCHAPV2"
        _ask(lab, 1, peer("PEAP", ANNA, trusted, inner=inner, versions=("1.0",)))
        _ask(lab, 2, peer("PEAP", ANNA, stranger.certificate, inner=inner, versions=("1.2",)))
        _ask(lab, 3, peer("PEAP", ANNA, stranger.certificate, inner=inner))
        _ask(lab, 4, peer("PEAP", ANNA, trusted, inner=inner, password="not this one"))
        _ask(lab, 5, peer("TLS", ANNA, trusted, own=stranger, versions=("1.2",)))
        _ask(lab, 6, peer("TLS", ANNA, trusted, own=stranger))


def _on_wire(lab: Lab) -> None:
    with in_namespace(lab.network.namespace):
        # A bridge keeps to itself what is meant for the other end of the wire, unless told.
        allow = f"ip link set {lab.network.bridge} type bridge group_fwd_mask 8"
        subprocess.run(allow.split(), check=True)
    laptop = _laptop(lab)
    trusted, inner = lab.rsa.certificate, "auth=MSCHAPV2"
    keys = f'pac_file="{lab.folder}/keys"'
    peers = (
        ("TLS", peer("TLS", ANNA, trusted, own=laptop)),
        ("TLS", peer("TLS", ANNA, trusted, own=laptop, versions=("1.0",))),
        ("PEAP", peer("PEAP", ANNA, trusted, inner=inner, outer=OUTER, versions=("1.1",))),
        (
            "FAST",
            peer(
                "FAST",
                ANNA,
                trusted,
                inner=inner,
                versions=("1.1", "1.2"),
                phase1="fast_provisioning=2",
                more=(keys,),
            ),
        ),
    )
    for method, network in peers:
        authority = laptop.certificate
        with wired_switch(lab.server, lab.folder, lab.rsa, authority=authority, method=method):
            authenticate_on_wire(lab.client, lab.folder, network)


def _recipe(*arguments: Any, **options: Any) -> Recipe:
    recipe = captured(*arguments, **options)
    return replace(recipe, sample=replace(recipe.sample, table=expected_eap.rows))


RECIPES = (
    _recipe(
        "eap-tls-radius",
        "EAP-TLS over RADIUS by FreeRADIUS and wpa_supplicant's eapol_test: TLS 1.0, 1.1, 1.2 and "
        "1.3, in fragments",
        _tls,
        ("eap", "radius", "tls10", "tls11", "tls12", "tls13"),
    ),
    _recipe(
        "peap-radius",
        "PEAP over RADIUS: TLS 1.0, 1.1, 1.2 and 1.3, the outer identity anonymous",
        _tunnels("PEAP", "auth=MSCHAPV2"),
        ("eap", "radius", "tls10", "tls11", "tls12", "tls13"),
        ending="pcapng",
    ),
    _recipe(
        "ttls-radius",
        "EAP-TTLS over RADIUS: TLS 1.0, 1.1, 1.2 and 1.3",
        _tunnels("TTLS", "auth=PAP"),
        ("eap", "radius", "tls10", "tls11", "tls12", "tls13"),
    ),
    _recipe(
        "eap-refused",
        "EAP over RADIUS that fails: a client of TLS 1.0 alone, clients that do not know who "
        "signed the server's certificate (TLS 1.2, 1.3), a wrong password inside PEAP, a client "
        "certificate that nobody trusts (TLS 1.2, 1.3)",
        _refusals,
        ("eap", "radius", "tls10", "tls12", "tls13", "refused"),
        outcomes=("rejected", "failed", "failed", "completed", "failed", "failed"),
    ),
    _recipe(
        "eap-wired",
        "EAP over the wire (EAPOL) by hostapd and wpa_supplicant: EAP-TLS with TLS 1.3 and 1.0, "
        "PEAP with TLS 1.1, EAP-FAST with TLS 1.2",
        _on_wire,
        ("eap", "eapol", "tls10", "tls11", "tls12", "tls13"),
        packets="ether proto 0x888e",
    ),
)
