//! Why a call of our own over TLS brought no answer, in words: what the library says at the top seldom names the reason.

use std::error::Error;

/// An error with what caused it, each cause once.
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
        assert_eq!(error_chain(&Said("no answer", Some(Box::new(cause)))), "no answer: connect: refused");
    }
}
