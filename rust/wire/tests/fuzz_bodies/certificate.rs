//! Any bytes as a Certificate message of TLS 1.2: what is read of the leaf is text that any output
//! can show.

use tlsaudit_wire::tls::certificate::{Certificate, leaf};

/// The body of the target `certificate`.
pub fn check(body: &[u8]) {
    let Some(der) = leaf(body) else { return };
    let Some(certificate) = Certificate::read(der) else { return };
    let texts =
        [&certificate.subject, &certificate.issuer, &certificate.key, &certificate.signature];
    for text in texts {
        assert!(!text.contains(char::is_control), "{text:?}");
    }
    assert!(!certificate.key.is_empty() && !certificate.signature.is_empty());
}
