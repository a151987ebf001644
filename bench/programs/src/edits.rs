//! What makes one handshake of a template differ from the next.

use crate::random::Random;
use crate::template::Template;

/// Places for which a number of RFC 8701 is drawn: suites, groups, versions, two extensions.
pub const GREASE_PLACES: usize = 5;

/// What to put where.
#[derive(Clone, Copy)]
pub struct Edit {
    kind: Kind,
    at: usize,
    length: usize,
}

#[derive(Clone, Copy)]
enum Kind {
    Random,
    Session,
    Name,
    Serial,
    Grease(usize),
}

impl Edit {
    /// Reads `kind:at:length`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let kind = match parts.next()? {
            "random" => Kind::Random,
            "session" => Kind::Session,
            "name" => Kind::Name,
            "serial" => Kind::Serial,
            other => Kind::Grease(other.strip_prefix("grease")?.parse().ok()?),
        };
        Some(Self { kind, at: parts.next()?.parse().ok()?, length: parts.next()?.parse().ok()? })
    }
}

/// What is put into the flights of one connection.
pub struct Filling {
    session: [u8; 32],
    name: String,
    server: u32,
    grease: [u16; GREASE_PLACES],
    /// Whether any flight has a place for the name.
    pub has_name: bool,
}

impl Filling {
    /// Draws it. The name and the serial number belong to the server.
    #[must_use]
    pub fn new(server: u32, template: &Template, random: &mut Random) -> Self {
        let mut session = [0; 32];
        random.fill(&mut session);
        let mut grease: [u16; GREASE_PLACES] =
            std::array::from_fn(|_| 0x0A0A + 0x1010 * u16::try_from(random.below(16)).unwrap_or(0));
        // The same extension must not come twice.
        if grease[3] == grease[4] {
            grease[4] ^= 0x1010;
        }
        let edits = template.flights.iter().flat_map(|flight| &flight.edits);
        let has_name = edits.into_iter().any(|edit| matches!(edit.kind, Kind::Name));
        Self { session, name: server_name(server), server, grease, has_name }
    }

    /// The number that stands for a GREASE one of the template.
    #[must_use]
    pub fn grease(&self, place: usize, number: u16) -> u16 {
        if number & 0x0F0F == 0x0A0A && number >> 8 == number & 0xFF {
            self.grease[place]
        } else {
            number
        }
    }

    /// The bytes of a flight of the template.
    #[must_use]
    pub fn flight(&self, template: &Template, number: usize, random: &mut Random) -> Vec<u8> {
        let flight = &template.flights[number];
        let mut bytes = flight.bytes.clone();
        for edit in &flight.edits {
            let place = &mut bytes[edit.at..edit.at + edit.length];
            match edit.kind {
                Kind::Random => random.fill(place),
                Kind::Session => place.copy_from_slice(&self.session[..edit.length]),
                Kind::Name => place.copy_from_slice(self.name.as_bytes()),
                Kind::Serial => Random::new(self.server.into()).fill(place),
                Kind::Grease(slot) => place.copy_from_slice(&self.grease[slot].to_be_bytes()),
            }
        }
        if number == 0 {
            shuffle(&mut bytes, &template.shuffled, random);
        }
        bytes
    }
}

/// The name of a server.
#[must_use]
pub fn server_name(server: u32) -> String {
    format!("s{server:05}.example.net")
}

/// Lets blocks that follow each other change places.
fn shuffle(bytes: &mut [u8], blocks: &[(usize, usize)], random: &mut Random) {
    let Some(&(start, _)) = blocks.first() else { return };
    let mut order: Vec<(usize, usize)> = blocks.to_vec();
    for n in (1..order.len()).rev() {
        order.swap(n, random.below(u32::try_from(n + 1).unwrap_or(1)) as usize);
    }
    let mixed: Vec<u8> = order.iter().flat_map(|&(from, to)| &bytes[from..to]).copied().collect();
    bytes[start..start + mixed.len()].copy_from_slice(&mixed);
}
