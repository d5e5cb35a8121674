//! Why a host could not be reached, and what can be done about it, in words.

use super::dial::ProxyError;
use super::error_source::{chain, tls};
use super::identity::ClientIdentity;
use std::error::Error;

/// What can be done about a backend that cannot be reached.
pub fn next_step(error: &(dyn Error + 'static), identity: &ClientIdentity) -> String {
    if let Some(proxy) = chain(error).find_map(|error| error.downcast_ref::<ProxyError>()) {
        return proxy.remedy();
    }
    if let Some(remedy) = tls(error).and_then(|_| identity.remedy(error)) {
        return remedy.to_owned();
    }
    match tls(error) {
        Some(rustls::Error::InvalidCertificate(_)) => {
            "name the CA that signed its certificate with --upstream-ca, or check --upstream"
        }
        Some(_) => "it does not speak TLS as it has to; check --upstream",
        None => "check --upstream",
    }
    .to_owned()
}
