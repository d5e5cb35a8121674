//! `poscert man`: manual pages of all commands.

use super::{CliError, Exit};
use crate::seal::io_reason;
use std::path::{Path, PathBuf};

/// Arguments of `poscert man`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  poscert man | man -l -                            the page of poscert
  poscert man ~/.local/share/man/man1               one page per command, for `man poscert-record`")]
pub(super) struct Args {
    /// Directory for the pages of all commands; created if it is missing [default: print poscert(1)]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: &Args, command: clap::Command) -> Result<Exit, CliError> {
    match &args.dir {
        None => {
            let mut page = Vec::new();
            let rendered = clap_mangen::Man::new(command).render(&mut page);
            rendered.map_err(|error| CliError::new(format!("cannot render the page: {}", io_reason(&error))))?;
            super::print(&String::from_utf8_lossy(&page))?;
        }
        Some(dir) => {
            let written = std::fs::create_dir_all(dir).and_then(|()| clap_mangen::generate_to(command, dir));
            written.map_err(|error| unwritable(dir, &error))?;
            eprintln!("Manual pages written to {}", dir.display());
        }
    }
    Ok(Exit::Passed)
}

fn unwritable(dir: &Path, error: &std::io::Error) -> CliError {
    CliError::new(format!("cannot write to {}: {}; choose another directory", dir.display(), io_reason(error)))
}
