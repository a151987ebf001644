//! One direction of TLS to this reader and to `tls-parser`, record by record and message by
//! message, however the bytes were cut into segments.

use proptest::collection::vec;
use proptest::prelude::*;
use tls_parser::{
    TlsMessage, TlsMessageHandshake, TlsRecordType, parse_tls_raw_record,
    parse_tls_record_with_header,
};
use tlsaudit_wire::packet::{self, Fragments, Packet, Scratch};
use tlsaudit_wire::stream::Origin;
use tlsaudit_wire::tls::parser::{Event, Parser};

use crate::hellos::{check_client, check_server, client_body, server_body};
use crate::{cases, frames_of_samples};

/// A message of the kinds that both tell apart.
#[derive(Debug, PartialEq)]
enum Said {
    /// Record version, legacy version, number of suites.
    Client(u16, u16, usize),
    /// Record version, legacy version, suite.
    Server(u16, u16, u16),
    Certificate,
    KeyExchange,
    Done,
    Alert(u8, u8),
    ChangeCipherSpec,
    Encrypted(usize),
}

/// What `tls-parser` says of these whole records, and the bodies of the hellos in them.
fn theirs(mut bytes: &[u8]) -> Vec<Said> {
    let mut said = Vec::new();
    let mut encrypted = false;
    while let Ok((rest, record)) = parse_tls_raw_record(bytes) {
        bytes = rest;
        let version = record.hdr.version.0;
        match record.hdr.record_type {
            TlsRecordType::ApplicationData => {
                said.push(Said::Encrypted(record.data.len()));
                continue;
            }
            TlsRecordType::ChangeCipherSpec => encrypted = true,
            // What tls-parser would take apart as if it were in clear.
            TlsRecordType::Handshake if encrypted => continue,
            _ => {}
        }
        let messages = parse_tls_record_with_header(record.data, &record.hdr);
        for message in messages.map(|(_, messages)| messages).unwrap_or_default() {
            said.extend(match message {
                TlsMessage::ChangeCipherSpec => Some(Said::ChangeCipherSpec),
                TlsMessage::Alert(alert) => Some(Said::Alert(alert.severity.0, alert.code.0)),
                TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello)) => {
                    Some(Said::Client(version, hello.version.0, hello.ciphers.len()))
                }
                TlsMessage::Handshake(TlsMessageHandshake::ServerHello(hello)) => {
                    Some(Said::Server(version, hello.version.0, hello.cipher.0))
                }
                TlsMessage::Handshake(TlsMessageHandshake::Certificate(_)) => {
                    Some(Said::Certificate)
                }
                TlsMessage::Handshake(TlsMessageHandshake::ServerKeyExchange(_)) => {
                    Some(Said::KeyExchange)
                }
                TlsMessage::Handshake(TlsMessageHandshake::ServerDone(_)) => Some(Said::Done),
                _ => None,
            });
        }
    }
    said
}

/// What this reader says of a direction that came in these segments.
fn ours<'a>(segments: impl IntoIterator<Item = &'a [u8]>) -> Vec<Said> {
    let (mut parser, mut events) = (Parser::new(), Vec::new());
    for (number, segment) in (1..).zip(segments) {
        parser.push(segment, Origin { frame: number, ..Origin::default() }, &mut |event| {
            events.push(event)
        });
    }
    let said = |event| match event {
        Event::ClientHello(hello, place) => Some(Said::Client(
            place.record_version?,
            hello.legacy_version?.0,
            hello.cipher_suites()?.len(),
        )),
        Event::ServerHello(hello, place) => Some(Said::Server(
            place.record_version?,
            hello.legacy_version?.0,
            hello.cipher_suite?.0,
        )),
        Event::Certificate(_) => Some(Said::Certificate),
        Event::ServerKeyExchange(_) => Some(Said::KeyExchange),
        Event::ServerHelloDone => Some(Said::Done),
        Event::Alert { level, description, .. } => Some(Said::Alert(level, description)),
        Event::ChangeCipherSpec => Some(Said::ChangeCipherSpec),
        Event::ApplicationData(length) => Some(Said::Encrypted(length)),
        _ => None,
    };
    events.into_iter().filter_map(said).collect()
}

/// A message with its header.
fn message(kind: u8, body: Vec<u8>) -> Vec<u8> {
    let length = (body.len() as u32).to_be_bytes();
    [vec![kind], length[1..].to_vec(), body].concat()
}

fn record(kind: u8, version: u16, payload: Vec<u8>) -> Vec<u8> {
    let [high, low] = (payload.len() as u16).to_be_bytes();
    let [major, minor] = version.to_be_bytes();
    [vec![kind, major, minor, high, low], payload].concat()
}

/// A message in clear, whole within its record: `tls-parser` joins no records.
fn in_clear() -> impl Strategy<Value = Vec<u8>> {
    // Read alike or not is for the tests of hellos; here they must be whole.
    let whole = |kind, body: BoxedStrategy<Vec<u8>>| {
        body.prop_filter("both must read it", move |body| is_whole(kind, body))
            .prop_map(move |body| message(kind, body))
    };
    let chain = vec(vec(any::<u8>(), 1..300), 0..3).prop_map(|all| {
        let length = |count: usize| (count as u32).to_be_bytes()[1..].to_vec();
        let list: Vec<u8> =
            all.into_iter().flat_map(|each| [length(each.len()), each].concat()).collect();
        message(11, [length(list.len()), list].concat())
    });
    prop_oneof![
        3 => whole(1, client_body().boxed()),
        3 => whole(2, server_body().boxed()),
        1 => chain,
        1 => vec(any::<u8>(), 1..200).prop_map(|body| message(12, body)),
        1 => Just(message(14, Vec::new())),
        // A ticket and a Finished: known to both, and of no interest.
        1 => vec(any::<u8>(), 4..80).prop_map(|body| message(4, body)),
        1 => vec(any::<u8>(), 12..36).prop_map(|body| message(20, body)),
    ]
}

fn is_whole(kind: u8, body: &[u8]) -> bool {
    let bytes = record(22, 0x0301, message(kind, body.to_vec()));
    theirs(&bytes).len() == 1 && ours([bytes.as_slice()]).len() == 1
}

fn any_record() -> impl Strategy<Value = Vec<u8>> {
    let handshake = (0x0300..0x0305_u16, vec(in_clear(), 1..4))
        .prop_map(|(version, messages)| record(22, version, messages.concat()));
    let alert = (0x0300..0x0305_u16, 1..3_u8, any::<u8>())
        .prop_map(|(version, level, what)| record(21, version, vec![level, what]));
    let data = vec(any::<u8>(), 1..300).prop_map(|data| record(23, 0x0303, data));
    prop_oneof![6 => handshake, 1 => alert, 1 => data]
}

/// Records in clear; then, perhaps, what comes behind a change of keys.
fn direction() -> impl Strategy<Value = Vec<u8>> {
    // The first byte of what is encrypted is none of a hello, as it would be by chance.
    let encrypted = vec(any::<u8>(), 40..60).prop_map(|mut bytes| {
        bytes[0] = 0xE7;
        record(22, 0x0303, bytes)
    });
    let data = vec(any::<u8>(), 1..300).prop_map(|data| record(23, 0x0303, data));
    let behind = prop_oneof![
        1 => Just(Vec::new()),
        1 => (encrypted, vec(data, 0..3))
            .prop_map(|(first, rest)| [record(20, 0x0303, vec![1]), first, rest.concat()].concat()),
    ];
    (vec(any_record(), 1..6), behind).prop_map(|(records, rest)| [records.concat(), rest].concat())
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn messages_as_tls_parser_reads_them(
        bytes in direction(),
        cuts in vec(any::<usize>(), 0..6),
    ) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut % bytes.len()).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let segments = cuts.windows(2).map(|ends| &bytes[ends[0]..ends[1]]);
        prop_assert_eq!(ours(segments), theirs(&bytes));
    }
}

/// Hellos of real programs that lie in one segment.
#[test]
fn hellos_of_the_samples_as_tls_parser_reads_them() {
    let mut fragments = Fragments::default();
    let mut compared = [0, 0];
    frames_of_samples(|frame, name| {
        let mut scratch = Scratch::default();
        let packet = packet::decode(frame, &mut fragments, &mut scratch, &mut |_| {});
        let Packet::Tcp(segment) = packet else { return };
        let mut bytes = segment.payload;
        while let Ok((rest, record)) = parse_tls_raw_record(bytes) {
            bytes = rest;
            let (22, Some((&[kind, a, b, c], body))) =
                (record.hdr.record_type.0, record.data.split_first_chunk::<4>())
            else {
                continue;
            };
            let Some(body) = body.get(..u32::from_be_bytes([0, a, b, c]) as usize) else {
                continue;
            };
            let outcome = match kind {
                1 => check_client(body),
                2 => check_server(body),
                _ => continue,
            };
            compared[usize::from(kind) - 1] += 1;
            outcome.unwrap_or_else(|error| panic!("{name}: frame {}: {error}", frame.number));
        }
    });
    assert!(compared.iter().all(|&count| count > 150), "{compared:?}");
}
