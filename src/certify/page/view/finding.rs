//! View of a broken requirement with its first finding.

use super::code;
use crate::report::wording;
use crate::verify::verdict::Finding;
use maud::{Markup, html};

/// The requirement as an article. `more`: a note on further findings; may be empty.
pub(crate) fn article(class: &str, id: &str, title: &str, first: Option<&Finding>, more: &str) -> Markup {
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
                p.remedy { strong { "Remedy: " } (code(&wording::safe(&finding.remedy))) }
            }
            @if !more.is_empty() { p.hint { (more) } }
        }
    }
}
