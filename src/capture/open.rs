//! Opens a capture, whatever it is: a directory, an archive, or a HAR.

use super::error::{CaptureError, CaptureErrorKind};
use super::har_source;
use super::reader::{Capture, LONGEST_HAR, looks_like_an_archive, open_archive, open_directory};
use crate::profile::{Profile, pos_v10};
use crate::seal;
use std::path::Path;

/// Opens a capture of any kind with calls of the PoS API v10; `-` is a HAR file from standard input.
///
/// # Errors
/// If there is no capture, it is damaged, or its version is not supported.
pub fn open(path: &Path) -> Result<Capture, CaptureError> {
    open_for(path, pos_v10())
}

/// As [`open`], with calls of the API of this profile.
///
/// # Errors
/// As for [`open`].
pub(crate) fn open_for(path: &Path, profile: &'static Profile) -> Result<Capture, CaptureError> {
    let capture = of_any_kind(path, profile)?;
    Ok(Capture { profile, ..capture })
}

fn of_any_kind(path: &Path, profile: &'static Profile) -> Result<Capture, CaptureError> {
    if path.as_os_str() == "-" {
        return har_source::from_standard_input(profile);
    }
    let metadata = std::fs::metadata(path).map_err(|error| CaptureError::io("open", path, &error))?;
    if metadata.is_dir() {
        return open_directory(path);
    }
    if !metadata.is_file() {
        let sentence = format!("{} is neither a directory nor a regular file", path.display());
        return Err(CaptureError::new(
            CaptureErrorKind::NotACapture,
            format!("{sentence}: copy its content into a file first"),
        ));
    }
    if looks_like_an_archive(path)? {
        return open_archive(path);
    }
    let bytes = seal::bounded_read::read(path, LONGEST_HAR).map_err(|error| CaptureError::io("read", path, &error))?;
    har_source::open(path, bytes, profile)
}
