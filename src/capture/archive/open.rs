//! Opens an archive, and finds where the damage is in one that cannot be read.

use super::Unreadable;
use super::reader::{Archive, capture_error, sections};
use super::salvage::locate;
use crate::capture::error::CaptureError;
use std::path::Path;

/// Opens the archive at this path.
pub(in crate::capture) fn open(path: &Path) -> Result<Archive, CaptureError> {
    sections(path).map_err(|error| capture_error(path, located(path, error)))
}

/// Locates the damage itself, not only where it was noticed.
fn located(path: &Path, error: Unreadable) -> Unreadable {
    match error {
        Unreadable::Damaged(seen) => Unreadable::Damaged(locate(path, seen)),
        other => other,
    }
}
