//! SQL Server's protocol up to version 7.4: TLS inside its packets, then beside them (MS-TDS
//! sections 2.2.3.1, 2.2.6.5 and 3.2.5).

use super::gathered::Gathered;
use super::{Carrier, Dialogue, Refusal, RefusalKind, Said, Step};
use crate::cursor::Cursor;
use crate::stream::{Origin, PerSide, Side};
use crate::tls::record;

/// A connection that begins with a PRELOGIN message.
#[derive(Debug)]
pub(super) struct Tds {
    client: Side,
    lanes: PerSide<Lane>,
    asked: Option<(u8, Said)>,
    ts: Option<i64>,
}

/// One direction.
#[derive(Debug, Default)]
struct Lane {
    /// A packet's header of which not all is there yet.
    header: Gathered,
    /// Bytes of the packet that are still to come.
    left: usize,
    /// What the packets hold so far, until their message is over.
    message: Gathered,
    stage: Stage,
    /// The packet is the last of its message.
    last: bool,
}

/// What comes in a direction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// The PRELOGIN message.
    #[default]
    Prelogin,
    /// TLS in packets.
    Wrapped,
    /// TLS without packets.
    Raw,
}

const PRELOGIN: u8 = 0x12;
/// What servers answer in; some of them wrap TLS in it too.
const RESPONSE: u8 = 0x04;
const HEADER_LENGTH: usize = 8;
/// In a packet's header: it ends its message.
const END_OF_MESSAGE: u8 = 1;
/// The token of the option ENCRYPTION.
const ENCRYPTION: u8 = 1;
/// Its value where a party has no encryption.
const NOT_SUPPORTED: u8 = 2;
/// Beside the values: the server wants a certificate of the client.
const CLIENT_CERTIFICATE: u8 = 0x80;

impl Tds {
    /// The dialogue that begins with these bytes of a side.
    pub(super) fn opening(side: Side, bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let header = cursor.array::<HEADER_LENGTH>()?;
        if let [record::content_type::HANDSHAKE, 3, 0..=4, _, _, hello @ (1 | 2), 0, ..] =
            cursor.rest()
        {
            // What came before was not captured: this is the packet with a hello.
            let client = if *hello == 1 { side } else { side.other() };
            packet_length(&header, side, client)?;
            let wrapped = || Lane { stage: Stage::Wrapped, ..Lane::default() };
            let lanes = PerSide::new(wrapped(), wrapped());
            return Some(Self { client, lanes, asked: None, ts: None });
        }
        let length = packet_length(&header, side, side)?;
        // The options' list begins with VERSION, whose data lie behind the list.
        let fits = matches!(cursor.rest(), [0, 0, 6..=64, 0, 4 | 6, ..]) && length < 1_024;
        fits.then(|| Self { client: side, lanes: PerSide::default(), asked: None, ts: None })
    }

    /// What the two PRELOGIN messages make of it.
    fn prelogin(&mut self, side: Side, options: &[u8], origin: Origin) -> Option<Step> {
        let Some(encryption) = encryption(options) else { return Some(Step::Leave) };
        let said = Said { what: format!("ENCRYPTION {encryption}"), frame: origin.frame };
        if side == self.client {
            self.asked = Some((encryption, said));
            self.ts = origin.ts;
            return None;
        }
        let Some((asked, _)) = self.asked else { return Some(Step::Leave) };
        if [asked, encryption].iter().all(|value| value & !CLIENT_CERTIFICATE != NOT_SUPPORTED) {
            return None;
        }
        let (_, asked) = self.asked.take()?;
        Some(Step::Refused(Box::new(Refusal {
            kind: RefusalKind::EncryptionDeclined,
            carrier: Carrier::Tds,
            client: self.client,
            ts: self.ts,
            asked: Some(asked),
            answered: Some(said),
            target: None,
        })))
    }

    /// The bytes of a packet that are there.
    fn packet(
        &mut self,
        side: Side,
        bytes: &[u8],
        origin: Origin,
        tls: &mut Vec<u8>,
    ) -> Option<Step> {
        let lane = self.lanes.of_mut(side);
        lane.left = lane.left.saturating_sub(bytes.len());
        if lane.stage != Stage::Prelogin {
            tls.extend_from_slice(bytes);
            return None;
        }
        lane.message.add(bytes);
        if lane.left > 0 || !lane.last {
            return lane.message.is_full().then_some(Step::Leave);
        }
        lane.stage = Stage::Wrapped;
        let message = std::mem::take(&mut lane.message);
        self.prelogin(side, message.all(), origin)
    }
}

impl Dialogue for Tds {
    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin, tls: &mut Vec<u8>) -> Step {
        let mut cursor = Cursor::new(bytes);
        while !cursor.is_empty() {
            let lane = self.lanes.of_mut(side);
            if lane.left > 0 {
                let part = cursor.take_up_to(lane.left);
                if let Some(step) = self.packet(side, part, origin, tls) {
                    return step;
                }
                continue;
            }
            let is_record = lane.header.is_empty() && record::can_begin(cursor.rest());
            if lane.stage == Stage::Raw || (lane.stage == Stage::Wrapped && is_record) {
                // Both directions are told apart here: the other may still be in packets.
                lane.stage = Stage::Raw;
                tls.extend_from_slice(cursor.rest());
                break;
            }
            let missing = HEADER_LENGTH.saturating_sub(lane.header.len());
            lane.header.add(cursor.take_up_to(missing));
            let Some(header) = lane.header.all().first_chunk() else { break };
            let Some(length) = packet_length(header, side, self.client) else {
                return Step::Leave;
            };
            let [kind, status, ..] = *header;
            lane.header = Gathered::default();
            // Encryption may be for the login alone: then the server goes on in plaintext.
            let begins = std::mem::replace(&mut lane.last, status & END_OF_MESSAGE != 0);
            let wraps = record::can_begin(cursor.rest());
            if lane.stage == Stage::Wrapped && kind == RESPONSE && begins && !wraps {
                return Step::Leave;
            }
            lane.left = length;
        }
        let raw = Side::BOTH.iter().all(|&side| self.lanes.of(side).stage == Stage::Raw);
        match (self.lanes.of(self.client).stage, raw) {
            (Stage::Prelogin, _) => Step::Listen,
            (_, true) => Step::Tls(bytes.len()),
            _ => Step::Wrapped,
        }
    }

    fn carrier(&self) -> Carrier {
        Carrier::Tds
    }

    fn asked(&self) -> Option<(&Said, Option<i64>)> {
        self.asked.as_ref().map(|(_, said)| (said, self.ts))
    }

    fn buffered(&self) -> usize {
        let lane = |side| {
            let lane: &Lane = self.lanes.of(side);
            lane.header.buffered().saturating_add(lane.message.buffered())
        };
        size_of::<Self>().saturating_add(lane(Side::A)).saturating_add(lane(Side::B))
    }
}

/// How many bytes follow a packet's header; `None` where it is none.
fn packet_length(header: &[u8; HEADER_LENGTH], side: Side, client: Side) -> Option<usize> {
    let [kind, status, high, low, ..] = *header;
    let known = kind == PRELOGIN || (kind == RESPONSE && side != client);
    let length = usize::from(u16::from_be_bytes([high, low])).checked_sub(HEADER_LENGTH)?;
    (known && status <= END_OF_MESSAGE && length > 0).then_some(length)
}

/// The value of the option ENCRYPTION; a client or server that does not give it has none.
fn encryption(options: &[u8]) -> Option<u8> {
    let mut list = Cursor::new(options);
    loop {
        match list.u8()? {
            0xFF => return Some(NOT_SUPPORTED),
            token => {
                let (offset, length) = (list.u16()?, list.u16()?);
                if token == ENCRYPTION && length == 1 {
                    return options.get(usize::from(offset)).copied();
                }
            }
        }
    }
}
