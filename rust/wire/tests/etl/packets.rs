//! Packets as components of Windows' network stack see them.

/// A packet of UDP over IPv4 whose payload is `payload`, with what changes on the way given.
pub fn ip(ttl: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(28 + payload.len()).unwrap().to_be_bytes();
    let udp = u16::try_from(8 + payload.len()).unwrap().to_be_bytes();
    let mut packet = vec![0x45, 0, length[0], length[1], 0, 1, 0x40, 0, ttl, 17, ttl, 0];
    packet.extend([10, 0, 0, 1, 10, 0, 0, 2, 0xC0, 0, 1, 0xBB, udp[0], udp[1], ttl, 1]);
    packet.extend(payload);
    packet
}

/// On Ethernet, padded to the shortest frame.
pub fn ethernet(packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0];
    frame.extend(packet);
    frame.resize(frame.len().max(60), 0);
    frame
}

/// On 802.11, from a station, marked as protected although it is in clear.
pub fn wlan(packet: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x88, 0x41, 0, 0];
    frame.extend([2, 0, 0, 0, 0, 1].repeat(3));
    frame.extend([0, 0, 0, 0, 0xAA, 0xAA, 3, 0, 0, 0, 8, 0]);
    frame.extend(packet);
    frame
}
