//! Additional signatures on an archive, for example by a witness, a build server or an operator. Only the `SEAL`
//! frame is rewritten.

use super::frame::{self, Tag};
use super::manifest::Manifest;
use super::reader::{self, capture_error};
use super::{Damage, Unreadable};
use crate::capture::error::CaptureError;
use crate::seal::{Fingerprint, SigningKey};
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

/// Writes the archive at `path` to `out` with one more signature over its manifest; returns the fingerprints of all
/// signers. Each key signs once. Verify the whole archive before signing it: open it and read all its records.
///
/// # Errors
/// If the archive cannot be read or `out` cannot be written.
pub(crate) fn add_signature(
    path: &Path,
    key: &SigningKey,
    out: &mut impl Write,
) -> Result<Vec<Fingerprint>, CaptureError> {
    signed(path, key, out).map_err(|error| capture_error(path, error))
}

fn signed(path: &Path, key: &SigningKey, out: &mut impl Write) -> Result<Vec<Fingerprint>, Unreadable> {
    let mut file = BufReader::new(File::open(path)?);
    let at = reader::seal_at(&mut file)?;
    file.seek(SeekFrom::Start(at))?;
    let (_, _, mut envelope) = Manifest::read(&frame::read(&mut file, at)?, at)?;
    envelope.sign(key).map_err(|words| Damage::new(at, words))?;
    let signers = envelope.signers(&[]).map_err(|words| Damage::new(at, words))?;
    file.seek(SeekFrom::Start(0))?;
    io::copy(&mut file.take(at), out)?;
    frame::write(out, Tag::Seal, envelope.json().as_bytes())?;
    out.flush()?;
    Ok(signers)
}
