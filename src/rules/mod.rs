//! Rule files: the requirements on a client, as data.
//!
//! [`model`] is a rule file in memory, [`toml_file`] its TOML form, and [`load`](mod@load) finds and reads the files.
//! [`predicate`] compiles the CEL expressions in them against the record of [`fields`], and [`raw`] reads access to
//! parts of an exchange that have no field. The verifier implements the patterns. [`schema`] describes rule files to
//! editors, [`test_file`] reads the tests that users write for their rules, and [`mutation`] makes the changes of a rule
//! that such tests have to notice.

mod common_fields;
pub(crate) mod examples;
pub(crate) mod field;
pub(crate) mod fields;
pub(crate) mod fold;
pub mod guidance;
pub(crate) mod load;
pub mod model;
pub(crate) mod mutation;
pub(crate) mod names;
mod pos_fields;
pub(crate) mod predicate;
pub(crate) mod raw;
mod raw_usage;
pub(crate) mod schema;
pub(crate) mod template;
mod test_edits;
pub(crate) mod test_file;
pub mod toml_file;
mod toml_rows;
mod vocabulary;

pub use crate::profile::FileError as RuleError;
pub(crate) use load::load_for;
pub use load::{RuleSet, load};
pub use model::{Case, Check, Event, Feature, Pattern, Requirement, Scope, Selector, Step};
pub use predicate::{Facts, Predicate, Range, Truth, Uncertainty, Value};
