//! Keys of Initial packets: anybody who saw the client's first one has them (RFC 9001 section 5).

use aes_gcm::aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes_gcm::aes::{Aes128Enc, Block};
use aes_gcm::{AeadInOut, Aes128Gcm};
use hkdf::Hkdf;
use sha2::Sha256;

use super::header::{ConnectionId, LongPacket};
use super::version::Protection;

const TAG_LENGTH: usize = 16;
/// Where the sample for the header protection lies, as if the packet number had four bytes.
const SAMPLE_OFFSET: usize = 4;

/// The keys of one direction. Schedules are made where they are used: a connection opens few
/// packets, and there are many connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keys {
    /// AEAD key.
    pub key: [u8; 16],
    /// AEAD IV.
    pub iv: [u8; 12],
    /// Header protection key.
    pub hp: [u8; 16],
    /// See [`Protection::google_frames`].
    pub google_frames: bool,
}

/// What was inside a packet.
#[derive(Debug)]
pub struct Opened {
    /// Its frames.
    pub frames: Vec<u8>,
    /// The tag was captured, and it fits. Otherwise nothing says that these are the bytes meant.
    pub authentic: bool,
    /// The packet number as far as it is in the packet.
    pub number: u32,
    /// The frames are numbered as Google's own QUIC had them.
    pub google_frames: bool,
}

impl Keys {
    /// The keys of the direction that `label` names, of a connection whose client chose `id` for
    /// its first packets.
    fn derive(protection: Protection, id: &ConnectionId, label: &str) -> Option<Self> {
        let (_, initial) = Hkdf::<Sha256>::extract(Some(&protection.salt), id.as_bytes());
        let secret: [u8; 32] = expanded(&initial, label)?;
        let secret = Hkdf::<Sha256>::from_prk(&secret).ok()?;
        let [key, iv, hp] = protection.labels;
        Some(Self {
            key: expanded(&secret, key)?,
            iv: expanded(&secret, iv)?,
            hp: expanded(&secret, hp)?,
            google_frames: protection.google_frames,
        })
    }

    /// The client's keys.
    #[must_use]
    pub fn of_client(protection: Protection, id: &ConnectionId) -> Option<Self> {
        Self::derive(protection, id, "client in")
    }

    /// The server's keys.
    #[must_use]
    pub fn of_server(protection: Protection, id: &ConnectionId) -> Option<Self> {
        Self::derive(protection, id, "server in")
    }

    /// Removes the protection of an Initial packet; `None` when these are not its keys.
    #[must_use]
    pub fn open(&self, packet: &LongPacket<'_>) -> Option<Opened> {
        let (_, sample) = packet.protected.split_at_checked(SAMPLE_OFFSET)?;
        let mut mask = Block::from(*sample.first_chunk::<16>()?);
        Aes128Enc::new(&self.hp.into()).encrypt_block(&mut mask);
        let mask: [u8; 16] = mask.into();
        let [first_mask, number_mask @ ..] = mask;

        let mut header = packet.header.to_vec();
        let first = header.first_mut()?;
        *first ^= first_mask & 0x0F;
        let number_length = usize::from(*first & 0x03).checked_add(1)?;
        let (number, payload) = packet.protected.split_at_checked(number_length)?;
        header.extend(number.iter().zip(number_mask).map(|(byte, mask)| byte ^ mask));
        let (_, number) = header.split_at_checked(packet.header.len())?;
        let number = number.iter().fold(0, |number, &byte| number << 8 | u32::from(byte));

        let google_frames = self.google_frames;
        let mut nonce = self.iv;
        for (byte, number) in nonce.iter_mut().rev().zip(number.to_be_bytes().iter().rev()) {
            *byte ^= number;
        }
        if packet.is_cut() {
            // Without its tag the packet is read all the same, by the cipher inside the AEAD. Of
            // the tag itself a part may have been captured.
            let length = packet.length.checked_sub(number_length)?.checked_sub(TAG_LENGTH)?;
            let mut frames = payload.get(..length).unwrap_or(payload).to_vec();
            self.apply_counter_mode(nonce, &mut frames);
            return Some(Opened { frames, authentic: false, number, google_frames });
        }
        let (payload, tag) = payload.split_last_chunk::<TAG_LENGTH>()?;
        let mut frames = payload.to_vec();
        Aes128Gcm::new(&self.key.into())
            .decrypt_inout_detached(
                &nonce.into(),
                &header,
                frames.as_mut_slice().into(),
                &(*tag).into(),
            )
            .ok()?;
        Some(Opened { frames, authentic: true, number, google_frames })
    }

    /// AES-GCM without its tag is AES in counter mode, from 2 on (NIST SP 800-38D section 7.2).
    fn apply_counter_mode(&self, nonce: [u8; 12], bytes: &mut [u8]) {
        let cipher = Aes128Enc::new(&self.key.into());
        for (chunk, counter) in bytes.chunks_mut(16).zip(2_u32..) {
            let mut block = [0; 16];
            for (to, from) in block.iter_mut().zip(nonce.into_iter().chain(counter.to_be_bytes())) {
                *to = from;
            }
            let mut block = Block::from(block);
            cipher.encrypt_block(&mut block);
            for (byte, mask) in chunk.iter_mut().zip(block) {
                *byte ^= mask;
            }
        }
    }
}

/// HKDF-Expand-Label of RFC 9846 section 7.1 with an empty context.
fn expanded<const N: usize>(secret: &Hkdf<Sha256>, label: &str) -> Option<[u8; N]> {
    let length = u16::try_from(N).ok()?.to_be_bytes();
    let label_length = u8::try_from("tls13 ".len().checked_add(label.len())?).ok()?;
    let info = [&length[..], &[label_length], b"tls13 ", label.as_bytes(), &[0]];
    let mut output = [0; N];
    secret.expand_multi_info(&info, &mut output).ok()?;
    Some(output)
}
