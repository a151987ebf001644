//! Which process has a connection: Microsoft-Windows-TCPIP, which every scenario of `netsh trace`
//! records, and Microsoft-Windows-Kernel-Network.

use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use super::fields::Fields;
use super::{Event, Found, Provider, guid};

pub(super) const TCPIP: Provider =
    guid(0x2f07_e2ee, 0x15db, 0x40f1, [0x90, 0xef, 0x9d, 0x7b, 0xa2, 0x82, 0x18, 0x8a]);

pub(super) const KERNEL_NETWORK: Provider =
    guid(0x7dd4_2a49, 0x5329, 0x4832, [0x8d, 0xfd, 0x43, 0xd9, 0x79, 0x15, 0x3a, 0x88]);

/// Connections that are being made, were made, were accepted, or stand when the trace begins.
pub(super) fn tcpip<'a>(event: &Event<'a>) -> Option<Found<'a>> {
    const RUNDOWN: u16 = 1300;
    let mut fields = Fields::new(event.data);
    match event.id {
        1017 | 1031 | 1033 => {}
        RUNDOWN => {
            fields.pointer(event.wide)?;
        }
        _ => return Some(Found::Nothing),
    }
    let (local, remote) = (fields.socket_address()?, fields.socket_address()?);
    fields.u32()?; // Status, or state.
    Some(connection(local, remote, fields.u32()?))
}

/// Connections that are made and data that are sent: in these events the destination is the remote
/// side. Those of receiving are left out, since nothing says which side they name first.
pub(super) fn kernel_network<'a>(event: &Event<'a>) -> Option<Found<'a>> {
    let address: fn(&mut Fields<'a>) -> Option<IpAddr> = match event.id {
        10 | 12 => Fields::ipv4,
        26 | 28 => Fields::ipv6,
        _ => return Some(Found::Nothing),
    };
    let mut fields = Fields::new(event.data);
    let process = fields.u32()?;
    fields.u32()?; // How much was sent.
    let (remote, local) = (address(&mut fields)?, address(&mut fields)?);
    let (remote_port, local_port) = (fields.u16_be()?, fields.u16_be()?);
    let (local, remote) =
        (SocketAddr::new(local, local_port), SocketAddr::new(remote, remote_port));
    Some(connection(local, remote, process))
}

/// Process 0 is the idle one: it stands for none.
fn connection<'a>(local: SocketAddr, remote: SocketAddr, process: u32) -> Found<'a> {
    match NonZeroU32::new(process) {
        Some(process) if local.port() != 0 => Found::Connection { local, remote, process },
        _ => Found::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{event, hex};
    use super::super::{Event, read};
    use super::*;

    /// 10.0.0.5:49670 and 10.0.0.9:443 as SOCKADDR with their length.
    const LOCAL: &str = "10000000 0200 c206 0a000005 0000000000000000";
    const REMOTE: &str = "10000000 0200 01bb 0a000009 0000000000000000";

    fn found(provider: Provider, id: u16, wide: bool, data: &str) -> Option<String> {
        match read(&Event { wide, ..event(provider, id, &hex(data)) }) {
            Found::Connection { local, remote, process } => {
                Some(format!("{local} {remote} {process}"))
            }
            _ => None,
        }
    }

    #[test]
    fn a_connection_of_tcpip_names_its_process() {
        let data = format!("{LOCAL} {REMOTE} 00000000 92100000 01000000 0000000000000000");
        for id in [1017, 1031, 1033] {
            let said = found(TCPIP, id, true, &data);
            assert_eq!(said.as_deref(), Some("10.0.0.5:49670 10.0.0.9:443 4242"));
        }
    }

    #[test]
    fn a_connection_that_stood_already_follows_a_pointer() {
        let data = format!("{LOCAL} {REMOTE} 04000000 92100000");
        let expected = Some("10.0.0.5:49670 10.0.0.9:443 4242");
        let wide = format!("00112233aabbccdd {data}");
        assert_eq!(found(TCPIP, 1300, true, &wide).as_deref(), expected);
        let narrow = format!("00112233 {data}");
        assert_eq!(found(TCPIP, 1300, false, &narrow).as_deref(), expected);
    }

    #[test]
    fn addresses_of_ipv6_are_read() {
        let address = "00000000 20010db8000000000000000000000001 00000000";
        let side = format!("1c000000 1700 01bb {address}");
        let said = found(TCPIP, 1033, true, &format!("{side} {side} 00000000 92100000"));
        assert_eq!(said.as_deref(), Some("[2001:db8::1]:443 [2001:db8::1]:443 4242"));
    }

    #[test]
    fn what_the_kernel_sends_goes_to_the_remote_side() {
        let data = "92100000 00020000 0a000009 0a000005 01bb c206 00000000";
        for id in [10, 12] {
            let said = found(KERNEL_NETWORK, id, true, data);
            assert_eq!(said.as_deref(), Some("10.0.0.5:49670 10.0.0.9:443 4242"));
        }
        assert_eq!(found(KERNEL_NETWORK, 11, true, data), None);
    }

    #[test]
    fn a_connection_of_no_process_tells_nothing() {
        assert_eq!(found(TCPIP, 1033, true, &format!("{LOCAL} {REMOTE} 00000000 00000000")), None);
    }

    #[test]
    fn a_lying_length_is_malformed() {
        let data = hex("ffffffff 0200 c206 0a000005");
        assert_eq!(read(&event(TCPIP, 1033, &data)), Found::Malformed);
    }
}
