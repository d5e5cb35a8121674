//! The verifier: turns the records of a capture into a verdict. It opens no file and no socket.
//!
//! - [`attempt`] and [`bodies`] parse an exchange as a call of the API; [`timeline`] orders heads and ends.
//! - [`state`], [`resources`], [`attempt_context`], `transitions` and `call_resolution` keep what the client knows.
//! - [`fields`] makes that available to predicates; `uncertainty` limits it to what the capture shows. `raw_exchange`
//!   has the headers and bodies that a rule names itself.
//! - [`checks`] and [`case`] evaluate the patterns and cases of the rules; [`evaluator`] drives them all.
//! - [`verify_capture`] feeds a capture to the evaluator; [`progress`] reports the cases of an open capture.
//! - [`rule_tests`] runs the tests of rule files that users write.

mod arena;
pub(crate) mod attempt;
pub(crate) mod attempt_context;
pub(crate) mod bodies;
mod call_resolution;
pub(crate) mod call_state;
pub(crate) mod case;
mod case_attempts;
pub(crate) mod checks;
pub mod clock;
mod context_builder;
pub(crate) mod evaluator;
pub(crate) mod events;
pub(crate) mod fields;
mod folded_resources;
mod hidden_fields;
mod missing_bodies;
pub(crate) mod missing_evidence;
pub(crate) mod moment;
pub(crate) mod name_conflict;
mod outcomes;
mod payment_transitions;
mod pos_transitions;
mod possibilities;
pub(crate) mod possible_orders;
pub(crate) mod progress;
mod raw_exchange;
pub(crate) mod recording_period;
mod refund_transitions;
pub(crate) mod refusals;
mod request_target;
mod requirement_state;
mod resource_fields;
pub(crate) mod resources;
pub(crate) mod rule_test_results;
pub(crate) mod rule_tests;
pub(crate) mod state;
pub(crate) mod subjects;
pub(crate) mod target;
pub(crate) mod timeline;
mod transitions;
mod uncertainty;
pub mod verdict;
pub mod verify_capture;

pub use evaluator::{Evaluator, Input};
pub use target::{ClientInference, Options, Target};
pub use verdict::Verdict;
