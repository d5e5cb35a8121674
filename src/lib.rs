//! poscert records what a point-of-sale client says to the MobilePay PoS API v10, and judges the recording offline.
//!
//! The rooms, from left to right; a room uses only rooms above it in this list (`ARCHITECTURE.md` has the drawing):
//!
//! | room | holds |
//! |---|---|
//! | [`api`] | the vocabulary of the API: operations, body shapes, headers, states, error codes, money. No I/O |
//! | [`seal`] | digests, keyed hashes, the chain, signing keys, DSSE envelopes |
//! | [`pki`] | the local CA, leaf certificates, recipes for trusting it |
//! | [`capture`] | the record of an exchange, redaction, parts on disk, sealed archives, HAR |
//! | [`rules`] | rule files: model, loading, CEL predicates |
//! | [`verify`] | timeline, resources and their tracks, patterns, cases, verdict. Values in, values out |
//! | [`report`] | a verdict as text, JSON, JUnit, HTML and Markdown |
//! | [`certificate`] | the signed statement, its page, and the ledger of those given |
//! | [`sandbox`] | the simulated backend |
//! | [`proxy`] | listeners, tap, forwarding, faults, recording |
//! | [`certify`] | the four steps: identification, selection, director of cases, approval; the web page |
//! | [`till`] | the reference client and its mistakes |
//! | [`cli`] | one file per subcommand, exit codes |

#![forbid(unsafe_code)]

pub mod api;
pub mod capture;
pub mod certificate;
pub mod certify;
pub mod cli;
pub mod pki;
pub mod proxy;
pub mod report;
pub mod rules;
pub mod sandbox;
pub mod seal;
pub mod till;
pub mod verify;
