//! The guided certification: who is certified for what, and the director who leads a client through the cases.
//!
//! [`session`] is identification and selection. [`course`] says which case and step is due, from what the verifier's
//! matcher says about the records so far, and what has to be done about it ([`order`]); [`hurt`] which fault the next call meets;
//! [`conductor`] stands between them and the proxy, and [`guide`] carries out what the course asks: it tells the till,
//! plays the customer ([`player`], [`customer`]) at the [`backend`], notifies the client ([`notify`]) and writes into the
//! capture. [`access`] and [`errand`] are our own calls, past the proxy. [`astray`] is what nobody asked for, [`outlook`] how things stand, and [`page`] the
//! web page that shows it and takes a person's orders. [`approval`] is the end: verdict, archive and certificate.

pub mod access;
pub mod approval;
pub mod astray;
pub mod backend;
pub mod conductor;
pub mod course;
pub mod customer;
pub mod errand;
pub mod guide;
pub mod hurt;
pub mod line;
pub mod notify;
pub mod order;
pub mod outlook;
pub mod page;
pub mod player;
pub mod points;
mod precedent;
pub mod session;

pub use conductor::Conductor;
pub use guide::Guided;
pub use outlook::Outlook;
pub use page::Page;
pub use session::Identification;
