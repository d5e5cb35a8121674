//! A verdict as text, JSON, JUnit, HTML and Markdown: verdict in, bytes out. A report adds no judgement.
//!
//! Everything a client sent is taken for hostile: [`wording::safe`] makes it harmless to terminals and readers, and
//! each format escapes it once more by its own rules. No report holds a clock's time: same verdict, same bytes.

pub mod exchange_view;
pub mod format;
pub mod group_findings;
pub mod html;
pub mod json;
pub mod json_diff;
pub mod junit;
pub mod line_wrap;
pub mod markdown;
pub mod summary;
pub mod text;
pub mod wording;

#[cfg(test)]
mod injection_tests;
#[cfg(test)]
pub(crate) mod schema;
#[cfg(test)]
pub(crate) mod snapshots;
#[cfg(test)]
pub(crate) mod test_verdicts;

pub use exchange_view::ExchangeView;
pub use format::{Format, Target, render};
pub use summary::Tally;
pub use text::Style;
