//! Messages for failed connections: the cause and the next step.

use super::dial::ProxyError;
use super::identity::ClientIdentity;
use std::error::Error;

/// The message of the innermost cause, which is the most specific one.
pub fn deepest(error: &(dyn Error + 'static)) -> String {
    let mut last = error;
    for error in chain(error) {
        last = error;
    }
    last.to_string()
}

/// The next step for a backend that cannot be reached.
pub fn next_step(error: &(dyn Error + 'static), identity: &ClientIdentity) -> String {
    if let Some(proxy) = chain(error).find_map(|error| error.downcast_ref::<ProxyError>()) {
        return proxy.remedy();
    }
    if let Some(remedy) = tls(error).and_then(|_| identity.remedy(error)) {
        return remedy.to_owned();
    }
    match tls(error) {
        Some(rustls::Error::InvalidCertificate(_)) => {
            "pass the CA that signed its certificate with --upstream-ca, or check --upstream"
        }
        Some(_) => "it did not complete a TLS handshake; check --upstream",
        None => "check --upstream",
    }
    .to_owned()
}

/// The TLS error among the causes.
pub(super) fn tls<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e rustls::Error> {
    chain(error).find_map(|error| error.downcast_ref())
}

/// An error followed by its causes.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| cause(*error))
}

/// The cause of an error. The `source` of an I/O error skips the error that it wraps; that one is returned here.
fn cause<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}
