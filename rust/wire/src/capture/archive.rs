//! Members of a ZIP archive, as its directory at the end names them: stored or deflated.

use flate2::{Crc, Decompress, FlushDecompress, Status};

use super::compression::Bounds;
use super::etw::Fields;
use super::prepared::{Gathering, Whole};
use crate::error::{Error, ErrorKind};
use crate::limits::{COMPRESSED_BLOCK, MAX_MEMBERS};

/// The directory's end has 22 bytes and a comment behind it of up to 65,535.
const END: usize = 22;
const LONGEST_END: usize = END + 65_535;

/// An archive's directory and the bytes that it speaks of.
pub(super) struct Archive {
    whole: Whole,
    members: Vec<Member>,
    /// The first member that was unpacked and whose bytes are others than were packed.
    damage: Option<Error>,
}

/// What the directory says of a member.
struct Member {
    name: String,
    method: u16,
    packed: u64,
    /// CRC-32 of its bytes.
    checksum: u32,
    /// Where its own header begins.
    at: u64,
}

impl Archive {
    /// Reads the directory. `None` where there is none: no archive, or one that was cut.
    pub(super) fn open(mut whole: Whole) -> Result<Option<Self>, ErrorKind> {
        let Some((mut at, count)) = directory(&mut whole)? else { return Ok(None) };
        let mut members = Vec::new();
        for _ in 0..count {
            // The longest of the three texts behind the fixed part.
            let bytes = whole.at(at, 46_usize.saturating_add(3 * 65_535))?;
            let Some((member, length)) = entry(bytes) else { return Ok(None) };
            if members.len() >= MAX_MEMBERS {
                return Err(ErrorKind::Limit(format!(
                    "it is a ZIP archive of more than {MAX_MEMBERS} members, which no capture has"
                )));
            }
            members.push(member);
            at = at.saturating_add(length);
        }
        Ok(Some(Self { whole, members, damage: None }))
    }

    /// The names of all members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.name.as_str())
    }

    /// Where a member begins; 0 for one that is not there.
    pub(super) fn place(&self, name: &str) -> u64 {
        self.members.iter().find(|member| member.name == name).map_or(0, |member| member.at)
    }

    /// What is wrong with the bytes of the members that were unpacked, if anything is.
    pub(super) fn damage(&mut self) -> Option<Error> {
        self.damage.take()
    }

    /// The bytes of a member; `None` where there is none of that name. `unpacked` counts those of
    /// all that were asked for, `stored` those of the file as it is stored.
    pub(super) fn unpack(
        &mut self,
        name: &str,
        bounds: &Bounds,
        stored: u64,
        unpacked: &mut u64,
    ) -> Result<Option<Whole>, ErrorKind> {
        let Some(member) = self.members.iter().find(|member| member.name == name) else {
            return Ok(None);
        };
        let damaged = || ErrorKind::Damaged(format!("its member {} is corrupt", member.name));
        let mut fields = Fields::new(self.whole.at(member.at, 30)?);
        let texts = (|| {
            (fields.take(4)? == b"PK\x03\x04").then_some(())?;
            fields.take(22)?;
            Some(u64::from(fields.u16()?).saturating_add(u64::from(fields.u16()?)))
        })();
        let Some(texts) = texts else { return Err(damaged()) };
        let mut at = member.at.saturating_add(30).saturating_add(texts);
        let mut left = member.packed;
        let mut inflate = match member.method {
            0 => None,
            8 => Some(Decompress::new(false)),
            method => {
                return Err(ErrorKind::Unsupported(format!(
                    "its parts are compressed in a way that is not read (method {method} of ZIP): \
                     save it in Message Analyzer as .cap"
                )));
            }
        };
        let mut gathering = Gathering::of_member();
        let mut out = vec![0; COMPRESSED_BLOCK];
        let mut finished = false;
        let mut checksum = Crc::new();
        while left > 0 && !finished {
            let wanted = usize::try_from(left).unwrap_or(usize::MAX).min(COMPRESSED_BLOCK);
            let input = self.whole.at(at, wanted)?;
            let (taken, given) = match &mut inflate {
                None => {
                    gathering.push(input)?;
                    checksum.update(input);
                    (input.len(), input.len())
                }
                Some(inflate) => {
                    let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
                    let status = inflate.decompress(input, &mut out, FlushDecompress::None);
                    let since = |now: u64, before| {
                        usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX)
                    };
                    let given = since(inflate.total_out(), before_out);
                    let bytes = out.get(..given).unwrap_or_default();
                    gathering.push(bytes)?;
                    checksum.update(bytes);
                    finished = matches!(status, Ok(Status::StreamEnd));
                    status.map_err(|_| damaged())?;
                    (since(inflate.total_in(), before_in), given)
                }
            };
            if taken == 0 && given == 0 && !finished {
                return Err(damaged());
            }
            *unpacked = unpacked.saturating_add(u64::try_from(given).unwrap_or(u64::MAX));
            if let Some(error) = bounds.broken(*unpacked, stored, Some("unzip")) {
                return Err(error);
            }
            let taken = u64::try_from(taken).unwrap_or(u64::MAX);
            at = at.saturating_add(taken);
            left = left.saturating_sub(taken);
        }
        if inflate.is_some() && !finished {
            return Err(damaged());
        }
        if checksum.sum() != member.checksum && self.damage.is_none() {
            // Most of it is good, as a rule: it is read, and this is told after the frames.
            let what = format!("the checksum of its member {} is wrong", member.name);
            self.damage = Some(Error::at(ErrorKind::Damaged(what), member.at, 0));
        }
        Ok(Some(gathering.finish()))
    }
}

/// Where the directory begins, and how many entries it has.
fn directory(whole: &mut Whole) -> Result<Option<(u64, u64)>, ErrorKind> {
    let length = whole.length();
    let from = length.saturating_sub(u64::try_from(LONGEST_END).unwrap_or(u64::MAX));
    let bytes = whole.at(from, LONGEST_END)?;
    let Some(place) = bytes.windows(4).rposition(|four| four == b"PK\x05\x06") else {
        return Ok(None);
    };
    let fields = bytes.get(place..).map(Fields::new).and_then(|mut fields| {
        fields.take(10)?;
        let count = fields.u16()?;
        fields.take(4)?;
        Some((u64::from(fields.u32()?), u64::from(count)))
    });
    let Some((at, count)) = fields else { return Ok(None) };
    if at != u64::from(u32::MAX) && count != u64::from(u16::MAX) {
        return Ok(Some((at, count)));
    }
    // A larger archive: another end of the directory, whose place stands before this one.
    let locator = from.saturating_add(u64::try_from(place).unwrap_or(u64::MAX)).saturating_sub(20);
    let mut fields = Fields::new(whole.at(locator, 20)?);
    if fields.take(4) != Some(b"PK\x06\x07") || fields.take(4).is_none() {
        return Ok(Some((at, count)));
    }
    let Some(end) = fields.u64() else { return Ok(None) };
    let mut fields = Fields::new(whole.at(end, 56)?);
    Ok((|| {
        (fields.take(4)? == b"PK\x06\x06").then_some(())?;
        fields.take(28)?;
        let count = fields.u64()?;
        fields.take(8)?;
        Some((fields.u64()?, count))
    })())
}

/// An entry of the directory, and its length.
fn entry(bytes: &[u8]) -> Option<(Member, u64)> {
    let mut fields = Fields::new(bytes);
    (fields.take(4)? == b"PK\x01\x02").then_some(())?;
    fields.take(6)?;
    let method = fields.u16()?;
    fields.take(4)?;
    let checksum = fields.u32()?;
    let (packed, unpacked) = (fields.u32()?, fields.u32()?);
    let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
    fields.take(8)?;
    let at = fields.u32()?;
    let name_bytes = fields.take(usize::from(name))?;
    let extra_bytes = fields.take(usize::from(extra))?;
    let (packed, at) = large(packed, unpacked, at, extra_bytes);
    let length = 46_u64
        .saturating_add(u64::from(name))
        .saturating_add(u64::from(extra))
        .saturating_add(u64::from(comment));
    let name = String::from_utf8_lossy(name_bytes).into_owned();
    Some((Member { name, method, packed, checksum, at }, length))
}

/// Packed length and place, from the extra field where 32 bits are not enough for them.
fn large(packed: u32, unpacked: u32, at: u32, extra: &[u8]) -> (u64, u64) {
    let mut fields = Fields::new(extra);
    let plain = (u64::from(packed), u64::from(at));
    while let (Some(kind), Some(length)) = (fields.u16(), fields.u16()) {
        let Some(bytes) = fields.take(usize::from(length)) else { break };
        if kind != 1 {
            continue;
        }
        let mut numbers = Fields::new(bytes);
        let mut wide = |number: u32| {
            if number == u32::MAX { numbers.u64() } else { Some(u64::from(number)) }
        };
        let (_, packed, at) = (wide(unpacked), wide(packed), wide(at));
        return (packed.unwrap_or(plain.0), at.unwrap_or(plain.1));
    }
    plain
}
