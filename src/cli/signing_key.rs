//! The signing key of a command: that of `--key`, else the user's default key.

use super::CliError;
use crate::seal::{SigningKey, sign};
use std::path::Path;

/// Opens the signing key; creates it at first use and prints where.
///
/// # Errors
/// A key that cannot be created or that other users can read.
pub(super) fn open(named: Option<&Path>) -> Result<SigningKey, CliError> {
    let place = match named {
        Some(path) => path.to_owned(),
        None => SigningKey::default_place().ok_or_else(|| {
            CliError::new("no location for the signing key: neither HOME nor XDG_DATA_HOME is set; pass --key FILE")
        })?,
    };
    let (key, made) = SigningKey::open(&place).map_err(CliError::new)?;
    if made {
        let public = sign::public_place(&place);
        eprintln!("Created the signing key {} (keep it secret)", place.display());
        eprintln!("  for verification: public key {}, fingerprint {}", public.display(), key.public().fingerprint());
    }
    Ok(key)
}
