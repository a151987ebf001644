//! Lists the frames of a capture: number, time, captured length, length, link type, interface.
//!
//! `cargo run --release --example frames CAPTURE` (or `-` for standard input); with `--count` only
//! how many there are. Made for comparing with other readers.
#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::process::ExitCode;

use tlsaudit_wire::capture::CaptureReader;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let count_only = arguments.first().is_some_and(|first| first == "--count");
    if count_only {
        arguments.remove(0);
    }
    let mut status = ExitCode::SUCCESS;
    for name in arguments {
        let source: Box<dyn Read> = if name == "-" {
            Box::new(std::io::stdin())
        } else {
            match File::open(&name) {
                Ok(file) => Box::new(file),
                Err(error) => {
                    eprintln!("{name}: {error}");
                    status = ExitCode::FAILURE;
                    continue;
                }
            }
        };
        if let Err(error) = list(source, count_only) {
            eprintln!("{name}: {error}");
            status = ExitCode::FAILURE;
        }
    }
    status
}

fn list(source: Box<dyn Read>, count_only: bool) -> Result<(), Box<dyn std::error::Error>> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    let mut reader = CaptureReader::open(source)?;
    let (mut frames, mut bytes) = (0_u64, 0_u64);
    let outcome = loop {
        match reader.next_frame() {
            Ok(Some(frame)) if count_only => {
                frames = frames.saturating_add(1);
                bytes = bytes.saturating_add(u64::try_from(frame.data.len())?);
            }
            Ok(Some(frame)) => {
                let ts = frame.ts.map_or(String::new(), |ts| {
                    let (seconds, rest) =
                        (ts.div_euclid(1_000_000_000), ts.rem_euclid(1_000_000_000));
                    format!("{seconds}.{rest:09}")
                });
                writeln!(
                    out,
                    "{}\t{ts}\t{}\t{}\t{}\t{}",
                    frame.number,
                    frame.data.len(),
                    frame.original_length,
                    frame.link_type,
                    frame.interface
                )?;
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    if count_only {
        writeln!(out, "{frames} frames, {bytes} bytes")?;
    }
    out.flush()?;
    Ok(outcome?)
}
