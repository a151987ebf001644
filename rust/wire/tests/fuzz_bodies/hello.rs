//! Any bytes as a hello, and as one direction of TLS: what is read of a beginning is the beginning
//! of what is read of the whole, and it does not matter how the bytes were cut into segments.
//!
//! The input is a kind (0 the body of a ClientHello, 1 of a ServerHello, 2 a direction), a seed for
//! where to cut, and the bytes.

use std::fmt::Debug;

use tlsaudit_wire::stream::{Missing, Origin};
use tlsaudit_wire::tls::client_hello::ClientHello;
use tlsaudit_wire::tls::fingerprint;
use tlsaudit_wire::tls::lists::Numbers;
use tlsaudit_wire::tls::parser::{Event, Parser};
use tlsaudit_wire::tls::server_hello::ServerHello;
use tlsaudit_wire::tls::ssl2::{self, Opening};

/// Cuts of one input. All of them would take a second for a long hello.
const CUTS: usize = 6;

/// The input that holds these bytes.
pub fn encode(kind: u8, bytes: &[u8]) -> Vec<u8> {
    let mut input = vec![kind, 0];
    input.extend(bytes);
    input
}

/// The body of the target `hello`.
pub fn check(input: &[u8]) {
    let Some(([kind, seed], bytes)) = input.split_first_chunk::<2>() else { return };
    match kind % 3 {
        0 => {
            let read = |bytes: &[u8]| ClientHello::read(bytes, bytes.len());
            check_client(&read(bytes), bytes.len());
            for cut in cuts(*seed, bytes.len()) {
                // Fields of a message that is shorter, and of one that was cut.
                check_client(&read(&bytes[..cut]), cut);
                let beginning = ClientHello::read(&bytes[..cut], bytes.len());
                check_client(&beginning, bytes.len());
                assert_client_begins(&read(bytes), &beginning);
            }
        }
        1 => {
            let read = |bytes: &[u8]| ServerHello::read(bytes, bytes.len());
            check_server(&read(bytes));
            for cut in cuts(*seed, bytes.len()) {
                check_server(&read(&bytes[..cut]));
                let beginning = ServerHello::read(&bytes[..cut], bytes.len());
                check_server(&beginning);
                assert_server_begins(&read(bytes), &beginning);
            }
        }
        _ => check_direction(*seed, bytes),
    }
}

/// Places in 0..length, other ones for every seed.
fn cuts(seed: u8, length: usize) -> impl Iterator<Item = usize> {
    let mut state = usize::from(seed);
    (0..CUTS.min(length)).map(move |_| {
        state = (state * 7_919 + 12_345) & 0xFFFF_FFFF;
        state % length
    })
}

pub fn check_client(hello: &ClientHello, length: usize) {
    assert!(!hello.complete || hello.captured);
    assert!(hello.complete || hello.fault.is_some(), "{hello:#?}");
    let count = |list: Option<usize>, size: usize| {
        assert!(list.is_none_or(|count| count * size <= length), "{hello:#?}");
    };
    let alpn = hello.alpn();
    count(hello.cipher_suites().map(Numbers::len), 2);
    count(hello.ssl2_cipher_kinds().map(|kinds| kinds.len()), 3);
    count(hello.extensions().map(Numbers::len), 2);
    count(hello.groups().map(Numbers::len), 2);
    count(alpn.as_ref().map(Vec::len), 1);
    assert_eq!(alpn.as_ref().is_some_and(|all| !all.is_empty()), hello.first_alpn().is_some());
    for text in hello.server_name.iter().chain(alpn.iter().flatten()) {
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    assert!(fingerprint::ja3(hello).is_none_or(|ja3| hello.captured && ja3.len() == 32));
    assert!(fingerprint::ja4(hello, 't').is_none_or(|ja4| hello.captured && ja4.len() == 36));
}

pub fn check_server(hello: &ServerHello) {
    assert!(!hello.complete || hello.captured);
    assert!(hello.complete || hello.fault.is_some(), "{hello:#?}");
    assert!(hello.alpn().is_none_or(|text| !text.contains(char::is_control)));
    assert!(fingerprint::ja3s(hello).is_none_or(|ja3s| hello.captured && ja3s.len() == 32));
    let _ = (hello.downgrade_sentinel(), hello.is_retry_request(), hello.version());
}

/// A field that was read of the beginning is the same in the whole.
fn same<T: PartialEq + Debug>(whole: &Option<T>, beginning: &Option<T>) {
    assert!(beginning.is_none() || beginning == whole, "{beginning:?} became {whole:?}");
}

/// A list that was read of the beginning begins the whole one.
fn begins<T: PartialEq + Debug>(whole: Option<Vec<T>>, beginning: Option<Vec<T>>) {
    let Some(part) = beginning else { return };
    let fits = whole.as_ref().is_some_and(|whole| whole.starts_with(&part));
    assert!(fits, "{part:?} became {whole:?}");
}

fn listed<T: From<u16> + PartialEq>(numbers: Option<Numbers<'_, T>>) -> Option<Vec<T>> {
    numbers.map(|numbers| numbers.iter().collect())
}

fn assert_client_begins(whole: &ClientHello, beginning: &ClientHello) {
    same(&whole.legacy_version, &beginning.legacy_version);
    same(&whole.random, &beginning.random);
    same(&whole.session_id, &beginning.session_id);
    same(&whole.server_name, &beginning.server_name);
    same(&whole.first_alpn(), &beginning.first_alpn());
    begins(listed(whole.cipher_suites()), listed(beginning.cipher_suites()));
    begins(whole.ssl2_cipher_kinds(), beginning.ssl2_cipher_kinds());
    begins(listed(whole.extensions()), listed(beginning.extensions()));
    begins(listed(whole.supported_versions()), listed(beginning.supported_versions()));
    begins(listed(whole.groups()), listed(beginning.groups()));
    begins(
        whole.point_formats().map(<[u8]>::to_vec),
        beginning.point_formats().map(<[u8]>::to_vec),
    );
    begins(listed(whole.signature_algorithms()), listed(beginning.signature_algorithms()));
    begins(whole.alpn(), beginning.alpn());
    assert!(whole.offers_null_compression || !beginning.offers_null_compression);
    assert!(whole.offers_ticket || !beginning.offers_ticket);
    assert!(!beginning.complete);
}

fn assert_server_begins(whole: &ServerHello, beginning: &ServerHello) {
    same(&whole.legacy_version, &beginning.legacy_version);
    same(&whole.random, &beginning.random);
    same(&whole.session_id, &beginning.session_id);
    same(&whole.cipher_suite, &beginning.cipher_suite);
    same(&whole.compression_method, &beginning.compression_method);
    same(&whole.supported_version, &beginning.supported_version);
    same(&whole.key_share_group, &beginning.key_share_group);
    same(&whole.alpn(), &beginning.alpn());
    begins(listed(whole.extensions()), listed(beginning.extensions()));
    assert!(!beginning.complete);
}

fn check_direction(seed: u8, bytes: &[u8]) {
    check_ssl2(bytes);
    let whole = events([bytes]);
    let mut places: Vec<usize> = cuts(seed, bytes.len()).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for place in places {
        let (piece, after) = rest.split_at(place - (bytes.len() - rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    let pieced = events(pieces);
    // Out of step, the start of each segment is tried anew.
    let in_step = |all: &[Told]| {
        let foreign = |told: &Told| matches!(told, Told::Other(event) if event == "Foreign");
        all.iter().position(foreign).map_or(all.len(), |at| at + 1)
    };
    assert_eq!(whole[..in_step(&whole)], pieced[..in_step(&pieced)]);
}

/// An event, as far as it does not depend on where a segment ended.
#[derive(Debug, PartialEq)]
enum Told {
    Client(Box<ClientHello>, Option<u16>, Option<Missing>),
    Server(Box<ServerHello>, Option<u16>, Option<Missing>),
    Other(String),
}

/// What the parser says of a direction that came in these segments.
fn events<'a>(segments: impl IntoIterator<Item = &'a [u8]>) -> Vec<Told> {
    let mut parser = Parser::new();
    let mut events = Vec::new();
    let origin = Origin { frame: 1, ..Origin::default() };
    for segment in segments {
        parser.push(segment, origin, &mut |event| events.push(event));
    }
    parser.end(Missing::Truncated, &mut |event| events.push(event));
    let told = |event: Event| match event {
        Event::ClientHello(hello, place) => {
            check_client(&hello, usize::MAX);
            Told::Client(hello, place.record_version, place.cut)
        }
        Event::ServerHello(hello, place) => {
            check_server(&hello);
            Told::Server(hello, place.record_version, place.cut)
        }
        other => Told::Other(format!("{other:?}")),
    };
    events.into_iter().map(told).collect()
}

fn check_ssl2(bytes: &[u8]) {
    let opening = ssl2::opening(bytes);
    let payload = bytes.get(2..).unwrap_or_default();
    match opening {
        Opening::ClientHello(length) => {
            let hello = ssl2::client_hello(payload, length);
            check_client(&hello, length);
            assert_eq!(hello.captured, payload.len() >= length);
            let some = payload.len().min(length) / 2;
            let beginning = ssl2::client_hello(&payload[..some], length);
            if some < length {
                assert_client_begins(&hello, &beginning);
            }
        }
        Opening::ServerHello(length) => check_server(&ssl2::server_hello(payload, length)),
        Opening::No | Opening::Unclear => {}
    }
    // Fewer bytes can leave it open, but never say otherwise.
    let fewer = ssl2::opening(&bytes[..bytes.len() / 2]);
    assert!(fewer == Opening::Unclear || fewer == opening, "{fewer:?} became {opening:?}");
}
