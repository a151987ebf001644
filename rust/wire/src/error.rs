//! What can be wrong with a capture as a whole: a kind, a place, and words when asked.

use std::fmt;
use std::io;

/// What is wrong.
#[derive(Debug)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such file.
    Missing,
    /// The file may not be read.
    Permission,
    /// The file has no bytes.
    Empty,
    /// The bytes are no packet capture; what they seem to be and what to do.
    NotACapture(String),
    /// A packet capture in a format that is not read; which, and what to do.
    Unsupported(String),
    /// The file ends in the middle of something; what.
    Cut(String),
    /// The bytes contradict the format; how.
    Damaged(String),
    /// A bound on how much is read was reached; which, and what to do.
    Limit(String),
    /// The operating system could not read on.
    Io(io::Error),
    /// The caller asked to stop.
    Cancelled,
}

/// What is wrong with a capture, and where.
#[derive(Debug)]
pub struct Error {
    /// What is wrong.
    pub kind: ErrorKind,
    /// Byte offset in the (uncompressed) capture.
    pub at: u64,
    /// The last frame that was read before it, 0 when there was none.
    pub after_frame: u64,
}

/// Marks an [`io::Error`] that a reader returned because the caller wants to stop.
#[derive(Debug)]
pub struct Cancelled;

impl fmt::Display for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the reading was cancelled")
    }
}

impl std::error::Error for Cancelled {}

impl Error {
    /// An error at the start of the input.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self { kind, at: 0, after_frame: 0 }
    }

    /// An error at byte `at`, after frame `after_frame`.
    #[must_use]
    pub fn at(kind: ErrorKind, at: u64, after_frame: u64) -> Self {
        Self { kind, at, after_frame }
    }

    /// The name that tables use for the kind.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self.kind {
            ErrorKind::Missing => "missing",
            ErrorKind::Permission => "permission",
            ErrorKind::Empty => "empty",
            ErrorKind::NotACapture(_) => "not_a_capture",
            ErrorKind::Unsupported(_) => "unsupported",
            ErrorKind::Cut(_) => "cut",
            ErrorKind::Damaged(_) => "damaged",
            ErrorKind::Limit(_) => "limit",
            ErrorKind::Io(_) => "io",
            ErrorKind::Cancelled => "cancelled",
        }
    }
}

impl From<io::Error> for ErrorKind {
    fn from(error: io::Error) -> Self {
        if error.get_ref().is_some_and(|inner| inner.is::<Cancelled>()) {
            return Self::Cancelled;
        }
        match error.kind() {
            io::ErrorKind::NotFound => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Permission,
            _ => Self::Io(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ErrorKind::Missing => f.write_str("there is no such file"),
            ErrorKind::Permission => {
                f.write_str("it may not be read: check the permissions of the file")
            }
            ErrorKind::Empty => f.write_str(
                "it is empty: the capture never wrote a packet, or the copy did not finish",
            ),
            ErrorKind::NotACapture(what) | ErrorKind::Unsupported(what) => f.write_str(what),
            ErrorKind::Cut(what) => write!(
                f,
                "it ends in the middle of {what} at byte {}; {} before that",
                self.at,
                Frames(self.after_frame)
            ),
            ErrorKind::Damaged(what) => write!(
                f,
                "it is damaged at byte {}: {what}; {} before that",
                self.at,
                Frames(self.after_frame)
            ),
            ErrorKind::Limit(what) => {
                write!(f, "{what}; {} before that", Frames(self.after_frame))
            }
            ErrorKind::Io(error) => write!(
                f,
                "it could not be read on after byte {}: {error}; {} before that",
                self.at,
                Frames(self.after_frame)
            ),
            ErrorKind::Cancelled => f.write_str("the reading was cancelled"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.kind {
            ErrorKind::Io(error) => Some(error),
            _ => None,
        }
    }
}

/// "one frame was read", "3 frames were read".
struct Frames(u64);

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("one frame was read"),
            n => write!(f, "{n} frames were read"),
        }
    }
}
