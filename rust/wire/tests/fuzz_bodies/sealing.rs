//! Initial packets as an endpoint would make them.

use aes_gcm::aes::cipher::{BlockCipherEncrypt, KeyInit};
use aes_gcm::aes::{Aes128Enc, Block};
use aes_gcm::{AeadInOut, Aes128Gcm};
use tlsaudit_wire::quic::header::ConnectionId;
use tlsaudit_wire::quic::keys::Keys;
use tlsaudit_wire::quic::version::Version;

/// The keys of one direction of a connection whose client chose `id`.
pub fn keys(version: u32, id: &[u8], from_client: bool) -> Keys {
    let protection = Version(version).protections()[0];
    let id = ConnectionId::new(id).unwrap();
    let of = if from_client { Keys::of_client } else { Keys::of_server };
    of(protection, &id).unwrap()
}

/// What says where a packet goes.
#[derive(Clone, Copy)]
pub struct Route<'a> {
    pub version: u32,
    pub destination: &'a [u8],
    pub source: &'a [u8],
    pub token: &'a [u8],
}

/// A protected Initial packet.
pub fn initial(keys: &Keys, route: Route<'_>, number: u8, frames: &[u8]) -> Vec<u8> {
    let kind = if route.version == 0x6B33_43CF { 0x10 } else { 0 };
    let mut packet = vec![0xC0 | kind];
    packet.extend(route.version.to_be_bytes());
    for id in [route.destination, route.source] {
        packet.push(id.len() as u8);
        packet.extend(id);
    }
    packet.extend((0x4000 | route.token.len() as u16).to_be_bytes());
    packet.extend(route.token);
    // The sample needs four bytes behind a packet number of one.
    let mut payload = frames.to_vec();
    payload.resize(frames.len().max(3), 0);
    packet.extend((0x8000_0000 | (payload.len() + 17) as u32).to_be_bytes());
    let number_at = packet.len();
    packet.push(number);
    let mut nonce = keys.iv;
    nonce[11] ^= number;
    let tag = Aes128Gcm::new(&keys.key.into())
        .encrypt_inout_detached(&nonce.into(), &packet, payload.as_mut_slice().into())
        .unwrap();
    packet.extend(payload);
    packet.extend(tag);
    let sample: [u8; 16] = packet[number_at + 4..number_at + 20].try_into().unwrap();
    let mut mask = Block::from(sample);
    Aes128Enc::new(&keys.hp.into()).encrypt_block(&mut mask);
    packet[0] ^= mask[0] & 0x0F;
    packet[number_at] ^= mask[1];
    packet
}
