//! The same bodies of hellos to this reader and to `tls-parser`. Where the two may differ there is
//! a branch with its reason; everything else must be equal.

use proptest::collection::vec;
use proptest::prelude::*;
use tls_parser::{
    TlsExtension, TlsMessageHandshake, parse_tls_client_hello_extension,
    parse_tls_extension_unknown, parse_tls_handshake_client_hello,
    parse_tls_handshake_msg_server_hello, parse_tls_server_hello_extension,
};
use tlsaudit_wire::tls::client_hello::ClientHello;
use tlsaudit_wire::tls::escape::escaped;
use tlsaudit_wire::tls::server_hello::ServerHello;

use crate::cases;

type Checked = Result<(), TestCaseError>;

/// One extension: its type, its body, and all of its bytes.
type Extension<'a> = (u16, &'a [u8], &'a [u8]);

/// The extensions of a list up to the first whose length does not fit, and whether all fit.
fn extensions(mut list: &[u8]) -> (Vec<Extension<'_>>, bool) {
    let mut found = Vec::new();
    while !list.is_empty() {
        let Ok((rest, TlsExtension::Unknown(kind, body))) = parse_tls_extension_unknown(list)
        else {
            return (found, false);
        };
        found.push((kind.0, body, &list[..list.len() - rest.len()]));
        list = rest;
    }
    (found, true)
}

/// What `tls-parser` makes of the first extension of a type; `None` where there is none, or where it
/// refuses it.
fn first<'a>(
    found: &[Extension<'a>],
    kind: u16,
    parse: impl Fn(&'a [u8]) -> Option<TlsExtension<'a>>,
) -> Option<TlsExtension<'a>> {
    let (_, _, bytes) = found.iter().find(|each| each.0 == kind)?;
    parse(bytes)
}

fn of_client(bytes: &[u8]) -> Option<TlsExtension<'_>> {
    parse_tls_client_hello_extension(bytes).ok().map(|(_, extension)| extension)
}

fn of_server(bytes: &[u8]) -> Option<TlsExtension<'_>> {
    parse_tls_server_hello_extension(bytes).ok().map(|(_, extension)| extension)
}

/// The types that this reader lists: of one whose length does not fit it has the type, and stops.
fn check_types(ours: Option<&[u16]>, found: &[Extension<'_>], fits: bool) -> Checked {
    let theirs: Vec<u16> = found.iter().map(|each| each.0).collect();
    let ours = ours.unwrap_or_default();
    if fits {
        prop_assert_eq!(ours, &theirs);
    } else {
        prop_assert!(ours.starts_with(&theirs) && ours.len() <= theirs.len() + 1);
    }
    Ok(())
}

/// A session id as this reader keeps it.
fn session(id: &[u8]) -> ([u8; 32], u8) {
    let mut kept = [0; 32];
    kept.iter_mut().zip(id).for_each(|(to, from)| *to = *from);
    (kept, id.len() as u8)
}

/// Whether a ClientHello is read alike; `body` is all of it.
pub fn check_client(body: &[u8]) -> Checked {
    let ours = ClientHello::read(body, body.len());
    let Ok((rest, theirs)) = parse_tls_handshake_client_hello(body) else {
        // tls-parser refuses what this reader reads up to the place that is wrong.
        prop_assert!(ours.fault.is_some(), "{:?}", ours);
        return Ok(());
    };
    prop_assert_eq!(ours.legacy_version.map(|version| version.0), Some(theirs.version.0));
    prop_assert_eq!(ours.random.as_ref().map(|random| &random[..]), Some(theirs.random));
    prop_assert_eq!(ours.session_id, Some(session(theirs.session_id.unwrap_or_default())));
    let suites: Vec<u16> = ours.cipher_suites().unwrap().iter().map(u16::from).collect();
    let expected: Vec<u16> = theirs.ciphers.iter().map(|suite| suite.0).collect();
    prop_assert_eq!(suites, expected);
    prop_assert_eq!(ours.offers_null_compression, theirs.comp.iter().any(|method| method.0 == 0));
    if !rest.is_empty() {
        // tls-parser leaves bytes for which no length speaks; here that is a fault.
        prop_assert!(ours.fault.is_some(), "{:?}", ours);
    }
    let Some(list) = theirs.ext else {
        prop_assert_eq!(ours.extensions(), None);
        return Ok(());
    };
    let (found, fits) = extensions(list);
    let types: Option<Vec<u16>> = ours.extensions().map(|all| all.iter().map(u16::from).collect());
    check_types(types.as_deref(), &found, fits)?;
    prop_assert!(fits || ours.fault.is_some());

    let absent = |kind: u16| fits && found.iter().all(|each| each.0 != kind);
    prop_assert!(!absent(10) || ours.groups().is_none());
    prop_assert!(!absent(11) || ours.point_formats().is_none());
    prop_assert!(!absent(13) || ours.signature_algorithms().is_none());
    prop_assert!(!absent(16) || ours.alpn().is_none());
    prop_assert!(!absent(43) || ours.supported_versions().is_none());
    let name = match first(&found, 0, of_client) {
        Some(TlsExtension::SNI(names)) => names
            .iter()
            .find(|(kind, _)| kind.0 == 0)
            .map(|(_, name)| escaped(&name.to_ascii_lowercase())),
        _ => None,
    };
    // Of several extensions the first that names a host counts; tls-parser is asked about the first.
    if name.is_some() || found.iter().filter(|each| each.0 == 0).count() < 2 {
        prop_assert_eq!(&ours.server_name, &name);
    }
    let versions: Option<Vec<u16>> =
        ours.supported_versions().map(|all| all.iter().map(u16::from).collect());
    let body = found.iter().find(|each| each.0 == 43).map_or(&[][..], |each| each.1);
    // tls-parser takes two bytes for a server's answer, and passes over the list's own length.
    let promised = body.first().map(|&length| usize::from(length) + 1);
    if body.len() != 2 && promised == Some(body.len()) && body.len() % 2 == 1 {
        let Some(TlsExtension::SupportedVersions(theirs)) = first(&found, 43, of_client) else {
            return Err(TestCaseError::fail("tls-parser reads no supported_versions"));
        };
        prop_assert_eq!(versions, Some(theirs.iter().map(|version| version.0).collect()));
    } else if !body.is_empty()
        && found.iter().filter(|each| each.0 == 43).count() == 1
        && promised != Some(body.len())
    {
        // Its length contradicts the list's: more is not read, less is what the list says.
        prop_assert_eq!(versions.is_none(), promised > Some(body.len()));
    }
    // Of a list with half a number at its end tls-parser gives nothing, this reader the whole ones.
    if let Some(TlsExtension::EllipticCurves(groups)) = first(&found, 10, of_client) {
        let groups: Vec<u16> = groups.iter().map(|group| group.0).collect();
        prop_assert_eq!(
            ours.groups().map(|all| all.iter().map(u16::from).collect::<Vec<_>>()),
            Some(groups)
        );
    }
    if let Some(TlsExtension::EcPointFormats(formats)) = first(&found, 11, of_client) {
        prop_assert_eq!(ours.point_formats(), Some(formats));
    }
    if let Some(TlsExtension::SignatureAlgorithms(algorithms)) = first(&found, 13, of_client) {
        let ours = ours.signature_algorithms().map(|all| all.iter().collect::<Vec<u16>>());
        prop_assert_eq!(ours, Some(algorithms));
    }
    if let Some(TlsExtension::ALPN(protocols)) = first(&found, 16, of_client) {
        let protocols: Vec<String> = protocols.into_iter().map(escaped).collect();
        prop_assert_eq!(ours.alpn(), Some(protocols));
    }
    Ok(())
}

/// Whether a ServerHello is read alike; `body` is all of it.
pub fn check_server(body: &[u8]) -> Checked {
    let ours = ServerHello::read(body, body.len());
    // tls-parser knows SSL 3.0 to TLS 1.2 and draft 18; this reader goes by any number.
    if !matches!(body, [3, 0..=3, ..] | [0x7F, 0x12, ..]) {
        return Ok(());
    }
    let Ok((rest, message)) = parse_tls_handshake_msg_server_hello(body) else {
        prop_assert!(ours.fault.is_some(), "{:?}", ours);
        return Ok(());
    };
    let (random, suite, list) = match &message {
        TlsMessageHandshake::ServerHello(theirs) => {
            prop_assert_eq!(ours.legacy_version.map(|version| version.0), Some(theirs.version.0));
            prop_assert_eq!(ours.session_id, Some(session(theirs.session_id.unwrap_or_default())));
            prop_assert_eq!(ours.compression_method, Some(theirs.compression.0));
            (theirs.random, theirs.cipher, theirs.ext)
        }
        TlsMessageHandshake::ServerHelloV13Draft18(theirs) => {
            prop_assert_eq!(ours.legacy_version.map(|version| version.0), Some(theirs.version.0));
            prop_assert_eq!((&ours.session_id, ours.compression_method), (&None, None));
            (theirs.random, theirs.cipher, theirs.ext)
        }
        other => return Err(TestCaseError::fail(format!("{other:?}"))),
    };
    prop_assert_eq!(ours.random.as_ref().map(|random| &random[..]), Some(random));
    prop_assert_eq!(ours.cipher_suite.map(|suite| suite.0), Some(suite.0));
    if body.starts_with(&[3, 0]) {
        // Some servers of SSL 3.0 answer with extensions all the same; tls-parser leaves them.
        return Ok(());
    }
    if !rest.is_empty() {
        prop_assert!(ours.fault.is_some(), "{:?}", ours);
    }
    let Some(list) = list else {
        prop_assert_eq!(ours.extensions(), None);
        return Ok(());
    };
    let (found, fits) = extensions(list);
    let types: Option<Vec<u16>> = ours.extensions().map(|all| all.iter().map(u16::from).collect());
    check_types(types.as_deref(), &found, fits)?;
    prop_assert!(fits || ours.fault.is_some());
    let of_two_bytes = found.iter().find(|each| each.0 == 43).is_some_and(|each| each.1.len() == 2);
    if let Some(TlsExtension::SupportedVersions(versions)) = first(&found, 43, of_server) {
        // tls-parser takes any but two bytes for a client's list.
        if of_two_bytes {
            prop_assert_eq!(ours.supported_version.map(|v| v.0), Some(versions[0].0));
        }
    }
    if let Some(TlsExtension::KeyShare(share)) = first(&found, 51, of_server) {
        let has_draft = found.iter().any(|each| each.0 == 40);
        let group = share.first_chunk::<2>().map(|bytes| u16::from_be_bytes(*bytes));
        // The number of drafts counts too, where it comes first.
        if !has_draft && group.is_some() {
            prop_assert_eq!(ours.key_share_group.map(|group| group.0), group);
        }
    }
    if let Some(TlsExtension::ALPN(protocols)) = first(&found, 16, of_server) {
        // tls-parser gives the protocols before one that is cut, this reader the first alone.
        if found.iter().filter(|each| each.0 == 16).count() == 1 || !protocols.is_empty() {
            prop_assert_eq!(ours.alpn(), protocols.first().map(|name| escaped(name)));
        }
    }
    Ok(())
}

/// A list behind its length, which is now and then wrong.
fn counted(length_of: usize, body: Vec<u8>, wrong: i8) -> Vec<u8> {
    let length = body.len().saturating_add_signed(isize::from(wrong));
    let mut bytes = match length_of {
        1 => vec![length as u8],
        _ => (length as u16).to_be_bytes().to_vec(),
    };
    bytes.extend(body);
    bytes
}

fn wrong() -> impl Strategy<Value = i8> {
    prop_oneof![30 => Just(0_i8), 1 => -3..4_i8]
}

fn numbers(count: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u16>(), 0..count).prop_map(|all| all.into_iter().flat_map(u16::to_be_bytes).collect())
}

fn names() -> impl Strategy<Value = Vec<u8>> {
    let name = (prop_oneof![8 => Just(0_u8), 1 => any::<u8>()], vec(any::<u8>(), 0..20), wrong());
    vec(name, 0..3).prop_map(|all| {
        let one = |(kind, name, wrong)| [vec![kind], counted(2, name, wrong)].concat();
        all.into_iter().flat_map(one).collect()
    })
}

fn protocols() -> impl Strategy<Value = Vec<u8>> {
    vec((vec(any::<u8>(), 0..12), wrong()), 0..4)
        .prop_map(|all| all.into_iter().flat_map(|(name, wrong)| counted(1, name, wrong)).collect())
}

/// An extension of a type that is read, or of any.
fn extension() -> impl Strategy<Value = Vec<u8>> {
    let list = |length_of: usize, list: BoxedStrategy<Vec<u8>>| {
        (list, wrong()).prop_map(move |(body, wrong)| counted(length_of, body, wrong))
    };
    let kind = |kind: u16, body: BoxedStrategy<Vec<u8>>| (Just(kind), body).boxed();
    let body = prop_oneof![
        kind(0, list(2, names().boxed()).boxed()),
        kind(10, list(2, numbers(8).boxed()).boxed()),
        kind(11, list(1, vec(any::<u8>(), 0..4).boxed()).boxed()),
        kind(13, list(2, numbers(8).boxed()).boxed()),
        kind(16, list(2, protocols().boxed()).boxed()),
        kind(43, list(1, numbers(6).boxed()).boxed()),
        kind(43, vec(any::<u8>(), 2..=2).boxed()),
        kind(
            51,
            (any::<u16>(), vec(any::<u8>(), 0..40))
                .prop_map(|(group, key)| {
                    [group.to_be_bytes().to_vec(), counted(2, key, 0)].concat()
                })
                .boxed()
        ),
        (any::<u16>(), vec(any::<u8>(), 0..20)).boxed(),
        (Just(0x1A1A_u16), Just(Vec::new())).boxed(),
    ];
    (body, wrong()).prop_map(|((kind, body), wrong)| {
        [kind.to_be_bytes().to_vec(), counted(2, body, wrong)].concat()
    })
}

/// Extensions behind their length, or nothing at all.
fn extension_list() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        1 => Just(Vec::new()),
        6 => (vec(extension(), 0..8), wrong())
            .prop_map(|(all, wrong)| counted(2, all.concat(), wrong)),
    ]
}

fn start(versions: impl Strategy<Value = u16>) -> impl Strategy<Value = Vec<u8>> {
    (versions, vec(any::<u8>(), 32..=32))
        .prop_map(|(version, random)| [version.to_be_bytes().to_vec(), random].concat())
}

fn session_id() -> impl Strategy<Value = Vec<u8>> {
    (vec(any::<u8>(), 0..=33), wrong()).prop_map(|(id, wrong)| counted(1, id, wrong))
}

/// The body of a ClientHello.
pub fn client_body() -> impl Strategy<Value = Vec<u8>> {
    let suites = (numbers(40), wrong()).prop_map(|(all, wrong)| counted(2, all, wrong));
    let methods = (vec(0..3_u8, 0..3), wrong()).prop_map(|(all, wrong)| counted(1, all, wrong));
    (start(any::<u16>()), session_id(), suites, methods, extension_list())
        .prop_map(|(start, id, suites, methods, list)| [start, id, suites, methods, list].concat())
}

/// The body of a ServerHello.
pub fn server_body() -> impl Strategy<Value = Vec<u8>> {
    let version = prop_oneof![8 => 0x0300..0x0304_u16, 1 => any::<u16>()];
    let usual = (start(version), session_id(), any::<[u8; 3]>(), extension_list())
        .prop_map(|(start, id, choice, list)| [start, id, choice.to_vec(), list].concat());
    let draft = (start(Just(0x7F12)), any::<[u8; 2]>(), extension_list())
        .prop_map(|(start, choice, list)| [start, choice.to_vec(), list].concat());
    prop_oneof![5 => usual, 1 => draft]
}

/// Bytes with some changed, and some cut off.
fn changed(body: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (body, vec((any::<usize>(), any::<u8>()), 0..3), prop_oneof![2 => Just(0), 1 => 0..200_usize])
        .prop_map(|(mut body, changes, cut)| {
            for (place, value) in changes {
                let place = place % body.len();
                body[place] = value;
            }
            body.truncate(body.len().saturating_sub(cut));
            body
        })
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn client_hellos_as_tls_parser_reads_them(body in changed(client_body())) {
        check_client(&body)?;
    }

    #[test]
    fn server_hellos_as_tls_parser_reads_them(body in changed(server_body())) {
        check_server(&body)?;
    }
}
