//! Reports of a verdict as text, JSON, JUnit, HTML and Markdown. A report presents the verdict and does not evaluate.
//!
//! Text from clients is untrusted: [`wording::safe`] sanitizes it for terminals and readers, and each format escapes it
//! by its own rules. Reports are deterministic: no timestamps, the same verdict gives the same bytes.

pub(crate) mod exchange_view;
pub(crate) mod format;
pub(crate) mod group_findings;
pub(crate) mod html;
pub(crate) mod html_kit;
pub(crate) mod json;
pub(crate) mod json_diff;
pub(crate) mod junit;
pub(crate) mod line_wrap;
pub(crate) mod markdown;
pub(crate) mod rule_tests;
pub(crate) mod summary;
pub(crate) mod text;
pub(crate) mod wording;

#[cfg(test)]
mod injection_tests;
#[cfg(test)]
pub(crate) mod schema;
#[cfg(test)]
pub(crate) mod snapshots;
#[cfg(test)]
mod test_exchanges;
#[cfg(test)]
pub(crate) mod test_verdicts;

pub use exchange_view::ExchangeView;
pub use format::{Format, Target, render};
pub use summary::VerdictSummary;
pub use text::Style;
