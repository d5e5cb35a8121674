//! Data of the approval step: the verdict and the files to download.

use crate::verify::verdict::Verdict;
use std::path::PathBuf;

/// The result of a certification.
pub(crate) struct ApprovalView {
    /// The verdict, the same as that of `verify`.
    pub verdict: Verdict,
    /// The path of the capture.
    pub capture: String,
    pub files: Vec<Download>,
    /// Where certificate and archive are, or why there are none, one sentence each.
    pub sentences: Vec<String>,
    /// The command line that resumes this capture.
    pub again: String,
    /// The command line that starts a new attempt in this capture.
    pub anew: String,
    /// The command line that starts a new capture.
    pub fresh: String,
}

/// A file offered for download.
pub(crate) struct Download {
    /// Its name in the URL: letters, digits, dots and hyphens.
    pub name: &'static str,
    pub title: &'static str,
    /// Its media type.
    pub media: &'static str,
    pub content: Content,
}

/// The content of a download.
pub(crate) enum Content {
    /// A text in memory.
    Text(String),
    File(PathBuf),
}
