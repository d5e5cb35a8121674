//! `poscert seal`: an additional signature on an archive.

use super::export::write_whole;
use super::{CliError, Exit, signing_key};
use crate::capture::{self, CaptureKind, archive};
use std::path::PathBuf;

/// Arguments of `poscert seal`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  poscert seal run.poscert --key witness.pem\n\n\
    The whole archive is read and checked first. Only its signatures change; the digest of its content stays the \
    same.")]
pub(super) struct Args {
    /// Signed archive
    archive: PathBuf,
    /// Signing key, created at first use
    #[arg(long, value_name = "FILE", env = "POSCERT_KEY")]
    key: PathBuf,
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    let unreadable = |error: capture::CaptureError| CliError::new(error.to_string());
    let capture = capture::open(&args.archive).map_err(unreadable)?;
    let name = args.archive.display();
    if capture.kind != CaptureKind::Archive {
        let sentence = format!("{name}: not a signed archive; create one with `poscert export {name} -o FILE.poscert`");
        return Err(CliError::new(sentence));
    }
    let key = signing_key::open(Some(&args.key))?;
    let mut signers = Vec::new();
    write_whole(&args.archive, |out| {
        signers = archive::add_signature(&args.archive, &key, out).map_err(unreadable)?;
        Ok(())
    })?;
    eprintln!("{name}: {} exchanges; content digest {}", capture.exchanges, capture.digest);
    for signer in signers {
        eprintln!("  signed by {signer}");
    }
    Ok(Exit::Passed)
}
