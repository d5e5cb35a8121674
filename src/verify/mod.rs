//! The verifier: turns the records of a capture into a verdict. It opens no file and no socket.
//!
//! - [`attempt`] and [`bodies`] parse an exchange as a call of the API; [`timeline`] orders heads and ends.
//! - [`state`], [`resources`], [`attempt_context`], `transitions` and `loss_resolution` keep what the client knows.
//! - [`fields`] makes that available to predicates; `uncertainty` limits it to what the capture shows.
//! - [`checks`] and [`case`] evaluate the patterns and cases of the rules; [`evaluator`] drives them all.
//! - [`verify_capture`] feeds a capture to the evaluator; [`progress`] reports the cases of an open capture.

pub mod attempt;
pub mod attempt_context;
pub mod bodies;
pub mod call_state;
pub mod case;
mod case_attempts;
pub mod checks;
pub mod clock;
mod context_builder;
pub mod evaluator;
pub mod events;
pub mod fields;
mod hidden_fields;
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
