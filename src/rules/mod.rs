//! Rule files: what is required of a client, as data.
//!
//! [`model`] is a rule file in memory, [`file`] its TOML form, [`load`] finds and reads the files, [`predicate`]
//! compiles the CEL in them against the typed record of [`fields`]. What a pattern means when it meets traffic is
//! for the verifier.

pub mod examples;
pub mod fields;
pub mod load;
pub mod model;
pub mod predicate;
pub mod toml_file;

pub use load::{RuleSet, load};
pub use model::{Case, Check, Event, Feature, Pattern, Requirement, Scope, Selector, Step};
pub use predicate::{Facts, Predicate, Range, Truth, Uncertainty, Value};
