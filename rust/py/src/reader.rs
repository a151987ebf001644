//! Threads that read captures. They know nothing of Python: rows and questions go through a lane to
//! the calling thread.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender};
use std::sync::{Arc, Mutex};
use std::thread;

use tlsaudit_wire::error::{Cancelled, Error};
use tlsaudit_wire::handshake::Told;
use tlsaudit_wire::reading::{Options, Rows, Summary, read_capture_ahead, read_files_ahead};

use crate::source::{Opened, Source};

/// Messages that a lane holds: enough that reader and taker seldom wait for each other.
pub const LANE_MESSAGES: usize = 48;
/// Bytes of rows that make a message, so that a full lane takes some 3 MiB.
const MESSAGE_BYTES: usize = 64 * 1024;

/// What a reader tells the calling thread.
pub enum Message {
    /// The next rows.
    Rows(Vec<Told>),
    /// Up to so many bytes of the Python object are wanted.
    Wants(usize),
    /// The capture has been read.
    Done(Box<Summary>),
}

/// A capture to read.
pub struct Work {
    pub source: Source,
    pub lane: SyncSender<Message>,
    /// Brings rows back that have been taken. They are let go where they were made: memory that
    /// another thread frees is far from the processor that needs it next.
    pub taken: Receiver<Vec<Told>>,
}

/// What all threads of a call know.
#[derive(Default)]
pub struct Shared {
    options: Options,
    bytes_read: AtomicU64,
    stopped: AtomicBool,
}

impl Shared {
    pub fn new(options: Options) -> Self {
        Self { options, ..Self::default() }
    }

    pub fn max_unpacked(&self) -> Option<u64> {
        self.options.max_unpacked
    }

    pub fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    pub fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// Nobody wants more.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }
}

/// Starts threads that read what is in the queue until it is closed. Nobody waits for their end: one
/// of them may be waiting for bytes that never come.
pub fn spawn(count: usize, queue: Receiver<Work>, shared: &Arc<Shared>) -> io::Result<()> {
    let queue = Arc::new(Mutex::new(queue));
    for _ in 0..count {
        let (queue, shared) = (queue.clone(), shared.clone());
        thread::Builder::new().name("tlsaudit reader".into()).spawn(move || {
            while let Some(work) = queue.lock().ok().and_then(|queue| queue.recv().ok()) {
                read(work, &shared);
            }
        })?;
    }
    Ok(())
}

/// Reads one capture. A fault of ours in it is an error of that capture, not of the program.
fn read(work: Work, shared: &Shared) {
    let outgoing = Outgoing {
        lane: &work.lane,
        taken: &work.taken,
        shared,
        rows: RefCell::default(),
        bytes: Cell::new(0),
        gone: Cell::new(false),
    };
    let options = shared.options;
    let mut rows = RowsOf(&outgoing);
    let reading = AssertUnwindSafe(|| match work.source.open(&work.lane) {
        Ok(Opened::One(source)) => {
            read_capture_ahead(Watched { shared, source }, options, &mut rows)
        }
        Ok(Opened::Several(files)) => {
            let files = files.map(|file| file.map(|source| Watched { shared, source }));
            read_files_ahead(files, options, &mut rows)
        }
        Err(error) => Summary { error: Some(Error::new(error.into())), ..Summary::default() },
    });
    let summary = catch_unwind(reading).unwrap_or_else(|_| fault());
    outgoing.send_rows();
    outgoing.send(Message::Done(Box::new(summary)));
}

/// What is said of a capture whose reading broke down.
pub fn fault() -> Summary {
    let error = io::Error::other("a fault in tlsaudit stopped the reading; please report it");
    Summary { error: Some(Error::new(error.into())), ..Summary::default() }
}

/// The reader's end of a lane.
struct Outgoing<'a> {
    lane: &'a SyncSender<Message>,
    taken: &'a Receiver<Vec<Told>>,
    shared: &'a Shared,
    rows: RefCell<Vec<Told>>,
    /// Bytes of memory that the rows take.
    bytes: Cell<usize>,
    /// Nobody listens any more.
    gone: Cell<bool>,
}

impl Outgoing<'_> {
    fn row(&self, row: Told) {
        self.bytes.set(self.bytes.get().saturating_add(row.memory()));
        self.rows.borrow_mut().push(row);
        if self.bytes.get() >= MESSAGE_BYTES {
            self.send_rows();
        }
    }

    fn send_rows(&self) {
        let mut room = Vec::new();
        for taken in self.taken.try_iter() {
            room = taken;
            room.clear();
        }
        let rows = self.rows.replace(room);
        self.bytes.set(0);
        if !rows.is_empty() {
            self.send(Message::Rows(rows));
        }
    }

    fn send(&self, message: Message) {
        if self.lane.send(message).is_err() {
            self.gone.set(true);
        }
    }

    fn is_over(&self) -> bool {
        self.gone.get() || self.shared.is_stopped()
    }
}

/// The rows of one capture.
struct RowsOf<'a>(&'a Outgoing<'a>);

impl Rows for RowsOf<'_> {
    fn row(&mut self, row: Told) {
        self.0.row(row);
    }

    fn pause(&mut self) {
        self.0.send_rows();
    }

    fn is_closed(&mut self) -> bool {
        self.0.is_over()
    }
}

/// Counts what is read, and reads no more once nobody wants it.
pub struct Watched<'a> {
    pub shared: &'a Shared,
    pub source: Box<dyn Read + Send>,
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.shared.is_stopped() {
            return Err(io::Error::other(Cancelled));
        }
        let count = self.source.read(buffer)?;
        let bytes = u64::try_from(count).unwrap_or(u64::MAX);
        self.shared.bytes_read.fetch_add(bytes, Ordering::Relaxed);
        Ok(count)
    }
}
