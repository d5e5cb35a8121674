//! Reports of a verdict as text, JSON, JUnit, HTML and Markdown. A report presents the verdict and does not evaluate.
//!
//! Text from clients is untrusted: [`wording::safe`] sanitizes it for terminals and readers, and each format escapes it
//! by its own rules. Reports are deterministic: no timestamps, the same verdict gives the same bytes.

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
