//! The chain of causes of an error.

use std::error::Error;

/// The message of the innermost cause, which is the most specific one.
pub(crate) fn deepest(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    for error in chain(error) {
        last = error;
    }
    last.to_string()
}

/// The TLS error among the causes.
pub(crate) fn tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// An error followed by its causes.
pub(crate) fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

/// The cause of an error. The `source` of an I/O error skips the error that it wraps; that one is returned here.
fn cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
