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
//! - [`status`]: a snapshot of the certification; [`page`]: the web page that shows it and accepts the operator's
//!   commands.
//! - [`issue`]: verdict, signed archive, certificate and ledger entry.

pub mod action;
pub mod backend_control;
pub mod credentials;
pub mod customer;
pub mod customer_driver;
pub mod director;
pub mod driver_command;
pub mod executor;
pub mod fault_plan;
pub mod http_client;
pub mod identification;
pub mod issue;
pub mod notify;
pub mod page;
pub mod pos_registry;
mod previous_certificates;
pub mod schedule;
pub mod status;
pub mod unexpected_call;

pub use director::Director;
pub use executor::Executor;
pub use identification::Identification;
pub use page::Page;
pub use status::CertificationStatus;
