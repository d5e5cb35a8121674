//! Scratch captures: recorded to look at the traffic, and never verified, exported or certified. A file in the capture
//! directory says so.

use super::private_fs;
use std::io::{self, Write};
use std::path::Path;

/// The file that marks a directory as a scratch capture.
const MARK: &str = "SCRATCH";

const TEXT: &str = "This is a scratch capture, recorded with `poscert record --scratch`.\n\
                    `poscert show` shows it; it is never verified, exported or certified.\n";

/// Whether a directory is a scratch capture.
pub(crate) fn is_scratch(dir: &Path) -> bool {
    dir.join(MARK).symlink_metadata().is_ok()
}

/// Marks a directory as a scratch capture.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn mark(dir: &Path) -> io::Result<()> {
    let mut file = private_fs::open(&dir.join(MARK))?;
    file.set_len(0)?;
    file.write_all(TEXT.as_bytes())
}

/// Refuses a scratch capture.
///
/// # Errors
/// The path is a scratch capture; one sentence with the next step.
pub(crate) fn refuse(path: &Path) -> Result<(), String> {
    if !is_scratch(path) {
        return Ok(());
    }
    Err(format!(
        "{} is a scratch capture, which is never verified, exported or certified; record without --scratch into \
         another directory",
        path.display()
    ))
}
