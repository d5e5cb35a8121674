//! A requirement that was broken, with what was found first: while the certification goes on, and at its end.

use super::code;
use crate::report::wording;
use crate::verify::verdict::Finding;
use maud::{Markup, html};

/// It as an article. `more`: what is to be said of the other findings; empty where there are none.
pub fn article(class: &str, id: &str, title: &str, first: Option<&Finding>, more: &str) -> Markup {
    html! {
        article.broken.(class) {
            h3 { span.chip.id { (wording::safe(id)) } " " (wording::safe(title)) }
            @if let Some(finding) = first {
                p {
                    @if let Some(number) = finding.exchanges.first() {
                        a href={ "/exchange/" (number) } data-exchange { "Exchange " (number) } ": "
                    }
                    bdi { (wording::safe(&finding.message)) }
                }
                p.remedy { strong { "To mend it: " } (code(&wording::safe(&finding.remedy))) }
            }
            @if !more.is_empty() { p.hint { (more) } }
        }
    }
}
