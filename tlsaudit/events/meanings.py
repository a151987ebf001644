"""What each event of Schannel says, in a sentence: the table that `docs/events.md` is printed from.

The numbers and their fields are those of the manifests of Windows 7 to Windows 11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tlsaudit import registry
from tlsaudit.events.record import Logged

__all__ = ["KINDS", "Kind", "meaning"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of event: what it says, and how it is tied to a handshake, if it is."""

    says: str
    tied_by: str = ""


KINDS: Mapping[int, Kind] = {
    36867: Kind("a TLS credential is being made"),
    36868: Kind("the properties of a credential's private key"),
    36869: Kind("a credential's certificate has no private key"),
    36870: Kind("the private key of a credential cannot be used"),
    36871: Kind(
        "no TLS credential could be made",
        "a client's by its process alone, since nothing is sent; a server's by a refusal at that "
        "time",
    ),
    36872: Kind("the chain of a certificate could not be had"),
    36873: Kind("no cipher suite is left to offer"),
    36874: Kind(
        "none of the cipher suites that a client offered is supported here",
        "a refusal at that time, of a client, without an alert or with 40, 70 or 71",
    ),
    36875: Kind("the server asked for a client certificate, and there is none that suits"),
    36876: Kind("the server's certificate is not valid"),
    36877: Kind("the client's certificate is not valid"),
    36878: Kind("the client's certificate cannot be mapped to an account"),
    36879: Kind("the client's certificate was not mapped to an account"),
    36880: Kind(
        "a handshake was completed",
        "version and cipher suite at that time, and a client's by the server name too",
    ),
    36881: Kind("the server's certificate has expired or is not valid yet"),
    36882: Kind("the server's certificate is from an issuer that is not trusted"),
    36883: Kind("the server's certificate was revoked"),
    36884: Kind("the server's certificate has another name than the one asked for"),
    36885: Kind("the list of trusted issuers is too long to be sent whole"),
    36886: Kind("there is no certificate for a server here"),
    36887: Kind(
        "a fatal alert was received",
        "the same alert from the other side at that time, or the process",
    ),
    36888: Kind(
        "a fatal alert was sent",
        "the same alert from this side at that time, or the process; without an alert on the wire "
        "by a refusal at that time",
    ),
    36889: Kind("a credential, with an error"),
    36912: Kind("keys are written to a file"),
    36928: Kind("the state of a certificate could not be stapled"),
}

_STATES = {
    (40, "1205"): "no cipher suite in common",
    (10, "1203"): "what came was no ClientHello",
    (70, "105"): "no version in common",
    (20, "960"): "a record that was changed or belongs elsewhere",
    (48, "552"): "an issuer that is not trusted",
}
_NO_CREDENTIAL = {"10013": "no version or suite is left that Windows allows"}


def meaning(event: Logged) -> str:
    """Give what this event says, with its own particulars."""
    kind = KINDS.get(event.event_id)
    parts = [f"event {event.event_id} of Schannel" if kind is None else kind.says]
    if event.fields.get("Type") and event.side is not None:
        parts.append(f"as a {event.side}")
    if event.version is not None:
        parts.append(registry.version_name(event.version))
    if event.cipher_suite is not None:
        parts.append(registry.cipher_suite_name(event.cipher_suite))
    if event.alert is not None:
        parts.append(f"{registry.alert_name(event.alert)} ({event.alert})")
    state = event.text("ErrorState")
    if state is not None:
        hint = _STATES.get((event.alert or 0, state))
        if event.event_id == 36871:
            hint = _NO_CREDENTIAL.get(state)
        parts.append(f"internal state {state}" + (f", probably {hint}" if hint else ""))
    target = event.text("TargetName")
    if target is not None:
        parts.append(f"for {target}")
    return ", ".join(parts)
