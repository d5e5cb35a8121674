//! The local CA, leaf certificates, and recipes for trusting it.
//!
//! A client that is recorded speaks TLS to the recorder, so it has to trust a CA whose key is on this machine. It is
//! made at the first run, is never the same twice, and its key can be read by its owner alone.

mod authority;
mod ca_dir;
mod error_chain;
mod identity;
mod leaf;
mod shell;
pub mod trust_instructions;
pub mod truststore;

pub use authority::Authority;
pub use ca_dir::{CaFiles, default_dir};
pub use error_chain::error_chain;
pub use identity::ClientCertificate;
pub use leaf::Name;
pub use shell::word;

use std::fmt;

/// Why the CA or a certificate cannot be had, in a sentence that says where and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PkiError(pub String);

impl fmt::Display for PkiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PkiError {}
