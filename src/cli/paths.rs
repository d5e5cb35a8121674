//! Paths as text for JSON: a path need not be UTF-8.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use std::path::Path;

/// Characters that need no encoding in a URL path (RFC 3986 section 3.3).
const AS_IT_IS: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'+').remove(b'@');

/// A path as text; bytes that are not UTF-8 become U+FFFD, so it is written together with [`file_url`].
pub(super) fn lossy(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// The `file:` URL of the absolute path (RFC 8089); it preserves every byte.
pub(super) fn file_url(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    format!("file://{}", percent_encode(path.as_os_str().as_encoded_bytes(), AS_IT_IS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn file_url_preserves_every_byte() {
        let path = Path::new(OsStr::from_bytes(b"/a b/caf\xe9/%7-x.pem"));
        assert_eq!(file_url(path), "file:///a%20b/caf%E9/%257-x.pem");
        assert_eq!(lossy(path), "/a b/caf\u{fffd}/%7-x.pem");
        assert!(file_url(Path::new("x")).starts_with("file:///"));
    }
}
