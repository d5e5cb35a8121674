//! What can go wrong with a capture, in one sentence that says what, where, and what to do next.

use std::fmt;
use std::path::Path;

/// EMFILE (open(2)), which has no name in the standard library.
const TOO_MANY_FILES: i32 = 24;

/// What kind of trouble, for those who act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureErrorKind {
    /// There is no capture at that place.
    NotACapture,
    /// It is not what was recorded any more.
    Damaged,
    /// Another recorder holds it.
    Held,
    /// It is of a version, or a kind, that this version does not read.
    Unsupported,
    /// The file system refused.
    Io,
    /// The recorder closed it, or its store failed before.
    Closed,
}

/// Why a capture could not be written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureError {
    /// What kind of trouble.
    pub trouble: CaptureErrorKind,
    /// The sentence.
    pub sentence: String,
}

impl CaptureError {
    /// An error of that kind.
    pub fn new(trouble: CaptureErrorKind, sentence: impl Into<String>) -> CaptureError {
        CaptureError { trouble, sentence: sentence.into() }
    }

    /// The file system refused: `doing` is what was tried, as in `write`.
    pub fn io(doing: &str, path: &Path, error: &std::io::Error) -> CaptureError {
        let next = match error.kind() {
            std::io::ErrorKind::NotFound => "check the path",
            std::io::ErrorKind::PermissionDenied => "check who owns it, and its permissions",
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => "make room on that disk",
            std::io::ErrorKind::ReadOnlyFilesystem => "choose another place",
            std::io::ErrorKind::FileTooLarge => "raise the limit on a file's size (`ulimit -f`)",
            _ if error.raw_os_error() == Some(TOO_MANY_FILES) => "raise the limit on open files (`ulimit -n`)",
            _ => "check that disk and its permissions",
        };
        CaptureError::new(CaptureErrorKind::Io, format!("cannot {doing} {}: {error}; {next}", path.display()))
    }

    /// What is there is not what was recorded.
    pub fn damaged(path: &Path, what: impl fmt::Display) -> CaptureError {
        let sentence = format!("{} is damaged: {what}; take another copy of it", path.display());
        CaptureError::new(CaptureErrorKind::Damaged, sentence)
    }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for CaptureError {}
