//! ClientHello: RFC 9846 section 4.1.2, and the same structure since SSL 3.0.

use super::code_point::{CipherSuite, ExtensionType, NamedGroup, ProtocolVersion};
use super::escape::escaped;
use super::extension::{self, FieldFault};
use super::lists::{Lists, Numbers, vectors};
use super::part::{Fault, Part};
use crate::known::Key;

/// `legacy_session_id`: as many bytes of it as the standard allows, filled up with zeros, and how
/// many were sent.
pub type SessionId = ([u8; 32], u8);

/// A session id of these bytes.
pub(super) fn session_id(bytes: &[u8]) -> SessionId {
    let mut id = [0; 32];
    for (to, from) in id.iter_mut().zip(bytes) {
        *to = *from;
    }
    (id, u8::try_from(bytes.len()).unwrap_or(u8::MAX))
}

/// The lists.
pub(super) mod list {
    pub const CIPHER_SUITES: u8 = 0;
    pub const SSL2_CIPHER_KINDS: u8 = 1;
    pub const EXTENSIONS: u8 = 2;
    pub const SUPPORTED_VERSIONS: u8 = 3;
    pub const GROUPS: u8 = 4;
    pub const POINT_FORMATS: u8 = 5;
    pub const SIGNATURE_ALGORITHMS: u8 = 6;
    pub const ALPN: u8 = 7;
}

/// Room for the lists of most hellos.
const USUAL_LISTS: usize = 256;

/// What a client offers, as far as it was captured. An absent field was not sent or not seen;
/// `complete` tells which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// `legacy_version`; not a claim when `supported_versions` is there.
    pub legacy_version: Option<ProtocolVersion>,
    /// `random`.
    pub random: Option<[u8; 32]>,
    /// `legacy_session_id`.
    pub session_id: Option<SessionId>,
    /// `legacy_compression_methods` holds the null method, as every hello must.
    pub offers_null_compression: bool,
    pub(super) lists: Lists<8>,
    /// The first host name of extension 0, in lower case, escaped.
    pub server_name: Option<String>,
    /// A session ticket with content was offered.
    pub offers_ticket: bool,
    /// The SSL 2.0 record format was used.
    pub ssl2_format: bool,
    /// Every byte of the message was captured.
    pub captured: bool,
    /// It was captured and read to its end; nothing that it says is unknown.
    pub complete: bool,
    /// The first thing that could not be read, and what it is.
    pub fault: Option<FieldFault>,
}

impl ClientHello {
    /// Reads the body of a ClientHello that says it has `promised` bytes.
    #[must_use]
    pub fn read(body: &[u8], promised: usize) -> Self {
        Self::read_form(body, promised, false)
    }

    /// Reads the body of a ClientHello of DTLS: it has a cookie before the suites (RFC 6347 section
    /// 4.2.1; always empty in DTLS 1.3).
    #[must_use]
    pub fn read_with_cookie(body: &[u8], promised: usize) -> Self {
        Self::read_form(body, promised, true)
    }

    fn read_form(body: &[u8], promised: usize, has_cookie: bool) -> Self {
        let mut hello = Self::default();
        let mut part = Part::new(body, promised);
        hello.captured = part.is_whole();
        match hello.fields(&mut part, has_cookie) {
            Ok(()) => hello.complete = hello.captured,
            Err(fault) => _ = hello.fault.get_or_insert(fault),
        }
        hello
    }

    /// `cipher_suites` in order, GREASE and signalling values kept.
    #[must_use]
    pub fn cipher_suites(&self) -> Option<Numbers<'_, CipherSuite>> {
        self.lists.numbers(list::CIPHER_SUITES)
    }

    /// The three-byte kinds of an SSL 2.0-format hello that are no TLS suite.
    #[must_use]
    pub fn ssl2_cipher_kinds(&self) -> Option<Vec<u32>> {
        let kinds = self.lists.get(list::SSL2_CIPHER_KINDS)?.chunks_exact(3);
        Some(
            kinds
                .map(|kind| match *kind {
                    [high, middle, low] => u32::from_be_bytes([0, high, middle, low]),
                    _ => 0,
                })
                .collect(),
        )
    }

    /// Extension types in order; absent also when the hello has no extension block.
    #[must_use]
    pub fn extensions(&self) -> Option<Numbers<'_, ExtensionType>> {
        self.lists.numbers(list::EXTENSIONS)
    }

    /// Extension 43.
    #[must_use]
    pub fn supported_versions(&self) -> Option<Numbers<'_, ProtocolVersion>> {
        self.lists.numbers(list::SUPPORTED_VERSIONS)
    }

    /// Extension 10.
    #[must_use]
    pub fn groups(&self) -> Option<Numbers<'_, NamedGroup>> {
        self.lists.numbers(list::GROUPS)
    }

    /// Extension 11.
    #[must_use]
    pub fn point_formats(&self) -> Option<&[u8]> {
        self.lists.get(list::POINT_FORMATS)
    }

    /// Extension 13.
    #[must_use]
    pub fn signature_algorithms(&self) -> Option<Numbers<'_, u16>> {
        self.lists.numbers(list::SIGNATURE_ALGORITHMS)
    }

    /// Extension 16, escaped.
    #[must_use]
    pub fn alpn(&self) -> Option<Vec<String>> {
        Some(vectors(self.lists.get(list::ALPN)?).map(escaped).collect())
    }

    /// The first protocol of extension 16 as sent.
    #[must_use]
    pub fn first_alpn(&self) -> Option<&[u8]> {
        vectors(self.lists.get(list::ALPN)?).next()
    }

    /// Bytes of memory that it takes beside its own size.
    #[must_use]
    pub fn heap(&self) -> usize {
        let server_name = self.server_name.as_ref().map_or(0, String::capacity);
        self.lists.heap().saturating_add(server_name)
    }

    /// Adds all that a client says alike in each of its hellos: not the random, the session, the
    /// server's name, nor what was odd about this one.
    pub fn shape(&self, key: &mut Key) {
        let Self {
            legacy_version,
            random: _,
            session_id: _,
            offers_null_compression: _,
            lists,
            server_name: _,
            offers_ticket: _,
            ssl2_format,
            captured,
            complete,
            fault: _,
        } = self;
        key.push([*ssl2_format, *captured, *complete].map(u8::from));
        key.push_optional(legacy_version.map(|version| version.0.to_ne_bytes()));
        key.push_list(lists.bytes());
    }

    /// Whether extension `extension` was seen.
    #[must_use]
    pub fn has(&self, extension: ExtensionType) -> bool {
        self.extensions().is_some_and(|all| all.contains(&extension))
    }

    fn fields(&mut self, part: &mut Part<'_>, has_cookie: bool) -> Result<(), FieldFault> {
        let named = |name| move |fault| (fault, name);
        self.lists.reserve(USUAL_LISTS);
        let version = part.u16().map_err(named("ClientHello.legacy_version"))?;
        self.legacy_version = Some(ProtocolVersion(version));
        self.random = Some(part.array().map_err(named("ClientHello.random"))?);

        let name = "ClientHello.legacy_session_id";
        let id = part.vector8().map_err(named(name))?;
        if !id.is_whole() {
            return Err((Fault::Cut, name));
        }
        if id.captured().len() > 32 {
            self.fault.get_or_insert((Fault::Malformed, name));
        }
        self.session_id = Some(session_id(id.captured()));

        if has_cookie {
            let name = "ClientHello.cookie";
            if !part.vector8().map_err(named(name))?.is_whole() {
                return Err((Fault::Cut, name));
            }
        }

        let name = "ClientHello.cipher_suites";
        let (suites, fault) = part.vector16().map_err(named(name))?.numbers();
        self.lists.put(list::CIPHER_SUITES, suites);
        self.check(fault, name)?;

        let name = "ClientHello.legacy_compression_methods";
        let methods = part.vector8().map_err(named(name))?;
        if !methods.is_whole() {
            return Err((Fault::Cut, name));
        }
        self.offers_null_compression = methods.captured().contains(&0);
        if part.is_empty() {
            return Ok(()); // SSL 3.0 to TLS 1.2 without extensions.
        }
        let name = "ClientHello.extensions";
        let extensions = part.vector16().map_err(named(name))?;
        self.lists.put_numbers(list::EXTENSIONS, extension::types(extensions));
        let fault = extension::walk(extensions, name, |extension, body| {
            self.read_extension(extension, body)
        });
        match fault {
            Some(fault) => Err(fault),
            None if part.is_empty() => Ok(()),
            None => Err((Fault::Malformed, name)),
        }
    }

    /// A list that is merely odd is noted and passed; one that was cut ends the reading.
    fn check(&mut self, fault: Option<Fault>, name: &'static str) -> Result<(), FieldFault> {
        match fault {
            None => Ok(()),
            Some(Fault::Cut) => Err((Fault::Cut, name)),
            Some(Fault::Malformed) => {
                self.fault.get_or_insert((Fault::Malformed, name));
                Ok(())
            }
        }
    }

    /// None may come twice (RFC 8446 section 4.2); of one that does, the first counts, so that a
    /// cut hello never says otherwise than the whole one.
    fn read_extension(
        &mut self,
        extension: ExtensionType,
        mut body: Part<'_>,
    ) -> Result<(), FieldFault> {
        let named = |name| move |fault| (fault, name);
        match extension {
            ExtensionType::SERVER_NAME if self.server_name.is_none() => {
                let name = "ClientHello.extensions.server_name";
                if body.is_empty() {
                    return Err((Fault::Malformed, name));
                }
                let mut list = body.vector16().map_err(named(name))?;
                while !list.is_empty() && self.server_name.is_none() {
                    let kind = list.u8().map_err(named(name))?;
                    let host = list.vector16().map_err(named(name))?;
                    if !host.is_whole() {
                        return Err((Fault::Cut, name));
                    }
                    if kind == 0 {
                        let mut name = escaped(host.captured());
                        name.make_ascii_lowercase();
                        self.server_name = Some(name);
                    }
                }
            }
            ExtensionType::SUPPORTED_VERSIONS if !self.lists.has(list::SUPPORTED_VERSIONS) => {
                let name = "ClientHello.extensions.supported_versions";
                let (versions, fault) = body.vector8().map_err(named(name))?.numbers();
                self.lists.put(list::SUPPORTED_VERSIONS, versions);
                self.note(fault, name);
            }
            ExtensionType::SUPPORTED_GROUPS if !self.lists.has(list::GROUPS) => {
                let name = "ClientHello.extensions.supported_groups";
                let (groups, fault) = body.vector16().map_err(named(name))?.numbers();
                self.lists.put(list::GROUPS, groups);
                self.note(fault, name);
            }
            ExtensionType::EC_POINT_FORMATS if !self.lists.has(list::POINT_FORMATS) => {
                let name = "ClientHello.extensions.ec_point_formats";
                let formats = body.vector8().map_err(named(name))?;
                self.lists.put(list::POINT_FORMATS, formats.captured());
            }
            ExtensionType::SIGNATURE_ALGORITHMS if !self.lists.has(list::SIGNATURE_ALGORITHMS) => {
                let name = "ClientHello.extensions.signature_algorithms";
                let (algorithms, fault) = body.vector16().map_err(named(name))?.numbers();
                self.lists.put(list::SIGNATURE_ALGORITHMS, algorithms);
                self.note(fault, name);
            }
            ExtensionType::ALPN if !self.lists.has(list::ALPN) => {
                let name = "ClientHello.extensions.application_layer_protocol_negotiation";
                let protocols = body.vector16().map_err(named(name))?;
                // As many as are whole.
                let mut rest = protocols;
                let fault = loop {
                    if rest.is_empty() {
                        break None;
                    }
                    let before = rest;
                    match rest.vector8() {
                        Ok(protocol) if protocol.is_whole() => {}
                        Ok(_) => {
                            rest = before;
                            break Some(Fault::Cut);
                        }
                        Err(fault) => {
                            rest = before;
                            break Some(fault);
                        }
                    }
                };
                let whole = protocols.captured().len().saturating_sub(rest.captured().len());
                let (whole, _) = protocols.captured().split_at_checked(whole).unwrap_or_default();
                self.lists.put(list::ALPN, whole);
                if let Some(fault) = fault {
                    return Err((fault, name));
                }
            }
            ExtensionType::SESSION_TICKET => self.offers_ticket |= !body.is_empty(),
            _ => {}
        }
        Ok(())
    }

    fn note(&mut self, fault: Option<Fault>, name: &'static str) {
        if let Some(fault) = fault {
            self.fault.get_or_insert((fault, name));
        }
    }
}
