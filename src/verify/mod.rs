//! The verifier: records in, verdict out. It opens no file and no socket.
//!
//! [`attempt`] and [`content`] read an exchange as a call of the API; [`timeline`] puts heads and ends in order; [`observed`],
//! [`tracks`], [`context`], `learn` and `recovery` keep what the client had been told; [`facts`] offers that to predicates;
//! [`pattern`] and [`case`] look for what the rules describe; [`evaluator`] runs it all, and
//! [`run`] feeds it a capture; [`live`] tells how the cases stand while a capture is being written.

pub mod attempt;
pub mod attempt_context;
pub mod bodies;
pub mod case;
mod case_attempts;
pub mod checks;
pub mod clock;
mod context_builder;
pub mod evaluator;
pub mod events;
pub mod fields;
mod loss_resolution;
mod missing_bodies;
pub mod missing_evidence;
pub mod moment;
pub mod name_conflict;
mod payment_transitions;
mod pos_transitions;
mod possibilities;
pub mod profile;
pub mod progress;
pub mod readings;
mod refund_transitions;
pub mod refusals;
mod requirement_state;
mod resource_fields;
pub mod resources;
pub mod state;
pub mod timeline;
mod transitions;
mod uncertainty;
pub mod verdict;
pub mod verify_capture;

pub use evaluator::{Evaluator, Input};
pub use profile::{Options, ProfileInference, Target};
pub use verdict::Verdict;
