//! The parts that all HTML has in common: the report, the page of a certificate, and the web page of `certify`.
//!
//! - [`document`]: whole documents, with a policy that lets them load nothing.
//! - [`look`]: how a result looks, as class and mark.
//! - [`verdict`]: outcome, features and steps; [`finding`]: failures, warnings and open items.
//! - [`exchange`]: an exchange as a line or in full.
//! - `base.css`: the style sheet of all pages; each page adds its own rules.
//!
//! Text from a client is sanitized ([`super::wording::safe`]) and then escaped by the template.

pub(crate) mod document;
pub(crate) mod exchange;
pub(crate) mod finding;
pub(crate) mod look;
pub(crate) mod verdict;

use super::wording;
use maud::{Markup, html};

/// The style sheet of a page: the common rules, and then those of a file.
macro_rules! style_sheet {
    ($file:literal) => {
        concat!(include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/html_kit/base.css")), include_str!($file))
    };
}
pub(crate) use style_sheet;

/// A sentence with the parts in backticks as `code` elements.
pub(crate) fn code(sentence: &str) -> Markup {
    html! {
        @for (at, part) in sentence.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// The source of a requirement, as a link where it has an address.
pub(crate) fn source(source: &str) -> Markup {
    html! {
        @match super::wording::source_url(source) {
            Some(url) => a href=(url) rel="noreferrer" { (wording::safe(source)) },
            None => (wording::safe(source)),
        }
    }
}

/// A message with a capital first letter.
pub(crate) fn sentence(part: &str) -> String {
    let mut letters = part.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A case or requirement: its id and title.
pub(crate) fn named(id: &str, title: &str) -> Markup {
    html! { span.chip.id { (wording::safe(id)) } " " (wording::safe(title)) }
}
