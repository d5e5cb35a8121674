//! The step that is due, set big: what to do on the till, what its call meets, what the customer does, how long it is
//! waited for.

use super::{code, copy, long, order, start_over, step_details};
use crate::certify::driver_command::Line;
use crate::certify::page::client_hint;
use crate::certify::status::{CertificationStatus, CurrentStep};
use crate::report::wording;
use crate::rules::model::StepKind;
use crate::verify::verdict::CaseStatus;
use maud::{Markup, html};

/// What the panel is made of.
pub struct Panel<'a> {
    /// How everything stands.
    pub certification_status: &'a CertificationStatus,
    /// What the till was told last.
    pub line: Option<&'a Line>,
    /// What a line for the reference till begins with.
    pub till: &'a str,
    /// Since when the due step is waited for, in ms since the start.
    pub since_ms: u64,
    /// Nobody plays the customer by itself.
    pub by_hand: bool,
    /// A new attempt is of use.
    pub anew: bool,
}

impl Panel<'_> {
    /// The act that is due on the till.
    fn act(&self) -> Option<&Line> {
        self.line.filter(|line| self.certification_status.is_due(line))
    }

    /// What there is to do, in a sentence: also what is told to a screen reader.
    pub fn headline(&self) -> String {
        if self.certification_status.over {
            return "All cases were gone through".to_owned();
        }
        if let Some(line) = self.act().filter(|line| !line.text.is_empty()) {
            return line.text.clone();
        }
        let Some(due) = &self.certification_status.due else { return "The last case comes to its end".to_owned() };
        match &due.step {
            Some(step) if step.guide.text.is_some() && step.guide.act.is_none() => {
                step.guide.text.clone().unwrap_or_default()
            }
            Some(step) if step.kind == StepKind::Ends => "Nothing to do: nothing more may come now".to_owned(),
            Some(_) => "Nothing to press: the till goes on by itself".to_owned(),
            None => "Nothing to do: it is looked on whether more comes".to_owned(),
        }
    }

    /// The panel.
    pub fn render(&self) -> Markup {
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
            p.eyebrow { span.chip.id { (wording::safe(&due.case)) } " " (wording::safe(&due.title)) span.dim { " · step " (at) " of " (due.steps) } }
            h2 #due-title { (self.headline()) }
            @if let Some(line) = self.act() { (act(line, self.till)) }
            @else if due.step.as_ref().is_some_and(|step| step.guide.text.is_some() && step.guide.act.is_none()) {
                @let (words, command) = client_hint::job(self.till);
                div.act { div.till { p.hint { (code(&words)) } (copy("till-line", "line for the reference till", &command)) } }
            }
            @if let Some(step) = &due.step { (step_details::render(step, &due.met, self.act(), self.by_hand)) }
            @if let Some(step) = due.step.as_ref().filter(|step| step.kind != StepKind::Ends) {
                @let wait = u64::try_from(due.wait.as_millis()).unwrap_or(u64::MAX);
                div.clock data-since=(self.since_ms) data-wait=(wait) {
                    progress max=(wait) value="0" aria-label="How long this step has been waited for" {}
                    p.hint { span data-waited {} "waits up to " (long(wait)) " for " span { (wording::safe(&step.title)) } }
                }
            }
            div.actions {
                (order("/skip", "skip", "quiet", &[("case", &due.case), ("step", &at.to_string())], "Skip the wait"))
                (order("/again", "again-due", "quiet", &[("case", &due.case)], "Try this case again"))
            }
        }
    }

    fn between(&self) -> Markup {
        let cases = &self.certification_status.cases;
        let left: Vec<_> = cases.iter().filter(|case| !case.optional && case.status != CaseStatus::Passed).collect();
        html! {
            p.eyebrow { @if self.certification_status.over { "The cases are done" } @else { "Between two cases" } }
            h2 #due-title { (self.headline()) }
            @if self.certification_status.over && left.is_empty() {
                p {
                    "Every case that is needed was shown. The verdict also judges every call against the requirements"
                    @match self.certification_status.broken.len() {
                        0 => ".",
                        count => { ": " strong { (wording::count(count, "requirement")) " broken" } ", as told below." }
                    }
                }
            } @else if self.certification_status.over {
                p { (wording::count(left.len(), "case")) " of those that are needed " (if left.len() == 1 { "was" } else { "were" })
                    " not shown. Mend the till and try them again, or take the verdict as it stands." }
            } @else {
                p { "What is still open on the till is brought to its end before the next case begins." }
                @if let Some(line) = self.act() { (act(line, self.till)) }
            }
            @if self.certification_status.over {
                div.actions {
                    (order("/verdict", "verdict", "main", &[], "Stop recording and judge"))
                    // What was broken stays broken in this attempt.
                    @if self.anew && !self.certification_status.broken.is_empty() { (start_over("start-over-at-end")) }
                    @for case in left.iter().take(8) {
                        (order("/again", &format!("again-over-{}", case.id.replace('/', "-")), "quiet", &[("case", &case.id)],
                            &format!("Try {} again", wording::safe(&case.id))))
                    }
                }
            }
        }
    }
}

fn act(line: &Line, till: &str) -> Markup {
    let hint = client_hint::hint(line, till);
    html! {
        div.act {
            @if let Some(amount) = &line.amount {
                p.amount { span.unseen { "Amount " } (wording::safe(amount)) @if let Some(capture) = &line.capture { span.dim { " of which " (wording::safe(capture)) } } }
            }
            @for (name, on) in &line.restrictions { @if *on { span.chip { (wording::safe(name)) } } }
            @if let Some((words, command)) = hint {
                div.till { p.hint { (code(&words)) } (copy("till-line", "line for the reference till", &command)) }
            }
        }
    }
}
