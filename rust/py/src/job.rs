//! One call from Python: threads read the captures, the calling thread takes their rows in turn and
//! keeps Python informed.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use tlsaudit_wire::error::{Error, ErrorKind};
use tlsaudit_wire::handshake::Told;
use tlsaudit_wire::reading::{Options, Summary};

use crate::reader::{self, LANE_MESSAGES, Message, Shared, Work, fault};
use crate::source::{self, Input, Source};

/// How often Python is asked about signals and told of progress.
pub const TICK: Duration = Duration::from_millis(50);

/// Takes the rows of all captures, one capture after the other.
pub trait Taker {
    /// The next row.
    fn row(&mut self, row: &Told, capture: &str);
    /// Rows that came some time ago should be seen now.
    fn pause(&mut self) {}
    /// Whether no more rows are wanted.
    fn is_closed(&self) -> bool {
        false
    }
}

/// A call in progress.
pub struct Job {
    progress: Option<Py<PyAny>>,
    shared: Arc<Shared>,
    last_tick: Instant,
}

/// What comes from the thread that reads a capture, and what it asks for.
struct Lane {
    messages: Receiver<Message>,
    /// The way back for rows that have been taken.
    taken: Sender<Vec<Told>>,
    object: Option<(Py<PyAny>, SyncSender<Vec<u8>>)>,
}

impl Job {
    pub fn new(progress: Option<Py<PyAny>>, options: Options) -> Self {
        let shared = Arc::new(Shared::new(options));
        Self { progress, shared, last_tick: Instant::now() }
    }

    /// Reads as many captures at a time as there are cores. Rows come in order of captures all the
    /// same; a capture whose turn has not come is read as far as its lane holds.
    pub fn read_all(
        &mut self,
        captures: Vec<(String, Input)>,
        taker: &mut impl Taker,
    ) -> PyResult<Vec<(String, Summary)>> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let readers = cores.min(captures.len());
        let (queue, waiting) = channel();
        reader::spawn(readers, waiting, &self.shared)?;
        let mut planned = captures.into_iter().map(|(name, input)| (name, begin(input, &queue)));
        let mut under_way: VecDeque<(String, Lane)> = planned.by_ref().take(readers).collect();
        let mut summaries = Vec::new();
        while let Some((name, lane)) = under_way.pop_front() {
            let summary = self.follow(&lane, &name, taker)?;
            summaries.push((name, summary));
            if taker.is_closed() {
                break;
            }
            under_way.extend(planned.next());
        }
        self.tick(true)?;
        Ok(summaries)
    }

    /// Takes the rows of one capture until it is done.
    fn follow(&mut self, lane: &Lane, name: &str, taker: &mut impl Taker) -> PyResult<Summary> {
        loop {
            if self.tick(false)? {
                // Rows that keep coming would leave no pause.
                taker.pause();
            }
            if taker.is_closed() {
                let error = Some(Error::new(ErrorKind::Cancelled));
                return Ok(Summary { error, ..Summary::default() });
            }
            let message = match lane.messages.recv_timeout(TICK) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => {
                    taker.pause();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => return Ok(fault()),
            };
            match message {
                Message::Rows(rows) => {
                    rows.iter().for_each(|row| taker.row(row, name));
                    // Whoever has read all needs no room any more.
                    _ = lane.taken.send(rows);
                }
                Message::Done(summary) => return Ok(*summary),
                Message::Wants(count) => {
                    if let Some((object, replies)) = &lane.object {
                        // The reader may be gone; then there is nobody to answer.
                        _ = replies.send(source::read_object(object, count)?);
                    }
                }
            }
        }
    }

    /// Asks Python for signals and tells it of progress, every 50 ms or when `now`. Whether it did.
    fn tick(&mut self, now: bool) -> PyResult<bool> {
        if !now && self.last_tick.elapsed() < TICK {
            return Ok(false);
        }
        self.last_tick = Instant::now();
        inform(self.progress.as_ref(), self.shared.bytes_read())?;
        Ok(true)
    }
}

/// Asks Python for signals and tells it of progress.
pub fn inform(progress: Option<&Py<PyAny>>, bytes_read: u64) -> PyResult<()> {
    Python::attach(|py| {
        py.check_signals()?;
        match progress {
            Some(progress) => progress.call1(py, (bytes_read,)).map(drop),
            None => Ok(()),
        }
    })
}

impl Drop for Job {
    /// Readers that are still at work find nobody who wants more.
    fn drop(&mut self) {
        self.shared.stop();
    }
}

/// Puts a capture into the queue of the readers.
fn begin(input: Input, queue: &Sender<Work>) -> Lane {
    let (sender, messages) = sync_channel(LANE_MESSAGES);
    let (taken, back) = channel();
    let (source, object) = match input {
        Input::Path(path) => (Source::Path(path), None),
        Input::Files(paths) => (Source::Files(paths), None),
        Input::Object(object) => {
            let (replies, answers) = sync_channel(1);
            (Source::Asked(answers), Some((object, replies)))
        }
    };
    // Should all readers be gone, the lane says so.
    _ = queue.send(Work { source, lane: sender, taken: back });
    Lane { messages, taken, object }
}
