//! The guided certification: identification, the cases step by step, verdict and certificate.
//!
//! - [`identification`]: the client's identity and the selected features.
//! - [`schedule`]: which case and step is due, derived from the verifier's progress, as a list of [`action`]s.
//! - [`fault_plan`]: which fault to inject into the next call.
//! - [`director`]: connects proxy, verifier and schedule.
//! - [`executor`]: performs the actions: instructs the till ([`driver_command`]), simulates the customer
//!   ([`customer_driver`], [`customer`]) at the backend ([`backend_control`]), notifies the client ([`notify`]) and
//!   writes records into the capture.
//! - [`credentials`], [`http_client`]: requests that poscert sends itself; they bypass the recorder.
//! - [`pos_registry`]: the client's points of sale, learned from its calls.
//! - [`unexpected_call`]: calls that the current case does not ask for.
//! - [`case_failure`]: why a case failed; [`injected_fault`]: the faults of the step due and their retries.
//! - [`status`]: a snapshot of the certification; [`page`]: the web page that shows it and accepts the operator's
//!   commands.
//! - [`issue`]: verdict, signed archive, certificate and ledger entry.

pub(crate) mod action;
pub(crate) mod backend_control;
pub(crate) mod case_failure;
pub(crate) mod credentials;
pub(crate) mod customer;
pub(crate) mod customer_driver;
pub(crate) mod director;
pub(crate) mod driver_command;
pub(crate) mod executor;
pub(crate) mod fault_plan;
pub(crate) mod http_client;
pub(crate) mod identification;
pub(crate) mod injected_fault;
pub(crate) mod issue;
pub(crate) mod notify;
pub(crate) mod page;
pub(crate) mod pos_registry;
mod previous_certificates;
pub(crate) mod schedule;
pub(crate) mod status;
pub(crate) mod unexpected_call;

pub(crate) use director::Director;
pub(crate) use executor::Executor;
pub(crate) use identification::Identification;
pub(crate) use page::Page;
