//! Makes a capture with known contents:
//! `make_capture bulk|dense TEMPLATES CAPTURE TRUTH BYTES SEED [SNAP_LENGTH]`.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use tlsaudit_bench::capture_file::CaptureFile;
use tlsaudit_bench::template::Template;
use tlsaudit_bench::traffic::{Shape, Traffic};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match make(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make_capture: {error}");
            ExitCode::FAILURE
        }
    }
}

fn make(arguments: &[String]) -> Result<(), Box<dyn Error>> {
    let [shape, templates, capture, truth, bytes, seed, rest @ ..] = arguments else {
        return Err("give a shape, templates, capture, truth, bytes and a seed".into());
    };
    let shape = match shape.as_str() {
        "bulk" => Shape::Bulk,
        "dense" => Shape::Dense,
        other => return Err(format!("there is no shape `{other}`: bulk or dense").into()),
    };
    let snap_length = rest.first().map_or(Ok(262_144), |text| text.parse())?;
    let templates = Template::read_all(&fs::read_to_string(templates)?)?;
    let mut file = CaptureFile::create(Path::new(capture), snap_length)?;
    let mut truth = BufWriter::new(File::create(truth)?);
    Traffic::new(shape, templates, seed.parse()?).write(bytes.parse()?, &mut file, &mut truth)?;
    truth.flush()?;
    file.finish()?;
    Ok(())
}
