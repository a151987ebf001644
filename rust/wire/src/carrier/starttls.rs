//! Text protocols in which the client asks for TLS by a command: mail, news, files, chat.

use super::lines::Lines;
use super::{Carrier, Dialogue, Refusal, RefusalKind, Said, Step, first_words, target_name};
use crate::stream::{Origin, Side};

/// A dialogue of lines.
#[derive(Debug)]
pub(super) struct Starttls {
    lines: Lines,
    heard: Heard,
}

/// What was said so far.
#[derive(Debug)]
struct Heard {
    client: Side,
    language: &'static Language,
    /// The server's greeting is still to come: an answer that nobody asked for.
    awaits_greeting: bool,
    /// Commands whose answers are still to come.
    unanswered: u32,
    asked: Option<Asked>,
    /// The code of an answer of several lines that is not over.
    open_answer: Option<[u8; 3]>,
    target: Option<String>,
}

/// The client wants TLS.
#[derive(Debug)]
struct Asked {
    carrier: Carrier,
    said: Said,
    ts: Option<i64>,
    /// What IMAP's answer begins with.
    tag: Box<[u8]>,
    /// Commands before it whose answers are still to come.
    behind: u32,
}

/// How answers belong to commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answering {
    /// One answer a command, in order: three digits, several lines if a hyphen follows them.
    Codes,
    /// One answer a command, in order.
    InOrder,
    /// An answer says by itself what it is to.
    ByItself,
}

/// How a protocol asks for TLS and answers.
#[derive(Debug)]
struct Language {
    /// What ends a line.
    end: u8,
    answering: Answering,
    command: fn(&[u8]) -> Command<'_>,
    answer: fn(&[u8], Option<&Asked>) -> Answer,
}

/// A line of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Command<'a> {
    /// It wants TLS; what the answer will begin with.
    Ask(Carrier, &'a [u8]),
    /// It names the server.
    Name(&'a [u8]),
    /// Something else.
    Other,
    /// From here on nobody asks for TLS any more.
    Over,
}

/// A line of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Yes,
    No,
    /// The end of an answer that is neither.
    Other,
    /// Not the end of an answer.
    Part,
}

static MAIL_OR_FILES: Language = Language {
    end: b'\n',
    answering: Answering::Codes,
    command: mail_or_files_command,
    answer: code,
};
static NEWS: Language =
    Language { end: b'\n', answering: Answering::Codes, command: news_command, answer: news_code };
static POP3: Language =
    Language { end: b'\n', answering: Answering::InOrder, command: pop3_command, answer: pop3 };
static IMAP: Language =
    Language { end: b'\n', answering: Answering::ByItself, command: imap_command, answer: imap };
static SIEVE: Language =
    Language { end: b'\n', answering: Answering::InOrder, command: sieve_command, answer: sieve };
static IRC: Language =
    Language { end: b'\n', answering: Answering::ByItself, command: irc_command, answer: irc };
static XMPP: Language =
    Language { end: b'>', answering: Answering::ByItself, command: xmpp_command, answer: xmpp };

/// What servers say first, unasked.
static GREETINGS: [(&[u8], &Language); 9] = [
    (b"220 ", &MAIL_OR_FILES),
    (b"220-", &MAIL_OR_FILES),
    (b"200 ", &NEWS),
    (b"201 ", &NEWS),
    (b"+OK", &POP3),
    (b"* OK", &IMAP),
    (b"\"IMPLEMENTATION\"", &SIEVE),
    (b":", &IRC),
    (b"NOTICE ", &IRC),
];

/// What clients say first, where the server says nothing or its greeting was not captured.
static FIRST_COMMANDS: [(&[u8], &Language); 14] = [
    (b"EHLO ", &MAIL_OR_FILES),
    (b"HELO ", &MAIL_OR_FILES),
    (b"LHLO ", &MAIL_OR_FILES),
    (b"AUTH TLS", &MAIL_OR_FILES),
    (b"AUTH SSL", &MAIL_OR_FILES),
    (b"STLS", &POP3),
    (b"CAPA", &POP3),
    (b"STARTTLS", &IRC),
    (b"CAP ", &IRC),
    (b"NICK ", &IRC),
    (b"USER ", &IRC),
    (b"PASS ", &IRC),
    (b"<?xml", &XMPP),
    (b"<stream:stream", &XMPP),
];

impl Starttls {
    /// The dialogue that begins with these bytes of a side.
    pub(super) fn opening(side: Side, bytes: &[u8]) -> Option<Self> {
        let of = |table: &[(&[u8], &'static Language)]| {
            let known = |(words, _): &&(&[u8], &'static Language)| bytes.starts_with(words);
            table.iter().find(known).map(|(_, language)| *language)
        };
        let (client, language, awaits_greeting) = match of(&GREETINGS) {
            Some(language) => (side.other(), language, true),
            None => (side, of(&FIRST_COMMANDS)?, false),
        };
        let heard = Heard {
            client,
            language,
            awaits_greeting,
            unanswered: 0,
            asked: None,
            open_answer: None,
            target: None,
        };
        Some(Self { lines: Lines::new(language.end), heard })
    }
}

impl Dialogue for Starttls {
    fn data(&mut self, side: Side, bytes: &[u8], origin: Origin, _tls: &mut Vec<u8>) -> Step {
        let Self { lines, heard } = self;
        let step = lines.find(side, bytes, |line, behind| {
            if side == heard.client {
                heard.command(line, origin)
            } else {
                heard.answer(line, behind, origin)
            }
        });
        step.unwrap_or(Step::Listen)
    }

    fn carrier(&self) -> Carrier {
        self.heard.asked.as_ref().map_or(Carrier::Other, |asked| asked.carrier)
    }

    fn target(&self) -> Option<&str> {
        self.heard.target.as_deref()
    }

    fn asked(&self) -> Option<(&Said, Option<i64>)> {
        self.heard.asked.as_ref().map(|asked| (&asked.said, asked.ts))
    }

    fn buffered(&self) -> usize {
        size_of::<Self>().saturating_add(self.lines.buffered())
    }
}

impl Heard {
    fn command(&mut self, line: &[u8], origin: Origin) -> Option<Step> {
        if line.is_empty() {
            return None;
        }
        match (self.language.command)(line) {
            Command::Over => return Some(Step::Leave),
            Command::Ask(carrier, tag) if self.asked.is_none() => {
                let said = Said { what: first_words(line), frame: origin.frame };
                let (ts, tag, behind) = (origin.ts, tag.into(), self.unanswered);
                self.asked = Some(Asked { carrier, said, ts, tag, behind });
            }
            Command::Name(name) => self.target = target_name(name),
            Command::Ask(..) | Command::Other => {}
        }
        self.unanswered = self.unanswered.saturating_add(1);
        None
    }

    fn answer(&mut self, line: &[u8], behind: usize, origin: Origin) -> Option<Step> {
        if self.language.answering == Answering::Codes && !self.ends_answer(line) {
            return None;
        }
        let answer = (self.language.answer)(line, self.asked.as_ref());
        if answer == Answer::Part {
            return None;
        }
        if self.language.answering != Answering::ByItself {
            if self.awaits_greeting {
                self.awaits_greeting = false;
                return None;
            }
            self.unanswered = self.unanswered.saturating_sub(1);
            let asked = self.asked.as_mut()?;
            if let Some(behind) = asked.behind.checked_sub(1) {
                asked.behind = behind;
                return None;
            }
        }
        match answer {
            Answer::Yes => self.asked.is_some().then_some(Step::Tls(behind)),
            Answer::No => self.asked.take().map(|asked| {
                Step::Refused(Box::new(Refusal {
                    kind: RefusalKind::UpgradeRefused,
                    carrier: asked.carrier,
                    client: self.client,
                    ts: asked.ts,
                    asked: Some(asked.said),
                    answered: Some(Said { what: first_words(line), frame: origin.frame }),
                    target: self.target.clone(),
                }))
            }),
            Answer::Other | Answer::Part => {
                if self.language.answering != Answering::ByItself {
                    self.asked = None;
                }
                None
            }
        }
    }

    /// Whether a line of a server that answers in codes is the last of its answer.
    fn ends_answer(&mut self, line: &[u8]) -> bool {
        let Some((digits, rest)) = line.split_first_chunk::<3>() else { return false };
        if !digits.iter().all(u8::is_ascii_digit) {
            return false;
        }
        let goes_on = rest.first() == Some(&b'-');
        match self.open_answer {
            Some(open) if open != *digits => return false,
            _ => self.open_answer = goes_on.then_some(*digits),
        }
        !goes_on
    }
}

/// Whether a line is this command, whatever its case.
fn is(line: &[u8], command: &str) -> bool {
    line.trim_ascii_end().eq_ignore_ascii_case(command.as_bytes())
}

/// Whether the first word of a line is one of these, whatever its case.
fn begins(line: &[u8], words: &[&str]) -> bool {
    let first = line.split(u8::is_ascii_whitespace).next().unwrap_or_default();
    words.iter().any(|word| first.eq_ignore_ascii_case(word.as_bytes()))
}

fn mail_or_files_command(line: &[u8]) -> Command<'_> {
    if is(line, "STARTTLS") {
        Command::Ask(Carrier::Smtp, b"220")
    } else if ["AUTH TLS", "AUTH SSL", "AUTH TLS-C", "AUTH TLS-P"].iter().any(|ask| is(line, ask)) {
        Command::Ask(Carrier::Ftp, b"234")
    } else if begins(line, &["MAIL", "DATA", "BDAT", "RETR", "STOR", "LIST", "MLSD"]) {
        Command::Over
    } else {
        Command::Other
    }
}

fn news_command(line: &[u8]) -> Command<'_> {
    if is(line, "STARTTLS") {
        Command::Ask(Carrier::Nntp, b"382")
    } else if begins(line, &["POST", "IHAVE", "TAKETHIS", "CHECK", "ARTICLE", "BODY", "GROUP"]) {
        Command::Over
    } else {
        Command::Other
    }
}

/// A code of SMTP or FTP. One that begins with 1 is followed by another.
fn code(line: &[u8], asked: Option<&Asked>) -> Answer {
    if line.starts_with(b"1") { Answer::Part } else { news_code(line, asked) }
}

fn news_code(line: &[u8], asked: Option<&Asked>) -> Answer {
    match line.first() {
        Some(b'4' | b'5') => Answer::No,
        _ if asked.is_some_and(|asked| line.starts_with(&asked.tag)) => Answer::Yes,
        _ => Answer::Other,
    }
}

fn pop3_command(line: &[u8]) -> Command<'_> {
    if is(line, "STLS") {
        Command::Ask(Carrier::Pop3, b"+OK")
    } else if begins(line, &["PASS", "APOP", "RETR", "TOP"]) {
        Command::Over
    } else {
        Command::Other
    }
}

fn pop3(line: &[u8], _asked: Option<&Asked>) -> Answer {
    match line {
        [b'+', b'O', b'K', ..] => Answer::Yes,
        [b'-', b'E', b'R', b'R', ..] => Answer::No,
        [b'+', b' ', ..] => Answer::Other,
        _ => Answer::Part,
    }
}

fn imap_command(line: &[u8]) -> Command<'_> {
    let mut words = line.splitn(2, |&byte| byte == b' ');
    let (Some(tag), Some(command)) = (words.next(), words.next()) else { return Command::Other };
    if is(command, "STARTTLS") {
        Command::Ask(Carrier::Imap, tag)
    } else if begins(command, &["SELECT", "EXAMINE", "FETCH", "UID", "APPEND", "IDLE"]) {
        Command::Over
    } else {
        Command::Other
    }
}

fn imap(line: &[u8], asked: Option<&Asked>) -> Answer {
    let answer = asked.and_then(|asked| line.strip_prefix(&*asked.tag));
    match answer.and_then(|answer| answer.strip_prefix(b" ")) {
        Some(answer) if begins(answer, &["OK"]) => Answer::Yes,
        Some(answer) if begins(answer, &["NO", "BAD"]) => Answer::No,
        _ => Answer::Other,
    }
}

fn sieve_command(line: &[u8]) -> Command<'_> {
    if is(line, "STARTTLS") {
        Command::Ask(Carrier::Sieve, b"OK")
    } else if begins(line, &["AUTHENTICATE", "PUTSCRIPT", "GETSCRIPT", "LISTSCRIPTS"]) {
        Command::Over
    } else {
        Command::Other
    }
}

fn sieve(line: &[u8], _asked: Option<&Asked>) -> Answer {
    if begins(line, &["OK"]) {
        Answer::Yes
    } else if begins(line, &["NO", "BYE"]) {
        Answer::No
    } else {
        Answer::Part
    }
}

fn irc_command(line: &[u8]) -> Command<'_> {
    if is(line, "STARTTLS") {
        Command::Ask(Carrier::Irc, b"670")
    } else if begins(line, &["JOIN", "PRIVMSG", "PONG"]) {
        Command::Over
    } else {
        Command::Other
    }
}

/// 670 is yes, 691 is no; a server that does not know the command says so with 421 or 451.
fn irc(line: &[u8], _asked: Option<&Asked>) -> Answer {
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.starts_with(b":"));
    match words.next() {
        Some(b"670") => Answer::Yes,
        Some(b"691") => Answer::No,
        Some(b"421" | b"451") if words.any(|word| is(word, "STARTTLS")) => Answer::No,
        _ => Answer::Other,
    }
}

/// The tag that ends here, without its brackets.
fn tag(text: &[u8]) -> &[u8] {
    text.rsplit(|&byte| byte == b'<').next().unwrap_or_default()
}

fn xmpp_command(text: &[u8]) -> Command<'_> {
    let tag = tag(text);
    if tag.starts_with(b"starttls") {
        Command::Ask(Carrier::Xmpp, b"")
    } else if tag.starts_with(b"stream:stream") {
        attribute(tag, b"to").map_or(Command::Other, Command::Name)
    } else if begins(tag, &["auth", "iq", "message", "presence"]) {
        Command::Over
    } else {
        Command::Other
    }
}

fn xmpp(text: &[u8], _asked: Option<&Asked>) -> Answer {
    let tag = tag(text);
    if tag.starts_with(b"proceed") {
        Answer::Yes
    } else if tag.starts_with(b"failure") {
        Answer::No
    } else {
        Answer::Other
    }
}

/// The value of an attribute of a tag.
fn attribute<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    tag.split(u8::is_ascii_whitespace).find_map(|part| {
        let value = part.strip_prefix(name)?.strip_prefix(b"=")?;
        let (quote, value) = value.split_first()?;
        matches!(quote, b'\'' | b'"').then_some(())?;
        value.split(|byte| byte == quote).next()
    })
}
