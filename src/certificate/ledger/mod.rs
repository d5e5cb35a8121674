//! The ledger: certificates given and revoked, in a file that only grows.
//!
//! [`entry`] is what stands in it, [`chain`] ties the entries together, [`file`] reads and writes them, and [`cover`] answers
//! whether a build is covered.

pub mod coverage;
pub mod entry;
pub mod file;
pub mod log;

pub use coverage::{CertificateStatus, Coverage};
pub use entry::{Entry, Evidence, Issued, LedgerEvent, Revoked};
pub use file::{Ledger, default_place, head_place};
