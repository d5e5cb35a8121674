//! The ledger: issued and revoked certificates, in an append-only file.
//!
//! [`entry`] is its entries, [`log`] the hash chain of its lines, [`file`] reads and writes it, and [`coverage`] tells
//! whether a build is covered.

pub(crate) mod coverage;
pub(crate) mod entry;
pub(crate) mod file;
pub(crate) mod log;

pub(crate) use coverage::CertificateStatus;
pub(crate) use entry::{Entry, Evidence, IssuedEntry, LedgerEvent, Revoked};
pub(crate) use file::{Ledger, default_place, head_place};
