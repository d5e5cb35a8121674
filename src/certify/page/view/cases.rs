//! View of the cases and their steps, as they are while recording goes on.

use super::{action_button, exchange, new_attempt, standing};
use crate::certify::status::CertificationStatus;
use crate::report::html_kit::look::Look;
use crate::report::html_kit::verdict;
use crate::report::wording;
use crate::rules::RuleSet;
use crate::verify::verdict::{CaseStatus, CaseVerdict, StepStatus};
use maud::{Markup, html};

/// All cases of the selected features. `anew`: a new attempt can pass.
pub(crate) fn render(
    rules: &RuleSet,
    chosen: &[String],
    certification_status: &CertificationStatus,
    anew: bool,
) -> Markup {
    let features = rules.features.iter().filter(|feature| chosen.iter().any(|id| id == feature.feature.id()));
    let mut groups = Vec::new();
    let mut begin = 0;
    for feature in features {
        let end = begin + feature.cases.len();
        groups.push((&feature.title, begin, certification_status.cases.get(begin..end).unwrap_or_default()));
        begin = end;
    }
    let row = |case: &CaseVerdict, at: usize| CaseRow { case, at, certification_status, anew }.render();
    html! {
        @for (title, begin, cases) in groups {
            div.feature {
                h3 { (title) span.dim { (wording::cases_passed(cases)) } }
                ol.cases { @for (at, case) in cases.iter().enumerate() { (row(case, begin + at)) } }
            }
        }
    }
}

struct CaseRow<'a> {
    case: &'a CaseVerdict,
    at: usize,
    certification_status: &'a CertificationStatus,
    anew: bool,
}

impl CaseRow<'_> {
    fn is_current(&self) -> bool {
        self.certification_status.due.as_ref().is_some_and(|due| due.case == self.case.id)
    }

    fn look(&self) -> (Look, &'static str) {
        let is_behind = self.at < self.certification_status.gone_through;
        match self.case.status {
            CaseStatus::Passed => (Look::Passed, "passed"),
            _ if self.is_current() => (Look::Current, "in progress"),
            CaseStatus::Failed if self.case.optional => (Look::Warning, "failed"),
            CaseStatus::Failed => (Look::Failed, "failed"),
            _ if is_behind => (Look::Warning, "not tested"),
            _ => (Look::Open, "pending"),
        }
    }

    fn render(&self) -> Markup {
        let case = self.case;
        let (look, word) = self.look();
        let id = case.id.replace('/', "-");
        html! {
            li.case.(look) {
                details id={ "case-" (id) } open[self.is_current() || look == Look::Failed] {
                    summary {
                        (look.mark())
                        span.title { (wording::safe(&case.title)) @if case.optional { span.dim { " (optional)" } } }
                        (look.chip(word))
                    }
                    ol.steps { @for (at, step) in case.steps.iter().enumerate() { (self.step(step, at)) } }
                    @if look == Look::Warning && case.status != CaseStatus::Failed { p.seen { (wording::case_sentence(case)) } }
                    @if let Some(failure) = self.certification_status.failures.get(&case.id) {
                        div.seen { (standing::reason(failure)) }
                    }
                    @if matches!(look, Look::Failed | Look::Warning) { (self.again(&id)) }
                }
            }
        }
    }

    fn step(&self, step: &crate::verify::verdict::StepVerdict, at: usize) -> Markup {
        let due = self.is_current() && self.certification_status.due.as_ref().is_some_and(|due| due.at == at);
        let (look, word) = match step.status {
            StepStatus::Pending if due => (Look::Current, "current"),
            StepStatus::Failed if self.case.is_untried() => (Look::Failed, "not tried in time"),
            status => (status.into(), wording::step_status(status)),
        };
        verdict::step(
            look,
            step,
            &html! { (word) @if let Some(number) = step.exchange { ", " (exchange::link(number)) } },
        )
    }

    /// The buttons of a case that has not passed, and whether repeating it can still help.
    fn again(&self, id: &str) -> Markup {
        let is_lost = !self.certification_status.broken.is_empty();
        html! {
            @if is_lost {
                p.hint.still {
                    "This attempt can no longer pass: "
                    (wording::count(self.certification_status.broken.len(), "requirement")) " broken. Repeat the case to test a fix"
                    @if self.anew { ", then start a new attempt" } "."
                }
            }
            div.actions {
                (action_button("/again", &format!("again-{id}"), "quiet", &[("case", &self.case.id)], "Repeat this case"))
                @if is_lost && self.anew { (new_attempt(&format!("new-attempt-{id}"))) }
            }
        }
    }
}
