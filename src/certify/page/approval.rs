//! What the fourth step shows: a verdict that was made elsewhere, and the files that rest on it.

use crate::verify::verdict::Verdict;
use std::path::PathBuf;

/// What came of a certification.
pub struct Approval {
    /// The verdict, as `verify` makes it of the capture.
    pub verdict: Verdict,
    /// Where the capture is.
    pub capture: String,
    /// What can be taken home.
    pub files: Vec<Download>,
    /// What is to be known about certificate and archive, a sentence each: where they are, or why there are none.
    pub sentences: Vec<String>,
    /// The line that goes on in this capture.
    pub again: String,
    /// Likewise, with a new attempt.
    pub anew: String,
    /// The line that begins with a new capture.
    pub fresh: String,
}

/// A file that the page hands out by its name.
pub struct Download {
    /// Its name in the address: letters, digits, dots and hyphens.
    pub name: &'static str,
    /// What it is, for people.
    pub title: &'static str,
    /// Its media type.
    pub media: &'static str,
    /// Its content.
    pub content: Content,
}

/// Where a file's content is.
pub enum Content {
    /// Here.
    Text(String),
    /// There.
    File(PathBuf),
}

/// The content security policy of an HTML file of ours: the one that stands in it, and not to be framed.
pub fn policy_of(html: &str) -> String {
    let stands = html.split_once("http-equiv=\"Content-Security-Policy\" content=\"").map(|(_, rest)| rest);
    let policy = stands.and_then(|rest| rest.split_once('"')).map_or("default-src 'none'", |(policy, _)| policy);
    format!("{policy}; frame-ancestors 'none'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_keeps_its_own_policy() {
        let html = r#"<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'x'"><p>"#;
        assert_eq!(policy_of(html), "default-src 'none'; style-src 'x'; frame-ancestors 'none'");
        assert_eq!(policy_of("<p>"), "default-src 'none'; frame-ancestors 'none'");
    }
}
