//! Handshake messages: their types, and what one says, whichever way its bytes came.

use super::certificate;
use super::client_hello::ClientHello;
use super::key_exchange;
use super::parser::{Event, Place};
use super::server_hello::ServerHello;

/// Handshake message types (RFC 9846 section 4; older ones RFC 5246 section 7.4).
pub mod message_type {
    /// What a client offers.
    pub const CLIENT_HELLO: u8 = 1;
    /// What a server chose; a HelloRetryRequest too.
    pub const SERVER_HELLO: u8 = 2;
    /// DTLS up to 1.2: asks the client to show that it is where it says.
    pub const HELLO_VERIFY_REQUEST: u8 = 3;
    /// Drafts of TLS 1.3 before 22.
    pub const HELLO_RETRY_REQUEST: u8 = 6;
    /// A chain of certificates.
    pub const CERTIFICATE: u8 = 11;
    /// TLS 1.2 or below: the server's half of the key exchange.
    pub const SERVER_KEY_EXCHANGE: u8 = 12;
    /// TLS 1.2 or below: the server has said all.
    pub const SERVER_HELLO_DONE: u8 = 14;
}

/// Whether the bytes of a message of this type matter.
#[must_use]
pub fn is_read(kind: u8) -> bool {
    matches!(
        kind,
        message_type::CLIENT_HELLO
            | message_type::SERVER_HELLO
            | message_type::HELLO_RETRY_REQUEST
            | message_type::CERTIFICATE
            | message_type::SERVER_KEY_EXCHANGE
    )
}

/// What a message of type `kind` says: `body` is what was captured of the `promised` bytes behind
/// its header. `None` when it says nothing that matters.
#[must_use]
pub fn event(kind: u8, body: &[u8], promised: usize, place: Place) -> Option<Event> {
    let whole = place.cut.is_none();
    match kind {
        message_type::CLIENT_HELLO => {
            Some(Event::ClientHello(Box::new(ClientHello::read(body, promised)), place))
        }
        message_type::SERVER_HELLO => {
            Some(Event::ServerHello(Box::new(ServerHello::read(body, promised)), place))
        }
        message_type::HELLO_RETRY_REQUEST if whole => {
            Some(Event::RetryRequest { frame: place.frame })
        }
        message_type::CERTIFICATE => {
            let leaf = if whole { certificate::leaf(body) } else { None };
            Some(Event::Certificate(leaf.map(Into::into)))
        }
        message_type::SERVER_KEY_EXCHANGE if whole => {
            Some(Event::ServerKeyExchange(key_exchange::named_curve(body)))
        }
        message_type::SERVER_HELLO_DONE if whole => Some(Event::ServerHelloDone),
        _ => None,
    }
}
