//! A verdict as text, JSON, JUnit, HTML and Markdown: verdict in, bytes out. A report adds no judgement.
//!
//! Everything a client sent is taken for hostile: [`words::safe`] makes it harmless to terminals and readers, and
//! each format escapes it once more by its own rules. No report holds a clock's time: same verdict, same bytes.

pub mod difference;
pub mod fold;
pub mod format;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod tally;
pub mod text;
pub mod view;
pub mod words;
pub mod wrap;

#[cfg(test)]
pub(crate) mod golden;
#[cfg(test)]
mod hostile;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
pub(crate) mod schema;

pub use format::{Format, Target, render};
pub use tally::Tally;
pub use text::Style;
pub use view::ExchangeView;
