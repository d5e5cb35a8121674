//! Reads of user-named input files with a size limit, so that a device or a large dump cannot exhaust memory.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a file or a pipe of at most `limit` bytes.
///
/// # Errors
/// Any I/O error, and `InvalidData` if the input is longer.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        return Ok(bytes);
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("it has more than {limit} bytes, the limit for this input")))
}

/// Reads UTF-8 text of at most `limit` bytes.
///
/// # Errors
/// As [`read`], and `InvalidData` if the bytes are not UTF-8.
pub(crate) fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let no_text = |_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text");
    String::from_utf8(read(path, limit)?).map_err(no_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_longer_than_the_limit_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "abcd").unwrap();
        assert_eq!(read_text(file.path(), 4).unwrap(), "abcd");
        assert!(read(file.path(), 3).unwrap_err().to_string().contains("more than 3 bytes"));
        #[cfg(unix)]
        assert!(read(Path::new("/dev/zero"), 1000).is_err());
        std::fs::write(file.path(), [0xff]).unwrap();
        assert!(read_text(file.path(), 4).unwrap_err().to_string().contains("not UTF-8 text"));
    }
}
