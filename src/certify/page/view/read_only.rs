//! Views of finished steps: what was entered, selected and recorded.

use super::exchange;
use crate::certify::identification::Identification;
use crate::certify::page::approval::ApprovalView;
use crate::certify::page::form::{self, FIELDS};
use crate::report::html_kit::look::Look;
use crate::report::html_kit::verdict;
use crate::report::wording;
use crate::rules::RuleSet;
use maud::{Markup, html};

const FIXED: &str = "It can no longer be changed in this certification: the capture is about this client.";

/// The identification. Secrets are not shown.
pub(crate) fn identification(identified: &Identification) -> Markup {
    html! {
        div.narrow {
            h1 { "Identification" }
            p.lead { (FIXED) }
            dl.card.read-only {
                @for field in &FIELDS {
                    @let value = form::value(identified, field.name);
                    div { dt { (field.label) } dd { @if value.is_empty() { span.dim { "not set" } } @else { (wording::safe(&value)) } } }
                }
            }
            p { a.button href="/" { "Back to the current step" } }
        }
    }
}

/// The selected features.
pub(crate) fn selection(identified: &Identification, rules: &RuleSet) -> Markup {
    let chosen = rules.features.iter().filter(|feature| form::is_chosen(identified, feature.feature));
    html! {
        div.narrow {
            h1 { "Selection" }
            p.lead { (FIXED) }
            ul.card.read-only {
                @for feature in chosen {
                    li { strong { (feature.title) } ": " (wording::count(feature.cases.len(), "case")) }
                }
            }
            p { a.button href="/" { "Back to the current step" } }
        }
    }
}

/// The cases of a finished certification.
pub(crate) fn certification(approval: &ApprovalView) -> Markup {
    html! {
        div.narrow {
            h1 { "Certification" }
            p.lead { "The cases as the verdict has them. " a href="/traffic" { "All exchanges" } }
            @for feature in &approval.verdict.features {
                section.card.read-only {
                    h2 { (wording::safe(&feature.title)) }
                    @for case in &feature.cases {
                        @let look = Look::from(case);
                        h3 { (look.mark()) " " (wording::safe(&case.title)) " " (look.chip(wording::case_status(case.status))) }
                        ol.steps {
                            @for step in &case.steps {
                                (verdict::step(step.status.into(), step, &html! {
                                    (wording::step_status(step.status))
                                    @if let Some(number) = step.exchange { ", " (exchange::link(number)) }
                                }))
                            }
                        }
                    }
                }
            }
            p { a.button href="/" { "Back to the verdict" } }
        }
    }
}
