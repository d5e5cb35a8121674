//! Certificates: a passed verdict as a signed, verifiable statement, and the ledger of issued certificates.
//!
//! - [`eligibility`]: what a certificate requires.
//! - [`capture_facts`]: facts of a capture besides its verdict; `identity_changes`: changes of the identification.
//! - [`statement`]: the content; [`envelope`]: the signed file; [`page`]: the HTML page.
//! - [`check`]: compares a certificate with a capture.
//! - [`ledger`]: issued and revoked certificates.
//!
//! `docs/certificate.md` describes the formats.

pub mod capture_facts;
pub mod check;
pub mod date;
pub mod eligibility;
pub mod envelope;
mod identity_changes;
pub mod ledger;
pub mod page;
pub mod statement;

#[cfg(test)]
pub(crate) mod sample;

pub use capture_facts::CaptureFacts;
pub use envelope::Certificate;
pub use statement::Statement;
