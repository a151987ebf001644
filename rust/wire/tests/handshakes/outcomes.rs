//! How a handshake went, from what was captured of it.

use tlsaudit_wire::handshake::{Defect, Outcome, Party};
use tlsaudit_wire::stream::Closing;

use super::hellos::{message, record, server_hello, tls10_client, tls13_client, tls13_server};
use super::network::{ACK, Connection, FIN, RST};

fn tls10_server() -> Vec<u8> {
    record(
        22,
        0x0301,
        &[server_hello(0x0301, 0x000A, &[]), message(11, &[0; 90]), message(14, &[])].concat(),
    )
}

fn finished(version: u16) -> Vec<u8> {
    [record(20, version, &[1]), record(22, version, &[0xEE; 40])].concat()
}

#[test]
fn tls_1_0_is_completed_when_both_have_finished() {
    let mut connection = Connection::opened();
    connection
        .send(true, &tls10_client())
        .send(false, &tls10_server())
        .send(true, &finished(0x0301));
    assert_eq!(connection.row().outcome, Outcome::HellosOnly);
    connection.send(false, &finished(0x0301));
    let row = connection.row();
    assert_eq!(row.outcome, Outcome::Completed);
    assert_eq!(row.resumed, Some(false));
    // Client: key change and Finished. Server: what its record held after the hello, and the same.
    assert_eq!(row.payload_bytes, 51 + 98 + 51);
}

#[test]
fn tls_1_3_is_completed_when_the_client_has_finished_and_more_follows() {
    let mut connection = Connection::opened();
    connection
        .send(true, &tls13_client())
        .send(false, &tls13_server())
        .send(false, &record(23, 0x0303, &[0; 900]))
        .send(true, &record(20, 0x0303, &[1]))
        .send(true, &record(23, 0x0303, &[0; 53]));
    assert_eq!(connection.row().outcome, Outcome::HellosOnly);
    connection.send(true, &record(23, 0x0303, &[0; 99]));
    assert_eq!(connection.row().outcome, Outcome::Completed);
}

#[test]
fn tls_1_3_failed_when_the_client_sent_an_encrypted_alert_and_closed() {
    let mut connection = Connection::opened();
    connection
        .send(true, &tls13_client())
        .send(false, &tls13_server())
        .send(false, &record(23, 0x0303, &[0; 900]))
        .send(true, &record(23, 0x0303, &[0; 19]))
        .control(true, FIN | ACK);
    let row = connection.row();
    assert_eq!(row.outcome, Outcome::Failed);
    assert_eq!(row.end, Some((Party::Client, Closing::Fin)));
}

#[test]
fn what_is_missing_before_the_end_is_seen_by_the_number_of_fin_or_reset() {
    for flags in [FIN | ACK, RST | ACK] {
        for lost in [0, 700] {
            let mut connection = Connection::opened();
            connection
                .send(true, &tls13_client())
                .send(false, &tls13_server())
                .lose(true, lost)
                .control(true, flags);
            let row = connection.row();
            // How it went may be in the bytes that are missing.
            let outcome = if lost == 0 { Outcome::Failed } else { Outcome::HellosOnly };
            assert_eq!((row.outcome, row.missed_bytes), (outcome, u64::from(lost)));
            let defect = (lost > 0).then(|| (Defect::Gap, "frame 6, record".to_owned()));
            assert_eq!(row.defect, defect);
        }
    }
}

#[test]
fn an_answer_that_is_missing_before_the_end_is_no_rejection() {
    let mut connection = Connection::opened();
    connection.send(true, &tls10_client()).lose(false, 1200).control(false, FIN | ACK);
    let row = connection.row();
    assert_eq!((row.outcome, row.missed_bytes), (Outcome::ClientOnly, 1200));
}

#[test]
fn an_alert_instead_of_a_hello_is_a_rejection() {
    let mut connection = Connection::opened();
    connection.send(true, &tls10_client()).send(false, &record(21, 0x0301, &[2, 70]));
    let row = connection.row();
    assert_eq!(row.outcome, Outcome::Rejected);
    let alert = row.alert.unwrap();
    assert_eq!(
        (alert.level, alert.description, alert.sender, alert.frame),
        (2, 70, Party::Server, 5)
    );
    assert!(row.choice.is_none());
}

#[test]
fn a_fatal_alert_counts_more_than_the_warning_before_it() {
    let mut connection = Connection::opened();
    connection
        .send(true, &tls10_client())
        .send(false, &record(21, 0x0301, &[1, 112]))
        .send(false, &tls10_server())
        .send(true, &record(21, 0x0301, &[2, 48]));
    let row = connection.row();
    assert_eq!(row.alert.unwrap().description, 48);
    assert_eq!(row.outcome, Outcome::Failed);
}

#[test]
fn silence_resets_and_closes_are_told_apart() {
    let ended = |flags: &[(bool, u8)]| {
        let mut connection = Connection::opened();
        connection.send(true, &tls10_client());
        for &(from_client, flag) in flags {
            connection.control(from_client, flag);
        }
        connection.row().outcome
    };
    assert_eq!(ended(&[(false, ACK)]), Outcome::Unanswered);
    assert_eq!(ended(&[(false, RST)]), Outcome::Rejected);
    assert_eq!(ended(&[(false, FIN | ACK)]), Outcome::Rejected);
    assert_eq!(ended(&[(true, FIN | ACK), (false, FIN | ACK)]), Outcome::Unanswered);
}

#[test]
fn one_direction_alone_is_no_failure() {
    let mut connection = Connection::opened();
    connection.send(true, &tls10_client()).send(false, &tls10_server()).control(false, RST);
    let mut client = connection.clone();
    client.packets.retain(|packet| packet.from_client);
    let row = client.row();
    assert_eq!((row.outcome, row.one_sided), (Outcome::ClientOnly, true));
    connection.packets.retain(|packet| !packet.from_client);
    let row = connection.row();
    assert_eq!(row.outcome, Outcome::ServerOnly);
    assert_eq!((row.client.port(), row.server.port()), (Some(50_000), Some(443)));
}

#[test]
fn an_answer_that_is_not_tls_is_a_rejection() {
    let mut connection = Connection::opened();
    connection.send(true, &tls10_client()).send(false, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    assert_eq!(connection.row().outcome, Outcome::Rejected);
}

#[test]
fn the_sender_of_the_hello_is_the_client_whoever_opened_the_connection() {
    let mut connection = Connection::opened();
    connection.send(false, &tls13_client()).send(true, &tls13_server());
    let row = connection.row();
    assert_eq!((row.client.port(), row.server.port()), (Some(443), Some(50_000)));
}

#[test]
fn a_reset_before_the_connection_opened_is_not_its_end() {
    let mut connection = Connection::opened();
    connection.send(true, &tls10_client()).send(false, &tls10_server());
    let mut stale = connection.packets[2].clone();
    stale.flags = RST;
    let syn = connection.packets[0].clone();
    connection.packets.splice(1..1, [stale, syn]);
    let row = connection.row();
    assert_eq!((row.outcome, row.end), (Outcome::HellosOnly, None));
}

#[test]
fn a_handshake_without_certificate_is_not_therefore_resumed() {
    let ticket = super::hellos::extension(35, &[1, 2, 3]);
    let hello = super::hellos::client_hello(0x0303, &[0x008C], &[ticket]);
    let mut connection = Connection::opened();
    let flight = |done: &[u8]| {
        record(22, 0x0303, &[server_hello(0x0303, 0x008C, &[]), done.to_vec()].concat())
    };
    connection
        .send(true, &record(22, 0x0301, &hello))
        .send(false, &flight(&message(14, &[])))
        .send(true, &finished(0x0303))
        .send(false, &finished(0x0303));
    assert_eq!(connection.row().resumed, Some(false));
    connection.packets[4].payload = flight(&[]);
    connection.packets[4].payload.extend(record(20, 0x0303, &[1]));
    connection.packets.truncate(5);
    assert_eq!(connection.row().resumed, Some(true));
}

#[test]
fn alerts_are_read_in_any_cut() {
    for answer in [
        record(21, 0x0301, &[2, 70, 1, 0]),
        [record(21, 0x0301, &[2]), record(21, 0x0301, &[70])].concat(),
    ] {
        let mut connection = Connection::opened();
        connection.send(true, &tls10_client()).send(false, &answer).control(true, FIN | ACK);
        let row = connection.row();
        assert_eq!((row.outcome, row.alert.unwrap().description), (Outcome::Rejected, 70));
    }
}

#[test]
fn an_encrypted_alert_is_not_read_as_one_in_clear() {
    let mut connection = Connection::opened();
    connection.send(true, &tls10_client()).send(false, &tls10_server());
    connection.send(false, &record(21, 0x0301, &[9; 8])).send(false, &record(21, 0x0301, &[2; 26]));
    assert_eq!(connection.row().alert, None);
}

#[test]
fn a_client_that_finishes_has_had_an_answer() {
    let mut connection = Connection::opened();
    connection
        .send(true, &tls10_client())
        .control(false, ACK)
        .send(true, &[record(22, 0x0301, &message(16, &[0; 66])), finished(0x0301)].concat());
    let row = connection.row();
    assert_eq!(row.outcome, Outcome::ClientOnly);
    assert!(row.defect.is_some());
}

#[test]
fn a_reset_with_words_in_it_is_one_end_however_often_it_comes() {
    let mut connection = Connection::opened();
    connection.send(true, &tls10_client()).send(false, b"refused by policy");
    let reset = connection.packets.last_mut().unwrap();
    reset.flags = RST | ACK;
    let reset = reset.clone();
    connection.packets.push(reset);
    let row = connection.row();
    assert_eq!((row.outcome, row.end_frame), (Outcome::Rejected, Some(5)));
    // Nor when the server's SYN was not captured, so that its numbers are not known.
    connection.packets.remove(1);
    let row = connection.row();
    assert_eq!((row.outcome, row.end_frame), (Outcome::Rejected, Some(4)));
}

#[test]
fn a_reset_that_its_sender_does_not_mean_is_no_end() {
    let mut connection = Connection::opened();
    connection
        .send(true, &tls10_client())
        .control(false, RST)
        .send(false, &tls10_server())
        .send(true, &finished(0x0301))
        .send(false, &finished(0x0301));
    let row = connection.row();
    assert_eq!((row.outcome, row.end), (Outcome::Completed, None));
}
