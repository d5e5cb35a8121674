//! The outcome of a verdict, its features, and the steps of a case.

use super::look::Look;
use super::sentence;
use crate::report::{VerdictSummary, wording};
use crate::verify::verdict::{StepVerdict, Verdict};
use maud::{Markup, html};

/// The outcome with its reason, whom it is about, and what a reader must know first.
pub(crate) fn outcome(verdict: &Verdict, tally: &VerdictSummary, client: &Markup) -> Markup {
    let look = Look::from(verdict.verdict);
    html! {
        div.verdict.(look) {
            span.badge { (look.mark()) }
            div {
                h1 #verdict-title { (sentence(wording::outcome(verdict.verdict))) }
                p.lead { (sentence(&tally.reason())) "." }
                (client)
                p.dim { (tally.seal()) }
            }
        }
        @for remark in &verdict.remarks { p.note { bdi { (wording::safe(remark)) } } }
    }
}

/// The features and how many of their cases have passed. `linked`: to the heading of their cases.
pub(crate) fn features(verdict: &Verdict, linked: bool) -> Markup {
    html! {
        ul.features {
            @for feature in &verdict.features {
                @let look = Look::from(feature.verdict);
                li.(look) {
                    @let title = wording::safe(&feature.title);
                    span.name { @if linked { a href={ "#feature-" (feature.id) } { (title) } } @else { (title) } }
                    (look.chip(wording::outcome(feature.verdict)))
                    span.dim { (wording::cases_passed(&feature.cases)) }
                }
            }
        }
    }
}

/// A step of a case. `result`: its status, and where it was seen.
pub(crate) fn step(look: Look, step: &StepVerdict, result: &Markup) -> Markup {
    html! {
        li.(look) {
            (look.mark())
            span { (wording::safe(&step.call)) }
            span.dim { (result) }
        }
    }
}
