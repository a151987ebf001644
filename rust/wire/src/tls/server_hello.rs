//! ServerHello: RFC 9846 section 4.1.3, and the same structure since SSL 3.0.

use super::client_hello::{SessionId, session_id};
use super::code_point::{CipherSuite, ExtensionType, NamedGroup, ProtocolVersion};
use super::escape::escaped;
use super::extension::{self, FieldFault};
use super::lists::{Lists, Numbers};
use super::part::{Fault, Part};
use crate::known::Key;

/// SHA-256 of "HelloRetryRequest": the random that makes a ServerHello one (RFC 9846 section
/// 4.1.3).
const RETRY_RANDOM: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

/// The lists; of ALPN there is one protocol.
mod list {
    pub const EXTENSIONS: u8 = 0;
    pub const ALPN: u8 = 1;
}

/// Room for the lists of most hellos.
const USUAL_LISTS: usize = 40;

/// What a server chose, as far as it was captured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServerHello {
    /// `legacy_version`.
    pub legacy_version: Option<ProtocolVersion>,
    /// `random`.
    pub random: Option<[u8; 32]>,
    /// `legacy_session_id_echo`; absent in drafts of TLS 1.3 before 22.
    pub session_id: Option<SessionId>,
    /// `cipher_suite`.
    pub cipher_suite: Option<CipherSuite>,
    /// `legacy_compression_method`; absent in drafts of TLS 1.3 before 22.
    pub compression_method: Option<u8>,
    pub(super) lists: Lists<2>,
    /// Extension 43.
    pub supported_version: Option<ProtocolVersion>,
    /// The group of extension 51.
    pub key_share_group: Option<NamedGroup>,
    /// It answers in the SSL 2.0 record format.
    pub ssl2_format: bool,
    /// Every byte of the message was captured.
    pub captured: bool,
    /// It was captured and read to its end; nothing that it says is unknown.
    pub complete: bool,
    /// The first thing that could not be read, and what it is.
    pub fault: Option<FieldFault>,
}

/// What the last eight bytes of the random say when the server could have done better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DowngradeSentinel {
    /// `DOWNGRD` 01: the server speaks TLS 1.3 and chose 1.2.
    Tls12,
    /// `DOWNGRD` 00: the server speaks TLS 1.2 at least and chose 1.1 or below.
    Tls11OrBelow,
}

impl ServerHello {
    /// Reads the body of a ServerHello that says it has `promised` bytes.
    #[must_use]
    pub fn read(body: &[u8], promised: usize) -> Self {
        let mut hello = Self::default();
        let mut part = Part::new(body, promised);
        hello.captured = part.is_whole();
        match hello.fields(&mut part) {
            Ok(()) => hello.complete = hello.captured,
            Err(fault) => _ = hello.fault.get_or_insert(fault),
        }
        hello
    }

    /// Extension types in order.
    #[must_use]
    pub fn extensions(&self) -> Option<Numbers<'_, ExtensionType>> {
        self.lists.numbers(list::EXTENSIONS)
    }

    /// Extension 16, escaped.
    #[must_use]
    pub fn alpn(&self) -> Option<String> {
        self.lists.get(list::ALPN).map(escaped)
    }

    /// Bytes of memory that it takes beside its own size.
    #[must_use]
    pub fn heap(&self) -> usize {
        self.lists.heap()
    }

    /// Adds all that a server says alike in each such answer: neither the random nor the session.
    pub fn shape(&self, key: &mut Key) {
        let Self {
            legacy_version,
            random: _,
            session_id: _,
            cipher_suite,
            compression_method,
            lists,
            supported_version,
            key_share_group: _,
            ssl2_format,
            captured,
            complete,
            fault: _,
        } = self;
        key.push([*ssl2_format, *captured, *complete].map(u8::from));
        key.push_optional(legacy_version.map(|version| version.0.to_ne_bytes()));
        key.push_optional(cipher_suite.map(|suite| suite.0.to_ne_bytes()));
        key.push_optional(compression_method.map(|method| [method]));
        key.push_list(lists.bytes());
        key.push_optional(supported_version.map(|version| version.0.to_ne_bytes()));
    }

    /// Whether it asks the client for another hello instead of choosing.
    #[must_use]
    pub fn is_retry_request(&self) -> bool {
        self.random == Some(RETRY_RANDOM)
    }

    /// Whether extension `extension` was seen.
    #[must_use]
    pub fn has(&self, extension: ExtensionType) -> bool {
        self.extensions().is_some_and(|all| all.contains(&extension))
    }

    /// The version that was negotiated, as far as seen: extension 43, else the legacy field.
    #[must_use]
    pub fn version(&self) -> Option<ProtocolVersion> {
        self.supported_version.or(self.legacy_version)
    }

    /// The downgrade sentinel (RFC 9846 section 4.1.3).
    #[must_use]
    pub fn downgrade_sentinel(&self) -> Option<DowngradeSentinel> {
        let random = self.random?;
        match random.last_chunk::<8>()? {
            b"DOWNGRD\x01" => Some(DowngradeSentinel::Tls12),
            b"DOWNGRD\x00" => Some(DowngradeSentinel::Tls11OrBelow),
            _ => None,
        }
    }

    fn fields(&mut self, part: &mut Part<'_>) -> Result<(), FieldFault> {
        let named = |name| move |fault| (fault, name);
        let version = part.u16().map_err(named("ServerHello.legacy_version"))?;
        let version = ProtocolVersion(version);
        self.legacy_version = Some(version);
        self.random = Some(part.array().map_err(named("ServerHello.random"))?);

        // Drafts of TLS 1.3 before 22 say their version here and have neither session id nor
        // compression method.
        let draft = version.is_draft();
        if !draft {
            let name = "ServerHello.legacy_session_id_echo";
            let id = part.vector8().map_err(named(name))?;
            if !id.is_whole() {
                return Err((Fault::Cut, name));
            }
            if id.captured().len() > 32 {
                self.fault.get_or_insert((Fault::Malformed, name));
            }
            self.session_id = Some(session_id(id.captured()));
        }
        let suite = part.u16().map_err(named("ServerHello.cipher_suite"))?;
        self.cipher_suite = Some(CipherSuite(suite));
        if !draft {
            let name = "ServerHello.legacy_compression_method";
            self.compression_method = Some(part.u8().map_err(named(name))?);
        }
        if part.is_empty() {
            return Ok(());
        }
        let name = "ServerHello.extensions";
        let extensions = part.vector16().map_err(named(name))?;
        self.lists.reserve(USUAL_LISTS);
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

    /// None may come twice (RFC 8446 section 4.2); of one that does, the first counts.
    fn read_extension(
        &mut self,
        extension: ExtensionType,
        mut body: Part<'_>,
    ) -> Result<(), FieldFault> {
        let named = |name| move |fault| (fault, name);
        match extension {
            ExtensionType::SUPPORTED_VERSIONS if self.supported_version.is_none() => {
                let name = "ServerHello.extensions.supported_versions";
                self.supported_version = Some(ProtocolVersion(body.u16().map_err(named(name))?));
            }
            ExtensionType::KEY_SHARE | ExtensionType::KEY_SHARE_DRAFT
                if self.key_share_group.is_none() =>
            {
                let name = "ServerHello.extensions.key_share";
                self.key_share_group = Some(NamedGroup(body.u16().map_err(named(name))?));
            }
            ExtensionType::ALPN if !self.lists.has(list::ALPN) => {
                let name = "ServerHello.extensions.application_layer_protocol_negotiation";
                let mut protocols = body.vector16().map_err(named(name))?;
                let protocol = protocols.vector8().map_err(named(name))?;
                if !protocol.is_whole() {
                    return Err((Fault::Cut, name));
                }
                self.lists.put(list::ALPN, protocol.captured());
            }
            _ => {}
        }
        Ok(())
    }
}
