//! MySQL and MariaDB: the server greets, the client says that TLS begins.

use super::{Carrier, Dialogue, Step};
use crate::cursor::Cursor;
use crate::stream::{Origin, Side};

/// A connection that begins with a server's greeting.
#[derive(Debug)]
pub(super) struct Mysql {
    client: Side,
    asked: bool,
}

/// The client's `SSLRequest`, header included.
const REQUEST_LENGTH: usize = 36;
/// `CLIENT_SSL` among the lower capabilities.
const CLIENT_SSL: u8 = 0x08;

impl Mysql {
    /// The dialogue that begins with these bytes of a side: a packet with the sequence number 0,
    /// version 10 of the protocol, and the version of the server.
    pub(super) fn opening(side: Side, bytes: &[u8]) -> Option<Self> {
        let mut cursor = Cursor::new(bytes);
        let [low, middle, high, number, version] = cursor.array()?;
        let length = usize::from(u16::from_le_bytes([low, middle]));
        let fits = high == 0 && number == 0 && version == 10;
        let whole = bytes.len() == length.checked_add(4)?;
        (fits && whole && cursor.rest().contains(&0))
            .then_some(Self { client: side.other(), asked: false })
    }
}

impl Dialogue for Mysql {
    fn data(&mut self, side: Side, bytes: &[u8], _origin: Origin, _tls: &mut Vec<u8>) -> Step {
        match bytes {
            _ if side != self.client => Step::Listen,
            [32, 0, 0, 1, _, second, ..]
                if second & CLIENT_SSL != 0 && bytes.len() >= REQUEST_LENGTH =>
            {
                self.asked = true;
                Step::Tls(REQUEST_LENGTH)
            }
            _ => Step::Leave,
        }
    }

    fn carrier(&self) -> Carrier {
        if self.asked { Carrier::Mysql } else { Carrier::Other }
    }

    fn buffered(&self) -> usize {
        size_of::<Self>()
    }
}
