//! Recorder and offline verifier for point-of-sale clients of the MobilePay PoS API v10.
//!
//! The modules, bottom-up: a module uses only modules above it in this list (`ARCHITECTURE.md` has the diagram).
//!
//! | module | holds |
//! |---|---|
//! | [`seal`] | digests, keyed hashes, the hash chain, signing keys, DSSE envelopes |
//! | [`profile`] | an API as data: operations, features, resources, routes |
//! | [`api`] | the types of the PoS API v10: body shapes, headers, states, error codes, money, injected faults. No I/O |
//! | [`pki`] | the local CA, leaf certificates, trust instructions |
//! | [`capture`] | exchange records, redaction, the capture directory, signed archives, HAR |
//! | [`rules`] | rule files: model, parsing, CEL predicates; their tests and mutants |
//! | [`verify`] | the evaluator: calls and retries, resource states, checks, cases, verdict. No I/O |
//! | [`report`] | a verdict and its exchanges as text, JSON, JUnit, HTML and Markdown |
//! | [`certificate`] | the signed certificate, its HTML page, and the ledger of issued certificates |
//! | [`sandbox`] | the simulated backend |
//! | [`proxy`] | the recording proxy: listeners, taps, forwarding, fault injection |
//! | [`certify`] | a guided certification: identification, feature selection, schedule of the cases, step timeouts, fault plan, issuing; the web page |
//! | [`till`] | the reference client and its misbehaviors |
//! | [`cli`] | the subcommands, exit codes |
//!
//! A verdict on a capture, as `poscert verify` finds it:
//!
//! ```no_run
//! use poscert::verify::{Options, verify_capture};
//!
//! let capture = poscert::capture::open("run.poscert".as_ref())?;
//! let rules = poscert::rules::load(None)?;
//! let verdict = verify_capture::evaluate(&capture, &rules, &Options::default())?;
//! println!("{:?}", verdict.verdict);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

pub mod api;
pub mod capture;
mod certificate;
mod certify;
mod cli;
#[doc(hidden)]
pub mod pki;
pub mod profile;
#[doc(hidden)]
pub mod proxy;
pub mod report;
pub mod rules;
#[doc(hidden)]
pub mod sandbox;
#[doc(hidden)]
pub mod seal;
#[doc(hidden)]
pub mod till;
pub mod verify;

#[doc(hidden)]
pub use cli::main;
