//! Containers of HAR files: other encodings, gzip, and Playwright's zip archive.

use crate::capture::error::{CaptureError, CaptureErrorKind};
use std::io::{Cursor, Read};
use std::path::Path;

/// The text of a HAR file, and the files that it refers to.
pub(super) struct Unpacked {
    /// UTF-8, without a byte order mark.
    pub text: Vec<u8>,
    /// The files in the same archive.
    pub files: Files,
}

/// The other files in a HAR file's archive.
#[derive(Default)]
pub(super) struct Files {
    archive: Option<zip::ZipArchive<Cursor<Vec<u8>>>>,
    /// How many more bytes may be decompressed.
    left: u64,
}

impl Files {
    /// The content of a file; `None` if it is missing or cannot be decompressed.
    pub(super) fn read(&mut self, name: &str) -> Option<Vec<u8>> {
        let archive = self.archive.as_mut()?;
        let mut bytes = Vec::new();
        archive.by_name(name).ok()?.take(self.left.saturating_add(1)).read_to_end(&mut bytes).ok()?;
        self.left = self.left.checked_sub(u64::try_from(bytes.len()).ok()?)?;
        Some(bytes)
    }
}

/// Unpacks a HAR file; at most `limit` bytes are decompressed.
pub(super) fn unpack(path: &Path, bytes: Vec<u8>, limit: u64) -> Result<Unpacked, CaptureError> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return unzip(path, bytes, limit);
    }
    let bytes = if bytes.starts_with(&[0x1f, 0x8b]) { gunzip(path, &bytes, limit)? } else { bytes };
    if let Some((what, next)) = other_format(&bytes) {
        let sentence = format!("{} is {what}, not a HAR 1.2 file: {next}", path.display());
        return Err(CaptureError::new(CaptureErrorKind::NotACapture, sentence));
    }
    Ok(Unpacked { text: as_utf8(path, bytes)?, files: Files::default() })
}

fn gunzip(path: &Path, bytes: &[u8], limit: u64) -> Result<Vec<u8>, CaptureError> {
    let mut text = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes).take(limit.saturating_add(1)).read_to_end(&mut text);
    read.map_err(|error| CaptureError::damaged(path, format_args!("its gzip stream is invalid ({error})")))?;
    within(path, &text, limit)?;
    Ok(text)
}

fn within(path: &Path, text: &[u8], limit: u64) -> Result<(), CaptureError> {
    if u64::try_from(text.len()).is_ok_and(|length| length <= limit) {
        return Ok(());
    }
    let sentence = format!("{} unpacks to more than {limit} bytes: export a shorter session", path.display());
    Err(CaptureError::new(CaptureErrorKind::Unsupported, sentence))
}

fn unzip(path: &Path, bytes: Vec<u8>, limit: u64) -> Result<Unpacked, CaptureError> {
    let name = path.display();
    let damaged = |error: &dyn std::fmt::Display| CaptureError::damaged(path, format_args!("its zip archive: {error}"));
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let names: Vec<String> = archive.file_names().flatten().map(std::borrow::Cow::into_owned).collect();
    let is_har = |file: &&String| file.to_ascii_lowercase().ends_with(".har");
    let hars: Vec<String> = names.iter().filter(is_har).cloned().collect();
    // Playwright uses this name, next to the files that it refers to.
    let own = hars.iter().find(|file| *file == "har.har").cloned();
    let har = match (own, hars.as_slice()) {
        (Some(own), _) => own,
        (None, [only]) => only.clone(),
        (None, []) => {
            let is_fiddler = names.iter().any(|file| file.starts_with("raw/"));
            let what = if is_fiddler { "a Fiddler archive (.saz)" } else { "a zip archive without a HAR file" };
            let next = if is_fiddler { "export the sessions as HTTPArchive v1.2" } else { "pass a HAR file" };
            return Err(CaptureError::new(CaptureErrorKind::NotACapture, format!("{name} is {what}; {next}")));
        }
        (None, several) => {
            let sentence =
                format!("{name} is a zip archive with {} HAR files; unpack it and pass one of them", several.len());
            return Err(CaptureError::new(CaptureErrorKind::NotACapture, sentence));
        }
    };
    let mut files = Files { archive: None, left: limit };
    let mut text = Vec::new();
    let file = archive.by_name(&har).map_err(|error| damaged(&error))?;
    file.take(limit.saturating_add(1)).read_to_end(&mut text).map_err(|error| damaged(&error))?;
    within(path, &text, limit)?;
    files.left = limit.saturating_sub(u64::try_from(text.len()).unwrap_or(limit));
    files.archive = Some(archive);
    Ok(Unpacked { text: as_utf8(path, text)?, files })
}

/// Converts the text to UTF-8: PowerShell writes UTF-16, others a byte order mark.
fn as_utf8(path: &Path, mut bytes: Vec<u8>) -> Result<Vec<u8>, CaptureError> {
    let units = |read: fn([u8; 2]) -> u16, from: usize| -> Result<Vec<u8>, CaptureError> {
        let pairs = bytes.get(from..).unwrap_or_default().chunks_exact(2);
        let units = pairs.map(|pair| read([pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)]));
        // An unpaired surrogate can only be inside a JSON string, where a replacement character is acceptable.
        let text: String = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        if bytes.len() % 2 == 1 {
            return Err(CaptureError::damaged(path, "its UTF-16 text ends in the middle of a character"));
        }
        Ok(text.into_bytes())
    };
    match bytes.as_slice() {
        [0xef, 0xbb, 0xbf, ..] => {
            bytes.drain(..3);
            Ok(bytes)
        }
        [0xff, 0xfe, ..] => units(u16::from_le_bytes, 2),
        [0xfe, 0xff, ..] => units(u16::from_be_bytes, 2),
        [b'{', 0, ..] => units(u16::from_le_bytes, 0),
        [0, b'{', ..] => units(u16::from_be_bytes, 0),
        _ => Ok(bytes),
    }
}

/// Recognises files that are commonly mistaken for HAR files: what it is, and what to do.
fn other_format(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let again = "unpack it first";
    let export = "export the session from that tool as HAR 1.2";
    Some(match () {
        () if starts(&[0x28, 0xb5, 0x2f, 0xfd]) => ("compressed with zstd", again),
        () if starts(b"\xfd7zXZ\0") => ("compressed with xz", again),
        () if starts(b"BZh") => ("compressed with bzip2", again),
        () if starts(b"7z\xbc\xaf\x27\x1c") => ("a 7z archive", again),
        () if starts(b"Rar!") => ("a rar archive", again),
        () if starts(&[0x1f, 0x8b]) => ("compressed twice with gzip", again),
        () if starts(b"PK\x03\x04") => ("a zip archive in a gzip file", again),
        () if starts(&[0xd4, 0xc3, 0xb2, 0xa1])
            || starts(&[0xa1, 0xb2, 0xc3, 0xd4])
            || starts(&[0x0a, 0x0d, 0x0d, 0x0a]) =>
        {
            ("a packet capture (pcap)", "record the client with `poscert record` instead")
        }
        () if bytes.get(257..262) == Some(b"ustar") => ("a tar archive", again),
        () if is_flow_file(bytes) => ("a mitmproxy flow file", "run `mitmdump -nr FILE --set hardump=FILE.har`"),
        () if starts(b"<") => ("HTML or XML", export),
        () => return None,
    })
}

/// Whether it is a tnetstring: a length in digits, a colon, and a dictionary.
fn is_flow_file(bytes: &[u8]) -> bool {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (1..10).contains(&digits)
        && bytes.get(digits) == Some(&b':')
        && bytes.get(digits + 1).is_some_and(u8::is_ascii_digit)
}
