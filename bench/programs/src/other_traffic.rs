//! What else is on a network: name look-ups, streams of datagrams, web pages in clear, and
//! something like SSH.

use crate::packet::Ends;
use crate::random::Random;
use crate::talk::Talk;

/// What a connection without TLS holds.
#[derive(Clone, Copy)]
pub enum Kind {
    /// A question and its answer.
    Dns,
    /// Datagrams as of a call.
    Media,
    /// Pages in clear.
    Http,
    /// Greetings in clear, then bytes that nobody can read.
    Ssh,
}

impl Kind {
    /// One of them.
    pub fn any(random: &mut Random) -> Self {
        *random.of(&[Self::Dns, Self::Dns, Self::Dns, Self::Media, Self::Http, Self::Ssh])
    }

    /// The port of the server.
    pub fn port(self, random: &mut Random) -> u16 {
        match self {
            Self::Dns => 53,
            Self::Media => u16::try_from(random.between(20_000, 29_999)).unwrap_or(20_000),
            Self::Http => 80,
            Self::Ssh => 22,
        }
    }

    /// Whether it runs over TCP.
    #[must_use]
    pub fn is_tcp(self) -> bool {
        matches!(self, Self::Http | Self::Ssh)
    }

    /// Plans it.
    pub fn plan(self, talk: &mut Talk<'_>) {
        match self {
            Self::Dns => dns(talk),
            Self::Media => media(talk),
            Self::Http => http(talk),
            Self::Ssh => ssh(talk),
        }
    }
}

fn dns(talk: &mut Talk<'_>) {
    let id = talk.random().bits().to_be_bytes();
    let name = b"\x06server\x07example\x03net\0\0\x01\0\x01";
    let head = |flags: [u8; 2], answers| {
        let mut message = vec![id[0], id[1], flags[0], flags[1], 0, 1, 0, answers, 0, 0, 0, 0];
        message.extend_from_slice(name);
        message
    };
    talk.datagram(0, &head([1, 0], 0));
    talk.wait(talk.round_trip);
    let mut answer = head([0x81, 0x80], 1);
    // The name again, an address of four bytes, for a minute.
    answer.extend([0xC0, 0x0C, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 198, 18, id[2], id[3]]);
    talk.datagram(1, &answer);
}

fn media(talk: &mut Talk<'_>) {
    let packets = talk.random().between(60, 240);
    let mut bytes = [0; 1_100];
    for _ in 0..packets {
        let length = talk.random().between(160, 1_100) as usize;
        talk.random().fill(&mut bytes[..length]);
        // RTP version 2, payload type 96.
        bytes[..2].copy_from_slice(&[0x80, 0x60]);
        let from = usize::from(talk.random().permille(500));
        talk.datagram(from, &bytes[..length]);
        talk.wait(10_000);
    }
}

fn http(talk: &mut Talk<'_>) {
    talk.open();
    for _ in 0..talk.random().between(1, 8) {
        talk.send(0, b"GET /page HTTP/1.1\r\nHost: server.example.net\r\n\r\n", 0);
        let length = talk.random().between(200, 20_000) as usize;
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\r\n"
        );
        let mut answer = head.into_bytes();
        answer.resize(answer.len() + length, b'x');
        talk.send(1, &answer, 0);
    }
    talk.close();
}

fn ssh(talk: &mut Talk<'_>) {
    talk.open();
    talk.send(0, b"SSH-2.0-OpenSSH_9.2\r\n", 0);
    talk.send(1, b"SSH-2.0-OpenSSH_9.2\r\n", 0);
    let mut bytes = [0; 400];
    for _ in 0..talk.random().between(20, 80) {
        for from in [0, 1] {
            let length = talk.random().between(36, 400) as usize;
            talk.random().fill(&mut bytes[..length]);
            talk.send(from, &bytes[..length], 0);
        }
    }
    talk.close();
}

/// Ends for a kind of traffic.
#[must_use]
pub fn ends(kind: Kind, mut ends: Ends, random: &mut Random) -> Ends {
    ends.ports[1] = kind.port(random);
    ends
}
