//! View of the standing verdict: what the verdict would be if recording ended now, and what can still be corrected.

use super::exchange::{self, Links};
use super::new_attempt;
use crate::certify::case_failure::CaseFailure;
use crate::certify::status::CertificationStatus;
use crate::report::html_kit::finding::{self, broken};
use crate::report::html_kit::look::Look;
use crate::report::html_kit::{named, sentence};
use crate::report::wording;
use crate::verify::verdict::{CaseStatus, CaseVerdict};
use maud::{Markup, html};

/// The standing verdict in one word, and the reason.
pub(crate) struct Standing<'a> {
    status: &'a CertificationStatus,
    failed: Vec<&'a CaseVerdict>,
    passed: usize,
    needed: usize,
}

impl<'a> Standing<'a> {
    /// The standing verdict of a certification.
    pub(crate) fn of(status: &'a CertificationStatus) -> Standing<'a> {
        let (passed, needed) = status.tally();
        let failed = status.cases.iter().filter(|case| case.status == CaseStatus::Failed && !case.optional).collect();
        Standing { status, failed, passed, needed }
    }

    fn is_failed(&self) -> bool {
        !self.status.broken.is_empty() || !self.failed.is_empty()
    }

    fn has_all(&self) -> bool {
        self.passed == self.needed
    }

    fn look(&self) -> Look {
        match () {
            () if self.is_failed() => Look::Failed,
            () if self.has_all() && self.status.obligations.is_empty() => Look::Passed,
            () => Look::Incomplete,
        }
    }

    /// The outcome in one word.
    pub(crate) fn outcome(&self) -> &'static str {
        match self.look() {
            Look::Failed => "failed",
            Look::Passed => "passed",
            _ => "incomplete",
        }
    }

    fn reason(&self) -> String {
        let cases = format!("{} of {} passed", self.passed, wording::count(self.needed, "required case"));
        let broken = wording::count(self.status.broken.len(), "requirement");
        let failed = wording::count(self.failed.len(), "case");
        match (self.status.broken.len(), self.failed.len()) {
            (0, 0) if self.has_all() && !self.status.obligations.is_empty() => "a call is unresolved".to_owned(),
            (0, 0) => cases,
            (0, _) => format!("{failed} failed; {cases}"),
            (_, 0) => format!("{broken} broken; {cases}"),
            (..) => format!("{broken} broken, {failed} failed; {cases}"),
        }
    }

    /// One line, for the bar that is always in sight.
    pub(crate) fn line(&self) -> Markup {
        let look = self.look();
        html! {
            a.standing-line.(look) href="#standing" {
                span { "If recording ended now: " } (look.chip(self.outcome())) " " span.dim { (self.reason()) }
            }
        }
    }

    /// The section with everything that makes it fail. `anew`: a new attempt can pass.
    pub(crate) fn render(&self, anew: bool) -> Markup {
        let look = self.look();
        html! {
            section.card.standing.(look) #standing aria-labelledby="standing-title" tabindex="-1" {
                h2 #standing-title { "If recording ended now: " (look.chip(self.outcome())) }
                p { (sentence(&self.reason())) "." }
                @if !self.status.broken.is_empty() { (self.broken(anew)) }
                @for case in &self.failed {
                    @if let Some(failure) = self.status.failures.get(&case.id) {
                        (broken(Look::Failed, &case.id, &case.title, &html! {
                            (reason(failure))
                            @if self.status.broken.is_empty() { p.hint { "Repeating this case can still pass it." } }
                        }))
                    }
                }
                @if !self.status.obligations.is_empty() { (self.obligations()) }
            }
        }
    }

    fn broken(&self, anew: bool) -> Markup {
        html! {
            p {
                "A broken requirement cannot be corrected in this attempt. Fix the client, then "
                (if anew { "start a new attempt." } else { "start a new capture." })
            }
            @if anew { div.actions { (new_attempt("new-attempt-standing")) } }
            @for one in &self.status.broken {
                (broken(Look::Failed, &one.id, &one.title, &html! {
                    (finding::message(&one.first, &Links))
                    (finding::remedy(&wording::safe(&one.first.remedy)))
                    @if one.more > 0 { p.hint { (one.more) " more" } }
                }))
            }
        }
    }

    /// What the till still has to do: not a failure while recording goes on.
    fn obligations(&self) -> Markup {
        html! {
            h3 { "Still to be resolved by the till" }
            ul.steps {
                @for one in &self.status.obligations {
                    li.open {
                        (Look::Open.mark())
                        span { (named(&one.id, &one.title)) }
                        span.dim { (finding::message(&one.first, &Links)) }
                    }
                }
            }
        }
    }
}

/// Why a case failed, with its exchange and the remedy.
pub(crate) fn reason(failure: &CaseFailure) -> Markup {
    html! {
        p.reason {
            strong { (wording::safe(&failure.subject)) }
            @if let Some(number) = failure.exchange { " (" (exchange::link(number)) ")" }
            ": " (wording::safe(&failure.what)) "."
        }
        (finding::remedy(&failure.remedy))
    }
}
