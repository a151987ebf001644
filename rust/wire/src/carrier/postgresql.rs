//! PostgreSQL: `SSLRequest`, answered by one byte.

use super::{Carrier, Dialogue, Refusal, RefusalKind, Said, Step, first_words};
use crate::stream::{Origin, Side};

/// A connection that begins with a request for encryption.
#[derive(Debug)]
pub(super) struct Postgresql {
    client: Side,
    asked: Option<Said>,
    ts: Option<i64>,
}

const SSL_REQUEST: &[u8] = &[0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x2F];
/// The same for encryption by GSSAPI, which a client may ask for first.
const GSS_REQUEST: &[u8] = &[0, 0, 0, 8, 0x04, 0xD2, 0x16, 0x30];

impl Postgresql {
    /// The dialogue that begins with these bytes of a side.
    pub(super) fn opening(side: Side, bytes: &[u8]) -> Option<Self> {
        let asks = bytes == SSL_REQUEST || bytes == GSS_REQUEST;
        asks.then_some(Self { client: side, asked: None, ts: None })
    }
}

impl Dialogue for Postgresql {
    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin, _tls: &mut Vec<u8>) -> Step {
        if side == self.client {
            if bytes == SSL_REQUEST {
                self.asked = Some(Said { what: "SSLRequest".into(), frame: origin.frame });
                self.ts = origin.ts;
            } else if bytes != GSS_REQUEST {
                return Step::Leave;
            }
            return Step::Listen;
        }
        match (self.asked.take(), bytes) {
            (asked @ Some(_), b"S") => {
                self.asked = asked;
                Step::Tls(1)
            }
            // N, or the error of a server that does not know the request.
            (Some(asked), [b'N' | b'E', ..]) => Step::Refused(Box::new(Refusal {
                kind: RefusalKind::UpgradeRefused,
                carrier: Carrier::Postgresql,
                client: self.client,
                ts: self.ts,
                asked: Some(asked),
                answered: Some(Said { what: first_words(bytes), frame: origin.frame }),
                target: None,
            })),
            (None, b"N") => Step::Listen,
            _ => Step::Leave,
        }
    }

    fn carrier(&self) -> Carrier {
        if self.asked.is_some() { Carrier::Postgresql } else { Carrier::Other }
    }

    fn buffered(&self) -> usize {
        size_of::<Self>()
    }
}
