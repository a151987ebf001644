//! TLS connections: a handshake of a template, then application data.

use crate::edits::Filling;
use crate::random::Random;
use crate::talk::Talk;
use crate::template::Template;
use crate::truth::Expected;

/// The longest payload of a record.
const RECORD: u32 = 16_384;

/// The version in the headers of records with application data (RFC 8446 section 5.1).
const TLS12: u16 = 0x0303;

/// Plans the handshake; gives what must be found of it.
pub fn handshake(talk: &mut Talk<'_>, template: &Template, server: u32) -> Expected {
    let filling = Filling::new(server, template, talk.random());
    talk.open();
    for (number, flight) in template.flights.iter().enumerate() {
        let bytes = filling.flight(template, number, talk.random());
        talk.send(flight.from, &bytes, flight.hello_end);
    }
    Expected::new(template, &filling, server)
}

/// Plans a request and its answer of about `most` bytes.
pub fn exchange(talk: &mut Talk<'_>, version: u16, most: u32) {
    let request = talk.random().between(80, 700);
    let bytes = records(version, request, talk.random());
    talk.send(0, &bytes, 0);
    let answer = talk.random().between(most / 2, most);
    let bytes = records(version, answer, talk.random());
    talk.send(1, &bytes, 0);
    let pause = talk.random().between(0, 30_000);
    talk.wait(pause);
}

/// So many bytes of application data, in records.
fn records(version: u16, mut length: u32, random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(length as usize + 16);
    while length > 0 {
        let one = length.min(RECORD);
        bytes.push(23);
        bytes.extend(version.min(TLS12).to_be_bytes());
        bytes.extend(u16::try_from(one).unwrap_or(0).to_be_bytes());
        let start = bytes.len();
        bytes.resize(start + one as usize, 0);
        random.fill(&mut bytes[start..]);
        length -= one;
    }
    bytes
}
