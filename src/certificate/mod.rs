//! Certificates: a passed verdict as a signed statement that anybody can check again, and the ledger of those given.
//!
//! [`grounds`] says what a certificate needs, [`seen`] what a capture tells beside its verdict ([`identity`]: whose it is), [`statement`] what is
//! stated; [`envelope`] is the signed file, [`check`] compares one with a capture, [`page`] shows it to people, and
//! [`ledger`] remembers which were given and which were revoked. `docs/certificate.md` has the formats.

pub mod check;
pub mod date;
pub mod envelope;
pub mod grounds;
mod identity;
pub mod ledger;
pub mod page;
pub mod seen;
pub mod statement;

#[cfg(test)]
pub(crate) mod sample;

pub use envelope::Certificate;
pub use seen::Seen;
pub use statement::Statement;
