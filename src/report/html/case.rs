//! The cases of each feature with steps and sequence diagram.

use super::diagram::{self, Failure};
use super::exchange::{self, Exchanges};
use crate::report::exchange_view::ExchangeView;
use crate::report::html_kit::look::Look;
use crate::report::html_kit::{named, verdict};
use crate::report::wording;
use crate::verify::verdict::{CaseStatus, CaseVerdict, StepStatus, Verdict};
use maud::{Markup, html};

/// How many exchanges of a case the diagram shows: at most this many first and last ones.
const DRAWN: (usize, usize) = (32, 16);

/// The exchanges in the diagram of a case: its witness, else those of its steps.
pub(super) fn exchanges(case: &CaseVerdict) -> Vec<u64> {
    let mut numbers: Vec<u64> = if case.witness.is_empty() {
        case.steps.iter().filter_map(|step| step.exchange).collect()
    } else {
        case.witness.clone()
    };
    if case.status == CaseStatus::Failed {
        numbers.extend(exchange::after(&numbers).collect::<Vec<_>>());
    }
    numbers.sort_unstable();
    numbers.dedup();
    let (first, last) = DRAWN;
    if numbers.len() > first + last {
        numbers.drain(first..numbers.len() - last);
    }
    numbers
}

/// The section of all cases.
pub(super) fn section(verdict: &Verdict, exchanges: &Exchanges) -> Markup {
    html! {
        section #cases {
            h2 { "Cases" }
            @for feature in &verdict.features {
                h3.feature id={ "feature-" (feature.id) } {
                    (wording::safe(&feature.title)) " "
                    (Look::from(feature.verdict).chip(wording::outcome(feature.verdict)))
                }
                @for case in &feature.cases { (self::case(case, exchanges)) }
            }
        }
    }
}

fn case(case: &CaseVerdict, exchanges: &Exchanges) -> Markup {
    let look = Look::from(case);
    let numbers = self::exchanges(case);
    let views: Vec<&ExchangeView> =
        numbers.iter().filter_map(|number| exchanges.by_number.get(number).copied()).collect();
    let left_out = case.witness.len().saturating_sub(numbers.len());
    html! {
        article.case.(look) {
            h4 {
                (named(&case.id, &case.title)) " " (look.chip(wording::case_status(case.status)))
                @if case.optional { " " span.dim { "optional" } }
            }
            @if case.status == CaseStatus::Passed {
                details { summary { (wording::case_sentence(case)) } (content(case, &views, left_out)) }
            } @else {
                (content(case, &views, left_out))
            }
        }
    }
}

/// Steps and diagram.
fn content(case: &CaseVerdict, views: &[&ExchangeView], left_out: usize) -> Markup {
    let seen: Vec<u64> = case.steps.iter().filter_map(|step| step.exchange).collect();
    let open = case.steps.iter().find(|step| step.status != StepStatus::Passed && step.exchange.is_none());
    let failed = case.status == CaseStatus::Failed;
    let missing = open.filter(|_| failed).map(|step| format!("missing: {}", step.call));
    let failure = Failure { cited: seen.last().map_or(&[], std::slice::from_ref), missing: missing.as_deref() };
    let failure = if failed { failure } else { Failure::default() };
    html! {
            div.columns {
                div {
                    ol.steps {
                        @for step in &case.steps {
                            (verdict::step(step.status.into(), step, &html! {
                                (wording::step_status(step.status))
                                @if let Some(number) = step.exchange { ", #" (number) }
                            }))
                        }
                    }
                    @if case.status != CaseStatus::Passed { p.dim { (wording::case_sentence(case)) } }
                }
                @if !views.is_empty() {
                    figure {
                        (diagram::render(&case.id, views, &failure))
                        @if left_out > 0 { figcaption.dim { (wording::count(left_out, "exchange")) " between the first " (DRAWN.0) " and the last " (DRAWN.1) " left out" } }
                    }
                }
            }
    }
}
