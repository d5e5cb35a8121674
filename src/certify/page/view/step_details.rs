//! View of the details of a step: its call, the injected faults and the customer's actions.

use super::step_faults::{self, MetFault};
use crate::certify::customer;
use crate::certify::driver_command::DriverCommand;
use crate::report::wording;
use crate::rules::guidance::{FollowUp, Guidance};
use crate::rules::model::{Step, StepKind};
use maud::{Markup, html};

/// The details; nothing for a step that only observes. `met`: faults already injected; `line`: the command due.
pub(crate) fn render(step: &Step, met: &[MetFault<'_>], line: Option<&DriverCommand>, by_hand: bool) -> Markup {
    if step.kind == StepKind::Ends {
        return html! {};
    }
    let guide = &step.guide;
    let every = guide.every;
    let refused = refusal(guide);
    let fault_free = step.faults.is_empty() && every.is_none() && refused.is_none();
    let customer = customer(guide, line);
    html! {
        dl.facts {
            div {
                dt { "Call" }
                dd {
                    code { (step.calls.iter().map(|call| call.name()).collect::<Vec<_>>().join(" or ")) }
                    @if fault_free { span.dim { " no injected fault" } }
                }
            }
            @if let Some(then) = refused {
                div {
                    dt { "Expected refusal" }
                    dd { (wording::safe(&step.title)) p.hint { (then) } }
                }
            }
            @if !step.faults.is_empty() || every.is_some() {
                div {
                    dt { "Injected faults" }
                    dd { (step_faults::render(step, met)) }
                }
            }
            @if !customer.is_empty() {
                div {
                    dt { @if by_hand { "You act as the customer, who" } @else { "Simulated customer" } }
                    dd { (customer) @if !by_hand { span.dim { " (automatic)" } } }
                }
            }
        }
    }
}

/// What the till has to do after the refusal, if the case is about one.
fn refusal(guide: &Guidance) -> Option<&'static str> {
    if guide.obstruct {
        return Some("The till has to find the conflicting payment, end it, and start its own again.");
    }
    guide.balance.is_some().then_some("The till must not retry: the same request must not be sent again.")
}

/// The customer's actions as text; empty while none is due.
fn customer(guide: &Guidance, line: Option<&DriverCommand>) -> String {
    // If the step has a preparatory action, the customer acts only in that.
    let is_due = |first: &FollowUp| line.is_some_and(|line| line.act == first.act && line.text == first.text);
    if guide.first.as_ref().is_some_and(|first| !is_due(first)) {
        return String::new();
    }
    let all = guide.customer.iter().filter_map(|name| customer::act(name, guide.account.as_deref()));
    let all: Vec<String> = all.map(customer::words).collect();
    let after = if guide.polls > 0 { format!(", after {} polls", guide.polls) } else { String::new() };
    if all.is_empty() { String::new() } else { format!("{}{after}", all.join(", then ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All steps of the built-in cases whose guide is of this kind.
    fn steps(wanted: impl Fn(&Step) -> bool) -> Vec<Step> {
        let features = crate::rules::load(None).unwrap().features.into_iter();
        features.flat_map(|feature| feature.cases).flat_map(|case| case.steps).filter(|step| wanted(step)).collect()
    }

    fn shown(step: &Step, line: Option<&DriverCommand>) -> String {
        render(step, &[], line, false).into_string()
    }

    #[test]
    fn refused_step_is_not_labelled_fault_free() {
        for step in steps(|step| step.guide.obstruct) {
            let text = shown(&step, None);
            assert!(text.contains("Expected refusal") && text.contains("409/1301") && text.contains("conflicting"));
            assert!(!text.contains("no injected fault"), "{text}");
        }
        for step in steps(|step| step.guide.balance.is_some()) {
            let text = shown(&step, None);
            assert!(text.contains("Expected refusal") && text.contains("must not be sent again"), "{text}");
            assert!(!text.contains("no injected fault"), "{text}");
        }
        assert!(steps(|step| step.kind == StepKind::Ends).iter().all(|step| shown(step, None).is_empty()));
    }

    #[test]
    fn customer_is_shown_only_while_their_actions_are_due() {
        for step in steps(|step| step.guide.first.is_some()) {
            let first = DriverCommand::of_then("case", 1, step.guide.first.as_ref().unwrap());
            let act = DriverCommand::of_step("case", 1, &step.guide).unwrap();
            assert!(shown(&step, Some(&first)).contains("Simulated customer"));
            assert!(!shown(&step, Some(&act)).contains("Simulated customer"));
            assert!(!shown(&step, None).contains("Simulated customer"));
        }
        let others = steps(|step| step.guide.first.is_none() && !step.guide.customer.is_empty());
        assert!(others.iter().all(|step| shown(step, None).contains("Simulated customer")));
    }
}
