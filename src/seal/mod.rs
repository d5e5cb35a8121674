//! Digests, keyed hashes, signatures, and the hash chain over records.
//!
//! [`digest`] and [`hmac_key`] are SHA-256 and HMAC-SHA-256, which an auditor can recompute with the standard library
//! of most languages. [`chain`] makes removed, altered and reordered records detectable. [`sign`] and [`dsse`] create
//! and verify signatures. [`secret_file`] reads and writes files that contain a secret.

pub(crate) mod bounded_read;
pub(crate) mod chain;
pub(crate) mod digest;
pub(crate) mod dsse;
pub(crate) mod hex;
pub(crate) mod hmac_key;
pub(crate) mod io_reason;
pub(crate) mod secret_file;
pub(crate) mod sign;

pub use chain::ChainHead;
pub use digest::Digest;
pub use dsse::Envelope;
pub use hmac_key::{Key, KeyedHash};
pub(crate) use io_reason::{io_reason, open_files_remedy};
pub use sign::{Fingerprint, PublicKey, SigningKey};
