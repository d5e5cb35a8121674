//! Digests, keyed hashes, signatures, and the chain that ties records together.
//!
//! [`digest`] and [`key`] are SHA-256 and HMAC-SHA-256, so that an auditor can make them again with any language's
//! standard library; [`chain`] makes leaving out, altering or reordering a record show; [`sign`] and [`dsse`] say by whom
//! something is vouched for; [`private`] keeps files that hold a secret.

pub mod bounded_read;
pub mod chain;
pub mod digest;
pub mod dsse;
pub mod hex;
pub mod hmac_key;
pub mod secret_file;
pub mod sign;

pub use chain::ChainHead;
pub use digest::Digest;
pub use dsse::Envelope;
pub use hmac_key::{Key, KeyedHash};
pub use sign::{Fingerprint, PublicKey, SigningKey};
