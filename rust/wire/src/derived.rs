//! The derived columns, for rows that leave this crate as text.
//!
//! Tables derive them above this crate, for every engine in one place; text is written without
//! loading any of that, so the same rules stand here, with the registry handed down. A test
//! compares the two on every sample.

use hashbrown::HashMap;

use crate::handshake::Handshake;
use crate::row::{Cell, Column, Kind, Put, code, text, truth};
use crate::tls::code_point::{ProtocolVersion, is_grease};
use crate::tls::lists::Numbers;

/// The derived columns, in order.
pub const DERIVED: &[Column] = &[
    ("negotiated_version", Kind::Code),
    ("negotiated_version_name", Kind::Word),
    ("client_max_version", Kind::Code),
    ("client_min_version", Kind::Code),
    ("negotiated_cipher_suite_name", Kind::Word),
    ("offers_3des", Kind::Bool),
    ("negotiated_3des", Kind::Bool),
];

/// What the registry says, handed down by the caller.
#[derive(Debug, Default)]
pub struct Names {
    versions: HashMap<u16, (String, Option<u32>)>,
    suites: HashMap<u16, String>,
    /// One bit for each number: every suite of every hello is asked for.
    are_3des: Vec<u64>,
    ssl2_3des_kinds: Vec<u32>,
}

impl Names {
    /// Names and ranks of versions, names of suites and whether they are Triple DES, and the SSL
    /// 2.0 kinds that are.
    #[must_use]
    pub fn new(
        versions: Vec<(u16, String, Option<u32>)>,
        suites: Vec<(u16, String, bool)>,
        ssl2_3des_kinds: Vec<u32>,
    ) -> Self {
        let mut are_3des = vec![0; 1 << 10];
        for (code, _, _) in suites.iter().filter(|(.., is)| *is) {
            let (word, bit) = place(*code);
            if let Some(word) = are_3des.get_mut(word) {
                *word |= bit;
            }
        }
        Self {
            versions: versions.into_iter().map(|(code, name, rank)| (code, (name, rank))).collect(),
            suites: suites.into_iter().map(|(code, name, _)| (code, name)).collect(),
            are_3des,
            ssl2_3des_kinds,
        }
    }

    fn rank(&self, version: ProtocolVersion) -> Option<u32> {
        if is_grease(version.0) {
            return None;
        }
        self.versions.get(&version.0).and_then(|(_, rank)| *rank)
    }

    fn is_tls13(&self, version: ProtocolVersion) -> bool {
        let dtls12 = self.rank(ProtocolVersion(0xFEFD));
        self.rank(version).is_some_and(|rank| dtls12.is_some_and(|dtls12| rank > dtls12))
    }

    fn is_3des(&self, suite: u16) -> bool {
        let (word, bit) = place(suite);
        self.are_3des.get(word).is_some_and(|word| word & bit != 0)
    }
}

/// Where the bit of a number is: the word, and the bit in it.
fn place(number: u16) -> (usize, u64) {
    (usize::from(number >> 6), 1 << (number & 63))
}

/// Puts the derived cells of a row, in the order of [`DERIVED`].
pub fn cells(row: &Handshake, names: &Names, put: &mut impl Put) {
    let negotiated = negotiated_version(row, names);
    put.put(code(negotiated));
    put_name(negotiated, negotiated.and_then(|v| names.versions.get(&v)).map(|(n, _)| n), put);
    let (highest, lowest) = offered_versions(row, names);
    put.put(code(highest));
    put.put(code(lowest));
    let suite = row.choice.as_ref().and_then(|choice| choice.hello.cipher_suite).map(|s| s.0);
    put_name(suite, suite.and_then(|suite| names.suites.get(&suite)), put);
    put.put(truth(offers_3des(row, names)));
    put.put(truth(suite.map(|suite| names.is_3des(suite))));
}

fn put_name(value: Option<u16>, name: Option<&String>, put: &mut impl Put) {
    match (value, name) {
        (Some(value), None) => put.put(Cell::Text(&format!("0x{value:04X}"))),
        _ => put.put(text(name.map(String::as_str))),
    }
}

fn negotiated_version(row: &Handshake, names: &Names) -> Option<u16> {
    let hello = &row.choice.as_ref()?.hello;
    if let Some(version) = hello.supported_version {
        return Some(version.0);
    }
    let legacy = hello.legacy_version?;
    if hello.complete || legacy != ProtocolVersion::TLS12 {
        return Some(legacy.0);
    }
    // Cut before its extensions: TLS 1.2, or TLS 1.3 that says so further on.
    let offer = row.offer.as_ref().map(|offer| &offer.hello);
    let no_tls13_offered = offer.is_some_and(|offer| {
        let mut versions = offer.supported_versions().into_iter().flat_map(Numbers::iter);
        offer.complete && !versions.any(|version| names.is_tls13(version))
    });
    let settled = no_tls13_offered || hello.downgrade_sentinel().is_some();
    settled.then_some(legacy.0)
}

fn offered_versions(row: &Handshake, names: &Names) -> (Option<u16>, Option<u16>) {
    let Some(hello) = row.offer.as_ref().map(|offer| &offer.hello) else { return (None, None) };
    let Some(versions) = hello.supported_versions() else {
        let legacy = hello.legacy_version.filter(|&legacy| {
            // The extension may have been in the part that was not seen.
            hello.complete || legacy < ProtocolVersion::TLS12
        });
        return (legacy.map(|version| version.0), None);
    };
    let ranked = || versions.iter().filter_map(|v| names.rank(v).map(|rank| (rank, v.0)));
    (ranked().max().map(|(_, version)| version), ranked().min().map(|(_, version)| version))
}

fn offers_3des(row: &Handshake, names: &Names) -> Option<bool> {
    let hello = &row.offer.as_ref()?.hello;
    let (suites, kinds) = (hello.cipher_suites(), hello.ssl2_cipher_kinds());
    let seen = suites.is_some() || kinds.is_some();
    let mut suites = suites.into_iter().flat_map(Numbers::iter);
    let offers = suites.any(|suite| names.is_3des(suite.0))
        || kinds.iter().flatten().any(|kind| names.ssl2_3des_kinds.contains(kind));
    (seen && (offers || hello.complete)).then_some(offers)
}
