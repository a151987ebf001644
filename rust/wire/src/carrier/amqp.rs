//! AMQP 1.0: a header that names the TLS layer, and the same one in return.

use super::{Carrier, Dialogue, Refusal, RefusalKind, Said, Step};
use crate::stream::{Origin, Side};

/// A connection that begins with AMQP's header for TLS.
#[derive(Debug)]
pub(super) struct Amqp {
    client: Side,
    asked: Option<Said>,
    ts: Option<i64>,
}

/// Protocol 2 is TLS, in version 1.0.0.
const TLS_HEADER: &[u8] = b"AMQP\x02\x01\x00\x00";

impl Amqp {
    /// The dialogue that begins with these bytes of a side.
    pub(super) fn opening(side: Side, bytes: &[u8]) -> Option<Self> {
        let begins = bytes.starts_with(TLS_HEADER);
        begins.then_some(Self { client: side, asked: None, ts: None })
    }
}

impl Dialogue for Amqp {
    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin, _tls: &mut Vec<u8>) -> Step {
        if side == self.client {
            if self.asked.is_some() {
                return Step::Leave; // It did not wait; TLS is found by its own bytes.
            }
            self.asked = Some(Said { what: "AMQP 2.1.0.0".into(), frame: origin.frame });
            self.ts = origin.ts;
            return Step::Listen;
        }
        match bytes {
            _ if bytes.starts_with(TLS_HEADER) => Step::Tls(TLS_HEADER.len()),
            [b'A', b'M', b'Q', b'P', protocol, major, minor, revision, ..] => {
                let what = format!("AMQP {protocol}.{major}.{minor}.{revision}");
                Step::Refused(Box::new(Refusal {
                    kind: RefusalKind::UpgradeRefused,
                    carrier: Carrier::Amqp,
                    client: self.client,
                    ts: self.ts,
                    asked: self.asked.take(),
                    answered: Some(Said { what, frame: origin.frame }),
                    target: None,
                }))
            }
            _ => Step::Leave,
        }
    }

    fn carrier(&self) -> Carrier {
        Carrier::Amqp
    }

    fn buffered(&self) -> usize {
        size_of::<Self>()
    }
}
