"""A QUIC client and a QUIC server by aioquic, as programs: they run in a host's namespace.

python quic_peer.py serve ADDRESS PORT CERTIFICATE KEY [OPTIONS]
python quic_peer.py ask ADDRESS PORT NAME [OPTIONS]
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aioquic.asyncio import QuicConnectionProtocol, connect, serve
from aioquic.h3.connection import H3Connection
from aioquic.h3.events import HeadersReceived
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.events import ProtocolNegotiated, QuicEvent
from aioquic.quic.packet import QuicProtocolVersion
from aioquic.tls import SessionTicket

VERSIONS = {"1": QuicProtocolVersion.VERSION_1, "2": QuicProtocolVersion.VERSION_2}
PATIENCE = 5.0


class Page(QuicConnectionProtocol):
    """Answers every HTTP/3 request with the same short page."""

    http: H3Connection | None = None

    def quic_event_received(self, event: QuicEvent) -> None:
        if isinstance(event, ProtocolNegotiated) and event.alpn_protocol == "h3":
            self.http = H3Connection(self._quic)
        for answer in self.http.handle_event(event) if self.http else ():
            if isinstance(answer, HeadersReceived) and self.http:
                headers = [(b":status", b"200"), (b"content-length", b"2")]
                self.http.send_headers(answer.stream_id, headers)
                self.http.send_data(answer.stream_id, b"ok", end_stream=True)
                self.transmit()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("serve", "ask"))
    parser.add_argument("address")
    parser.add_argument("port", type=int)
    parser.add_argument("rest", nargs="+", metavar="NAME | CERTIFICATE KEY")
    parser.add_argument("--versions", default="1", help="the preferred first, as in 2,1")
    parser.add_argument("--begin", choices=VERSIONS, help="with which version; else the first")
    parser.add_argument("--alpn", default="h3")
    parser.add_argument("--retry", action="store_true", help="let clients prove their address")
    parser.add_argument("--large", action="store_true", help="a hello over two datagrams")
    parser.add_argument("--times", type=int, default=1, help="connections, resumed if may be")
    parser.add_argument("--local-port", type=int, default=0)
    arguments = parser.parse_args()
    asyncio.run(_serve(arguments) if arguments.what == "serve" else _ask(arguments))


def _configuration(arguments: argparse.Namespace, is_client: bool) -> QuicConfiguration:
    versions = [VERSIONS[name] for name in arguments.versions.split(",")]
    return QuicConfiguration(
        is_client=is_client,
        alpn_protocols=[arguments.alpn],
        original_version=VERSIONS[arguments.begin] if arguments.begin else versions[0],
        supported_versions=versions,
        idle_timeout=PATIENCE,
        quantum_readiness_test=is_client and arguments.large,
    )


async def _serve(arguments: argparse.Namespace) -> None:
    tickets: dict[bytes, SessionTicket] = {}
    configuration = _configuration(arguments, is_client=False)
    configuration.load_cert_chain(*arguments.rest)
    await serve(
        arguments.address,
        arguments.port,
        configuration=configuration,
        create_protocol=Page,
        session_ticket_fetcher=lambda label: tickets.pop(label, None),
        session_ticket_handler=lambda ticket: tickets.update({ticket.ticket: ticket}),
        retry=arguments.retry,
    )
    # Whoever started this waits for the line.
    print("ready", flush=True)
    await asyncio.Event().wait()


async def _ask(arguments: argparse.Namespace) -> None:
    tickets: list[SessionTicket] = []
    for _ in range(arguments.times):
        configuration = _configuration(arguments, is_client=True)
        configuration.server_name = arguments.rest[0]
        configuration.verify_mode = ssl.CERT_NONE
        configuration.session_ticket = tickets[-1] if tickets else None
        async with _connected(arguments, configuration, tickets) as peer:
            await asyncio.wait_for(peer.ping(), PATIENCE)
            # The server's ticket comes after its handshake is done.
            await asyncio.sleep(0.3)


@asynccontextmanager
async def _connected(
    arguments: argparse.Namespace, configuration: QuicConfiguration, tickets: list[SessionTicket]
) -> AsyncIterator[QuicConnectionProtocol]:
    async with connect(
        arguments.address,
        arguments.port,
        configuration=configuration,
        session_ticket_handler=tickets.append,
        local_port=arguments.local_port,
        # With a ticket the first request goes out as early data.
        wait_connected=configuration.session_ticket is None,
    ) as peer:
        if configuration.session_ticket is not None:
            _, writer = await peer.create_stream()
            writer.write(b"early")
            await asyncio.sleep(0)
            peer.transmit()
            await peer.wait_connected()
        yield peer


if __name__ == "__main__":
    sys.exit(main())
