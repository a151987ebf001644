//! Every bound of the core, with its reason. Reaching one shows in the row or in the summary.

/// Bytes asked of the file at a time. Larger blocks gain nothing measurable, smaller ones cost
/// system calls.
pub const READ_BLOCK: usize = 256 * 1024;

/// Bytes of a capture that is prepared as a whole which are held in memory; the rest lies in a
/// temporary file. Most traces of Windows are smaller than that.
pub const MAX_PREPARED: usize = 16 * 1024 * 1024;

/// Bytes of such a capture that are read after a jump to another place of it. A file made to jump
/// from each packet to the next costs no more than a few times its size.
pub const JUMP_BLOCK: usize = 4 * 1024;

/// Entries of a Network Monitor capture's table of frames that are held at a time.
pub const NETMON_TABLE_PIECE: usize = 16 * 1024;

/// Members of a ZIP archive that is a capture. Real ones have two dozen.
pub const MAX_MEMBERS: usize = 4_096;

/// Bytes of the index of a Message Analyzer capture. Real ones have 7 KiB.
pub const MAX_MATP_INDEX: usize = 1024 * 1024;

/// Messages of a Message Analyzer capture that were captured and not read out of others; each takes
/// 24 bytes. The program itself holds all of them in memory and does not get as far.
pub const MAX_MATP_MESSAGES: usize = 4_000_000;

/// Parts that one message of such a capture is put together from. Real ones have two.
pub const MAX_MATP_PARTS: usize = 1_024;

/// Blocks of such a capture inside each other. Real ones are one deep.
pub const MAX_BLOCK_DEPTH: usize = 6;

/// Bytes of a program's path in a capture: the longest that Windows allows, and a zero.
pub const MAX_PROCESS_PATH: usize = 64 * 1024;

/// Sentences that a capture's events add to what is told of it: real ones have a filter or two.
pub const MAX_REMARKS: usize = 16;

/// Bytes that are read at a time of each run of frames that are merged by time, where there are not
/// too many runs for that.
pub const RUN_BLOCK: usize = 256 * 1024;

/// Connections, packets and names by which connections are tied to processes. A busy server opens
/// some millions a day; each takes about 100 bytes.
pub const MAX_PROCESS_FACTS: usize = 500_000;

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

/// Bytes of options in one pcapng block. Wireshark's bound for a block; a larger one means that the
/// file is damaged at this place.
pub const MAX_OPTIONS: u64 = 16 * 1024 * 1024;

/// Interfaces in one section of a pcapng file. Real files have a few dozen; each takes memory.
pub const MAX_INTERFACES: usize = 65_536;

/// Bytes that are enough to see in which variant of pcap a file is written: three of the largest
/// packets with the longest of the headers.
pub const VARIANT_WINDOW: usize = 3 * (MAX_PACKET + 28);

/// Bytes by which a file is recognised that is no capture. The name of a ZIP archive's first member
/// and the signature of a NetScaler trace are within it.
pub const DETECTION_WINDOW: usize = 16 * 1024;

/// Compressed bytes that are read at a time, and bytes that are decompressed at a time.
pub const COMPRESSED_BLOCK: usize = 64 * 1024;

/// Bytes of zstd data that are decompressed at a time: what is lost before a damaged place is less.
pub const ZSTD_PIECE: usize = 8 * 1024;

/// The window of zstd data, as a power of two: 128 MiB, what `zstd -d` allows unless told otherwise.
pub const ZSTD_WINDOW_LOG: u32 = 27;

/// Bytes of memory that xz data may ask for. `xz -9` needs 65 MiB.
pub const XZ_MEMORY: u64 = 192 * 1024 * 1024;

/// Bytes that a compressed file may unpack to: 1 TiB. Captures of that size are written in pieces;
/// at the speed of the decompressors it is half an hour.
pub const MAX_UNPACKED: u64 = 1 << 40;

/// Bytes that one compressed byte may unpack to, on average over the file. Traffic reaches 10, and
/// headers of packets without payload 50; a file made to unpack to very much reaches 30,000 with
/// zstd, 7,000 with xz and 1,000 with gzip.
pub const MAX_UNPACKED_RATIO: u64 = 256;

/// Up to here [`MAX_UNPACKED_RATIO`] does not count: 256 MiB are read in a second or two, whatever
/// they are.
pub const UNPACKED_FREELY: u64 = 1 << 28;

/// Tags, labels and extension headers that are followed in one packet. Real ones have a handful;
/// a packet made of thousands of empty headers must not cost more than it is worth.
pub const MAX_LAYERS: usize = 16;

/// Tunnels inside each other. A mirrored port in a virtual network shows two, a mobile network's
/// customer with a tunnel of his own three; each costs as much as a packet.
pub const MAX_TUNNELS: usize = 8;

/// Times that one packet is put together from fragments: outside of a tunnel and inside of it. Each
/// needs a buffer.
pub const MAX_REASSEMBLIES: usize = 2;

/// The largest payload that an IP fragment's 13-bit offset can reach.
pub const MAX_IP_PAYLOAD: usize = 65_535;

/// Bytes that the fragments of one datagram may take: each byte twice, as a packet captured at two
/// places of the way brings it. Fragments that overlap more are an attack.
pub const MAX_FRAGMENT_BYTES: usize = 2 * MAX_IP_PAYLOAD;

/// Fragmented datagrams that wait for their other fragments. At 128 KiB each they take 32 MiB at
/// most; TCP is hardly ever fragmented, so a real capture needs a few.
pub const MAX_FRAGMENTED_DATAGRAMS: usize = 256;

/// Fragments of one datagram. The smallest link that IPv6 allows makes 53 of the largest packet;
/// eight times that is an attack on whoever reassembles.
pub const MAX_FRAGMENTS: usize = 512;

/// The largest handshake message that is put together. Post-quantum hellos reach a few KiB; a
/// ServerKeyExchange less; 128 KiB is what RFC 9846's extension lengths can make of a hello that
/// somebody means.
pub const MAX_MESSAGE: usize = 128 * 1024;

/// How far into each direction a beginning of TLS is looked for. The longest plaintext dialogues
/// before an upgrade (mail greetings, proxies' headers) take a few KiB.
pub const MAX_LOOKED_AT: u32 = 64 * 1024;

/// Early segments that one direction keeps while its handshake is being read. The largest receive
/// window in use before a connection has warmed up is 64 KiB; twice that passes, and then the hole
/// is taken for lost.
pub const MAX_PENDING_BYTES: usize = 256 * 1024;

/// The same while nothing says that the connection is TLS: enough for a post-quantum hello whose
/// first segment comes last.
pub const MAX_PENDING_BYTES_BEFORE_TLS: usize = 32 * 1024;

/// Early segments by number, so that one-byte segments can't make a long list: one less than a power
/// of two, to which a list grows that holds one too many. A hello of 1,000 bytes sent byte by byte and
/// backwards still fits.
pub const MAX_PENDING_SEGMENTS: usize = 1_023;

/// Segments kept to find where a direction begins, when neither its SYN nor an acknowledgement was
/// captured.
pub const MAX_HELD_SEGMENTS: usize = 3;

/// Segments of one side that wait for what they answer, while nothing at all was captured of the
/// other side: a server's flight with its certificates. Where the capture has one side only, all
/// that they wait for will not come.
pub const MAX_WAITING_SEGMENTS: usize = 16;

/// A segment further ahead than this is no part of the connection: the largest window of all is
/// 1 GiB, but nobody is 16 MiB ahead of a lost segment.
pub const MAX_AHEAD: u32 = 16 * 1024 * 1024;

/// Frames for which an ended connection waits for late packets before its rows are handed over.
pub const CLOSED_LINGER: u64 = 2_048;

/// Connections that are known at a time: somewhat fewer than a table of 2^19 places holds before it
/// doubles. An open one takes about 250 bytes, so all of them 110 MiB; one that is over takes 50.
pub const MAX_STREAMS: usize = 450_000;

/// Bytes that early segments, unfinished messages and the hellos of open connections may take
/// together. An open TLS connection takes about 1.5 KiB, so 60,000 of them are followed to their
/// end.
pub const MAX_BUFFERED: usize = 96 * 1024 * 1024;

/// Bytes of one direction that are read as TLS before the handshake is taken for over. The largest
/// certificate flights stay below 100 KiB.
pub const MAX_HANDSHAKE_BYTES: u64 = 512 * 1024;

/// Handshakes of one connection. Renegotiation in clear is rare; thousands are an attack.
pub const MAX_HANDSHAKES_PER_STREAM: usize = 64;

/// Bytes of a QUIC direction's handshake that wait for others before them. RFC 9000 section 7.5 asks
/// for 4 KiB at least; post-quantum hellos are below 4 KiB.
pub const MAX_CRYPTO_WAITING: usize = 32 * 1024;

/// The same by number. Chromium cuts a hello into a dozen pieces; a hello of 1,000 bytes sent byte
/// by byte and backwards still fits.
pub const MAX_CRYPTO_PIECES: usize = 1_024;

/// Link types that a summary lists. Real captures have one or two.
pub const MAX_LINK_TYPES: usize = 64;

/// Bytes that remembered certificates may take, with what was read of them, and as many remembered
/// hellos of clients, of servers, and pairs of both. A capture of a whole network shows a few
/// thousand, 1 to 2 KiB each.
pub const MAX_KNOWN_BYTES: usize = 16 * 1024 * 1024;

/// Hellos not known yet of which it is noted that they came once: as many as come between two of the
/// same program in a capture of a whole network. They take 32 KiB.
pub const UNKNOWN_KEYS: usize = 4 * 1024;

/// DTLS messages of one direction that wait for their other fragments. A flight has four that
/// matter.
pub const MAX_DTLS_OPEN_MESSAGES: usize = 4;

/// Fragments of a DTLS message that wait for an earlier one. The largest certificate flights have a
/// few dozen, and hardly any of them comes early.
pub const MAX_DTLS_EARLY_FRAGMENTS: usize = 64;

/// UDP conversations that are known at a time. One takes about 50 bytes, so all of them 15 MiB.
pub const MAX_FLOWS: usize = 256 * 1024;

/// Bytes that those UDP conversations may take together in which a handshake is read. One takes
/// about 1.5 KiB, so 20,000 of them are followed to the end of the capture.
pub const MAX_LISTENED: usize = 32 * 1024 * 1024;

/// Bytes of one message of TLS inside EAP. RFC 5216 section 2.1.5 proposes this bound to those who
/// take messages apart and put them together.
pub const MAX_EAP_MESSAGE: usize = 64 * 1024;

/// Authentications by EAP that are known at a time, those that have just ended included. Each lasts
/// a few seconds.
pub const MAX_AUTHENTICATIONS: usize = 16 * 1024;

/// Bytes that authentications may take together. One in the midst of its TLS takes about 10 KiB.
pub const MAX_AUTHENTICATION_BYTES: usize = 32 * 1024 * 1024;

/// Refusals, and things set aside, that are listed of one capture. Whoever has more looks at the
/// first ones and filters the capture.
pub const MAX_TOLD: u64 = 100_000;

/// Packets of RDP over UDP or OpenVPN that wait for an earlier one. OpenVPN has four on the way at a
/// time and RDP a few; then the hole is taken for lost.
pub const MAX_EARLY_PACKETS: usize = 32;

/// Peers behind a TURN relay with which DTLS is spoken on one conversation. A conference has a few.
pub const MAX_TURN_PEERS: usize = 16;

/// Channels of a TURN relay whose peers are remembered, on one conversation.
pub const MAX_TURN_CHANNELS: usize = 64;

/// Bytes of a line of a plaintext dialogue that are looked at. Commands that ask for TLS and their
/// answers are shorter; RFC 5321 section 4.5.3.1 allows 512.
pub const MAX_DIALOGUE_LINE: usize = 1_024;

/// Bytes of a message of a binary dialogue: SOCKS 5 with the longest lists and names takes 1,030.
pub const MAX_DIALOGUE_MESSAGE: usize = 2 * 1_024;

/// Bytes of a name that a carrier gives: the longest name of DNS and a port.
pub const MAX_CARRIER_TARGET: usize = 262;

/// Carriers inside one another. Real ones are two: a tunnel through a proxy, and mail in it.
pub const MAX_CARRIERS: usize = 4;

/// Bytes of a name of DNS as sent (RFC 1035 section 2.3.4).
pub const MAX_DNS_NAME: usize = 255;

/// Aliases in an answer of DNS that are followed. Content networks use up to five.
pub const MAX_DNS_ALIASES: usize = 16;

/// Bytes that the names of a capture may take together: 150,000 of them. A network of ten thousand
/// machines tells about as many in a day.
pub const MAX_NAMES_HELD: usize = 24 * 1024 * 1024;

/// Bytes of an excerpt, the frames of a capture that evidence is made of. They are held in memory;
/// ten thousand handshakes take some 60 MiB.
pub const MAX_EXCERPT: usize = 64 * 1024 * 1024;

/// Bytes of an excerpt that lead to a hello, on one conversation: the largest hello, cut in any way,
/// and a dialogue before it.
pub const MAX_EXCERPT_BEFORE: usize = 256 * 1024;

/// Bytes of an excerpt that follow a hello, on one conversation: the rest of a handshake with the
/// certificates of both sides.
pub const MAX_EXCERPT_BEHIND: usize = 128 * 1024;

/// SYNs of an excerpt, on one connection. Both sides send one, and again if it was lost.
pub const MAX_EXCERPT_OPENING: usize = 16;

/// Bytes of a name that is no name of DNS: the longest are the programs that a browser claims to be. A
/// longer one is left out, since a part of it would be another name.
pub const MAX_NAME: usize = 1_024;

/// Characters of NTLM in a header of HTTP. A ticket of Kerberos in its place is longer than any.
pub const MAX_NTLM_TEXT: usize = 8 * 1_024;

/// Machines that have asked for an address and wait for it, by DHCP.
pub const MAX_DHCP_CLIENTS: usize = 16 * 1_024;

/// Names in one message of DHCP. There are three options for them.
pub const MAX_DHCP_NAMES: usize = 4;

/// Frames of an event trace whose parts wait for the others, at 256 KiB each at most. Parts follow
/// each other at once, so as many wait as processors write at a time.
pub const MAX_OPEN_FRAMES: usize = 128;

/// Bytes of a buffer of an event trace, packed or unpacked. Sessions have up to 16 MiB.
pub const MAX_TRACE_BUFFER: usize = 64 * 1024 * 1024;

/// How long, in nanoseconds, a packet may take from one component of Windows' network stack to the
/// others. Retransmissions of TCP are as near at times, and are told apart by the component.
pub const REPEAT_WINDOW: i64 = 500_000_000;

/// Bytes of frames that wait for their repeats at other components. At 1 Gbit/s so many pass in a
/// quarter of a second, and components see a packet within a millisecond.
pub const MAX_HELD_REPEATS: usize = 32 * 1024 * 1024;

/// Filters of a capture that are told.
pub const MAX_TOLD_FILTERS: usize = 16;

/// Characters of one of them. Its name may have 32,000.
pub const MAX_FILTER_WORDS: usize = 200;

/// Packets waiting for repeats with the same addresses, ports and sequence numbers that a packet is
/// compared with, the latest ones: a packet sent again and again at once is rare.
pub const MAX_REPEAT_CANDIDATES: usize = 16;

/// Packets of a capture by pktmon, converted to pcapng, among which repeats are looked for. So many
/// pass in half a second at 2 Gbit/s; each takes about 40 bytes.
pub const MAX_KNOWN_PACKETS: usize = 128 * 1024;
