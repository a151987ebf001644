//! Single packets, those of the RFCs first.

use tlsaudit_wire::quic::frames::{Frame, Frames};
use tlsaudit_wire::quic::header::{ConnectionId, LongPacket};
use tlsaudit_wire::quic::keys::Keys;
use tlsaudit_wire::quic::opens_with;
use tlsaudit_wire::quic::version::Version;

use crate::{CLIENT, Listener, SERVER, bytes, sealing, vectors};

const ID: &str = "8394c8f03e515708";

fn derived(version: u32, from_client: bool) -> [String; 3] {
    let keys = sealing::keys(version, &bytes(ID), from_client);
    let digits = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    [digits(&keys.key), digits(&keys.iv), digits(&keys.hp)]
}

#[test]
fn keys_are_those_of_the_rfcs() {
    let expected = [
        (
            1,
            true,
            "1f369613dd76d5467730efcbe3b1a22d fa044b2f42a3fd3b46fb255c 9f50449e04a0e810283a1e9933adedd2",
        ),
        (
            1,
            false,
            "cf3a5331653c364c88f0f379b6067e37 0ac1493ca1905853b0bba03e c206b8d9b9f0f37644430b490eeaa314",
        ),
        (
            0x6B33_43CF,
            true,
            "8b1a0bc121284290a29e0971b5cd045d 91f73e2351d8fa91660e909f 45b95e15235d6f45a6b19cbcb0294ba9",
        ),
        (
            0x6B33_43CF,
            false,
            "82db637861d55e1d011f19ea71d5d2a7 dd13c276499c0249d3310652 edf6d05c83121201b436e16877593c3a",
        ),
    ];
    for (version, from_client, keys) in expected {
        assert_eq!(derived(version, from_client).join(" "), keys);
    }
}

#[test]
fn packets_of_the_rfcs_give_their_hellos() {
    for (client, server) in
        [(vectors::CLIENT_V1, vectors::SERVER_V1), (vectors::CLIENT_V2, vectors::SERVER_V2)]
    {
        let mut listener = Listener::default();
        assert_eq!(listener.datagram(CLIENT, &bytes(client)), Some(0));
        assert_eq!(listener.datagram(SERVER, &bytes(server)), Some(0));
        assert_eq!(
            listener.story(),
            ["0 client: hello to example.com in 1", "0 server: 1301 in 2"]
        );
        // The same again is nothing new.
        listener.datagram(CLIENT, &bytes(client));
        listener.datagram(SERVER, &bytes(server));
        listener.end();
        assert_eq!(listener.heard.len(), 2);
    }
}

#[test]
fn a_packet_of_the_server_alone_gives_nothing() {
    let mut listener = Listener::default();
    assert_eq!(listener.datagram(SERVER, &bytes(vectors::SERVER_V1)), None);
    listener.end();
    assert!(listener.heard.is_empty() && listener.connections.is_empty());
}

#[test]
fn a_bit_that_is_wrong_anywhere_makes_it_no_packet() {
    let packet = bytes(vectors::CLIENT_V1);
    for at in (0..packet.len()).filter(|at| *at < 64 || at % 16 == 0) {
        let mut wrong = packet.clone();
        wrong[at] ^= 0x04;
        let mut listener = Listener::default();
        listener.datagram(CLIENT, &wrong);
        listener.end();
        assert!(listener.heard.is_empty(), "byte {at}");
    }
}

#[test]
fn a_cut_packet_gives_the_beginning_of_its_hello() {
    let packet = bytes(vectors::CLIENT_V1);
    // Of the bytes at 22 on, four are the CRYPTO frame's header, then comes the hello.
    for length in 0..packet.len() {
        let mut listener = Listener::default();
        listener.cut_datagram(CLIENT, &packet[..length], packet.len());
        listener.end();
        let expected = match length {
            // Neither the sample nor version and length of the hello were captured.
            0..38 => vec![],
            38..267 if length < 95 => vec!["0 client: hello to nobody in 1, cut"],
            38..267 => vec!["0 client: hello to example.com in 1, cut"],
            _ => vec!["0 client: hello to example.com in 1"],
        };
        assert_eq!(listener.story(), expected, "{length} bytes");
    }
}

#[test]
fn a_packet_longer_than_its_datagram_is_none() {
    let packet = bytes(vectors::CLIENT_V1);
    let mut listener = Listener::default();
    listener.datagram(CLIENT, &packet[..700]);
    listener.end();
    assert!(listener.heard.is_empty());
}

#[test]
fn a_cut_packet_is_what_the_whole_one_is() {
    let packet = bytes(vectors::CLIENT_V1);
    let keys = sealing::keys(1, &bytes(ID), true);
    let (whole, _) = LongPacket::read(&packet).unwrap();
    let whole = keys.open(&whole).unwrap();
    let (cut, _) = LongPacket::read(&packet[..500]).unwrap();
    let cut = keys.open(&cut).unwrap();
    assert!(whole.authentic && !cut.authentic);
    assert_eq!((whole.number, cut.number), (2, 2));
    assert_eq!(whole.frames[..cut.frames.len()], cut.frames);
    // Of the tag nothing is taken for frames.
    let (cut, _) = LongPacket::read(&packet[..packet.len() - 3]).unwrap();
    assert_eq!(keys.open(&cut).unwrap().frames, whole.frames);
}

#[test]
fn what_seals_in_these_tests_does_as_the_rfc() {
    let packet = bytes(vectors::CLIENT_V1);
    let keys = sealing::keys(1, &bytes(ID), true);
    let (read, _) = LongPacket::read(&packet).unwrap();
    let opened = keys.open(&read).unwrap();
    let id = bytes(ID);
    let route = sealing::Route { version: 1, destination: &id, source: &[], token: &[] };
    let sealed = sealing::initial(&keys, route, 2, &opened.frames);
    let (read, behind) = LongPacket::read(&sealed).unwrap();
    assert!(behind.is_empty());
    assert_eq!(keys.open(&read).unwrap().frames, opened.frames);
    assert!(matches!(
        Frames::new(&opened.frames, false).next(),
        Some(Frame::Crypto { offset: 0, .. })
    ));
}

#[test]
fn every_known_version_has_its_own_keys_or_shares_them() {
    let id = ConnectionId::new(&bytes(ID)).unwrap();
    let keys = |version: u32| Keys::of_client(Version(version).protections()[0], &id);
    for (version, like) in [(0xFF00_0021, 1), (0xFF00_0022, 1), (0xFF00_0020, 0xFF00_001D)] {
        assert_eq!(keys(version), keys(like));
    }
    let distinct =
        [1, 0x6B33_43CF, 0xFF00_001D, 0xFF00_001C, 0xFF00_0016, 0x5430_3530, 0x5430_3531];
    for (at, version) in distinct.iter().enumerate() {
        assert!(distinct[..at].iter().all(|other| keys(*other) != keys(*version)));
    }
}

#[test]
fn only_initial_packets_of_known_versions_are_listened_to() {
    assert!(opens_with(&bytes(vectors::CLIENT_V1)));
    assert!(opens_with(&bytes(vectors::CLIENT_V2)));
    assert!(opens_with(&[0xC0, 0x1A, 0x2A, 0x3A, 0x4A])); // reserved
    assert!(!opens_with(&[0xC0, 0x51, 0x30, 0x35, 0x30])); // Q050 has no TLS inside
    assert!(!opens_with(&[0xC0, 0, 0, 0, 0])); // Version Negotiation
    assert!(!opens_with(&[0xE0, 0, 0, 0, 1])); // Handshake
    assert!(!opens_with(&[0xC0, 0x6B, 0x33, 0x43, 0xCF])); // Retry of version 2
    assert!(!opens_with(&[0x40, 0, 0, 0, 1])); // a short header
    assert!(!opens_with(&[0xC0, 0, 0, 0]));
}
