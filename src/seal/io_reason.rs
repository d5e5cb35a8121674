//! The text of an I/O error for a message.

use std::io;

/// The reason of an I/O error, without the number that the operating system gives it.
pub(crate) fn io_reason(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "not found".to_owned();
    }
    let text = error.to_string();
    let number = error.raw_os_error().map(|number| format!(" (os error {number})")).unwrap_or_default();
    text.strip_suffix(&number).unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_no_error_numbers() {
        let missing = std::fs::File::open("/no/such/file").unwrap_err();
        assert_eq!(io_reason(&missing), "not found");
        let directory = std::fs::read("/").unwrap_err();
        assert_eq!(io_reason(&directory), "Is a directory");
        assert_eq!(io_reason(&io::Error::other("it is odd")), "it is odd");
    }
}
