"""Hellos that no program sends any more, or never should have."""

from __future__ import annotations

import wire
from conversation import Conversation, connection_columns, finish, shake_hands
from crafting import make, recipe

__all__ = ["RECIPES", "make"]

# --- SSL 2.0 --------------------------------------------------------------------------------------

# Four suites of TLS and then SSL 2.0's own kinds, 3DES (0700C0) among them.
TLS_KINDS = (0x000039, 0x000035, 0x00000A, 0x000005)
SSL2_KINDS = (0x0700C0, 0x050080, 0x030080, 0x010080, 0x060040, 0x040080, 0x020080)


def _ssl2_format() -> Conversation:
    """What OpenSSL 0.9.7 sent to be understood by everybody."""
    conversation = Conversation().open()
    conversation.send("client", wire.ssl2_client_hello(0x0301, TLS_KINDS + SSL2_KINDS))
    return finish(conversation, wire.ServerHello(0x0301, 0x000A, None))


def _ssl2_format_row() -> dict[str, str]:
    return {
        **connection_columns(),
        "client_hello_frame": "4",
        "server_hello_frame": "5",
        "record_version": "0x0002",
        "client_legacy_version": "0x0301",
        "client_cipher_suites": wire.code_points(TLS_KINDS),
        **wire.ServerHello(0x0301, 0x000A, None).columns(),
    }


def _ssl2() -> Conversation:
    conversation = Conversation().open()
    conversation.send("client", wire.ssl2_client_hello(0x0002, SSL2_KINDS))
    return conversation.send("server", wire.ssl2_server_hello(SSL2_KINDS[:2]))


def _ssl2_row() -> dict[str, str]:
    return {
        **connection_columns(),
        "client_hello_frame": "4",
        "server_hello_frame": "5",
        "record_version": "0x0002",
        "client_legacy_version": "0x0002",
        "server_legacy_version": "0x0002",
    }


# --- versions and suites ------------------------------------------------------------------------

DRAFT_28 = 0x7F1C
SESSION = bytes(range(32))


def _draft() -> Conversation:
    versions = wire.supported_versions(0x7A7A, DRAFT_28, 0x0303, 0x0302, 0x0301)
    extensions = (*wire.ordinary_extensions(), versions, wire.key_share(0x001D, bytes(32)))
    hello = wire.ClientHello(suites=(0x1301, 0x1302, *wire.SUITES), extensions=extensions)
    answer = wire.ServerHello(
        suite=0x1301,
        extensions=((43, wire.u16(DRAFT_28)), (51, wire.u16(29) + wire.sized(2, bytes(32)))),
    )
    conversation = Conversation().open()
    conversation.send("client", wire.record(wire.HANDSHAKE, 0x0301, hello.message()))
    conversation.send("server", wire.record(wire.HANDSHAKE, 0x0303, answer.message()))
    changed = wire.record(wire.CHANGE_CIPHER_SPEC, 0x0303, b"\x01")
    conversation.send("server", changed + wire.application_data(0x0303, 900))
    conversation.send("client", changed + wire.application_data(0x0303, 53))
    conversation.send("client", wire.application_data(0x0303, 120))
    conversation.send("server", wire.application_data(0x0303, 300))
    return conversation.close()


def _export() -> Conversation:
    hello = wire.ClientHello(0x0300, (0x0003, 0x0006, 0x0008, 0x0014, 0x000A), None)
    return shake_hands(Conversation(), hello, wire.ServerHello(0x0300, 0x0003, None))


def _unregistered() -> Conversation:
    versions = wire.supported_versions(0x0399, 0x0304, 0x0303)
    extensions = ((0xFAFA, b"\x00"), *wire.ordinary_extensions(), versions, (0xEEEE, b"unknown"))
    hello = wire.ClientHello(0x0303, (0x4A4A, 0xFE99, 0xC02F), extensions)
    return shake_hands(Conversation(), hello, wire.ServerHello(0x0303, 0xFE99))


def _no_extensions() -> Conversation:
    hello = wire.ClientHello(0x0302, (0x0035, 0x002F, 0x000A), None)
    return shake_hands(Conversation(), hello, wire.ServerHello(0x0302, 0x0035, None))


def _odd_length() -> Conversation:
    """A list of suites seven bytes long."""
    body = wire.u16(0x0301) + wire.RANDOM + wire.sized(1, b"")
    body += wire.sized(2, bytes.fromhex("002f 000a 0035 00")) + b"\x01\x00"
    message = wire.u8(1) + wire.sized(3, body)
    conversation = Conversation().open()
    conversation.send("client", wire.record(wire.HANDSHAKE, 0x0301, message))
    return conversation.send("server", wire.alert(2, 50)).close("server")


# --- strings --------------------------------------------------------------------------------------

# Bytes as sent, and the text that stands for them: lower case, and whatever cannot be seen or is
# not UTF-8 written as \xNN or \u{NNNN}.
HOSTILE_NAMES = (
    (b"<script>alert(1)</script>", "<script>alert(1)</script>"),
    (b'"><img src=x onerror=alert(1)>', '"><img src=x onerror=alert(1)>'),
    (b"</svg><b>&amp;", "</svg><b>&amp;"),
    (b"=cmd|' /C calc'!A0", "=cmd|' /c calc'!a0"),
    (b"@SUM(1+1)*cmd|' /C calc'!A0", "@sum(1+1)*cmd|' /c calc'!a0"),
    (b"+1", "+1"),
    (b"-2+3", "-2+3"),
    (b"\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
    (b"$\\bad$", "$\\bad$"),
    (b"$\\frac{1}{", "$\\frac{1}{"),
    (b"[red]x[/red]", "[red]x[/red]"),
    (b"[/]", "[/]"),
    (b"\xff\xfe.example.test", "\\xff\\xfe.example.test"),
    (b"line\r\nbreak\ttab\x00nul", "line\\x0d\\x0abreak\\x09tab\\x00nul"),
    ("\u202egnp.exe".encode(), "\\u{202e}gnp.exe"),
    ("b\u00fccher.example".encode(), "b\u00fccher.example"),
    (b'quoted "name", and; more', 'quoted "name", and; more'),
    (b"{{ 7*7 }}{% raw %}", "{{ 7*7 }}{% raw %}"),
    (b"%s%n${jndi:ldap://x}", "%s%n${jndi:ldap://x}"),
    (b"a" * 300, "a" * 300),
)
HOSTILE_PROTOCOLS = (
    (b"<b>h2</b>", "<b>h2</b>"),
    (b"=1+1", "=1+1"),
    (b"\x1b[2J", "\\x1b[2J"),
    (b"\xc3\x28", "\\xc3("),
)


def _hostile_hello(number: int) -> wire.ClientHello:
    name = HOSTILE_NAMES[number][0]
    protocols = wire.application_protocols(*(sent for sent, _ in HOSTILE_PROTOCOLS))
    extensions = (wire.server_name(name), protocols, wire.RENEGOTIATION_INFO)
    return wire.ClientHello(0x0301, (0x002F, 0x000A), extensions)


def _hostile() -> Conversation:
    all_of_them = Conversation()
    for number in range(len(HOSTILE_NAMES)):
        one = Conversation(client=f"192.0.2.{100 + number}")
        shake_hands(one, _hostile_hello(number), wire.ServerHello(0x0301, 0x000A))
        all_of_them.packets += one.packets
    return all_of_them


def _hostile_rows() -> list[dict[str, str]]:
    one = Conversation()
    shake_hands(one, _hostile_hello(0), wire.ServerHello(0x0301, 0x000A))
    rows = []
    for number, (_, text) in enumerate(HOSTILE_NAMES):
        before = number * len(one.packets)
        rows.append(
            {
                **connection_columns(number),
                "client_ip": f"192.0.2.{100 + number}",
                "client_hello_frame": str(before + 4),
                "server_hello_frame": str(before + 5),
                **_hostile_hello(number).columns(),
                **wire.ServerHello(0x0301, 0x000A).columns(),
                "client_alpn": ";".join(text for _, text in HOSTILE_PROTOCOLS),
                "server_name": text,
            }
        )
    return rows


RECIPES = (
    recipe(
        "ssl2-format-hello",
        "a hello in SSL 2.0's format that offers TLS 1.0 and 3DES, answered in TLS 1.0 with 3DES",
        _ssl2_format,
        ("ssl2", "tls10", "3des"),
        rows=[_ssl2_format_row()],
        note="the suites are the cipher kinds 00xxyy; SSL 2.0's own kinds have another column",
    ),
    recipe(
        "ssl20-negotiated",
        "SSL 2.0 proper: hello and answer of version 2",
        _ssl2,
        ("ssl2",),
        "hellos_only",
        rows=[_ssl2_row()],
        note="SSL 2.0's server answers with a list of kinds, from which the client chooses: no "
        "negotiated suite",
    ),
    recipe("tls13-draft-28", "a draft of TLS 1.3 negotiated", _draft, ("tls13-draft", "grease")),
    recipe(
        "ssl30-export",
        "SSL 3.0 with an export suite: TLS_RSA_EXPORT_WITH_RC4_40_MD5",
        _export,
        ("ssl30", "export", "rc4"),
    ),
    recipe(
        "tls11-no-extensions",
        "TLS 1.1 whose hellos end before the extensions",
        _no_extensions,
        ("tls11",),
    ),
    recipe(
        "unregistered-code-points",
        "a version, suites and extensions that nobody has registered, one of the suites negotiated",
        _unregistered,
        ("tls12", "grease"),
    ),
    recipe(
        "hello-with-odd-suite-length",
        "a ClientHello whose list of suites has an odd length, refused by decode_error",
        _odd_length,
        ("malformed", "defect", "refused"),
        "rejected",
        note="what can be read of it is expected: tshark's reading is of the whole suites",
    ),
    recipe(
        "hostile-names",
        "server names and protocols that are HTML, formulas, terminal escapes, markup or no UTF-8",
        _hostile,
        ("hostile", "tls10", "3des"),
        rows=_hostile_rows(),
        note="tshark cannot tell these strings from escapes of its own",
    ),
)
