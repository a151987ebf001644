//! Which program a process runs: Microsoft-Windows-Kernel-Process, and the events of the kernel's
//! own logger.

use super::fields::{Fields, nanoseconds};
use super::{Event, Found, Provider, Told, guid};

pub(super) const KERNEL_PROCESS: Provider =
    guid(0x22fb_2cd6, 0x0e7b, 0x422b, [0xa0, 0xc7, 0x2f, 0xad, 0x1f, 0xd0, 0xe7, 0x16]);

/// The class Process of the kernel's logger, whose events have their kind as opcode.
pub(super) const CLASSIC: Provider =
    guid(0x3d6f_a8d0, 0xfe05, 0x11d0, [0x9d, 0xda, 0x00, 0xc0, 0x4f, 0xd7, 0xba, 0x7c]);

pub(super) fn kernel_process<'a>(event: &Event<'a>) -> Option<Found<'a>> {
    let how = match event.id {
        1 => Told::Starts,
        15 => Told::Runs,
        _ => return Some(Found::Nothing),
    };
    let has_sequence_numbers = event.version >= 3;
    let mut fields = Fields::new(event.data);
    let id = fields.u32()?;
    if has_sequence_numbers {
        fields.u64()?;
    }
    let created = nanoseconds(fields.i64()?);
    fields.u32()?; // The parent.
    if has_sequence_numbers {
        fields.u64()?;
    }
    fields.u32()?; // The session.
    if event.version >= 1 {
        fields.u32()?; // Flags.
    }
    if has_sequence_numbers {
        // Kind of token, whether it is elevated, and the mandatory label.
        fields.u64()?;
        skip_sid(&mut fields)?;
    }
    Some(process(id, fields.text16()?, created, how))
}

pub(super) fn classic<'a>(event: &Event<'a>) -> Option<Found<'a>> {
    let how = match event.opcode {
        1 => Told::Starts,
        2 => Told::Ends,
        3 | 4 => Told::Runs,
        _ => return Some(Found::Nothing),
    };
    if event.version < 3 {
        // Windows XP and Server 2003, which capture in other ways.
        return Some(Found::Nothing);
    }
    let mut fields = Fields::new(event.data);
    fields.pointer(event.wide)?;
    let id = fields.u32()?;
    // Parent, session and exit status; the page directory; flags.
    fields.take(12)?;
    fields.pointer(event.wide)?;
    if event.version >= 4 {
        fields.u32()?;
    }
    // The user: a pointer that is 0 where there is none, attributes, and the identifier.
    let user = fields;
    if fields.u32()? != 0 || is_user(user, event.wide) {
        fields = user;
        fields.pointer(event.wide)?;
        fields.pointer(event.wide)?;
        skip_sid(&mut fields)?;
    }
    Some(process(id, fields.text8()?, None, how))
}

/// Whether a user stands here although the lower half of the pointer before it is 0.
fn is_user(mut fields: Fields<'_>, wide: bool) -> bool {
    wide && fields.u64().is_some_and(|pointer| pointer >> 63 == 1)
}

/// A security identifier: revision, count, authority, and as many numbers as counted.
fn skip_sid(fields: &mut Fields<'_>) -> Option<()> {
    fields.u8()?;
    let count = usize::from(fields.u8()?);
    fields.take(count.saturating_mul(4).saturating_add(6))?;
    Some(())
}

fn process<'a>(id: u32, path: String, created: Option<i64>, how: Told) -> Found<'a> {
    let name = path.rsplit('\\').next().unwrap_or_default();
    if name.is_empty() {
        return Found::Nothing;
    }
    Found::Process { id, name: name.to_owned(), created, how }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{event, hex};
    use super::super::{Event, kernel_process_event, read};
    use super::*;

    /// `\a.exe` as UTF-16 with its end.
    const IMAGE: &str = "5c00 6100 2e00 6500 7800 6500 0000";

    fn told(found: Found<'_>) -> Option<(u32, String, bool, Told)> {
        match found {
            Found::Process { id, name, created, how } => Some((id, name, created.is_some(), how)),
            _ => None,
        }
    }

    #[test]
    fn every_version_of_the_manifest_names_the_program() {
        let time = "fa977301787ad201";
        let sid = "0101 000000000010 00300000";
        for (version, data) in [
            (0, format!("92100000 {time} 04000000 01000000 {IMAGE}")),
            (1, format!("92100000 {time} 04000000 01000000 00000000 {IMAGE}")),
            (2, format!("92100000 {time} 04000000 01000000 00000000 {IMAGE} 00000000 00000000")),
            (
                3,
                format!(
                    "92100000 1100000000000000 {time} 04000000 1200000000000000 01000000 00000000 \
                     01000000 00000000 {sid} {IMAGE}"
                ),
            ),
        ] {
            let data = hex(&data);
            let event = Event { version, ..event(KERNEL_PROCESS, 1, &data) };
            let expected = (4242, "a.exe".to_owned(), true, Told::Starts);
            assert_eq!(told(read(&event)), Some(expected), "version {version}");
        }
    }

    #[test]
    fn a_real_event_of_the_kernel_logger_names_the_program() {
        // Windows 10, version 4.
        let starts =
            hex("c093b68886caffff 7c1a0000 100f0000 01000000 04000140 00a0f52600000000 00000000 \
             604bd4fc88b4ffff 0000000088b4ffff 0105 000000000005 15000000 68a36ef7 8127d649 \
             cd5fd166 e8030000 53656375726974794865616c746853797374726179 2e65786500 2200");
        let expected = (6780, "SecurityHealthSystray.exe".to_owned(), false, Told::Ends);
        assert_eq!(told(kernel_process_event(2, 4, true, &starts)), Some(expected));
        let runs =
            hex("c099a34202f8ffff 00000000 00000000 ffffffff 00000000 00d01a0000000000 00000000 \
             20dc9cfc88b4ffff 0000000003000000 0101 000000000005 12000000 49646c6500 0000 0000");
        let expected = (0, "Idle".to_owned(), false, Told::Runs);
        assert_eq!(told(kernel_process_event(3, 4, true, &runs)), Some(expected));
    }

    #[test]
    fn an_event_without_a_user_names_the_program_too() {
        let data =
            hex("c093b68886caffff 92100000 100f0000 01000000 00000000 00a0f52600000000 00000000 \
             00000000 612e65786500");
        let expected = (4242, "a.exe".to_owned(), false, Told::Starts);
        assert_eq!(told(kernel_process_event(1, 4, true, &data)), Some(expected));
    }

    #[test]
    fn an_event_cut_in_the_name_is_malformed() {
        let data = hex("92100000 fa977301787ad201 04000000 01000000 5c00");
        assert_eq!(read(&event(KERNEL_PROCESS, 1, &data)), Found::Malformed);
    }
}
