//! What a trace tells beside its packets: processes, and what whoever relies on it must know.

use std::net::SocketAddr;

use tlsaudit_wire::capture::{Basis, Transport};

use super::packets::{ethernet, ip};
use super::read;
use super::writer::{
    self, KERNEL_NETWORK, KERNEL_PROCESS, NDIS, Origin, PKTMON, START_1970, TCPIP,
};

const SENT: u64 = 0x1_C000_0001;

fn origin(provider: [u8; 16], id: u16) -> Origin {
    let (version, keyword, process, thread) = (1, SENT, 4_242, 7);
    Origin { provider, id, version, keyword, process, thread, at: 100, extended: false }
}

fn packet() -> Vec<u8> {
    writer::event(&origin(NDIS, 1001), &writer::ndis(1, &ethernet(&ip(64, b"packet"))))
}

fn trace(records: &[Vec<u8>]) -> Vec<u8> {
    let mut trace = writer::first_buffer();
    trace.extend(writer::buffer(0, 0, &records.concat(), 4_096, true));
    trace
}

fn remarks(trace: &[u8]) -> String {
    let (frames, about, failure) = read(trace);
    assert_eq!((frames.len(), failure), (1, None));
    about.remarks.join("\n")
}

fn end(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn connections_and_names_come_from_their_events() {
    let (here, there) = (end("10.0.0.5:50000"), end("10.0.0.9:443"));
    let (six, other_six) = (end("[fd00::5]:50001"), end("[fd00::9]:443"));
    let second = end("10.0.0.5:50002");
    let (_, about, failure) = read(&trace(&[
        packet(),
        writer::event(&origin(TCPIP, 1033), &writer::connected(here, there, 4_242)),
        writer::event(&origin(TCPIP, 1033), &writer::connected(six, other_six, 77)),
        writer::event(&origin(KERNEL_NETWORK, 10), &writer::sent(second, there, 88)),
        writer::event(
            &origin(KERNEL_PROCESS, 1),
            &writer::started(4_242, r"\Device\a\Outlook.exe"),
        ),
        writer::process_record(77, "svchost.exe"),
    ]));
    assert_eq!(failure, None);
    let of = |local: SocketAddr, remote: SocketAddr| {
        let place = |end: SocketAddr| (end.ip(), end.port());
        about.processes.of(place(local), place(remote), Some(START_1970 + 10_000), Transport::Tcp)
    };
    let first = of(here, there).unwrap();
    assert_eq!((first.pid, first.basis), (4_242, Basis::ConnectionEvent));
    assert_eq!(first.name.as_deref(), Some("Outlook.exe"));
    assert_eq!(of(six, other_six).unwrap().name.as_deref(), Some("svchost.exe"));
    assert_eq!(of(second, there).map(|process| (process.pid, process.name)), Some((88, None)));
    assert_eq!(of(there, here), None);
}

#[test]
fn losses_and_an_open_end_are_told() {
    let mut trace = writer::buffer(4, 0, &writer::trace_head(12, false), 1_024, false);
    let mut buffer = writer::buffer(0, 0, &packet(), 4_096, false);
    buffer[0x34] |= 4;
    trace.extend(buffer);
    // Reserved space that was never used.
    trace.extend([0; 4_096]);
    let (frames, about, failure) = read(&trace);
    assert_eq!((frames.len(), failure, about.events_lost), (1, None, Some(12)));
    assert!(about.remarks[0].starts_with("Windows lost 12 events while it captured"));
    assert!(about.remarks[1].starts_with("The trace was not closed"));
    assert_eq!(about.remarks.len(), 2);
}

#[test]
fn filters_in_force_are_told() {
    let rule = [&[12, 3, 4, 0][..], &[10, 0, 0, 1]].concat();
    let said = remarks(&trace(&[packet(), writer::event(&origin(NDIS, 1016), &rule)]));
    assert_eq!(
        said,
        "A filter was in force while this was captured, so other packets are missing: \
         IP address 10.0.0.1."
    );
}

#[test]
fn the_name_of_a_filter_is_harmless() {
    let mut data = vec![1, 0];
    data.extend("\u{1b}[2J".encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
    data.extend([0; 30]);
    let said = remarks(&trace(&[packet(), writer::event(&origin(PKTMON, 100), &data)]));
    assert!(said.ends_with(": \u{FFFD}[2J."), "{said}");
}

#[test]
fn packets_that_pktmon_cut_are_told_with_the_command() {
    let frame = ethernet(&ip(64, &[7; 300]));
    let data = writer::pktmon(1, 4, frame.len() as u16, &frame[..128]);
    let trace = trace(&[writer::event(&origin(PKTMON, 160), &data)]);
    let (frames, _, _) = read(&trace);
    assert_eq!((frames[0].data.len(), frames[0].original_length), (128, 342));
    let said = remarks(&trace);
    assert!(said.starts_with("1 packet was cut to 128 bytes or fewer"), "{said}");
    assert!(said.contains("`pktmon start --capture --pkt-size 0`"), "{said}");
}

#[test]
fn packets_that_ndiscap_cut_have_the_length_of_their_ip_header() {
    let frame = ethernet(&ip(64, &[7; 300]));
    let data = writer::ndis(1, &frame[..100]);
    let cut = Origin { keyword: SENT | 0x200_0000, ..origin(NDIS, 1001) };
    let (frames, _, _) = read(&trace(&[writer::event(&cut, &data)]));
    assert_eq!((frames[0].data.len(), frames[0].original_length), (100, 342));
    // The rule alone says it too.
    let rule = [17, 3, 2, 0, 100, 0];
    let records =
        [writer::event(&origin(NDIS, 1001), &data), writer::event(&origin(NDIS, 1016), &rule)];
    let (frames, about, _) = read(&trace(&records));
    assert_eq!(frames[0].original_length, 342);
    assert_eq!(about.remarks.len(), 1);
}

#[test]
fn damaged_buffers_do_not_hurt_others() {
    let mut trace = trace(&[packet()]);
    let mut damaged = writer::buffer(0, 1, &packet(), 4_096, true);
    let end = damaged.len();
    damaged[end - 40..].fill(0xFF);
    trace.extend(damaged);
    let mut other = writer::buffer(0, 1, &[1; 64], 4_096, false);
    other[0] = 0;
    trace.extend(other);
    let said = remarks(&trace);
    assert!(said.contains("2 of the 4 buffers of the trace are damaged"), "{said}");
}

#[test]
fn a_frame_with_a_part_missing_is_left_out_and_told() {
    let part = Origin { keyword: 0x1_8000_0001, thread: 9, ..origin(NDIS, 1001) };
    let records = [packet(), writer::event(&part, &writer::ndis(1, b"end"))];
    assert_eq!(remarks(&trace(&records)), "Of 1 packet a part is missing, so it is left out.");
}

#[test]
fn a_trace_without_packets_says_what_it_is() {
    let sentence = |records: &[Vec<u8>]| read(&trace(records)).2.unwrap();
    let other = |provider, id| writer::event(&origin(provider, id), &[0; 60]);
    let filter = writer::event(&origin(NDIS, 1016), &[16, 3, 1, 0, 6]);
    for (records, words) in [
        (vec![other([9; 16], 1)], "(.etl) without packets: capture packets with `pktmon start"),
        (vec![other(PKTMON, 20)], "pktmon wrote its components and counters and no packet"),
        (vec![other(NDIS, 5100)], "whose packet capture saw no packet: capture again"),
        (vec![filter], "saw no packet while filters were in force (IP protocol)"),
        (
            vec![other(*b"\x4f\xf9\x0f\xa7\x0b\x57\x79\x49\xba\x5c\xe5\x9c\x9f\xea\xb6\x1b", 2001)],
            "holds HTTP as a proxy decrypted it",
        ),
    ] {
        let said = sentence(&records);
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn that_nothing_was_lost_is_told_by_a_closed_trace_without_a_mark_of_losses() {
    let lost = |closed: bool, marked: bool| {
        let mut trace = writer::buffer(4, 0, &writer::trace_head(0, closed), 1_024, false);
        let mut buffer = writer::buffer(0, 0, &packet(), 4_096, false);
        buffer[0x34] |= u8::from(marked) << 2;
        trace.extend(buffer);
        read(&trace).1.events_lost
    };
    assert_eq!(lost(true, false), Some(0));
    assert_eq!((lost(true, true), lost(false, false)), (None, None));
}

#[test]
fn what_windows_dropped_is_kept_out() {
    let dropped = writer::event(
        &origin(PKTMON, 170),
        &writer::pktmon(1, 4, 60, &ethernet(&ip(64, b"dropped"))),
    );
    let (frames, about, failure) = read(&trace(&[dropped]));
    assert_eq!((frames.len(), about.frames_dropped, failure), (0, Some(1), None));
}
