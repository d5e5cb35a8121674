//! `poscert export`: a capture as one file for other tools.

use super::{Exit, Failure};
use crate::capture::{self, har};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Arguments of `poscert export`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  poscert export poscert-capture -o run.har\n\n\
    The same capture and version of poscert give the same bytes. Secrets stay replaced.")]
pub struct Args {
    /// A capture directory or a HAR file
    capture: PathBuf,
    /// The file to write; its ending tells the format
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// The format, where the ending does not tell it: har (poscert archives are not built yet)
    #[arg(long, value_name = "FORMAT")]
    format: Option<String>,
    /// Leave the bodies out, and keep their length and keyed digest: what they would show cannot be judged then
    #[arg(long)]
    strip_bodies: bool,
}

pub fn run(args: Args) -> Result<Exit, Failure> {
    let ending = args.output.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    match args.format.clone().or(ending).as_deref() {
        Some("har") => {}
        Some("poscert") => return Err(Failure::not_yet("the sealed archive (.poscert)")),
        Some(other) => {
            return Err(Failure::new(format!(
                "`{other}` is not a format of export; name the file .har, or give --format har"
            )));
        }
        None => return Err(Failure::new("the file has no ending; name it .har, or give --format har")),
    }
    let capture = capture::open(&args.capture).map_err(|error| Failure::new(error.to_string()))?;
    write_whole(&args.output, |out| {
        let written = match args.strip_bodies {
            true => har::export::write_stripped(&capture, out),
            false => har::export::write(&capture, out),
        };
        written.map_err(|error| Failure::new(error.to_string()))
    })?;
    eprintln!("{} exchanges written to {}", capture.exchanges, args.output.display());
    Ok(Exit::Passed)
}

/// Writes a file whole or not at all: beside its place, then by rename.
fn write_whole(
    file: &Path,
    write: impl FnOnce(&mut BufWriter<&mut std::fs::File>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let unwritable = |error: std::io::Error| {
        Failure::new(format!("{}: cannot be written ({error}); choose another file", file.display()))
    };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(unwritable)?;
    let mut out = BufWriter::new(draft.as_file_mut());
    write(&mut out)?;
    out.flush().map_err(unwritable)?;
    drop(out);
    draft.persist(file).map_err(|error| unwritable(error.error))?;
    Ok(())
}
