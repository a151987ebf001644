//! Makes the seed corpora: `seeds CORPUS CAPTURE...` writes `CORPUS/<target>/<number>` for every
//! input that the captures give.

use std::path::PathBuf;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let mut arguments = env::args_os().skip(1).map(PathBuf::from);
    let corpus = arguments.next().expect("the folder of the corpora is the first argument");
    let mut count = 0_u32;
    for capture in arguments.filter(|path| path.is_file()) {
        for (target, input) in tlsaudit_fuzz::seeds::of_capture(&fs::read(&capture)?) {
            let folder = corpus.join(target);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join(format!("seed-{count:06}")), input)?;
            count += 1;
        }
    }
    println!("{count} seeds");
    Ok(())
}
