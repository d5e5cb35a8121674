//! The causes behind an error.

use std::error::Error;

/// The innermost cause, which says what happened.
pub fn deepest(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    for error in chain(error) {
        last = error;
    }
    last.to_string()
}

/// The error of TLS that is among the causes.
pub fn tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// An error and its causes.
pub fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

/// The source of an I/O error is that of what it was made of, and passes this by.
fn cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
