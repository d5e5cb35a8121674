//! Digests, keyed hashes and the chain that ties records together.
//!
//! [`digest`] and [`key`] are SHA-256 and HMAC-SHA-256, so that an auditor can make them again with any language's
//! standard library; [`chain`] makes leaving out, altering or reordering a record show.

pub mod chain;
pub mod digest;
pub mod hex;
pub mod key;

pub use chain::Head;
pub use digest::Digest;
pub use key::{Key, KeyedHash};
