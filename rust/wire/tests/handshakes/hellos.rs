//! Builds hellos and records from their fields, and checks that the fields come back.

use super::network::Connection;

/// `type length body`.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[1..], body].concat()
}

/// `type version length payload`.
pub fn record(kind: u8, version: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).unwrap().to_be_bytes();
    [&[kind], &version.to_be_bytes()[..], &length, payload].concat()
}

fn vector16(bytes: &[u8]) -> Vec<u8> {
    [&u16::try_from(bytes.len()).unwrap().to_be_bytes()[..], bytes].concat()
}

pub fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
    [&kind.to_be_bytes()[..], &vector16(body)].concat()
}

/// A ClientHello's message.
pub fn client_hello(version: u16, suites: &[u16], extensions: &[Vec<u8>]) -> Vec<u8> {
    let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
    let mut body =
        [&version.to_be_bytes()[..], &[7; 32], &[0], &vector16(&suites), &[1, 0]].concat();
    if !extensions.is_empty() {
        body.extend(vector16(&extensions.concat()));
    }
    message(1, &body)
}

/// A ServerHello's message.
pub fn server_hello(version: u16, suite: u16, extensions: &[Vec<u8>]) -> Vec<u8> {
    let mut body =
        [&version.to_be_bytes()[..], &[8; 32], &[0], &suite.to_be_bytes(), &[0]].concat();
    if !extensions.is_empty() {
        body.extend(vector16(&extensions.concat()));
    }
    message(2, &body)
}

/// What a client of TLS 1.0 sends.
pub fn tls10_client() -> Vec<u8> {
    record(
        22,
        0x0301,
        &client_hello(0x0301, &[0x002F, 0x000A], &[server_name(b"old.example.test")]),
    )
}

/// What a client of TLS 1.3 sends.
pub fn tls13_client() -> Vec<u8> {
    let extensions = [
        server_name(b"new.example.test"),
        extension(43, &[4, 3, 4, 3, 3]),
        extension(10, &[0, 4, 0, 29, 0, 23]),
        extension(16, &[0, 3, 2, b'h', b'2']),
    ];
    record(22, 0x0301, &client_hello(0x0303, &[0x1301, 0xC02F], &extensions))
}

/// What a server of TLS 1.3 answers.
pub fn tls13_server() -> Vec<u8> {
    let extensions = [extension(43, &[3, 4]), extension(51, &[0, 29, 0, 1, 9])];
    record(22, 0x0303, &server_hello(0x0303, 0x1301, &extensions))
}

pub fn server_name(name: &[u8]) -> Vec<u8> {
    let entry = [&[0], &vector16(name)[..]].concat();
    extension(0, &vector16(&entry))
}

#[test]
fn fields_of_both_hellos_come_back() {
    let mut connection = Connection::opened();
    connection.send(true, &tls13_client()).send(false, &tls13_server());
    let row = connection.row();
    let offer = row.offer.unwrap();
    assert_eq!((offer.frame, offer.record_version), (4, Some(0x0301)));
    assert!(offer.hello.complete);
    assert_eq!(offer.hello.legacy_version.unwrap().0, 0x0303);
    let versions: Vec<u16> =
        offer.hello.supported_versions().unwrap().iter().map(|v| v.0).collect();
    assert_eq!(versions, [0x0304, 0x0303]);
    let suites: Vec<u16> = offer.hello.cipher_suites().unwrap().iter().map(|s| s.0).collect();
    assert_eq!(suites, [0x1301, 0xC02F]);
    assert_eq!(offer.hello.server_name.as_deref(), Some("new.example.test"));
    assert_eq!(offer.hello.alpn().unwrap(), ["h2"]);
    let choice = row.choice.unwrap();
    assert_eq!(choice.frame, 5);
    assert_eq!(choice.hello.supported_version.unwrap().0, 0x0304);
    assert_eq!(choice.hello.cipher_suite.unwrap().0, 0x1301);
    assert_eq!(row.negotiated_group.unwrap().0, 29);
    assert_eq!((row.client.port(), row.server.port()), (Some(50_000), Some(443)));
    assert_eq!(row.defect, None);
}

#[test]
fn a_hostile_server_name_is_escaped() {
    let mut connection = Connection::opened();
    let hello = client_hello(0x0303, &[0x002F], &[server_name(b"A\x1b[31m\xff.test")]);
    connection.send(true, &record(22, 0x0301, &hello));
    let name = connection.row().offer.unwrap().hello.server_name;
    assert_eq!(name.as_deref(), Some("a\\x1b[31m\\xff.test"));
}

#[test]
fn the_chinese_profile_is_shown_as_it_is() {
    let mut connection = Connection::opened();
    connection
        .send(true, &record(22, 0x0101, &client_hello(0x0101, &[0xE013], &[])))
        .send(false, &record(22, 0x0101, &server_hello(0x0101, 0xE013, &[])));
    let row = connection.row();
    assert_eq!(row.choice.unwrap().hello.legacy_version.unwrap().0, 0x0101);
}

#[test]
fn a_draft_of_tls_1_3_has_neither_session_id_nor_compression() {
    let body = [&[0x7F, 0x12][..], &[8; 32], &[0x13, 0x01], &[0, 0]].concat();
    let mut connection = Connection::opened();
    connection.send(true, &tls13_client()).send(false, &record(22, 0x0301, &message(2, &body)));
    let hello = connection.row().choice.unwrap().hello;
    assert!(hello.complete);
    assert_eq!(hello.legacy_version.unwrap().0, 0x7F12);
    assert_eq!((hello.cipher_suite.unwrap().0, hello.compression_method), (0x1301, None));
}
