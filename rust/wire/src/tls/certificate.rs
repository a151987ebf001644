//! The leaf of a Certificate message of TLS 1.2 and below, in clear there.

use std::fmt::Write;

use x509_parser::asn1_rs::{Any, Tag};
use x509_parser::certificate::X509CertificateParser;
use x509_parser::nom::Parser;
use x509_parser::objects::{oid_registry, oid2abbrev, oid2sn};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_KEY_TYPE_EC_PUBLIC_KEY, OID_NIST_EC_P384, OID_NIST_EC_P521, Oid,
};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::{SubjectPublicKeyInfo, X509Name};

use super::escape::escaped;
use super::part::Part;

/// What tables say of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The subject's distinguished name, escaped: `C=US, O=Example, CN=www.example.test`.
    pub subject: String,
    /// The issuer's, likewise.
    pub issuer: String,
    /// End of validity in nanoseconds since the epoch; `None` when it lies beyond 2262.
    pub not_after: Option<i64>,
    /// `RSA 2048`, `EC P-256`, `Ed25519`; the object identifier when it has no name.
    pub key: String,
    /// The algorithm of the signature: `sha256WithRSAEncryption`.
    pub signature: String,
}

impl Certificate {
    /// Reads a certificate; `None` when it is none.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        // What its extensions say is not asked for.
        let mut parser = X509CertificateParser::new().with_deep_parse_extensions(false);
        let (_, certificate) = parser.parse(der).ok()?;
        // X.690 8.19: an object identifier has at least one byte. Without a name there is nothing to
        // say of a key.
        let algorithms = [
            &certificate.signature_algorithm.algorithm,
            &certificate.public_key().algorithm.algorithm,
        ];
        if algorithms.iter().any(|oid| oid.as_bytes().is_empty()) {
            return None;
        }
        let seconds = certificate.validity().not_after.timestamp();
        Some(Self {
            subject: name(certificate.subject()),
            issuer: name(certificate.issuer()),
            not_after: seconds.checked_mul(1_000_000_000),
            key: key(certificate.public_key()),
            signature: algorithm(&certificate.signature_algorithm.algorithm),
        })
    }

    /// Bytes of memory that it takes beside its own size.
    #[must_use]
    pub fn heap(&self) -> usize {
        [&self.subject, &self.issuer, &self.key, &self.signature]
            .into_iter()
            .fold(0, |sum, text| sum.saturating_add(text.capacity()))
    }
}

/// The leaf's bytes in the body of a Certificate message.
#[must_use]
pub fn leaf(body: &[u8]) -> Option<&[u8]> {
    let mut message = Part::new(body, body.len());
    let mut list = vector24(&mut message)?;
    let leaf = vector24(&mut list)?;
    (leaf.is_whole() && !leaf.is_empty()).then(|| leaf.captured())
}

fn vector24<'a>(part: &mut Part<'a>) -> Option<Part<'a>> {
    let [a, b, c] = part.array().ok()?;
    let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).ok()?;
    part.vector(length).ok()
}

fn name(name: &X509Name<'_>) -> String {
    let mut text = String::new();
    for attribute in name.iter_attributes() {
        if !text.is_empty() {
            text.push_str(", ");
        }
        let kind = attribute.attr_type();
        match oid2abbrev(kind, oid_registry()) {
            Ok(short) => text.push_str(short),
            Err(_) => _ = write!(text, "{kind}"),
        }
        text.push('=');
        text.push_str(&value(attribute.attr_value()));
    }
    text
}

/// A value of a name, whatever its string type; escaped.
fn value(any: &Any<'_>) -> String {
    match any.tag() {
        Tag::BmpString => {
            let units = any.data.chunks_exact(2).filter_map(|pair| pair.first_chunk::<2>());
            let units = units.map(|pair| u16::from_be_bytes(*pair));
            let text: String =
                char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{FFFD}')).collect();
            escaped(text.as_bytes())
        }
        // Teletex was meant to be T.61 and is Latin-1 in practice.
        Tag::T61String => {
            let text: String = any.data.iter().copied().map(char::from).collect();
            escaped(text.as_bytes())
        }
        _ => escaped(any.data),
    }
}

fn key(info: &SubjectPublicKeyInfo<'_>) -> String {
    let algorithm_oid = &info.algorithm.algorithm;
    if *algorithm_oid == OID_KEY_TYPE_EC_PUBLIC_KEY {
        let curve = info.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
        return match curve {
            Some(curve) => format!("EC {}", curve_name(&curve)),
            None => "EC".into(),
        };
    }
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        _ => algorithm(algorithm_oid),
    }
}

fn curve_name(curve: &Oid<'_>) -> String {
    if *curve == OID_EC_P256 {
        "P-256".into()
    } else if *curve == OID_NIST_EC_P384 {
        "P-384".into()
    } else if *curve == OID_NIST_EC_P521 {
        "P-521".into()
    } else {
        algorithm(curve)
    }
}

/// Names that the registry of the X.509 library lacks or spells otherwise than the RFCs.
const NAMES: [(&str, &str); 7] = [
    ("1.2.156.10197.1.301", "SM2"),
    ("1.2.156.10197.1.501", "SM2-with-SM3"),
    ("1.2.840.10040.4.1", "DSA"),
    ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
    ("1.3.101.112", "Ed25519"),
    ("1.3.101.113", "Ed448"),
    ("2.16.840.1.101.3.4.3.2", "dsa-with-sha256"),
];

/// The short name, else the object identifier.
fn algorithm(oid: &Oid<'_>) -> String {
    let number = oid.to_id_string();
    if let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == number) {
        return (*name).to_owned();
    }
    oid2sn(oid, oid_registry()).map_or(number, str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn noise_is_no_certificate() {
        assert_eq!(Certificate::read(&[0x30, 3, 2, 1, 1]), None);
        assert_eq!(Certificate::read(&[]), None);
    }

    #[test]
    fn the_leaf_is_the_first_of_the_list() {
        assert_eq!(leaf(&[0, 0, 9, 0, 0, 2, 7, 8, 0, 0, 1, 9]), Some(&[7, 8][..]));
        assert_eq!(leaf(&[0, 0, 0]), None);
        assert_eq!(leaf(&[0, 0, 5, 0, 0, 9, 7, 8]), None);
    }
}
