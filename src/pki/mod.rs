//! The local CA, its leaf certificates, and instructions for clients to trust it.
//!
//! The recorder terminates the client's TLS, so the client has to trust a CA whose key is on this machine. The CA is
//! created on the first run, is unique to the machine, and its key is readable only by its owner.

mod authority;
mod ca_dir;
mod error_chain;
mod identity;
mod leaf;
mod shell;
pub(crate) mod trust_instructions;
pub(crate) mod truststore;

pub use authority::Authority;
pub use ca_dir::{CaFiles, default_dir};
pub use error_chain::error_chain;
pub use identity::ClientCertificate;
pub use leaf::Name;
pub use shell::word;

use std::fmt;

/// An error of the CA or of a certificate: a message with the place and the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PkiError(pub String);

impl fmt::Display for PkiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PkiError {}
