//! The guided certification: who is certified for what, and the director who leads a client through the cases.
//!
//! [`session`] is identification and selection. [`course`] says which case and step is due, from what the verifier's
//! matcher says about the records so far, and what has to be done about it ([`order`]); [`fault_plan`] which fault the next call meets;
//! [`director`] stands between them and the proxy, and [`guide`] carries out what the course asks: it tells the till,
//! plays the customer ([`customer_driver`], [`customer`]) at the [`backend`], notifies the client ([`notify`]) and writes into the
//! capture. [`access`] and [`errand`] are our own calls, past the proxy. [`unexpected`] is what nobody asked for, [`certification_status`] how things stand, and [`page`] the
//! web page that shows it and takes a person's orders. [`approval`] is the end: verdict, archive and certificate.

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
