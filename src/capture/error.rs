//! Errors of reading and writing a capture: one message that says what happened, where, and what to do next.

use crate::seal::{io_reason, open_files_remedy};
use std::fmt;
use std::path::Path;

/// The kind of an error, for callers that react to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureErrorKind {
    /// The path is not a capture.
    NotACapture,
    /// The capture is damaged.
    Damaged,
    /// Another recorder has it locked.
    Held,
    /// Its format, or its version of the format, is not supported.
    Unsupported,
    /// A file system error.
    Io,
    /// The capture is closed, or its store has failed before.
    Closed,
}

/// Why a capture could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureError {
    /// The kind of the error.
    pub kind: CaptureErrorKind,
    /// The message.
    pub message: String,
}

impl CaptureError {
    /// Creates an error.
    pub fn new(kind: CaptureErrorKind, message: impl Into<String>) -> CaptureError {
        CaptureError { kind, message: message.into() }
    }

    /// A file system error; `doing` is the attempted operation, as in `write`.
    pub fn io(doing: &str, path: &Path, error: &std::io::Error) -> CaptureError {
        let next = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path",
            std::io::ErrorKind::PermissionDenied => "check its owner and permissions",
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "free disk space",
            std::io::ErrorKind::ReadOnlyFilesystem => "choose a writable location",
            std::io::ErrorKind::FileTooLarge => "raise the file size limit (`ulimit -f`)",
            _ => open_files_remedy(error).unwrap_or("check the disk and the permissions"),
        };
        CaptureError::new(
            CaptureErrorKind::Io,
            format!("cannot {doing} {}: {}; {next}", path.display(), io_reason(error)),
        )
    }

    /// A capture, or a file of one, is damaged.
    pub fn damaged(path: &Path, what: impl fmt::Display) -> CaptureError {
        let message = format!("{} is damaged: {what}; use another copy of it", path.display());
        CaptureError::new(CaptureErrorKind::Damaged, message)
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CaptureError {}
