//! The ledger: issued and revoked certificates, in an append-only file.
//!
//! [`entry`] is its entries, [`log`] the hash chain of its lines, [`file`] reads and writes it, and [`coverage`] tells
//! whether a build is covered.

pub mod coverage;
pub mod entry;
pub mod file;
pub mod log;

pub use coverage::{CertificateStatus, Coverage};
pub use entry::{Entry, Evidence, Issued, LedgerEvent, Revoked};
pub use file::{Ledger, default_place, head_place};
