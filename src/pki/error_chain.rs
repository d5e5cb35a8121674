//! Messages for errors with causes, such as a failed TLS request: the outermost error seldom names the reason.

use std::error::Error;

/// The error's message followed by those of its causes, without repetitions.
pub fn error_chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let part = cause.to_string();
        if !text.contains(&part) {
            text = format!("{text}: {part}");
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Said(&'static str, Option<Box<Said>>);

    impl std::fmt::Display for Said {
        fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            out.write_str(self.0)
        }
    }

    impl Error for Said {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|cause| cause as &(dyn Error + 'static))
        }
    }

    #[test]
    fn each_cause_is_named_once() {
        let cause = Said("connect", Some(Box::new(Said("refused", Some(Box::new(Said("refused", None)))))));
        assert_eq!(error_chain(&Said("no response", Some(Box::new(cause)))), "no response: connect: refused");
    }
}
