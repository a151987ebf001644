"""The expected handshake table of a sample whose TLS is inside EAP, as tshark reads the capture."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from xml.etree import ElementTree

from expected import (
    Message,
    alert_columns,
    client_hello_columns,
    code_point,
    first,
    record_messages,
    server_hello_columns,
)
from sample import COLUMNS, Row, Sample

METHODS = {"13": "eap-tls", "21": "ttls", "25": "peap", "43": "eap-fast", "55": "teap"}
RESPONSE = "2"


def rows(sample: Sample) -> list[Row]:
    """A row for each ClientHello: in these samples one authentication comes after the other."""
    found: list[Row] = []
    identity = ""
    for packet in packets(sample):
        identity = first(packet, "eap.identity") or identity
        for message in messages(packet):
            row = found[-1] if found else None
            waits = row and row["retry_request_frame"] and not row["server_hello_frame"]
            if message.kind == "client_hello" and row and waits:
                row["second_client_hello_frame"] = message.frame
            elif message.kind == "client_hello":
                row = new_row(len(found), packet)
                row["carrier_target"] = identity
                found.append(row)
                client_hello_columns(row, message)
            elif message.kind == "server_hello":
                server_hello_columns(found[-1], message)
            else:
                alert_columns(found[-1], message)
        if found and not found[-1]["server"] and first(packet, "eap.code") != RESPONSE:
            address = first(packet, "ip.src")
            found[-1].update(server=address or first(packet, "eth.src"), server_ip=address)
    return found


def packets(sample: Sample) -> Iterator[ElementTree.Element]:
    command = ["tshark", "-2", "-n", "-r", str(sample.path), "-T", "pdml", "-Y", "eap"]
    run = subprocess.run(command, capture_output=True, check=True)
    return ElementTree.fromstring(run.stdout).iter("packet")


def messages(packet: ElementTree.Element) -> Iterator[Message]:
    frame = first(packet, "frame.number")
    for record in packet.iter("field"):
        if record.get("name") == "tls.record":
            version = code_point(first(record, "tls.record.version"))
            for kind, tree in record_messages(record):
                yield Message(kind, frame, "", ("", ""), ("", ""), version, tree)


def new_row(stream: int, packet: ElementTree.Element) -> Row:
    """The client is the peer: its link address, or what the RADIUS client calls it."""
    row = dict.fromkeys(COLUMNS, "")
    station = first(packet, "radius.Calling_Station_Id").replace("-", ":").lower()
    client = station or first(packet, "eth.src")
    row.update(stream=str(stream), handshake="0", transport="eap", client=client)
    row.update(client_mac=client, carrier=METHODS[first(packet, "eap.type")], server="")
    return row
