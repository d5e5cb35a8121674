//! The text of an I/O error for a message.

use std::io;

/// ENFILE and EMFILE (open(2)), which have no names in the standard library.
const TOO_MANY_FILES: [i32; 2] = [23, 24];

/// The next step where the limit of open files is reached; `None` for other errors.
pub(crate) fn open_files_remedy(error: &io::Error) -> Option<&'static str> {
    let is_limit = error.raw_os_error().is_some_and(|number| TOO_MANY_FILES.contains(&number));
    is_limit.then_some("raise the limit of open files (`ulimit -n`)")
}

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

    #[test]
    fn the_limit_of_open_files_is_recognised() {
        assert!(
            TOO_MANY_FILES.iter().all(|number| open_files_remedy(&io::Error::from_raw_os_error(*number)).is_some())
        );
        assert_eq!(open_files_remedy(&io::Error::from(io::ErrorKind::ConnectionRefused)), None);
    }
}
