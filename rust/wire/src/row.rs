//! The handshake table as this crate hands it over: which columns, in which order, of which type.
//!
//! What a column means is told in one place above this crate; here is only how to fill it. Arrow
//! and text are both made from these cells, so they cannot differ.

use std::net::IpAddr;

use crate::digits::Digits;
use crate::handshake::{Handshake, Party, Transport};
use crate::known::{Key, Known, Written};
use crate::packet::Mac;
use crate::stream::{Closing, Endpoint, Who};
use crate::tls::certificate::Certificate;
use crate::tls::client_hello::ClientHello;
use crate::tls::code_point::{CipherSuite, ExtensionType};
use crate::tls::fingerprint;
use crate::tls::lists::Numbers;
use crate::tls::server_hello::{DowngradeSentinel, ServerHello};

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of few words.
    Word,
    /// Text.
    Text,
    /// A list of texts.
    Texts,
    /// A number of this many bits.
    U8,
    /// A number of 16 bits.
    U16,
    /// A number of 32 bits.
    U32,
    /// A number of 64 bits.
    U64,
    /// Yes or no.
    Bool,
    /// Nanoseconds since the epoch.
    Time,
    /// A registry number of 16 bits.
    Code,
    /// A list of registry numbers of 16 bits.
    Codes,
    /// A list of SSL 2.0 cipher kinds.
    Kinds,
}

/// A column's name and type.
pub type Column = (&'static str, Kind);

/// All columns, in order.
pub const COLUMNS: &[Column] = &[
    ("capture", Kind::Word),
    ("transport", Kind::Word),
    ("stream", Kind::U32),
    ("handshake", Kind::U16),
    ("ts", Kind::Time),
    ("carrier", Kind::Word),
    ("carrier_target", Kind::Text),
    ("client", Kind::Text),
    ("client_ip", Kind::Text),
    ("client_port", Kind::U16),
    ("client_mac", Kind::Text),
    ("client_process", Kind::Text),
    ("client_pid", Kind::U32),
    ("client_process_basis", Kind::Word),
    ("server", Kind::Text),
    ("server_ip", Kind::Text),
    ("server_port", Kind::U16),
    ("tunnel", Kind::Text),
    ("outer_client_ip", Kind::Text),
    ("outer_server_ip", Kind::Text),
    ("server_name", Kind::Text),
    ("client_hello_frame", Kind::U64),
    ("server_hello_frame", Kind::U64),
    ("retry_request_frame", Kind::U64),
    ("second_client_hello_frame", Kind::U64),
    ("alert_frame", Kind::U64),
    ("end_frame", Kind::U64),
    ("record_version", Kind::Code),
    ("client_legacy_version", Kind::Code),
    ("client_supported_versions", Kind::Codes),
    ("client_cipher_suites", Kind::Codes),
    ("client_ssl2_cipher_kinds", Kind::Kinds),
    ("client_extensions", Kind::Codes),
    ("client_groups", Kind::Codes),
    ("client_alpn", Kind::Texts),
    ("client_ech", Kind::Bool),
    ("client_fallback_scsv", Kind::Bool),
    ("client_hello_complete", Kind::Bool),
    ("ja3", Kind::Text),
    ("ja4", Kind::Text),
    ("server_legacy_version", Kind::Code),
    ("server_supported_version", Kind::Code),
    ("negotiated_cipher_suite", Kind::Code),
    ("compression_method", Kind::U8),
    ("negotiated_group", Kind::Code),
    ("negotiated_alpn", Kind::Text),
    ("server_hello_complete", Kind::Bool),
    ("ja3s", Kind::Text),
    ("certificate_subject", Kind::Text),
    ("certificate_issuer", Kind::Text),
    ("certificate_not_after", Kind::Time),
    ("certificate_key", Kind::Text),
    ("certificate_signature", Kind::Text),
    ("downgrade_sentinel", Kind::Word),
    ("hello_retry_request", Kind::Bool),
    ("resumed", Kind::Bool),
    ("outcome", Kind::Word),
    ("alert_description", Kind::U8),
    ("alert_level", Kind::U8),
    ("alert_sender", Kind::Word),
    ("end", Kind::Word),
    ("payload_bytes", Kind::U64),
    ("missed_bytes", Kind::U64),
    ("defect", Kind::Word),
    ("defect_at", Kind::Text),
    ("engine", Kind::Word),
];

/// What stands in one column of one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Not seen, or not applicable.
    Null,
    /// For [`Kind::Word`] and [`Kind::Text`].
    Text(&'a str),
    /// For [`Kind::Texts`].
    Texts(&'a [String]),
    /// For numbers of any width.
    Number(u64),
    /// For [`Kind::Bool`].
    Bool(bool),
    /// For [`Kind::Time`].
    Time(i64),
    /// For [`Kind::Code`].
    Code(u16),
    /// For [`Kind::Codes`].
    Codes(&'a [u16]),
    /// For [`Kind::Kinds`].
    Kinds(&'a [u32]),
}

/// Takes the cells of a row, in order.
pub trait Put {
    /// The next cell.
    fn put(&mut self, cell: Cell<'_>);
    /// The next cell, of text in which nothing has a meaning for any format: letters, digits, and
    /// punctuation within words and addresses, all of it ASCII.
    fn put_plain(&mut self, text: &[u8]) {
        self.put(Cell::Text(std::str::from_utf8(text).unwrap_or_default()));
    }
    /// The next cells, which `cells` puts: always the same with this `written`.
    fn put_known(&mut self, _written: &mut Written, cells: impl FnOnce(&mut Self)) {
        cells(self);
    }
}

impl<F: FnMut(Cell<'_>)> Put for F {
    fn put(&mut self, cell: Cell<'_>) {
        self(cell);
    }
}

/// What is kept from row to row.
#[derive(Debug)]
pub struct Scratch {
    spelled: Spelled,
    key: Key,
    /// The capture that the latest row was of, and how its name is written.
    capture: (String, Written),
    /// JA3 and JA4.
    clients: Known<(Option<String>, Option<String>)>,
    /// JA3S.
    servers: Known<Option<String>>,
    certificates: Known<Option<Certificate>>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            spelled: Spelled::default(),
            key: Key::default(),
            capture: Default::default(),
            clients: Known::of_repeated(),
            servers: Known::default(),
            certificates: Known::default(),
        }
    }
}

/// What [`cells`] knows a row by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What the client says in each of its hellos.
    pub client: u64,
    /// What the server says in each such answer.
    pub server: u64,
    /// What the server's random says.
    pub sentinel: Option<DowngradeSentinel>,
}

/// Room for what a cell has to spell out.
#[derive(Debug, Default)]
struct Spelled {
    text: Vec<u8>,
    codes: Vec<u16>,
}

impl Spelled {
    fn mac(&mut self, mac: Mac) -> &[u8] {
        self.text.clear();
        self.text.push_mac(mac);
        &self.text
    }

    fn ip(&mut self, ip: IpAddr) -> &[u8] {
        self.text.clear();
        self.text.push_ip(ip);
        &self.text
    }

    /// Names with a plus sign between them.
    fn names(&mut self, names: impl Iterator<Item = &'static str>) -> &[u8] {
        self.text.clear();
        for (n, name) in names.enumerate() {
            if n > 0 {
                self.text.push(b'+');
            }
            self.text.extend_from_slice(name.as_bytes());
        }
        &self.text
    }

    fn codes<T: Into<u16> + From<u16> + PartialEq>(
        &mut self,
        list: Option<Numbers<'_, T>>,
    ) -> Cell<'_> {
        let Some(list) = list else { return Cell::Null };
        self.codes.clear();
        self.codes.extend(list.iter().map(Into::into));
        Cell::Codes(&self.codes)
    }
}

/// Puts the cells of a row, in the order of [`COLUMNS`]. Gives its shape: what text says of both
/// hellos is the same in rows of the same shape.
pub fn cells(row: &Handshake, capture: &str, scratch: &mut Scratch, put: &mut impl Put) -> Shape {
    let Scratch { spelled, key, capture: of, clients, servers, certificates } = scratch;
    let offer = row.offer.as_ref();
    let client = offer.map(|offer| &*offer.hello);
    let choice = row.choice.as_ref();
    let server = choice.map(|choice| &*choice.hello);

    if of.0 != capture {
        *of = (capture.into(), Written::default());
    }
    put.put_known(&mut of.1, |put| put.put(Cell::Text(capture)));
    put.put_plain(row.transport.name().as_bytes());
    put.put(number(Some(row.stream)));
    put.put(number(Some(row.handshake)));
    put.put(row.ts.map_or(Cell::Null, Cell::Time));
    put.put_plain(row.carrier.name().as_bytes());
    put.put(text(row.carrier_target.as_deref()));
    who(&row.client, spelled, put);
    match row.client_mac {
        Some(mac) => put.put_plain(spelled.mac(mac)),
        None => put.put(Cell::Null),
    }
    let process = row.client_process.as_deref();
    put.put(text(process.and_then(|process| process.name.as_deref())));
    put.put(number(process.map(|process| process.pid)));
    put.put(text(process.map(|process| process.basis.name())));
    who(&row.server, spelled, put);
    match &row.outer {
        Some(outer) => {
            put.put_plain(spelled.names(outer.tunnels.iter().map(|tunnel| tunnel.name())));
            put.put_plain(spelled.ip(outer.client_ip));
            put.put_plain(spelled.ip(outer.server_ip));
        }
        None => {
            put.put(Cell::Null);
            put.put(Cell::Null);
            put.put(Cell::Null);
        }
    }
    put.put(text(client.and_then(|hello| hello.server_name.as_deref())));

    put.put(number(offer.map(|offer| offer.frame)));
    put.put(number(choice.map(|choice| choice.frame)));
    put.put(number(row.retry_request_frame));
    put.put(number(row.second_client_hello_frame));
    put.put(number(row.alert.map(|alert| alert.frame)));
    put.put(number(row.end_frame));

    put.put(code(row.record_version()));
    client_key(row, key);
    let known_client = clients.with(
        key.bytes(),
        || {
            let ja3 = client.and_then(fingerprint::ja3);
            let ja4 = client.and_then(|hello| fingerprint::ja4(hello, row.transport.ja4()));
            let heap = [&ja3, &ja4].into_iter().flatten().map(String::capacity);
            let heap = heap.fold(0, usize::saturating_add);
            ((ja3, ja4), heap)
        },
        |(ja3, ja4), written| {
            put.put_known(written, |put| {
                client_cells(client, spelled, put);
                put.put(text(ja3.as_deref()));
                put.put(text(ja4.as_deref()));
            });
        },
    );
    server_key(row, key);
    let known_server = servers.with(
        key.bytes(),
        || {
            let ja3s = server.and_then(fingerprint::ja3s);
            let heap = ja3s.as_ref().map_or(0, String::capacity);
            (ja3s, heap)
        },
        |ja3s, written| {
            put.put_known(written, |put| {
                server_cells(row, server, put);
                put.put(text(ja3s.as_deref()));
            });
        },
    );
    // No certificate is empty, so these bytes stand for none.
    let der = row.certificate.as_deref().unwrap_or_default();
    certificates.with(
        der,
        || {
            let certificate = Certificate::read(der);
            let heap = certificate.as_ref().map_or(0, Certificate::heap);
            (certificate, heap)
        },
        |certificate, written| {
            put.put_known(written, |put| certificate_cells(certificate.as_ref(), put));
        },
    );
    let sentinel = server.and_then(ServerHello::downgrade_sentinel);
    match sentinel {
        Some(DowngradeSentinel::Tls12) => put.put_plain(b"tls12"),
        Some(DowngradeSentinel::Tls11OrBelow) => put.put_plain(b"tls11-or-below"),
        None => put.put(Cell::Null),
    }
    let answered = server.is_some() || row.retry_request_frame.is_some();
    put.put(truth(answered.then_some(row.retry_request_frame.is_some())));
    put.put(truth(row.resumed));

    put.put_plain(row.outcome.name().as_bytes());
    put.put(number(row.alert.map(|alert| alert.description)));
    put.put(number(row.alert.map(|alert| alert.level)));
    put.put(text(row.alert.map(|alert| alert.sender.name())));
    match row.end {
        Some((party, closing)) => put.put_plain(end_name(party, closing).as_bytes()),
        None if row.transport == Transport::Tcp => put.put_plain(b"open"),
        // Datagrams have no end that everybody can see.
        None => put.put(Cell::Null),
    }
    put.put(Cell::Number(row.payload_bytes));
    put.put(Cell::Number(row.missed_bytes));
    put.put(text(row.defect.as_ref().map(|(defect, _)| defect.name())));
    put.put(text(row.defect.as_ref().map(|(_, at)| at.as_str())));
    put.put_plain(b"native");
    Shape { client: known_client, server: known_server, sentinel }
}

/// All that [`client_cells`] and the client's fingerprints depend on.
fn client_key(row: &Handshake, key: &mut Key) {
    key.clear();
    if let Some(offer) = &row.offer {
        key.push(u32::from(row.transport.ja4()).to_ne_bytes());
        offer.hello.shape(key);
    }
}

/// What a client says in each of its hellos.
fn client_cells(client: Option<&ClientHello>, spelled: &mut Spelled, put: &mut impl Put) {
    put.put(code(client.and_then(|hello| hello.legacy_version).map(|version| version.0)));
    put.put(spelled.codes(client.and_then(ClientHello::supported_versions)));
    put.put(spelled.codes(client.and_then(ClientHello::cipher_suites)));
    let kinds = client.and_then(ClientHello::ssl2_cipher_kinds);
    put.put(kinds.as_deref().map_or(Cell::Null, Cell::Kinds));
    put.put(spelled.codes(client.and_then(ClientHello::extensions)));
    put.put(spelled.codes(client.and_then(ClientHello::groups)));
    let alpn = client.and_then(ClientHello::alpn);
    put.put(alpn.as_deref().map_or(Cell::Null, Cell::Texts));
    put.put(seen_in_part(
        client.map(|hello| (hello.has(ExtensionType::ENCRYPTED_CLIENT_HELLO), hello.complete)),
    ));
    put.put(seen_in_part(client.map(|hello| {
        let suites = hello.cipher_suites();
        let there = suites.is_some_and(|all| all.contains(&CipherSuite::FALLBACK_SCSV));
        (there, hello.complete)
    })));
    put.put(truth(client.map(|hello| hello.complete)));
}

/// All that [`server_cells`] and the server's fingerprint depend on.
fn server_key(row: &Handshake, key: &mut Key) {
    key.clear();
    key.push_optional(row.negotiated_group.map(|group| group.0.to_ne_bytes()));
    if let Some(choice) = &row.choice {
        choice.hello.shape(key);
    }
}

/// What a server says in each such answer.
fn server_cells(row: &Handshake, server: Option<&ServerHello>, put: &mut impl Put) {
    put.put(code(server.and_then(|hello| hello.legacy_version).map(|version| version.0)));
    put.put(code(server.and_then(|hello| hello.supported_version).map(|version| version.0)));
    put.put(code(server.and_then(|hello| hello.cipher_suite).map(|suite| suite.0)));
    put.put(number(server.and_then(|hello| hello.compression_method)));
    put.put(code(row.negotiated_group.map(|group| group.0)));
    put.put(text(server.and_then(ServerHello::alpn).as_deref()));
    put.put(truth(server.map(|hello| hello.complete)));
}

fn certificate_cells(certificate: Option<&Certificate>, put: &mut impl Put) {
    put.put(text(certificate.map(|certificate| certificate.subject.as_str())));
    put.put(text(certificate.map(|certificate| certificate.issuer.as_str())));
    let not_after = certificate.and_then(|certificate| certificate.not_after);
    put.put(not_after.map_or(Cell::Null, Cell::Time));
    put.put(text(certificate.map(|certificate| certificate.key.as_str())));
    put.put(text(certificate.map(|certificate| certificate.signature.as_str())));
}

/// Name, address and port of a party.
fn who(who: &Who, spelled: &mut Spelled, put: &mut impl Put) {
    match who {
        Who::Endpoint(Endpoint { ip, .. }) | Who::Ip(ip) => {
            let ip = spelled.ip(*ip);
            put.put_plain(ip);
            put.put_plain(ip);
        }
        Who::Mac(mac) => {
            put.put_plain(spelled.mac(*mac));
            put.put(Cell::Null);
        }
        Who::Name(name) => {
            put.put(Cell::Text(name));
            put.put(Cell::Null);
        }
    }
    put.put(number(who.port()));
}

fn end_name(party: Party, closing: Closing) -> &'static str {
    match (closing, party) {
        (Closing::Fin, Party::Client) => "fin-client",
        (Closing::Fin, Party::Server) => "fin-server",
        (Closing::Rst, Party::Client) => "rst-client",
        (Closing::Rst, Party::Server) => "rst-server",
    }
}

/// Of a hello seen in part: yes is certain, no is not.
fn seen_in_part(answer: Option<(bool, bool)>) -> Cell<'static> {
    match answer {
        Some((true, _)) => Cell::Bool(true),
        Some((false, true)) => Cell::Bool(false),
        _ => Cell::Null,
    }
}

/// A cell of a number that may be absent.
pub fn number(value: Option<impl Into<u64>>) -> Cell<'static> {
    value.map_or(Cell::Null, |value| Cell::Number(value.into()))
}

/// A cell of a code point that may be absent.
#[must_use]
pub fn code(value: Option<u16>) -> Cell<'static> {
    value.map_or(Cell::Null, Cell::Code)
}

/// A cell of a truth value that may be absent.
#[must_use]
pub fn truth(value: Option<bool>) -> Cell<'static> {
    value.map_or(Cell::Null, Cell::Bool)
}

/// A cell of text that may be absent.
#[must_use]
pub fn text(value: Option<&str>) -> Cell<'_> {
    value.map_or(Cell::Null, Cell::Text)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::carrier::Carrier;
    use crate::handshake::Outcome;

    #[test]
    fn a_row_has_a_cell_for_every_column() {
        let end = Endpoint { ip: IpAddr::V4(Ipv4Addr::LOCALHOST), port: 443 };
        let row = Handshake {
            transport: Transport::Tcp,
            stream: 0,
            handshake: 0,
            ts: None,
            carrier: Carrier::Tls,
            carrier_target: None,
            client: Who::Endpoint(end),
            client_mac: None,
            client_process: None,
            server: Who::Name("gate".into()),
            outer: None,
            offer: None,
            choice: None,
            retry_request_frame: None,
            second_client_hello_frame: None,
            negotiated_group: None,
            resumed: None,
            outcome: Outcome::ClientOnly,
            alert: None,
            end: None,
            end_frame: None,
            payload_bytes: 0,
            missed_bytes: 0,
            defect: None,
            certificate: None,
            one_sided: true,
        };
        let mut count = 0;
        cells(&row, "a.pcap", &mut Scratch::default(), &mut |_: Cell<'_>| count += 1);
        assert_eq!(count, COLUMNS.len());
    }
}
