//! What a key distribution centre is asked and answers (RFC 4120 section 5.4): who is meant is in
//! clear.

use std::net::IpAddr;

use super::{Kind, Source, Subject, Telling, ber};
use crate::cursor::Cursor;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const GENERAL_STRING: u8 = 0x1B;
const AS_REQUEST: u8 = 0x6A;
const AS_REPLY: u8 = 0x6B;
const TGS_REQUEST: u8 = 0x6C;
const TGS_REPLY: u8 = 0x6D;
const ERROR: u8 = 0x7E;
/// `HostAddress` of the NetBIOS kind.
const NETBIOS: &[u8] = &[20];

/// The tag of a member of a sequence.
const fn member(number: u8) -> u8 {
    0xA0 | number
}

/// Tells who is meant in a message between two addresses.
pub(super) fn read(message: &[u8], (from, to): (IpAddr, IpAddr), telling: &mut Telling<'_>) {
    _ = parties(message, from, to, telling);
}

fn parties(message: &[u8], from: IpAddr, to: IpAddr, telling: &mut Telling<'_>) -> Option<()> {
    let (tag, inside) = ber::begun(&mut Cursor::new(message))?;
    let (sequence, inside) = ber::begun(&mut Cursor::new(inside))?;
    (sequence == SEQUENCE).then_some(())?;
    match tag {
        AS_REQUEST | TGS_REQUEST => {
            let body = request_body(inside)?;
            let subject = Subject::Ip(from);
            principal(body, 1, 2, subject, telling);
            if let Some(addresses) = ber::whole(body, member(9)) {
                machines(addresses, subject, telling);
            }
        }
        AS_REPLY | TGS_REPLY => principal(inside, 4, 3, Subject::Ip(to), telling),
        ERROR => principal(inside, 8, 7, Subject::Ip(to), telling),
        _ => {}
    }
    Some(())
}

/// `req-body`, as far as it is there.
fn request_body(inside: &[u8]) -> Option<&[u8]> {
    let mut cursor = Cursor::new(inside);
    loop {
        let (tag, content) = ber::begun(&mut cursor)?;
        if tag == member(4) {
            let (sequence, body) = ber::begun(&mut Cursor::new(content))?;
            return (sequence == SEQUENCE).then_some(body);
        }
    }
}

/// The client, by the numbers of its name and its realm in this sequence.
fn principal(inside: &[u8], name: u8, realm: u8, subject: Subject, telling: &mut Telling<'_>) {
    _ = (|| {
        let client = ber::whole(ber::whole(inside, member(name))?, SEQUENCE)?;
        let strings = ber::whole(ber::whole(client, member(1))?, SEQUENCE)?;
        let parts: Vec<&[u8]> = parts(strings).collect();
        let (kind, text) = match parts.as_slice() {
            [b"host", host] => (Kind::Host, host.to_vec()),
            [machine] if machine.ends_with(b"$") => {
                (Kind::Host, machine.strip_suffix(b"$")?.to_vec())
            }
            [] => return None,
            several => {
                let mut text = several.join(&b'/');
                let realm = ber::whole(inside, member(realm));
                if let Some(realm) = realm.and_then(|realm| ber::whole(realm, GENERAL_STRING)) {
                    text.push(b'@');
                    text.extend(realm);
                }
                (Kind::User, text)
            }
        };
        telling.tell(Source::Kerberos, kind, subject, &text);
        Some(())
    })();
}

fn parts(strings: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut cursor = Cursor::new(strings);
    std::iter::from_fn(move || match ber::begun(&mut cursor)? {
        (GENERAL_STRING, part) => Some(part),
        _ => None,
    })
}

/// The names of the machine itself, which Windows gives as addresses.
fn machines(addresses: &[u8], subject: Subject, telling: &mut Telling<'_>) {
    let Some(list) = ber::whole(addresses, SEQUENCE) else { return };
    let mut cursor = Cursor::new(list);
    while let Some((SEQUENCE, address)) = ber::begun(&mut cursor) {
        let kind = ber::whole(address, member(0)).and_then(|kind| ber::whole(kind, INTEGER));
        let value =
            ber::whole(address, member(1)).and_then(|value| ber::whole(value, OCTET_STRING));
        if let (Some(NETBIOS), Some([name @ .., _suffix])) = (kind, value) {
            telling.tell(Source::Kerberos, Kind::Host, subject, name.trim_ascii_end());
        }
    }
}
