//! Reading what somebody names as an input: no longer than it can sensibly be, so that a device or a forgotten dump does
//! not fill the memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a file, or what comes through a pipe, that is no longer than `limit` bytes.
///
/// # Errors
/// As the system says it, and where there is more.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        return Ok(bytes);
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("it has more than {limit} bytes, and can be none such")))
}

/// The same of a text.
///
/// # Errors
/// As [`read`], and where it is no UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let no_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is no text in UTF-8");
    String::from_utf8(read(path, limit)?).map_err(no_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_longer_than_it_can_be_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abcd").unwrap();
        assert_eq!(read_text(file.path(), 4).unwrap(), "abcd");
        assert!(read(file.path(), 3).unwrap_err().to_string().contains("more than 3 bytes"));
        #[cfg(unix)]
        assert!(read(Path::new("/dev/zero"), 1000).is_err());
        std::fs::write(file.path(), [0xff]).unwrap();
        assert!(read_text(file.path(), 4).unwrap_err().to_string().contains("no text"));
    }
}
