//! Messages for failed connections: the cause and the next step.

use super::dial::ProxyError;
use super::error_source::{chain, tls};
use super::identity::ClientIdentity;
use crate::seal::open_files_remedy;
use std::error::Error;

/// The next step for a backend that cannot be reached.
pub(crate) fn next_step(error: &(dyn Error + 'static), identity: &ClientIdentity) -> String {
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
        None => chain(error)
            .find_map(|error| open_files_remedy(error.downcast_ref::<std::io::Error>()?))
            .unwrap_or("check --upstream"),
    }
    .to_owned()
}
