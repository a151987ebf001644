//! The named curve in a ServerKeyExchange of TLS 1.2 and below (RFC 8422 section 5.4).

use super::code_point::NamedGroup;
use super::part::{Fault, Part};

/// `ECCurveType.named_curve`.
const NAMED_CURVE: u8 = 3;

/// The group of an elliptic-curve key exchange; `None` for any other kind. The message does not
/// say which kind it is, so its lengths must fit to the last byte.
#[must_use]
pub fn named_curve(body: &[u8]) -> Option<NamedGroup> {
    let mut part = Part::new(body, body.len());
    if let Ok(group) = elliptic(part) {
        return Some(group);
    }
    // With a pre-shared key the identity hint comes first (RFC 5489).
    part.vector16().ok()?;
    elliptic(part).ok()
}

fn elliptic(mut part: Part<'_>) -> Result<NamedGroup, Fault> {
    if part.u8()? != NAMED_CURVE {
        return Err(Fault::Malformed);
    }
    let group = NamedGroup(part.u16()?);
    if part.vector8()?.is_empty() {
        return Err(Fault::Malformed);
    }
    // No signature: anonymous or pre-shared key.
    if part.is_empty() || ends_with_signature(part) {
        return Ok(group);
    }
    part.take(2)?; // The signature algorithm, TLS 1.2 only.
    if ends_with_signature(part) { Ok(group) } else { Err(Fault::Malformed) }
}

fn ends_with_signature(mut part: Part<'_>) -> bool {
    part.vector16().is_ok() && part.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_curve_with_and_without_signature_algorithm() {
        // curve type, group, point, signature
        assert_eq!(named_curve(&[3, 0, 0x17, 1, 4, 0, 2, 9, 9]), Some(NamedGroup(0x17)));
        assert_eq!(named_curve(&[3, 0, 0x1D, 1, 4, 4, 1, 0, 2, 9, 9]), Some(NamedGroup(0x1D)));
        // identity hint, curve type, group, point
        assert_eq!(named_curve(&[0, 0, 3, 0, 0x18, 1, 4]), Some(NamedGroup(0x18)));
    }

    #[test]
    fn finite_field_parameters_have_no_curve() {
        // p, g, public value, signature: p's length begins with the byte 3.
        let mut body = vec![3, 0];
        body.resize(2 + 0x300, 0xAA);
        body.extend_from_slice(&[0, 1, 2, 0, 1, 7, 0, 1, 9]);
        assert_eq!(named_curve(&body), None);
    }
}
