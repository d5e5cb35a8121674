//! Certificates: a passed verdict as a signed statement that anybody can check again, and the ledger of those given.
//!
//! [`grounds`] says what a certificate needs, [`seen`] what a capture tells beside its verdict ([`identity`]: whose it is), [`statement`] what is
//! stated; [`envelope`] is the signed file, [`check`] compares one with a capture, [`page`] shows it to people, and
//! [`ledger`] remembers which were given and which were revoked. `docs/certificate.md` has the formats.

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
