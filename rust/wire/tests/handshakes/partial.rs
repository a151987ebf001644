//! Hellos of which only a part was captured, or that contradict themselves.

use tlsaudit_wire::handshake::{Defect, Outcome};

use super::hellos::{client_hello, extension, record, tls10_client, tls13_client, tls13_server};
use super::network::{Connection, read};

#[test]
fn the_snap_length_leaves_what_was_captured() {
    let mut connection = Connection::opened();
    connection.send(true, &tls13_client()).send(false, &tls13_server());
    // Record 5, message 4, version 2, random 32, session id 1, length 2, one suite of two.
    connection.packets[3].cut = tls13_client().len() - 48;
    let row = connection.row();
    let hello = row.offer.unwrap().hello;
    assert!(!hello.complete);
    assert_eq!(hello.cipher_suites().unwrap().len(), 1);
    assert_eq!(hello.extensions(), None);
    assert_eq!(row.defect, Some((Defect::Truncated, "frame 4, ClientHello.cipher_suites".into())));
    assert_eq!(row.missed_bytes, u64::try_from(tls13_client().len() - 48).unwrap());
    // The server's direction is whole.
    assert_eq!(row.choice.unwrap().hello.supported_version.unwrap().0, 0x0304);
}

#[test]
fn a_cut_between_two_protocols_keeps_the_first() {
    // list 6 | 2 "h2" | 2 "h3"
    let alpn = extension(16, &[0, 6, 2, b'h', b'2', 2, b'h', b'3']);
    let hello = record(22, 0x0301, &client_hello(0x0303, &[0xC02F], &[alpn]));
    let mut connection = Connection::opened();
    connection.send(true, &hello);
    connection.packets[3].cut = 3;
    assert_eq!(connection.row().offer.unwrap().hello.alpn().unwrap(), ["h2"]);
}

#[test]
fn of_an_extension_that_comes_twice_the_first_counts() {
    let twice = [extension(10, &[0, 2, 0, 29]), extension(10, &[0, 2, 0, 23])];
    let hello = record(22, 0x0301, &client_hello(0x0303, &[0xC02F], &twice));
    let mut connection = Connection::opened();
    connection.send(true, &hello);
    let hello = connection.row().offer.unwrap().hello;
    let groups = hello.groups().unwrap();
    assert_eq!(groups.iter().map(|group| group.0).collect::<Vec<_>>(), [29]);
}

#[test]
fn a_lost_segment_is_a_gap_and_the_rest_is_read() {
    let hello = tls13_client();
    let mut connection = Connection::opened();
    connection
        .send(true, &hello[..60])
        .lose(true, u32::try_from(hello.len() - 60).unwrap())
        .send(false, &tls13_server())
        .send(true, &record(20, 0x0303, &[1]));
    let row = connection.row();
    assert_eq!(
        row.defect,
        Some((Defect::Gap, "frame 4, ClientHello.extensions.server_name".into()))
    );
    assert!(row.choice.unwrap().hello.complete);
}

#[test]
fn a_lost_server_hello_is_not_an_unanswered_hello() {
    let mut connection = Connection::opened();
    connection
        .send(true, &tls13_client())
        .lose(false, 90)
        .send(false, &record(23, 0x0303, &[0; 80]));
    assert_eq!(connection.row().outcome, Outcome::ClientOnly);
}

#[test]
fn a_capture_that_ends_in_a_hello_gives_its_beginning() {
    let mut connection = Connection::opened();
    connection.send(true, &tls10_client()[..50]);
    let row = connection.row();
    assert_eq!(row.defect.unwrap().0, Defect::Truncated);
    assert_eq!(row.offer.unwrap().hello.legacy_version.unwrap().0, 0x0301);
}

#[test]
fn lengths_that_contradict_each_other_are_malformed() {
    let mut hello = client_hello(0x0303, &[0x002F, 0x0035], &[]);
    hello[40] = 3; // cipher_suites: an odd number of bytes
    let mut connection = Connection::opened();
    connection.send(true, &record(22, 0x0301, &hello));
    let row = connection.row();
    assert_eq!(row.defect, Some((Defect::Malformed, "frame 4, ClientHello.cipher_suites".into())));
    assert_eq!(row.offer.unwrap().hello.cipher_suites().unwrap().len(), 1);
}

#[test]
fn a_hello_that_promises_megabytes_stops_at_the_bound() {
    let mut connection = Connection::opened();
    let mut hello = client_hello(0x0303, &[0x002F], &[]);
    hello[1] = 0x01;
    hello[2] = 0xFF;
    hello.resize(16_384, 0);
    connection.send(true, &record(22, 0x0301, &hello));
    for _ in 0..10 {
        connection.send(true, &record(22, 0x0301, &[0; 16_000]));
    }
    let row = connection.row();
    assert!(!row.offer.unwrap().hello.complete);
    assert!(matches!(row.defect, Some((Defect::Limit | Defect::Malformed, _))), "{:?}", row.defect);
}

#[test]
fn every_prefix_of_a_capture_is_read_without_losing_what_it_holds() {
    let mut connection = Connection::opened();
    connection.send(true, &tls13_client()).send(false, &tls13_server());
    let file = connection.pcap();
    for end in 0..file.len() {
        let (rows, summary) = read(&file[..end]);
        assert!(rows.len() <= 1);
        let error = summary.error.map(|error| error.name());
        assert!(
            matches!(error, None | Some("cut" | "empty" | "not_a_capture")),
            "{end}: {error:?}"
        );
    }
}

#[test]
fn plain_text_gives_no_row() {
    let mut connection = Connection::opened();
    connection.send(true, b"GET / HTTP/1.1\r\n\r\n").send(false, b"HTTP/1.1 200 OK\r\n\r\n");
    assert!(connection.rows().is_empty());
    // Nor does a file transfer that happens to hold a broken hello.
    let mut noise = tls13_client();
    noise[43] = 0xFF;
    connection.send(false, &noise);
    assert!(connection.rows().is_empty());
}

#[test]
fn tls_that_is_older_than_the_capture_is_counted() {
    let unheard = |send: &dyn Fn(&mut Connection)| {
        let mut connection = Connection::without_opening();
        send(&mut connection);
        let (rows, summary) = read(&connection.pcap());
        assert_eq!(summary.tls_streams, u32::from(!rows.is_empty()));
        summary.unheard_streams
    };
    let data = record(23, 0x0303, &[0xEE; 40]);
    assert_eq!(unheard(&|both| _ = both.send(true, &data).send(false, &data)), 1);
    // The middle of a record first.
    assert_eq!(unheard(&|both| _ = both.send(false, &[0xEE; 900]).send(false, &data)), 1);
    // Two records in a segment, and the beginning of a long one.
    assert_eq!(unheard(&|one| _ = one.send(true, &[&data[..], &data[..]].concat())), 1);
    assert_eq!(unheard(&|one| _ = one.send(true, &record(23, 0x0301, &[0; 9000])[..1400])), 1);
    // Other bytes behind what would be a record, or one too short to be protected.
    assert_eq!(unheard(&|one| _ = one.send(true, &[&data[..], b"GET / HTTP"].concat())), 0);
    assert_eq!(unheard(&|one| _ = one.send(true, &record(23, 0x0303, &[0; 9]))), 0);
    // With its hello it has a row.
    let hello = tls10_client();
    assert_eq!(unheard(&|both| _ = both.send(true, &hello).send(true, &data)), 0);
}
