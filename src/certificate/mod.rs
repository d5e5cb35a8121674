//! Certificates: a passed verdict as a signed, verifiable statement, and the ledger of issued certificates.
//!
//! - [`eligibility`]: what a certificate requires.
//! - [`capture_facts`]: facts of a capture besides its verdict; `identity_changes`: changes of the identification.
//! - [`statement`]: the content; [`envelope`]: the signed file; [`page`]: the HTML page.
//! - [`check`]: compares a certificate with a capture.
//! - [`ledger`]: issued and revoked certificates.
//!
//! `docs/certificate.md` describes the formats.

pub(crate) mod capture_facts;
pub(crate) mod check;
pub(crate) mod date;
pub(crate) mod eligibility;
pub(crate) mod envelope;
mod identity_changes;
pub(crate) mod ledger;
pub(crate) mod page;
pub(crate) mod statement;

#[cfg(test)]
pub(crate) mod sample;

pub(crate) use capture_facts::CaptureFacts;
pub(crate) use envelope::Certificate;
pub(crate) use statement::Statement;
