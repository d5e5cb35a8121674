//! View of the step due: the action on the till, the injected faults, the customer's actions and the timeout.

use super::{action_button, code, copy, long, start_over, step_details};
use crate::certify::driver_command::DriverCommand;
use crate::certify::page::client_hint;
use crate::certify::status::{CertificationStatus, CurrentStep};
use crate::report::html_kit::named;
use crate::report::wording;
use crate::rules::model::StepKind;
use crate::verify::verdict::CaseStatus;
use maud::{Markup, html};

/// The panel with the step due.
pub(crate) struct Panel<'a> {
    pub certification_status: &'a CertificationStatus,
    /// The last command sent to the till.
    pub line: Option<&'a DriverCommand>,
    /// The prefix of a command line for the reference client.
    pub till: &'a str,
    /// When the wait for the step due started, in ms since the start.
    pub since_ms: u64,
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
                "Do nothing: the till must not send another call now".to_owned()
            }
            Some(_) => "Nothing to do: the till continues on its own".to_owned(),
            None => "Nothing to do: checking for further calls".to_owned(),
        }
    }

    pub(crate) fn render(&self) -> Markup {
        html! {
            @match &self.certification_status.due {
                Some(due) if !self.certification_status.over => (self.step(due)),
                _ => (self.between()),
            }
        }
    }

    fn step(&self, due: &CurrentStep) -> Markup {
        let at = (due.at + 1).min(due.steps.max(1));
        html! {
            p.eyebrow { (named(&due.case, &due.title)) span.dim { " · step " (at) " of " (due.steps) } }
            h2 #due-title { (self.headline()) }
            @if let Some(line) = self.act() { (act(line, self.till)) }
            @else if due.step.as_ref().is_some_and(|step| step.guide.text.is_some() && step.guide.act.is_none()) {
                @let (words, command) = client_hint::job(self.till);
                div.act { div.till { p.hint { (code(&words)) } (copy("till-line", "command for the reference client", &command)) } }
            }
            @if let Some(step) = &due.step { (step_details::render(step, &due.injected, self.act(), self.by_hand)) }
            @if let Some(step) = due.step.as_ref().filter(|step| step.kind != StepKind::Ends) {
                @let wait = u64::try_from(due.wait.as_millis()).unwrap_or(u64::MAX);
                div.clock data-since=(self.since_ms) data-wait=(wait) {
                    progress max=(wait) value="0" aria-label="Time waited for this step" {}
                    p.hint { span data-waited {} "waits up to " (long(wait)) " for " span { (wording::safe(&step.title)) } }
                }
            }
            div.actions {
                (action_button("/skip", "skip", "quiet", &[("case", &due.case), ("step", &at.to_string())], "Stop waiting"))
                (action_button("/again", "again-due", "quiet", &[("case", &due.case)], "Repeat this case"))
            }
        }
    }

    fn between(&self) -> Markup {
        let cases = &self.certification_status.cases;
        let left: Vec<_> = cases.iter().filter(|case| !case.optional && case.status != CaseStatus::Passed).collect();
        html! {
            p.eyebrow { @if self.certification_status.over { "Finished" } @else { "Between two cases" } }
            h2 #due-title { (self.headline()) }
            @if self.certification_status.over && left.is_empty() {
                p {
                    "Every mandatory case has passed. The verdict also checks every call against the requirements"
                    @match self.certification_status.broken.len() {
                        0 => ".",
                        count => { ": " strong { (wording::count(count, "requirement")) " broken" } ", see below." }
                    }
                }
            } @else if self.certification_status.over {
                p { (wording::count(left.len(), "mandatory case")) " " (if left.len() == 1 { "has" } else { "have" })
                    " not passed. Fix the till and repeat them, or get the verdict now." }
            } @else {
                p { "Open payments and refunds are closed before the next case starts." }
                @if let Some(line) = self.act() { (act(line, self.till)) }
            }
            @if self.certification_status.over {
                div.actions {
                    (action_button("/verdict", "verdict", "main", &[], "Stop recording and get the verdict"))
                    // A requirement broken in this attempt stays broken.
                    @if self.anew && !self.certification_status.broken.is_empty() { (start_over("start-over-at-end")) }
                    @for case in left.iter().take(8) {
                        (action_button("/again", &format!("again-over-{}", case.id.replace('/', "-")), "quiet", &[("case", &case.id)],
                            &format!("Repeat {}", wording::safe(&case.id))))
                    }
                }
            }
        }
    }
}

fn act(line: &DriverCommand, till: &str) -> Markup {
    let hint = client_hint::hint(line, till);
    html! {
        div.act {
            @if let Some(amount) = &line.amount {
                p.amount { span.unseen { "Amount " } (wording::safe(amount)) @if let Some(capture) = &line.capture { span.dim { " capture " (wording::safe(capture)) } } }
            }
            @for (name, on) in &line.restrictions { @if *on { span.chip { (wording::safe(name)) } } }
            @if let Some((words, command)) = hint {
                div.till { p.hint { (code(&words)) } (copy("till-line", "command for the reference client", &command)) }
            }
        }
    }
}
