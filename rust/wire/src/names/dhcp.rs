//! DHCP (RFC 2131): what a machine calls itself when it asks for an address, and which one it gets.

use std::net::{IpAddr, Ipv4Addr};

use hashbrown::HashMap;

use super::{Kind, Source, Subject, Telling};
use crate::cursor::Cursor;
use crate::limits::{MAX_DHCP_CLIENTS, MAX_DHCP_NAMES};
use crate::packet::Mac;

const REQUEST: u8 = 1;
const ETHERNET: [u8; 2] = [1, 6];
const MAGIC: u32 = 0x6382_5363;
const ACKNOWLEDGED: u8 = 5;

/// A name and what it is.
type Called = (Kind, Box<[u8]>);

/// What machines called themselves, until they are told their address.
#[derive(Debug, Default)]
pub(super) struct Asking {
    machines: HashMap<Mac, Vec<Called>>,
}

/// The options that are looked at.
#[derive(Default)]
struct Options {
    kind: Option<u8>,
    overload: u8,
    names: Vec<Called>,
}

/// Tells the names in a message.
pub(super) fn read(message: &[u8], asking: &mut Asking, telling: &mut Telling<'_>) {
    _ = names(message, asking, telling);
}

fn names(message: &[u8], asking: &mut Asking, telling: &mut Telling<'_>) -> Option<()> {
    let mut cursor = Cursor::new(message);
    let is_request = cursor.u8()? == REQUEST;
    (cursor.array()? == ETHERNET).then_some(())?;
    // hops, xid, secs, flags
    cursor.take(9)?;
    let current = Ipv4Addr::from(cursor.u32()?);
    let given = Ipv4Addr::from(cursor.u32()?);
    // siaddr, giaddr
    cursor.take(8)?;
    let mac: Mac = cursor.array()?;
    cursor.take(10)?;
    let (name, file) = (cursor.take(64)?, cursor.take(128)?);
    (cursor.u32()? == MAGIC).then_some(())?;
    let mut options = Options::default();
    options.read(cursor.rest());
    if options.overload & 1 != 0 {
        options.read(file);
    }
    if options.overload & 2 != 0 {
        options.read(name);
    }
    let Options { kind, names, .. } = options;
    let mut addresses = Vec::new();
    if is_request {
        addresses.push(Subject::Mac(mac));
        addresses.extend((!current.is_unspecified()).then(|| subject(current)));
    } else if kind == Some(ACKNOWLEDGED) {
        // Who asks for other settings alone keeps its address.
        let address = if given.is_unspecified() { current } else { given };
        addresses.extend((!address.is_unspecified()).then(|| subject(address)));
        let earlier = asking.machines.remove(&mac).unwrap_or_default();
        tell(&earlier, &addresses, telling);
    }
    tell(&names, &addresses, telling);
    if is_request && !names.is_empty() && asking.machines.len() < MAX_DHCP_CLIENTS {
        asking.machines.insert(mac, names);
    }
    Some(())
}

fn subject(ip: Ipv4Addr) -> Subject {
    Subject::Ip(IpAddr::V4(ip))
}

fn tell(names: &[Called], addresses: &[Subject], telling: &mut Telling<'_>) {
    for (kind, name) in names {
        for address in addresses {
            telling.tell(Source::Dhcp, *kind, *address, name);
        }
    }
}

impl Options {
    fn read(&mut self, bytes: &[u8]) -> Option<()> {
        let mut cursor = Cursor::new(bytes);
        loop {
            let code = cursor.u8()?;
            if code == 0 {
                continue;
            }
            if code == 255 {
                return Some(());
            }
            let length = usize::from(cursor.u8()?);
            let value = cursor.take(length)?;
            match code {
                12 => self.name(Kind::Host, value),
                52 => self.overload = *value.first()?,
                53 => self.kind = value.first().copied(),
                60 => self.name(Kind::Software, value),
                81 => self.full_name(value),
                _ => {}
            }
        }
    }

    fn name(&mut self, kind: Kind, value: &[u8]) {
        // Some end it as C does.
        let end = value.iter().position(|&byte| byte == 0).unwrap_or(value.len());
        let value = value.get(..end).unwrap_or_default();
        if !value.is_empty() && self.names.len() < MAX_DHCP_NAMES {
            self.names.push((kind, value.into()));
        }
    }

    /// A name with its domain (RFC 4702 section 2).
    fn full_name(&mut self, value: &[u8]) {
        let Some((&[flags, _, _], name)) = value.split_first_chunk::<3>() else { return };
        if flags & 0x04 == 0 {
            return self.name(Kind::Host, name);
        }
        let mut text = Vec::new();
        let mut labels = Cursor::new(name);
        while let Some(length @ 1..=0x3F) = labels.u8() {
            let Some(label) = labels.take(usize::from(length)) else { return };
            if !text.is_empty() {
                text.push(b'.');
            }
            text.extend(label);
        }
        self.name(Kind::Host, &text);
    }
}
