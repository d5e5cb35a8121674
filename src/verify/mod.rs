//! The verifier: records in, verdict out. It opens no file and no socket.
//!
//! [`send`] and [`content`] read an exchange as a call of the API; [`timeline`] puts heads and ends in order; [`world`],
//! [`tracks`], [`context`], `learn` and `recovery` keep what the client had been told; [`facts`] offers that to predicates;
//! [`pattern`] and [`case`] look for what the rules describe; [`judge`] runs it all, and
//! [`run`] feeds it a capture; [`live`] tells how the cases stand while a capture is being written.

pub mod case;
pub mod clock;
pub mod conflict;
pub mod content;
pub mod context;
mod docket;
pub mod events;
pub mod facts;
mod facts_about;
mod hidden;
pub mod judge;
mod known;
mod learn;
mod learn_payment;
mod learn_pos;
mod learn_refund;
pub mod live;
pub mod missing;
pub mod pattern;
pub mod profile;
pub mod readings;
mod recovery;
pub mod refusals;
pub mod run;
pub mod send;
pub mod timeline;
pub mod tracks;
mod tries;
pub mod verdict;
pub mod world;

pub use judge::{Input, Judge};
pub use profile::{Options, Survey, Target};
pub use verdict::Verdict;
