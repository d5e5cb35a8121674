//! The guided certification: who is certified for what, and the director who leads a client through the cases.
//!
//! [`session`] is identification and selection. [`course`] says which case and step is due, from what the verifier's
//! matcher says about the records so far, and what has to be done about it ([`order`]); [`hurt`] which fault the next call meets;
//! [`conductor`] stands between them and the proxy, and [`guide`] carries out what the course asks: it tells the till,
//! plays the customer ([`customer`]) and writes into the capture. [`outlook`] is how things stand, and [`page`] the web page
//! that shows it and takes a person's orders. [`approval`] is the end: verdict, archive and certificate.

pub mod approval;
pub mod conductor;
pub mod course;
pub mod customer;
pub mod guide;
pub mod hurt;
pub mod line;
pub mod order;
pub mod outlook;
pub mod page;
pub mod session;

pub use conductor::Conductor;
pub use guide::Guided;
pub use outlook::Outlook;
pub use page::Page;
pub use session::Identification;
