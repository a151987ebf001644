//! RDP over UDP: TLS over the reliable form, DTLS over the lossy one.

use super::Transport;
use super::exchange::{Opening, Reader};
use super::numbered::Numbered;
use super::transcript::Transcript;
use crate::carrier::Carrier;
use crate::carrier::rdp_udp::{self, Syn};
use crate::stream::{Missing, Origin, PerSide, Side};
use crate::tls::dtls;
use crate::tls::record;

/// What is read of one direction.
#[derive(Debug)]
enum Lane {
    Reliable(Numbered),
    Lossy(dtls::Parser),
}

#[derive(Debug)]
struct RdpUdpReader {
    lossy: bool,
    /// The version that both ends speak, once that is known.
    version: Option<u16>,
    lanes: PerSide<Option<Lane>>,
}

/// Whether a datagram opens a connection of RDP over UDP.
pub(super) fn opens_with(payload: &[u8]) -> Option<Opening> {
    let syn = rdp_udp::syn(payload)?;
    let reader = RdpUdpReader { lossy: syn.lossy, version: None, lanes: PerSide::default() };
    let transport = if syn.lossy { Transport::Dtls } else { Transport::Udp };
    Some(Opening { transport, carrier: Carrier::RdpUdp, reader: Box::new(reader) })
}

impl RdpUdpReader {
    fn open(&mut self, side: Side, syn: Syn) {
        if syn.answers {
            self.version = Some(syn.version);
        }
        // One that is sent again changes nothing.
        self.lanes.of_mut(side).get_or_insert_with(|| {
            if self.lossy {
                Lane::Lossy(dtls::Parser::new())
            } else {
                Lane::Reliable(Numbered::new(syn.initial.wrapping_add(1)))
            }
        });
    }

    /// The number and the bytes of a packet. Which version it is of, its content tells where the
    /// answer to the SYN was not captured.
    fn data(&mut self, payload: &[u8]) -> Option<(u32, Vec<u8>)> {
        let first = || rdp_udp::data(payload).map(|(number, bytes)| (number, bytes.to_vec()));
        let second = || rdp_udp::data2(payload).map(|(number, bytes)| (u32::from(number), bytes));
        match self.version {
            Some(rdp_udp::VERSION_3) => second(),
            Some(_) => first(),
            None => {
                let fits = |(_, bytes): &(u32, Vec<u8>)| {
                    bytes.len() >= record::HEADER_LENGTH && record::can_begin(bytes)
                };
                let (data, version) = match second().filter(fits) {
                    Some(data) => (data, rdp_udp::VERSION_3),
                    None => (first().filter(fits)?, 1),
                };
                self.version = Some(version);
                Some(data)
            }
        }
    }
}

impl Reader for RdpUdpReader {
    fn datagram(
        &mut self,
        side: Side,
        payload: &[u8],
        _length: u32,
        origin: Origin,
        transcript: &mut Transcript,
    ) {
        if let Some(syn) = rdp_udp::syn(payload) {
            self.open(side, syn);
            return;
        }
        if transcript.is_completed() {
            transcript.count(side, u32::try_from(payload.len()).unwrap_or(u32::MAX));
            return;
        }
        let Some((number, bytes)) = self.data(payload) else { return };
        let (lossy, second) = (self.lossy, self.version == Some(rdp_udp::VERSION_3));
        let lane = self.lanes.of_mut(side).get_or_insert_with(|| {
            if lossy {
                Lane::Lossy(dtls::Parser::new())
            } else {
                Lane::Reliable(Numbered::new(number))
            }
        });
        match lane {
            Lane::Reliable(numbered) => {
                if second && numbered.is_untouched() {
                    // Here packets are counted from 1, whatever the SYN says.
                    *numbered = Numbered::new(1);
                }
                numbered.take(side, number, &bytes, origin, transcript);
            }
            Lane::Lossy(parser) => {
                let mut events = Vec::new();
                parser.datagram(&bytes, origin, &mut events);
                let count = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                transcript.heard(side, count, |hear| events.drain(..).for_each(hear));
            }
        }
    }

    fn end(&mut self, why: Missing, transcript: &mut Transcript) {
        for side in Side::BOTH {
            match self.lanes.of_mut(side) {
                Some(Lane::Reliable(numbered)) => numbered.end(side, why, transcript),
                Some(Lane::Lossy(parser)) => {
                    let mut events = Vec::new();
                    parser.end(why, &mut events);
                    transcript.take(side, |hear| events.drain(..).for_each(hear));
                }
                None => {}
            }
        }
    }

    fn buffered(&self) -> usize {
        Side::BOTH
            .iter()
            .map(|&side| match self.lanes.of(side) {
                Some(Lane::Reliable(numbered)) => numbered.buffered(),
                Some(Lane::Lossy(parser)) => parser.buffered(),
                None => 0,
            })
            .fold(size_of::<Self>(), usize::saturating_add)
    }
}
