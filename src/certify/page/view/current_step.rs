//! View of the step due: the action on the till, the injected faults, the customer's actions and the timeout.

use super::step_faults::MetFault;
use super::{Question, action_button, code, copy, long, new_attempt, step_details};
use crate::certify::driver_command::DriverCommand;
use crate::certify::page::client_hint;
use crate::certify::status::{CertificationStatus, CurrentStep};
use crate::report::html_kit::named;
use crate::report::wording;
use crate::rules::model::StepKind;
use crate::verify::verdict::CaseStatus;
use maud::{Markup, html};
use std::time::Instant;

/// The panel with the step due.
pub(crate) struct Panel<'a> {
    pub certification_status: &'a CertificationStatus,
    /// The last command sent to the till.
    pub line: Option<&'a DriverCommand>,
    /// The prefix of a command line for the reference client.
    pub till: &'a str,
    /// A time in ms since the start of the page's clock.
    pub ms: &'a dyn Fn(Instant) -> u64,
    /// The operator acts as the customer.
    pub by_hand: bool,
    /// A new attempt can pass.
    pub anew: bool,
}

impl Panel<'_> {
    /// The command due on the till.
    fn act(&self) -> Option<&DriverCommand> {
        self.line.filter(|line| self.certification_status.is_due(line))
    }

    /// What to do now; also announced to screen readers.
    pub(crate) fn headline(&self) -> String {
        if self.certification_status.over {
            return "All cases are done".to_owned();
        }
        if let Some(line) = self.act().filter(|line| !line.text.is_empty()) {
            return line.text.clone();
        }
        let Some(due) = &self.certification_status.due else { return "Finishing the previous case".to_owned() };
        match &due.step {
            Some(step) if step.guide.text.is_some() && step.guide.act.is_none() => {
                step.guide.text.clone().unwrap_or_default()
            }
            Some(step) if step.kind == StepKind::Ends => {
                "No action needed: checking that nothing more is sent".to_owned()
            }
            Some(_) => "No action needed: waiting for the till's next call".to_owned(),
            None => "No action needed: checking for further calls".to_owned(),
        }
    }

    /// The current step as one line, for the bar that is always in sight.
    pub(crate) fn bar(&self) -> Markup {
        html! {
            a.now-line href="#due-title" {
                @match self.certification_status.due.as_ref().filter(|_| !self.certification_status.over) {
                    Some(due) => {
                        span.chip.id { (wording::safe(&due.case)) }
                        " " span.dim { "step " (position(due)) " of " (due.steps) } " "
                    }
                    None => "",
                }
                strong { (self.headline()) }
            }
        }
    }

    /// Identifies the step: the page moves the focus when it changes.
    fn key(&self) -> String {
        match &self.certification_status.due {
            Some(due) if !self.certification_status.over => format!("{} {} {}", due.case, due.at, self.headline()),
            _ => self.headline(),
        }
    }

    pub(crate) fn render(&self) -> Markup {
        html! {
            div data-step=(self.key()) {
                @match &self.certification_status.due {
                    Some(due) if !self.certification_status.over => (self.step(due)),
                    _ => (self.between()),
                }
            }
        }
    }

    fn step(&self, due: &CurrentStep) -> Markup {
        let at = position(due);
        let met: Vec<MetFault> = due
            .injected
            .iter()
            .map(|fault| MetFault { fault, ended_ms: fault.ended.map(|ended| (self.ms)(ended)) })
            .collect();
        html! {
            p.eyebrow { (named(&due.case, &due.title)) span.dim { " · step " (at) " of " (due.steps) } }
            h2 #due-title tabindex="-1" { (self.headline()) }
            @if let Some(line) = self.act() { (act(line, self.till, self.certification_status.currency)) }
            @else if due.step.as_ref().is_some_and(|step| step.guide.text.is_some() && step.guide.act.is_none()) {
                @let (words, command) = client_hint::job(self.till);
                div.act { div.till { p.hint { (code(&words)) } (copy("till-line", "command for the reference client", &command)) } }
            }
            @if let Some(step) = &due.step { (step_details::render(step, &met, self.act(), self.by_hand)) }
            @if let Some(step) = due.step.as_ref().filter(|step| step.kind != StepKind::Ends) {
                @let wait = u64::try_from(due.wait.as_millis()).unwrap_or(u64::MAX);
                div.clock data-since=((self.ms)(due.since)) data-wait=(wait) {
                    progress max=(wait) value="0" aria-label="Time waited for this step" {}
                    p.hint { "Waiting for " span { (wording::safe(&step.title)) } ": " span data-waited { "up to" } " " (long(wait)) }
                }
            }
            @if self.is_optional(&due.case) { (self.optional()) }
            div.actions {
                @if due.step.as_ref().is_some_and(|step| step.kind != StepKind::Ends) { (self.skip(due, at)) }
                (action_button("/again", "again-due", "quiet", &[("case", &due.case)], "Restart this case"))
            }
        }
    }

    fn is_optional(&self, case: &str) -> bool {
        self.certification_status.cases.iter().any(|one| one.id == case && one.optional)
    }

    /// An optional case holds nobody up.
    fn optional(&self) -> Markup {
        let mut needed = self.certification_status.cases.iter().filter(|case| !case.optional);
        let all_passed = needed.all(|case| case.status == CaseStatus::Passed);
        html! {
            div.note.optional {
                @if all_passed {
                    p { strong { "All required cases passed." } " Finish now, or try this optional case." }
                    (action_button("/verdict", "finish", "main", &[], "Finish and get the verdict"))
                } @else {
                    p { "This case is optional: the verdict does not need it. You can skip it." }
                }
            }
        }
    }

    fn skip(&self, due: &CurrentStep, at: usize) -> Markup {
        let text = if self.is_optional(&due.case) {
            "The case ends without a result. It is optional: the verdict does not need it."
        } else {
            "The case ends as failed, and so does the verdict, unless you repeat the case later in this attempt. Wait if \
             the till still has something to send."
        };
        let at = at.to_string();
        let question = Question { label: "Skip this case", text, yes: "Yes, skip this case" };
        question.render("/skip", "skip", "quiet", &[("case", &due.case), ("step", &at)])
    }

    fn between(&self) -> Markup {
        let cases = &self.certification_status.cases;
        let left: Vec<_> = cases.iter().filter(|case| !case.optional && case.status != CaseStatus::Passed).collect();
        html! {
            p.eyebrow { @if self.certification_status.over { "Finished" } @else { "Between two cases" } }
            h2 #due-title tabindex="-1" { (self.headline()) }
            @if self.certification_status.over && left.is_empty() {
                p {
                    "Every required case has passed. The verdict also checks every call against the requirements"
                    @match self.certification_status.broken.len() {
                        0 => ".",
                        count => { ": " strong { (wording::count(count, "requirement")) " broken" } ", see below." }
                    }
                }
            } @else if self.certification_status.over {
                p { (wording::count(left.len(), "required case")) " " (if left.len() == 1 { "has" } else { "have" })
                    " not passed. Fix the till and repeat them, or get the verdict now." }
            } @else {
                p { "Open payments and refunds are closed before the next case starts." }
                @if let Some(line) = self.act() { (act(line, self.till, self.certification_status.currency)) }
            }
            @if self.certification_status.over {
                div.actions {
                    (action_button("/verdict", "verdict", "main", &[], "Finish and get the verdict"))
                    // A requirement broken in this attempt stays broken.
                    @if self.anew && !self.certification_status.broken.is_empty() { (new_attempt("new-attempt-at-end")) }
                    @for case in left.iter().take(8) {
                        (action_button("/again", &format!("again-over-{}", case.id.replace('/', "-")), "quiet", &[("case", &case.id)],
                            &format!("Repeat {}", wording::safe(&case.id))))
                    }
                }
            }
        }
    }
}

/// The number of the step due, from 1.
fn position(due: &CurrentStep) -> usize {
    (due.at + 1).min(due.steps.max(1))
}

fn act(line: &DriverCommand, till: &str, currency: &str) -> Markup {
    let hint = client_hint::hint(line, till);
    html! {
        div.act {
            @if let Some(amount) = &line.amount {
                p.amount {
                    span.unseen { "Amount " } (wording::safe(amount)) " " span.currency { (currency) }
                    @if let Some(capture) = &line.capture { span.dim { " capture " (wording::safe(capture)) " " (currency) } }
                }
            }
            @for (name, on) in &line.restrictions { @if *on { span.chip { (wording::safe(name)) } } }
            @if let Some((words, command)) = hint {
                div.till { p.hint { (code(&words)) } (copy("till-line", "command for the reference client", &command)) }
            }
        }
    }
}
