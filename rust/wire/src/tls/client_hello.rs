//! ClientHello: RFC 9846 section 4.1.2, and the same structure since SSL 3.0.

use super::code_point::{CipherSuite, ExtensionType, NamedGroup, ProtocolVersion};
use super::escape::escaped;
use super::extension::{self, FieldFault};
use super::part::{Fault, Part};
use crate::known::Key;

/// What a client offers, as far as it was captured. An absent field was not sent or not seen;
/// `complete` tells which.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientHello {
    /// `legacy_version`; not a claim when `supported_versions` is there.
    pub legacy_version: Option<ProtocolVersion>,
    /// `random`.
    pub random: Option<[u8; 32]>,
    /// `legacy_session_id`.
    pub session_id: Option<Vec<u8>>,
    /// `cipher_suites` in order, GREASE and signalling values kept.
    pub cipher_suites: Option<Vec<CipherSuite>>,
    /// The three-byte kinds of an SSL 2.0-format hello that are no TLS suite.
    pub ssl2_cipher_kinds: Option<Vec<u32>>,
    /// `legacy_compression_methods` holds the null method, as every hello must.
    pub offers_null_compression: bool,
    /// Extension types in order; absent also when the hello has no extension block.
    pub extensions: Option<Vec<ExtensionType>>,
    /// Extension 43.
    pub supported_versions: Option<Vec<ProtocolVersion>>,
    /// Extension 10.
    pub groups: Option<Vec<NamedGroup>>,
    /// Extension 11.
    pub point_formats: Option<Vec<u8>>,
    /// Extension 13.
    pub signature_algorithms: Option<Vec<u16>>,
    /// Extension 16, escaped.
    pub alpn: Option<Vec<String>>,
    /// The first protocol of extension 16 as sent.
    pub first_alpn: Option<Vec<u8>>,
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

    /// Bytes of memory that it takes beside its own size.
    #[must_use]
    pub fn heap(&self) -> usize {
        fn list<T>(list: &Option<Vec<T>>) -> usize {
            list.as_ref().map_or(0, |list| list.capacity().saturating_mul(size_of::<T>()))
        }
        let texts = self.alpn.iter().flatten().map(String::capacity);
        [
            list(&self.session_id),
            list(&self.cipher_suites),
            list(&self.ssl2_cipher_kinds),
            list(&self.extensions),
            list(&self.supported_versions),
            list(&self.groups),
            list(&self.point_formats),
            list(&self.signature_algorithms),
            list(&self.alpn),
            list(&self.first_alpn),
            self.server_name.as_ref().map_or(0, String::capacity),
        ]
        .into_iter()
        .chain(texts)
        .fold(0, usize::saturating_add)
    }

    /// Adds all that a client says alike in each of its hellos: not the random, the session, the
    /// server's name, nor what was odd about this one.
    pub fn shape(&self, key: &mut Key) {
        let Self {
            legacy_version,
            random: _,
            session_id: _,
            cipher_suites,
            ssl2_cipher_kinds,
            offers_null_compression: _,
            extensions,
            supported_versions,
            groups,
            point_formats,
            signature_algorithms,
            alpn,
            first_alpn,
            server_name: _,
            offers_ticket: _,
            ssl2_format,
            captured,
            complete,
            fault: _,
        } = self;
        key.push([*ssl2_format, *captured, *complete].map(u8::from));
        key.push_optional(legacy_version.map(|version| version.0.to_ne_bytes()));
        key.push_list(cipher_suites.as_deref(), |suite| suite.0.to_ne_bytes());
        key.push_list(ssl2_cipher_kinds.as_deref(), |kind| kind.to_ne_bytes());
        key.push_list(extensions.as_deref(), |extension| extension.0.to_ne_bytes());
        key.push_list(supported_versions.as_deref(), |version| version.0.to_ne_bytes());
        key.push_list(groups.as_deref(), |group| group.0.to_ne_bytes());
        key.push_list(point_formats.as_deref(), |&format| [format]);
        key.push_list(signature_algorithms.as_deref(), |number| number.to_ne_bytes());
        key.push_list(first_alpn.as_deref(), |&byte| [byte]);
        key.push_optional(alpn.as_ref().map(|alpn| alpn.len().to_ne_bytes()));
        for protocol in alpn.iter().flatten() {
            key.push_list(Some(protocol.as_bytes()), |&byte| [byte]);
        }
    }

    /// Whether extension `extension` was seen.
    #[must_use]
    pub fn has(&self, extension: ExtensionType) -> bool {
        self.extensions.as_ref().is_some_and(|all| all.contains(&extension))
    }

    fn fields(&mut self, part: &mut Part<'_>, has_cookie: bool) -> Result<(), FieldFault> {
        let named = |name| move |fault| (fault, name);
        let version = part.u16().map_err(named("ClientHello.legacy_version"))?;
        self.legacy_version = Some(ProtocolVersion(version));
        self.random = Some(part.array().map_err(named("ClientHello.random"))?);

        let name = "ClientHello.legacy_session_id";
        let session_id = part.vector8().map_err(named(name))?;
        if !session_id.is_whole() {
            return Err((Fault::Cut, name));
        }
        if session_id.captured().len() > 32 {
            self.fault.get_or_insert((Fault::Malformed, name));
        }
        self.session_id = Some(session_id.captured().to_vec());

        if has_cookie {
            let name = "ClientHello.cookie";
            if !part.vector8().map_err(named(name))?.is_whole() {
                return Err((Fault::Cut, name));
            }
        }

        let name = "ClientHello.cipher_suites";
        let (suites, fault) = part.vector16().map_err(named(name))?.numbers();
        self.cipher_suites = Some(suites.into_iter().map(CipherSuite).collect());
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
        let list = part.vector16().map_err(named(name))?;
        let (types, fault) =
            extension::walk(list, name, |extension, body| self.read_extension(extension, body));
        self.extensions = Some(types);
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
                        self.server_name = Some(escaped(&host.captured().to_ascii_lowercase()));
                    }
                }
            }
            ExtensionType::SUPPORTED_VERSIONS if self.supported_versions.is_none() => {
                let name = "ClientHello.extensions.supported_versions";
                let (versions, fault) = body.vector8().map_err(named(name))?.numbers();
                self.supported_versions = Some(versions.into_iter().map(ProtocolVersion).collect());
                self.note(fault, name);
            }
            ExtensionType::SUPPORTED_GROUPS if self.groups.is_none() => {
                let name = "ClientHello.extensions.supported_groups";
                let (groups, fault) = body.vector16().map_err(named(name))?.numbers();
                self.groups = Some(groups.into_iter().map(NamedGroup).collect());
                self.note(fault, name);
            }
            ExtensionType::EC_POINT_FORMATS if self.point_formats.is_none() => {
                let name = "ClientHello.extensions.ec_point_formats";
                let formats = body.vector8().map_err(named(name))?;
                self.point_formats = Some(formats.captured().to_vec());
            }
            ExtensionType::SIGNATURE_ALGORITHMS if self.signature_algorithms.is_none() => {
                let name = "ClientHello.extensions.signature_algorithms";
                let (algorithms, fault) = body.vector16().map_err(named(name))?.numbers();
                self.signature_algorithms = Some(algorithms);
                self.note(fault, name);
            }
            ExtensionType::ALPN if self.alpn.is_none() => {
                let name = "ClientHello.extensions.application_layer_protocol_negotiation";
                let mut list = body.vector16().map_err(named(name))?;
                let protocols = self.alpn.insert(Vec::new());
                while !list.is_empty() {
                    let protocol = list.vector8().map_err(named(name))?;
                    if !protocol.is_whole() {
                        return Err((Fault::Cut, name));
                    }
                    self.first_alpn.get_or_insert_with(|| protocol.captured().to_vec());
                    protocols.push(escaped(protocol.captured()));
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
