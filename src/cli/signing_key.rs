//! The key that a command signs with: the one that was named, or this user's own.

use super::CliError;
use crate::seal::{SigningKey, sign};
use std::path::Path;

/// Opens the signing key, and makes it at its first use; what was made is said.
///
/// # Errors
/// A sentence where there is none and none can be made, or it can be read by others.
pub(super) fn open(named: Option<&Path>) -> Result<SigningKey, CliError> {
    let place = match named {
        Some(path) => path.to_owned(),
        None => SigningKey::default_place().ok_or_else(|| {
            CliError::new(
                "there is no place for the signing key: neither HOME nor XDG_DATA_HOME is set; give --key FILE",
            )
        })?,
    };
    let (key, made) = SigningKey::open(&place).map_err(CliError::new)?;
    if made {
        let public = sign::public_place(&place);
        eprintln!("A signing key was made: {} (keep it to yourself)", place.display());
        eprintln!("  for those who check: {} or its fingerprint {}", public.display(), key.public().fingerprint());
    }
    Ok(key)
}
