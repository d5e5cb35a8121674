//! View of the cases and their steps, with the current result of the verifier.

use super::action_button;
use crate::certify::status::CertificationStatus;
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
            @let needed = cases.iter().filter(|case| !case.optional).count();
            @let shown = cases.iter().filter(|case| !case.optional && case.status == CaseStatus::Passed).count();
            div.feature {
                h3 { (title) span.dim { (shown) " of " (needed) " passed" } }
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
    let class = match case.status {
        CaseStatus::Passed => "passed",
        // The verifier's result assumes that the capture ends here; the case is still running.
        _ if now.is_some() => "now",
        CaseStatus::Failed => "failed",
        _ if behind => "missed",
        _ => "open",
    };
    let mark = match class {
        "passed" => "✓",
        "failed" => "✗",
        "now" => "▸",
        "missed" => "!",
        _ => "·",
    };
    let word = match class {
        "now" => "in progress",
        "open" => "pending",
        _ => wording::case_status(case.status),
    };
    let id = case.id.replace('/', "-");
    html! {
        li.case.(class) {
            details id={ "case-" (id) } open[now.is_some() || class == "failed"] {
                summary {
                    span.mark aria-hidden="true" { (mark) }
                    span.title { (wording::safe(&case.title)) @if case.optional { span.dim { " (optional)" } } }
                    span.chip.(class) { (word) }
                }
                ol.steps {
                    @for (at, step) in case.steps.iter().enumerate() {
                        @let due = now.is_some_and(|due| due.at == at);
                        @let (class, mark, word) = match step.status {
                            StepStatus::Passed => ("passed", "✓", "passed"),
                            _ if due => ("now", "▸", "due"),
                            StepStatus::Failed if case.is_untried() => ("failed", "✗", "not tried in time"),
                            StepStatus::Failed => ("failed", "✗", "failed"),
                            StepStatus::Pending => ("open", "·", "pending"),
                        };
                        li class=(class) {
                            span.mark aria-hidden="true" { (mark) }
                            span { (wording::safe(&step.call)) }
                            span.dim { (word) @if let Some(number) = step.exchange { ", " a href={ "/exchange/" (number) } data-exchange { "exchange " (number) } } }
                        }
                    }
                }
                @if behind || class == "failed" { p.seen { (wording::case_sentence(case)) } }
                @if class == "failed" || class == "missed" {
                    (action_button("/again", &format!("again-{id}"), "quiet", &[("case", &case.id)], "Repeat this case"))
                }
            }
        }
    }
}
