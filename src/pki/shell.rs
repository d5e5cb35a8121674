//! Shell quoting of paths.

use std::ffi::OsStr;
use std::path::Path;

/// A path as one word for pasting into a POSIX shell: unquoted if possible, in single quotes if it contains special
/// characters, and in `$'...'` (bash, zsh and ksh) if it contains control characters or is not UTF-8.
pub fn word(path: &Path) -> String {
    of(path.as_os_str())
}

fn of(word: &OsStr) -> String {
    let bytes = word.as_encoded_bytes();
    match word.to_str() {
        Some(text) if is_plain(bytes) => text.to_owned(),
        Some(text) if !text.chars().any(char::is_control) => format!("'{}'", text.replace('\'', r"'\''")),
        _ => {
            let escaped = |byte: &u8| match byte {
                b'\'' | b'\\' => format!("\\{}", char::from(*byte)),
                b' '..=b'~' => char::from(*byte).to_string(),
                // Always three octal digits, so that a following digit cannot be read as part of the escape.
                _ => format!("\\{byte:03o}"),
            };
            format!("$'{}'", bytes.iter().map(escaped).collect::<String>())
        }
    }
}

fn is_plain(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"/._-+,:@%".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn shell_reads_back_the_same_bytes() {
        for bytes in [
            &b"/home/a/ca.pem"[..],
            b"/home/My User/ca.pem",
            b"it's $HOME `x` \"y\" \\ *",
            "/home/bj\u{f8}rn".as_bytes(),
            b"caf\xe9/7",
            b"caf\xe9 it's \\ $x",
            b"a\nb\x1b[1m",
            b"",
        ] {
            let line = format!("printf %s {}", word(Path::new(OsStr::from_bytes(bytes))));
            let said = std::process::Command::new("bash").args(["-c", &line]).output().unwrap();
            assert_eq!(said.stdout, bytes, "{line}");
            assert!(line.chars().all(|c| !c.is_control()), "{line:?}");
        }
        assert_eq!(word(Path::new("/a/b-c.pem")), "/a/b-c.pem");
    }
}
