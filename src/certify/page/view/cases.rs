//! View of the cases and their steps, with the current result of the verifier.

use super::{action_button, exchange};
use crate::certify::status::CertificationStatus;
use crate::report::html_kit::look::Look;
use crate::report::html_kit::verdict;
use crate::report::wording;
use crate::rules::RuleSet;
use crate::verify::verdict::{CaseStatus, CaseVerdict, StepStatus};
use maud::{Markup, html};

/// All cases of the selected features.
pub(crate) fn render(rules: &RuleSet, chosen: &[String], certification_status: &CertificationStatus) -> Markup {
    let features = rules.features.iter().filter(|feature| chosen.iter().any(|id| id == feature.feature.id()));
    let mut groups = Vec::new();
    let mut begin = 0;
    for feature in features {
        let end = begin + feature.cases.len();
        groups.push((&feature.title, begin, certification_status.cases.get(begin..end).unwrap_or_default()));
        begin = end;
    }
    html! {
        @for (title, begin, cases) in groups {
            div.feature {
                h3 { (title) span.dim { (wording::cases_passed(cases)) } }
                ol.cases { @for (at, case) in cases.iter().enumerate() { (self::case(case, begin + at, certification_status)) } }
            }
        }
    }
}

/// How many mandatory cases have passed, and how many there are.
pub(crate) fn shown(certification_status: &CertificationStatus) -> (usize, usize) {
    let needed = || certification_status.cases.iter().filter(|case| !case.optional);
    (needed().filter(|case| case.status == CaseStatus::Passed).count(), needed().count())
}

fn case(case: &CaseVerdict, at: usize, certification_status: &CertificationStatus) -> Markup {
    let now = certification_status.due.as_ref().filter(|due| due.case == case.id);
    let behind = at < certification_status.gone_through && now.is_none();
    let (look, word) = match case.status {
        CaseStatus::Passed => (Look::Passed, wording::case_status(case.status)),
        // The verifier's result assumes that the capture ends here; the case is still running.
        _ if now.is_some() => (Look::Current, "in progress"),
        CaseStatus::Failed => (Look::Failed, wording::case_status(case.status)),
        _ if behind => (Look::Warning, wording::case_status(case.status)),
        _ => (Look::Open, "pending"),
    };
    let id = case.id.replace('/', "-");
    html! {
        li.case.(look) {
            details id={ "case-" (id) } open[now.is_some() || look == Look::Failed] {
                summary {
                    (look.mark())
                    span.title { (wording::safe(&case.title)) @if case.optional { span.dim { " (optional)" } } }
                    (look.chip(word))
                }
                ol.steps {
                    @for (at, step) in case.steps.iter().enumerate() {
                        @let due = now.is_some_and(|due| due.at == at);
                        @let (look, word) = match step.status {
                            StepStatus::Pending | StepStatus::Failed if due => (Look::Current, "due"),
                            StepStatus::Failed if case.is_untried() => (Look::Failed, "not tried in time"),
                            status => (status.into(), wording::step_status(status)),
                        };
                        (verdict::step(look, step, &html! {
                            (word) @if let Some(number) = step.exchange { ", " (exchange::link(number)) }
                        }))
                    }
                }
                @if behind || look == Look::Failed { p.seen { (wording::case_sentence(case)) } }
                @if matches!(look, Look::Failed | Look::Warning) {
                    (action_button("/again", &format!("again-{id}"), "quiet", &[("case", &case.id)], "Repeat this case"))
                }
            }
        }
    }
}
