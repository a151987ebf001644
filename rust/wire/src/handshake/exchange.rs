//! Listens to both directions of a UDP conversation.

use std::fmt;

use super::transcript::Transcript;
use super::{Told, Transport, dtls, openvpn, quic, rdp_udp};
use crate::carrier::Carrier;
use crate::flow::Listener;
use crate::stream::{Ended, Missing, Origin, Side};

/// What takes the datagrams of one protocol apart.
pub(super) trait Reader: fmt::Debug + Send {
    /// Takes the next datagram of a side as far as captured, and its length as sent.
    fn datagram(
        &mut self,
        side: Side,
        payload: &[u8],
        length: u32,
        origin: Origin,
        transcript: &mut Transcript,
    );
    /// No more datagrams come: what is unfinished is handed over as far as it goes.
    fn end(&mut self, why: Missing, transcript: &mut Transcript);
    /// Bytes of memory that it holds.
    fn buffered(&self) -> usize;
}

/// A protocol that a datagram may begin.
pub(super) struct Opening {
    pub transport: Transport,
    pub carrier: Carrier,
    pub reader: Box<dyn Reader>,
}

/// Looks at a datagram that nobody listens to, and says whether it begins its protocol.
type Opens = fn(&[u8]) -> Option<Opening>;

/// The first that says yes reads on.
const OPENINGS: [Opens; 5] = [
    quic::opens_with,
    dtls::opens_with,
    dtls::opens_with_capwap,
    rdp_udp::opens_with,
    openvpn::opens_with,
];

/// One conversation, from the datagram on that looks like TLS in some form.
#[derive(Debug)]
pub struct Exchange {
    transcript: Transcript,
    reader: Box<dyn Reader>,
}

impl Exchange {
    /// What it has to tell, once the capture is over.
    pub fn tell(ended: Ended<Self>, tell: &mut dyn FnMut(Told)) {
        let (ended, exchange) = ended.split();
        let Self { mut transcript, mut reader } = *exchange;
        let why = if ended.evicted { Missing::Limit } else { Missing::Truncated };
        reader.end(why, &mut transcript);
        transcript.tell(&ended, tell);
    }
}

impl Listener for Exchange {
    fn opens_with(payload: &[u8]) -> Option<Self> {
        let opening = OPENINGS.iter().find_map(|opens_with| opens_with(payload))?;
        let Opening { transport, carrier, reader } = opening;
        Some(Self { transcript: Transcript::new(transport, carrier, false), reader })
    }

    fn datagram(&mut self, side: Side, payload: &[u8], length: u32, origin: Origin) {
        self.reader.datagram(side, payload, length, origin, &mut self.transcript);
    }

    fn is_listening(&self) -> bool {
        !self.transcript.is_void()
    }

    fn buffered(&self) -> usize {
        [size_of::<Self>(), self.transcript.held(), self.reader.buffered()]
            .into_iter()
            .fold(0, usize::saturating_add)
    }
}
