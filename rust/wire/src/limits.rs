//! Every bound of the core, with its reason. Reaching one shows in the row or in the summary.

/// Bytes asked of the file at a time. Larger blocks gain nothing measurable, smaller ones cost
/// system calls.
pub const READ_BLOCK: usize = 256 * 1024;

/// The largest packet that is believed. Wireshark's own bound for ordinary links; a larger length
/// means that the file is damaged at this place.
pub const MAX_PACKET: usize = 256 * 1024;

/// [`MAX_PACKET`] as captures write it.
pub const MAX_PACKET_LENGTH: u32 = 256 * 1024;

/// The largest transfer that is believed on links whose captures hold transfers and not packets
/// (USB, D-Bus). Wireshark's bound. Only the first [`MAX_PACKET`] bytes of one are kept.
pub const MAX_TRANSFER_LENGTH: u32 = 128 * 1024 * 1024;

/// Bytes of a pcapng block that are held at a time: the largest packet and its options. Of a larger
/// block the rest is passed over unseen.
pub const MAX_BUFFERED_BLOCK: usize = 512 * 1024;

/// Interfaces in one section of a pcapng file. Real files have a few dozen; each takes memory.
pub const MAX_INTERFACES: usize = 65_536;

/// Bytes that are enough to see in which variant of pcap a file is written: three of the largest
/// packets with the longest of the headers.
pub const VARIANT_WINDOW: usize = 3 * (MAX_PACKET + 28);

/// Bytes by which a file is recognised that is no capture. The name of a ZIP archive's first member
/// and the signature of a NetScaler trace are within it.
pub const DETECTION_WINDOW: usize = 16 * 1024;

/// Compressed bytes that are read at a time, and bytes that are decompressed at a time: what is lost
/// before a damaged place is less than this.
pub const COMPRESSED_BLOCK: usize = 64 * 1024;

/// The window of zstd data, as a power of two: 128 MiB, what `zstd -d` allows unless told otherwise.
pub const ZSTD_WINDOW_LOG: u32 = 27;

/// Bytes of memory that xz data may ask for. `xz -9` needs 65 MiB.
pub const XZ_MEMORY: u64 = 192 * 1024 * 1024;

/// Tags, labels and extension headers that are followed in one packet. Real ones have a handful;
/// a packet made of thousands of empty headers must not cost more than it is worth.
pub const MAX_LAYERS: usize = 16;

/// The largest payload that an IP fragment's 13-bit offset can reach.
pub const MAX_IP_PAYLOAD: usize = 65_535;

/// Fragmented datagrams that wait for their other fragments. At 64 KiB each they take 16 MiB at
/// most; TCP is hardly ever fragmented, so a real capture needs a few.
pub const MAX_FRAGMENTED_DATAGRAMS: usize = 256;

/// Fragments of one datagram. The smallest link that IPv6 allows makes 53 of the largest packet;
/// eight times that is an attack on whoever reassembles.
pub const MAX_FRAGMENTS: usize = 512;

/// The largest handshake message that is put together. Post-quantum hellos reach a few KiB; a
/// ServerKeyExchange less; 128 KiB is what RFC 9846's extension lengths can make of a hello that
/// somebody means.
pub const MAX_MESSAGE: usize = 128 * 1024;
