//! Pages that the recorder itself serves at its base URL's address. Requests for them are neither forwarded nor
//! recorded: they are not calls of the API.

use super::h1::{Framing, Head, RequestLine};
use crate::capture::record::Way;
use std::sync::Arc;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalPage {
    /// The path, without a query.
    pub path: &'static str,
    /// The media type.
    pub media: &'static str,
    pub text: String,
}

/// All pages of a recorder.
#[derive(Clone, Debug, Default)]
pub struct LocalPages(Arc<Vec<Arc<LocalPage>>>);

impl LocalPages {
    /// The pages of a recorder.
    pub fn new(pages: Vec<LocalPage>) -> LocalPages {
        LocalPages(Arc::new(pages.into_iter().map(Arc::new).collect()))
    }

    /// The page that a request asks for. Only at the base URL's address: what a client asks of another host through the
    /// proxy is always forwarded. Only without a body, so that nothing of a request is dropped.
    pub(super) fn find(&self, way: Way, head: &Head<RequestLine>, framing: Framing) -> Option<Arc<LocalPage>> {
        let is_read = matches!(head.line.method.as_str(), "GET" | "HEAD");
        let is_bodyless = matches!(framing, Framing::None | Framing::Length(0));
        if way != Way::Base || !is_read || !is_bodyless {
            return None;
        }
        let path = head.line.target.split('?').next()?;
        self.0.iter().find(|page| page.path == path).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::h1::Version;
    use super::*;

    #[test]
    fn only_reads_at_the_base_url_get_a_page() {
        let pages =
            LocalPages::new(vec![LocalPage { path: "/poscert/check", media: "text/plain", text: String::new() }]);
        let found = |way, method: &str, target: &str, framing| {
            let line = RequestLine { method: method.into(), target: target.into(), version: Version::Http11 };
            pages.find(way, &Head { line, headers: Vec::new() }, framing).is_some()
        };
        assert!(found(Way::Base, "GET", "/poscert/check", Framing::None));
        assert!(found(Way::Base, "HEAD", "/poscert/check?x=1", Framing::Length(0)));
        assert!(!found(Way::Connect, "GET", "/poscert/check", Framing::None));
        assert!(!found(Way::Base, "POST", "/poscert/check", Framing::None));
        assert!(!found(Way::Base, "GET", "/poscert/check", Framing::Length(1)));
        assert!(!found(Way::Base, "GET", "/poscert/checks", Framing::None));
        assert!(!found(Way::Base, "GET", "https://api.example/poscert/check", Framing::None));
    }
}
