//! What tunnels and Wi-Fi carry is read as if it had come without them, and nothing that only
//! looks like a tunnel is taken for one.

#![allow(
    missing_docs,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic in a test is the test failing"
)]

use std::net::SocketAddr;

use tlsaudit_wire::capture::Frame;
use tlsaudit_wire::limits::MAX_TUNNELS;
use tlsaudit_wire::packet::{self, Fragments, Mention, Packet, Scratch};

/// Link types.
const ETHERNET: u16 = 1;
const RAW: u16 = 101;
const WLAN: u16 = 105;

const UDP: u8 = 17;
const GRE: u8 = 47;

/// What became of a frame: the addresses, tunnels and payload of a segment, or another word.
fn read(link_type: u16, data: &[u8]) -> String {
    read_all(link_type, &[data.to_vec()])
}

/// The same of the last of several frames.
fn read_all(link_type: u16, frames: &[Vec<u8>]) -> String {
    read_with(link_type, frames, &mut Vec::new())
}

/// The connections that an IP packet tells of without bringing one of their packets.
fn mentions(packet: &[u8]) -> Vec<String> {
    let mut mentions = Vec::new();
    read_with(RAW, &[packet.to_vec()], &mut mentions);
    let ends = |(ip, port)| SocketAddr::new(ip, port);
    let text = |mention: Mention| {
        let transport = if mention.is_tcp { "tcp" } else { "udp" };
        format!("{transport} {} > {}", ends(mention.source), ends(mention.destination))
    };
    mentions.into_iter().map(text).collect()
}

fn read_with(link_type: u16, frames: &[Vec<u8>], mentions: &mut Vec<Mention>) -> String {
    let (mut fragments, mut scratch) = (Fragments::default(), Scratch::default());
    let mut answer = String::new();
    for data in frames {
        let frame = Frame {
            number: 1,
            ts: None,
            link_type,
            interface: 0,
            fcs_length: 0,
            sender: None,
            data,
            original_length: u32::try_from(data.len()).unwrap(),
        };
        let mention = &mut |mention| mentions.push(mention);
        answer = match packet::decode(&frame, &mut fragments, &mut scratch, mention) {
            Packet::Tcp(segment) => {
                let mut words = vec![format!("{} > {}", segment.source, segment.destination)];
                if let Some(outer) = segment.outer {
                    let tunnels: Vec<_> = outer.tunnels().map(|tunnel| tunnel.name()).collect();
                    let (from, to) = (outer.source, outer.destination);
                    words.push(format!("by {} {from} > {to}", tunnels.join("+")));
                }
                words.push(String::from_utf8_lossy(segment.payload).into_owned());
                words.join(", ")
            }
            Packet::Udp(datagram) => format!("UDP to port {}", datagram.destination_port),
            other => format!("{other:?}"),
        };
    }
    answer
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap())
        .collect()
}

/// Header bytes in hexadecimal, then what follows them.
fn with(header: &str, rest: &[u8]) -> Vec<u8> {
    [hex(header), rest.to_vec()].concat()
}

/// An IPv4 packet from 10.0.0.`from` to 10.0.0.`to`.
fn v4(protocol: u8, from: u8, to: u8, payload: &[u8]) -> Vec<u8> {
    v4_part(protocol, from, to, payload, 0)
}

/// The same with a fragment field.
fn v4_part(protocol: u8, from: u8, to: u8, payload: &[u8], fragment: u16) -> Vec<u8> {
    let mut packet = vec![0x45, 0];
    packet.extend(u16::try_from(20 + payload.len()).unwrap().to_be_bytes());
    packet.extend([0, from]);
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0, 10, 0, 0, from, 10, 0, 0, to]);
    packet.extend(payload);
    packet
}

/// An IPv6 packet from 2001:0:`from`:: to 2001:db8:`to`::.
fn v6(next: u8, from: u8, to: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    packet.extend([next, 64, 0x20, 0x01, 0, 0, 0, from, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    packet.extend([0x20, 0x01, 0x0D, 0xB8, 0, to, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}

/// A TCP segment that says "hello".
fn tcp() -> Vec<u8> {
    with("C350 01BB 00000001 00000000 50 18 FFFF 0000 0000", b"hello")
}

fn udp(port: u16, payload: &[u8]) -> Vec<u8> {
    let mut datagram = hex("C351");
    datagram.extend(port.to_be_bytes());
    datagram.extend(u16::try_from(8 + payload.len()).unwrap().to_be_bytes());
    datagram.extend([0, 0]);
    datagram.extend(payload);
    datagram
}

/// An Ethernet frame with an IPv4 packet.
fn ethernet(packet: &[u8]) -> Vec<u8> {
    with("020000000001 020000000002 0800", packet)
}

/// The segment, as 10.0.0.3 sends it to 10.0.0.4.
fn inner() -> Vec<u8> {
    v4(6, 3, 4, &tcp())
}

/// What is read of a packet whose protocol carries these bytes from 10.0.0.1 to 10.0.0.2.
fn carried(protocol: u8, payload: &[u8]) -> String {
    read(RAW, &v4(protocol, 1, 2, payload))
}

fn through(tunnel: &str) -> String {
    format!("10.0.0.3 > 10.0.0.4, by {tunnel} 10.0.0.1 > 10.0.0.2, hello")
}

#[test]
fn ip_inside_ip_is_read_in_every_combination() {
    assert_eq!(carried(4, &inner()), through("ipip"));
    let six = v6(6, 3, 4, &tcp());
    let inside = "2001:0:3:: > 2001:db8:4::";
    assert_eq!(carried(41, &six), format!("{inside}, by 6in4 10.0.0.1 > 10.0.0.2, hello"));
    let outside = "2001:0:1:: > 2001:db8:2::";
    assert_eq!(
        read(RAW, &v6(4, 1, 2, &inner())),
        format!("10.0.0.3 > 10.0.0.4, by 4in6 {outside}, hello")
    );
    assert_eq!(read(RAW, &v6(41, 1, 2, &six)), format!("{inside}, by 6in6 {outside}, hello"));
}

#[test]
fn gre_is_read_with_any_of_its_options() {
    assert_eq!(carried(GRE, &with("0000 0800", &inner())), through("gre"));
    // Checksum and reserved, key, sequence number.
    let all = "B000 0800 12340000 00000005 00000001";
    assert_eq!(carried(GRE, &with(all, &inner())), through("gre"));
    // NVGRE: key, Ethernet.
    let nvgre = with("2000 6558 00002A00", &ethernet(&inner()));
    assert_eq!(carried(GRE, &nvgre), through("gre"));
    // Source routes are not read.
    assert_eq!(carried(GRE, &with("4000 0800 00000000", &inner())), "Other");
}

#[test]
fn mirrored_frames_of_all_three_types_of_erspan_are_read() {
    let frame = ethernet(&inner());
    assert_eq!(carried(GRE, &with("0000 88BE", &frame)), through("erspan"));
    let two = with("1000 88BE 00000001 1001000A 00000000", &frame);
    assert_eq!(carried(GRE, &two), through("erspan"));
    let three = with("1000 22EB 00000001 2001000A 00000000 0000 0000", &frame);
    assert_eq!(carried(GRE, &three), through("erspan"));
    // With the optional header of eight bytes.
    let longer = with("1000 22EB 00000001 2001000A 00000000 0000 0001 0000000000000000", &frame);
    assert_eq!(carried(GRE, &longer), through("erspan"));
}

#[test]
fn ppp_of_pptp_and_l2tp_is_read() {
    let ppp = with("FF03 0021", &inner());
    let length = format!("{:04X}", ppp.len());
    // Key and sequence number; then an acknowledgement too.
    let first = with(&format!("3001 880B {length} 0007 00000001"), &ppp);
    assert_eq!(carried(GRE, &first), through("pptp"));
    let second = with(&format!("3081 880B {length} 0007 00000001 00000000"), &ppp);
    assert_eq!(carried(GRE, &second), through("pptp"));
    let encrypted = with("3001 880B 0004 0007 00000001", &hex("00FD 9000"));
    assert_eq!(carried(GRE, &encrypted), "Opaque");

    let whole = format!("{:04X}", 8 + ppp.len());
    let l2tp = with(&format!("4002 {whole} 0001 0002"), &ppp);
    assert_eq!(carried(UDP, &udp(1701, &l2tp)), through("l2tp"));
    let control = with(&format!("C002 {whole} 0001 0002"), &ppp);
    assert_eq!(carried(UDP, &udp(1701, &control)), "UDP to port 1701");
    // Sequence numbers, an offset of two bytes.
    let odd = with("0A02 0001 0002 0000 0000 0002 FFFF", &ppp);
    assert_eq!(carried(UDP, &udp(1701, &odd)), through("l2tp"));
}

#[test]
fn vxlan_and_geneve_are_told_by_what_they_hold_on_any_port() {
    let frame = ethernet(&inner());
    for port in [4789, 8472, 40_000] {
        let vxlan = udp(port, &with("08000000 00002A00", &frame));
        assert_eq!(carried(UDP, &vxlan), through("vxlan"));
    }
    // Options of four bytes, a flag that says that they count.
    let geneve = with("0140 6558 00002A00 01020300", &frame);
    assert_eq!(carried(UDP, &udp(6081, &geneve)), through("geneve"));
    let geneve = with("0000 0800 00002A00", &inner());
    assert_eq!(carried(UDP, &udp(6081, &geneve)), through("geneve"));

    // The right port, and something else.
    let mut wrong = with("08000000 00002A00", &frame);
    wrong[8 + 14 + 2] = 0xFF; // the inner packet's length
    assert_eq!(carried(UDP, &udp(4789, &wrong)), "UDP to port 4789");
    assert_eq!(carried(UDP, &udp(6081, &with("0080 0800 00002A00", &inner()))), "UDP to port 6081");
}

#[test]
fn gtp_is_read_behind_its_extension_headers() {
    let length = |more: usize| format!("{:04X}", more + inner().len());
    let plain = with(&format!("30FF {} 00000001", length(0)), &inner());
    assert_eq!(carried(UDP, &udp(2152, &plain)), through("gtp"));
    let numbered = with(&format!("32FF {} 00000001 0005 00 00", length(4)), &inner());
    assert_eq!(carried(UDP, &udp(2152, &numbered)), through("gtp"));
    // A PDU session container (0x85), then one of eight bytes.
    let extended = format!("34FF {} 00000001 0000 00 85 01 1001 C0 02 010203040506 00", length(16));
    let extended = with(&extended, &inner());
    assert_eq!(carried(UDP, &udp(2152, &extended)), through("gtp"));
    let echo = with("3201 0004 00000000 0005 00 00", &inner());
    assert_eq!(carried(UDP, &udp(2152, &echo)), "UDP to port 2152");
}

#[test]
fn teredo_is_told_by_its_addresses() {
    let six = v6(6, 3, 4, &tcp());
    let expected = "2001:0:3:: > 2001:db8:4::, by teredo 10.0.0.1 > 10.0.0.2, hello";
    assert_eq!(carried(UDP, &udp(3544, &six)), expected);
    let origin = with("0000 3CAF F5FFFFFE", &six);
    assert_eq!(carried(UDP, &udp(51_000, &origin)), expected);
    let both = with("0001 0102 AA BBBB 0000000000000001 00 0000 3CAF F5FFFFFE", &six);
    assert_eq!(carried(UDP, &udp(3544, &both)), expected);
    let mut other = six;
    other[10] = 0x0D; // the source is 2001:d00:3:: now
    assert_eq!(carried(UDP, &udp(3544, &other)), "UDP to port 3544");
}

/// A data frame from a station to its access point.
fn station_frame(control: &str, after: &str, packet: &[u8]) -> Vec<u8> {
    let addresses = "020000000009 020000000003 020000000004";
    with(&format!("{control} 0000 {addresses} 0000 {after} AAAA03 000000 0800"), packet)
}

#[test]
fn capwap_is_read_with_either_order_of_the_frame_control_field() {
    for control in ["0108", "0801"] {
        let data = with("00 10 43 00 00000000", &station_frame(control, "", &inner()));
        assert_eq!(carried(UDP, &udp(5247, &data)), through("capwap"));
    }
    let fragment = with("00 10 43 80 00000000", &station_frame("0108", "", &inner()));
    assert_eq!(carried(UDP, &udp(5247, &fragment)), "UDP to port 5247");
}

#[test]
fn wifi_data_frames_are_read_and_encrypted_ones_counted() {
    let expected = "10.0.0.3 > 10.0.0.4, hello";
    assert_eq!(read(WLAN, &station_frame("0801", "", &inner())), expected);
    // QoS; QoS with an HT control field; padded to four bytes; four addresses.
    assert_eq!(read(WLAN, &station_frame("8801", "0000", &inner())), expected);
    assert_eq!(read(WLAN, &station_frame("8881", "0000 00000000", &inner())), expected);
    assert_eq!(read(WLAN, &station_frame("8801", "0000 0000", &inner())), expected);
    assert_eq!(read(WLAN, &station_frame("0803", "020000000005", &inner())), expected);
    // The first of several aggregated: receiver, sender, length.
    let packet = inner();
    let header = "8801 0000 020000000009 020000000003 020000000009 0000 8000";
    let length = format!("{:04X}", 8 + packet.len());
    let first = format!("020000000004 020000000003 {length} AAAA03 000000 0800");
    let aggregated = with(&format!("{header} {first}"), &packet);
    assert_eq!(read(WLAN, &aggregated), expected);

    assert_eq!(read(WLAN, &with("0841 0000", &[7; 60])), "Opaque");
    // Decrypted by the adapter: WEP's vector, WPA's, none.
    for vector in ["85D21700", "0100002000000000", ""] {
        assert_eq!(read(WLAN, &station_frame("0841", vector, &inner())), expected);
    }
    // A beacon, and a frame without data.
    assert_eq!(read(WLAN, &station_frame("8000", "", &inner())), "Other");
    assert_eq!(read(WLAN, &station_frame("4801", "", &inner())), "Other");
    // Inside Ethernet.
    let inside = with("020000000001 020000000002 2452", &station_frame("0801", "", &inner()));
    assert_eq!(read(ETHERNET, &inside), expected);
}

#[test]
fn headers_of_capturing_systems_are_passed_over() {
    let expected = "10.0.0.3 > 10.0.0.4, hello";
    let station = station_frame("0801", "", &inner());
    let radiotap = with("00 00 0A00 02000000 00 00", &station);
    assert_eq!(read(127, &radiotap), expected);
    let prism = [hex("44000000 90000000"), vec![0; 136], station.clone()].concat();
    assert_eq!(read(119, &prism), expected);
    let avs = [hex("80211001 00000040"), vec![0; 56], station.clone()].concat();
    assert_eq!(read(163, &avs), expected);
    assert_eq!(read(119, &avs), expected);
    // Per-packet information names the link type: here 802.11, then radiotap would be 127.
    let ppi = with("00 00 0800 69000000", &station);
    assert_eq!(read(192, &ppi), expected);
    let pktap = [hex("6C000000 01000000 01000000"), vec![0; 96], ethernet(&inner())].concat();
    assert_eq!(read(258, &pktap), expected);
    // Attributes: prefix (10) of two bytes, padded; packet (9).
    let length = u16::try_from(4 + inner().len()).unwrap();
    let little = with("02 00 0000 0600 0A00 6100 0000", &[]);
    let nflog = [little, length.to_le_bytes().to_vec(), hex("0900"), inner()].concat();
    assert_eq!(read(239, &nflog), expected);
    assert_eq!(read(117, &[vec![61; 1], vec![0; 63], inner()].concat()), expected);
    assert_eq!(read(109, &with("02000000 00000001 00000000", &inner())), expected);
    assert_eq!(read(100, &with("AAAA03 000000 0800", &inner())), expected);
}

#[test]
fn an_authentication_header_is_passed_over_and_esp_counted() {
    // Next header, length in words without two, reserved, index, sequence number, value.
    let header = "06 04 0000 00000001 00000001 000000000000000000000000";
    let packet = v4(51, 3, 4, &with(header, &tcp()));
    assert_eq!(read(RAW, &packet), "10.0.0.3 > 10.0.0.4, hello");
    assert_eq!(carried(50, &[9; 64]), "Opaque");
    assert_eq!(read(RAW, &v6(50, 3, 4, &[9; 64])), "Opaque");
}

#[test]
fn what_an_icmp_error_quotes_is_mentioned_and_not_taken_for_sent() {
    let unreachable = |packet: &[u8]| v4(1, 1, 2, &with("03 01 0000 00000000", packet));
    assert_eq!(mentions(&unreachable(&inner())), ["tcp 10.0.0.3:50000 > 10.0.0.4:443"]);
    let datagram = v4(UDP, 3, 4, &udp(53, b"?"));
    assert_eq!(mentions(&unreachable(&datagram)), ["udp 10.0.0.3:50001 > 10.0.0.4:53"]);
    assert_eq!(read(RAW, &unreachable(&inner())), "Other");
    assert_eq!(read(RAW, &unreachable(&datagram)), "Other");
    let too_big = v6(58, 1, 2, &with("02 00 0000 00000500", &v6(6, 3, 4, &tcp())));
    assert_eq!(mentions(&too_big), ["tcp [2001:0:3::]:50000 > [2001:db8:4::]:443"]);
    // Eight bytes of TCP are no header; an echo quotes nothing; an error quotes no error.
    assert!(mentions(&unreachable(&inner())[..20 + 8 + 20 + 8]).is_empty());
    assert!(mentions(&v4(1, 1, 2, &with("08 00 0000 00000000", &inner()))).is_empty());
    assert!(mentions(&unreachable(&unreachable(&inner()))).is_empty());
}

#[test]
fn the_datagrams_of_tunnels_are_mentioned() {
    let inside = udp(4789, &with("08000000 00002A00", &ethernet(&inner())));
    assert_eq!(mentions(&v4(UDP, 1, 2, &inside)), ["udp 10.0.0.1:50001 > 10.0.0.2:4789"]);
    assert!(mentions(&v4(GRE, 1, 2, &with("0000 0800", &inner()))).is_empty());
}

#[test]
fn macsec_without_encryption_is_read() {
    // Tag: control (identifier follows), short length, packet number, identifier.
    let tag = "020000000001 020000000002 88E5";
    let clear = with(&format!("{tag} 20 00 00000001 0200000000020001 0800"), &inner());
    assert_eq!(read(ETHERNET, &clear), "10.0.0.3 > 10.0.0.4, hello");
    let encrypted = with(&format!("{tag} 2C 00 00000001 0200000000020001"), &inner());
    assert_eq!(read(ETHERNET, &encrypted), "Opaque");
}

#[test]
fn tunnels_inside_tunnels_are_named_outermost_first_down_to_a_bound() {
    let vxlan = udp(4789, &with("08000000 00002A00", &ethernet(&inner())));
    let gre = with("0000 0800", &v4(UDP, 5, 6, &vxlan));
    assert_eq!(carried(GRE, &gre), through("gre+vxlan"));

    let nested = |depth: usize| (0..depth).fold(inner(), |packet, _| v4(4, 1, 2, &packet));
    let names = ["ipip"; MAX_TUNNELS].join("+");
    assert_eq!(read(RAW, &nested(MAX_TUNNELS)), through(&names));
    assert_eq!(read(RAW, &nested(MAX_TUNNELS + 1)), "TooDeep");
}

#[test]
fn fragments_are_put_together_outside_and_inside_of_a_tunnel() {
    // Inside: the segment in two fragments, each in a GRE packet of its own that comes in two.
    let segment = tcp();
    let inside = [v4_part(6, 3, 4, &segment[..16], 0x2000), v4_part(6, 3, 4, &segment[16..], 2)];
    let mut frames = Vec::new();
    for (n, packet) in inside.iter().enumerate() {
        let gre = with("0000 0800", packet);
        let outside = u8::try_from(n + 1).unwrap();
        // The identification is the sender's last byte: two packets of the tunnel.
        frames.push(v4_part(GRE, outside, 2, &gre[..16], 0x2000));
        frames.push(v4_part(GRE, outside, 2, &gre[16..], 2));
    }
    let expected = "10.0.0.3 > 10.0.0.4, by gre 10.0.0.2 > 10.0.0.2, hello";
    assert_eq!(read_all(RAW, &frames), expected);
    // One fragment fewer, and nothing comes of it.
    assert_eq!(read_all(RAW, &frames[1..]), "Other");
}
