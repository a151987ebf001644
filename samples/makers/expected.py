"""The expected handshake table of a sample, as tshark reads the capture.

The columns of the hellos and alerts come from tshark's packet tree (PDML), where each handshake
message keeps its own fields together; `outcome` is what the maker knows. Nothing here asks
tlsaudit. `byte_reader.py` reads the same columns from the bytes and must agree.
"""

from __future__ import annotations

import csv
import io
import re
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from containers import unpacked
from sample import COLUMNS, Row, Sample

# ServerHello.random of a HelloRetryRequest (RFC 9846 section 4.1.3; the SHA-256 of its name).
RETRY_RANDOM = "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c"
PREFERENCES = ("tcp.reassemble_out_of_order:TRUE", "ip.defragment:TRUE", "tcp.check_checksum:FALSE")
SEPARATOR = ";"


@dataclass(frozen=True)
class Message:
    """One ClientHello, ServerHello or alert, and the frame and connection it is in."""

    kind: str  # "client_hello", "server_hello", "hello_verify_request" or "alert"
    frame: str
    stream: str
    source: tuple[str, str]
    destination: tuple[str, str]
    record_version: str
    tree: ElementTree.Element


def expected_rows(sample: Sample) -> list[Row]:
    """The handshake table that every engine must give for the sample."""
    if sample.rows is not None:
        rows = [{column: row.get(column, "") for column in COLUMNS} for row in sample.rows]
    elif sample.table is not None:
        rows = sample.table(sample)
    else:
        rows = rows_of_messages(messages(sample))
    for index, column, text in sample.corrections:
        rows[index][column] = text
    for index, row in enumerate(rows):
        row["outcome"] = outcome_of(sample, index, row, len(rows))
    return rows


def outcome_of(sample: Sample, index: int, row: Row, count: int) -> str:
    """How the handshake of one row ended, by the maker's own knowledge."""
    if isinstance(sample.outcomes, str):
        return sample.outcomes
    if callable(sample.outcomes):
        return sample.outcomes(row)
    if len(sample.outcomes) != count:
        raise ValueError(f"{sample.id}: {count} rows, {len(sample.outcomes)} outcomes")
    return sample.outcomes[index]


def as_csv(rows: list[Row]) -> str:
    """The rows as the text of an expected file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0] if rows else COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


# --- rows from messages -----------------------------------------------------------------------


def rows_of_messages(found: Iterator[Message]) -> list[Row]:
    """Pairs hellos, retries and alerts of each stream, in the order in which they were sent."""
    rows: list[Row] = []
    current: dict[str, Row] = {}
    for message in found:
        row = current.get(message.stream)
        if message.kind == "client_hello":
            if row and row["retry_request_frame"] and not row["server_hello_frame"]:
                row["second_client_hello_frame"] = row["second_client_hello_frame"] or message.frame
                continue
            if row and sent_again(row, message):
                continue
            row = current[message.stream] = new_row(rows, message)
            client_hello_columns(row, message)
        elif message.kind == "hello_verify_request":
            if row is not None and not row["retry_request_frame"]:
                row["retry_request_frame"] = message.frame
        elif message.kind == "server_hello":
            if row is None or row["server_hello_frame"]:
                row = current[message.stream] = new_row(rows, message)
            server_hello_columns(row, message)
        elif row is not None:
            alert_columns(row, message)
    rows.sort(key=lambda row: (int(row["stream"]), int(row["handshake"])))
    return rows


def sent_again(row: Row, message: Message) -> bool:
    """Whether a hello of DTLS is one that has not been answered, once more."""
    is_dtls = bool(first(message.tree, "tls.handshake.message_seq"))
    return is_dtls and row["client_hello_frame"] != "" and not row["server_hello_frame"]


def new_row(rows: list[Row], message: Message) -> Row:
    """A row with the connection's columns: the client is who sends a ClientHello."""
    by_client = message.kind == "client_hello"
    client = message.source if by_client else message.destination
    server = message.destination if by_client else message.source
    number = sum(row["stream"] == message.stream for row in rows)
    row = dict.fromkeys(COLUMNS, "")
    row.update(stream=message.stream, handshake=str(number))
    row.update(client_ip=client[0], client_port=client[1])
    row.update(server_ip=server[0], server_port=server[1])
    rows.append(row)
    return row


def client_hello_columns(row: Row, message: Message) -> None:
    tree = message.tree
    row["client_hello_frame"] = message.frame
    row["record_version"] = message.record_version
    row["client_legacy_version"] = code_point(first(tree, "tls.handshake.version"))
    row["client_supported_versions"] = joined(tree, "tls.handshake.extensions.supported_version")
    row["client_cipher_suites"] = joined(tree, "tls.handshake.ciphersuite")
    row["client_extensions"] = joined(tree, "tls.handshake.extension.type")
    row["client_groups"] = joined(tree, "tls.handshake.extensions_supported_group")
    protocols = shown(tree, "tls.handshake.extensions_alpn_str")
    row["client_alpn"] = SEPARATOR.join(protocols)
    row["server_name"] = first(tree, "tls.handshake.extensions_server_name").lower()


def server_hello_columns(row: Row, message: Message) -> None:
    tree = message.tree
    if not row["record_version"]:
        row["record_version"] = message.record_version
    if values(tree, "tls.handshake.random") == [RETRY_RANDOM]:
        row["retry_request_frame"] = message.frame
        return
    row["server_hello_frame"] = message.frame
    row["server_legacy_version"] = code_point(first(tree, "tls.handshake.version"))
    row["server_supported_version"] = joined(tree, "tls.handshake.extensions.supported_version")
    row["negotiated_cipher_suite"] = joined(tree, "tls.handshake.ciphersuite")


def alert_columns(row: Row, message: Message) -> None:
    """The first fatal alert in clear, else the first warning."""
    level = first(message.tree, "tls.alert_message.level")
    if row["alert_level"] == "2" or (row["alert_level"] == "1" and level == "1"):
        return
    row["alert_level"] = level
    row["alert_description"] = first(message.tree, "tls.alert_message.desc")
    row["alert_frame"] = message.frame


# --- messages from tshark ---------------------------------------------------------------------


def messages(sample: Sample) -> Iterator[Message]:
    """The hellos and clear alerts that tshark finds, in frame order."""
    with tempfile.NamedTemporaryFile(suffix=".capture") as file:
        file.write(unpacked(sample.path.read_bytes()))
        file.flush()
        command = ["tshark", "-2", "-n", "-r", file.name, "-T", "pdml", "-Y", "tls or dtls or quic"]
        for preference in PREFERENCES:
            command += ["-o", preference]
        for port in sample.decode_as:
            command += ["-d", port]
        for preference in sample.preferences:
            command += ["-o", preference]
        for protocol in sample.unread:
            command += ["--disable-protocol", protocol]
        run = subprocess.run(command, capture_output=True, check=True)
    root = ElementTree.fromstring(run.stdout)
    for packet in root.iter("packet"):
        yield from packet_messages(packet)


def packet_messages(packet: ElementTree.Element) -> Iterator[Message]:
    addresses = ("", "")
    frame = stream = ""
    ports = ("", "")
    for protocol in packet:
        name = protocol.get("name")
        if name == "frame":
            frame = first(protocol, "frame.number")
        elif name in ("ip", "ipv6"):
            addresses = (first(protocol, f"{name}.src"), first(protocol, f"{name}.dst"))
        elif name in ("tcp", "udp"):
            stream = first(protocol, f"{name}.stream")
            ports = (first(protocol, f"{name}.srcport"), first(protocol, f"{name}.dstport"))
        elif name == "quic":
            source, destination = (addresses[0], ports[0]), (addresses[1], ports[1])
            for kind, tree in quic_messages(protocol):
                yield Message(kind, frame, stream, source, destination, "", tree)
        elif name == "dtls":
            source, destination = (addresses[0], ports[0]), (addresses[1], ports[1])
            for kind, tree in dtls_messages(protocol):
                version = code_point(first(tree, "record_version"))
                yield Message(kind, frame, stream, source, destination, version, tree)
        else:
            source, destination = (addresses[0], ports[0]), (addresses[1], ports[1])
            # Inside the packets of TDS tshark shows TLS as a part of them.
            trees = (tree for tree in protocol.iter("proto") if tree.get("name") == "tls")
            for record in (field for tree in trees for field in tree.iter("field")):
                if record.get("name") == "tls.record":
                    for kind, tree in record_messages(record):
                        version = code_point(first(record, "tls.record.version"))
                        yield Message(kind, frame, stream, source, destination, version, tree)


def record_messages(record: ElementTree.Element) -> Iterator[tuple[str, ElementTree.Element]]:
    kinds = {"1": "client_hello", "2": "server_hello", "3": "hello_verify_request"}
    for tree in record.iter("field"):
        if tree.get("name") == "tls.handshake":
            kind = kinds.get(first(tree, "tls.handshake.type"))
            if kind:
                yield kind, tree
        # An alert in clear is two bytes long; a longer one is encrypted or authenticated.
        elif tree.get("name") == "tls.alert_message" and first(record, "tls.record.length") == "2":
            yield "alert", tree


def dtls_messages(datagram: ElementTree.Element) -> Iterator[tuple[str, ElementTree.Element]]:
    """Messages under TLS's names of fields, and the version of their record."""
    for field in datagram.iter("field"):
        field.set("name", re.sub("^dtls[.]", "tls.", field.get("name", "")))
    for record in datagram.iter("field"):
        if record.get("name") == "tls.record":
            version = first(record, "tls.record.version")
            for kind, tree in record_messages(record):
                # A fragment that does not complete its message shows nothing of it.
                if kind == "alert" or first(tree, "tls.handshake.version"):
                    ElementTree.SubElement(tree, "field", name="record_version", show=version)
                    yield kind, tree


def quic_messages(packet: ElementTree.Element) -> Iterator[tuple[str, ElementTree.Element]]:
    """Hellos without records around them, and closes that stand for a fatal alert."""
    kinds = {"1": "client_hello", "2": "server_hello"}
    for tree in packet.iter("field"):
        if tree.get("name") == "tls.handshake":
            kind = kinds.get(first(tree, "tls.handshake.type"))
            if kind:
                yield kind, tree
    for description in shown(packet, "quic.cc.error_code.tls_alert"):
        alert = ElementTree.Element("field")
        for name, show in (("level", "2"), ("desc", str(int(description, 0)))):
            ElementTree.SubElement(alert, "field", name=f"tls.alert_message.{name}", show=show)
        yield "alert", alert


# --- fields -----------------------------------------------------------------------------------


def shown(tree: ElementTree.Element, name: str) -> list[str]:
    return [f.get("show", "") for f in tree.iter("field") if f.get("name") == name]


def values(tree: ElementTree.Element, name: str) -> list[str]:
    return [f.get("value", "") for f in tree.iter("field") if f.get("name") == name]


def first(tree: ElementTree.Element, name: str) -> str:
    return next(iter(shown(tree, name)), "")


def joined(tree: ElementTree.Element, name: str) -> str:
    return SEPARATOR.join(code_point(text) for text in shown(tree, name))


def code_point(text: str) -> str:
    """`10`, `0x000a` and `0x0000000a` as `0x000A`; "" stays ""."""
    return f"0x{int(text, 0):04X}" if text else ""


def write(sample: Sample, folder: Path) -> None:
    (folder / f"{sample.id}.csv").write_text(as_csv(expected_rows(sample)), encoding="utf-8")
