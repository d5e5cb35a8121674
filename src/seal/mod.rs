//! Digests, keyed hashes, signatures, and the chain that ties records together.
//!
//! [`digest`] and [`key`] are SHA-256 and HMAC-SHA-256, so that an auditor can make them again with any language's
//! standard library; [`chain`] makes leaving out, altering or reordering a record show; [`sign`] and [`dsse`] say by whom
//! something is vouched for; [`private`] keeps files that hold a secret.

pub mod chain;
pub mod digest;
pub mod dsse;
pub mod hex;
pub mod input;
pub mod key;
pub mod private;
pub mod sign;

pub use chain::Head;
pub use digest::Digest;
pub use dsse::Envelope;
pub use key::{Key, KeyedHash};
pub use sign::{Fingerprint, PublicKey, SigningKey};
