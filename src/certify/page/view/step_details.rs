//! What is to be known of the step that is due: what its call meets on purpose, and what the customer does.

use crate::api::Fault;
use crate::certify::customer;
use crate::certify::driver_command::Line;
use crate::report::wording;
use crate::rules::model::{FollowUp, Guidance, Step, StepKind};
use maud::{Markup, html};

/// All of it; nothing where a step is only looked on for. `met`: the faults that came already; `line`: the act that is due.
pub fn render(step: &Step, met: &[Fault], line: Option<&Line>, by_hand: bool) -> Markup {
    if step.kind == StepKind::Ends {
        return html! {};
    }
    let guide = &step.guide;
    let every = guide.every.is_some();
    let refused = refusal(guide);
    let unhurt = step.faults.is_empty() && !every && refused.is_none();
    let customer = customer(guide, line);
    html! {
        dl.facts {
            div {
                dt { "The call" }
                dd {
                    code { (step.calls.iter().map(|call| call.name()).collect::<Vec<_>>().join(" or ")) }
                    @if unhurt { span.dim { " goes through unhurt" } }
                }
            }
            @if let Some(then) = refused {
                div {
                    dt { "It is refused on purpose" }
                    dd { (wording::safe(&step.title)) p.hint { (then) } }
                }
            }
            @if !step.faults.is_empty() || every {
                div {
                    dt { "It is hurt on purpose" }
                    dd {
                        ul.faults {
                            @for fault in &step.faults { (self::fault(*fault, step.kind, met.contains(fault))) }
                            @if every { li { span.mark aria-hidden="true" { "!" } "every send is answered 500, until the till gives up for now" } }
                        }
                    }
                }
            }
            @if !customer.is_empty() {
                div {
                    dt { @if by_hand { "You are the customer, who" } @else { "The customer" } }
                    dd { (customer) @if !by_hand { span.dim { " (by itself)" } } }
                }
            }
        }
    }
}

/// What the till has to do once the call is refused, where the case is about that.
fn refusal(guide: &Guidance) -> Option<&'static str> {
    if guide.obstruct {
        return Some("The till has to find the payment that is in the way, end it, and start its own again.");
    }
    guide.balance.is_some().then_some("The till has to leave it at that: the same must not be sent again.")
}

/// What the customer does, in words; nothing while an act of theirs is not due.
fn customer(guide: &Guidance, line: Option<&Line>) -> String {
    // Where something is to be done first, the customer acts in that alone.
    let is_due = |first: &FollowUp| line.is_some_and(|line| line.act == first.act && line.text == first.text);
    if guide.first.as_ref().is_some_and(|first| !is_due(first)) {
        return String::new();
    }
    let all = guide.customer.iter().filter_map(|name| customer::act(name, guide.account.as_deref()));
    let all: Vec<String> = all.map(customer::words).collect();
    let after = if guide.polls > 0 { format!(", after {} polls", guide.polls) } else { String::new() };
    if all.is_empty() { String::new() } else { format!("{}{after}", all.join(", then ")) }
}

fn fault(fault: Fault, kind: StepKind, met: bool) -> Markup {
    let what = match (fault, kind) {
        (Fault::Timeout, StepKind::Polls) => "one poll gets no answer: the till has to give it up and poll on",
        (Fault::Timeout, _) => "once it gets no answer: the till has to give up and send the same again",
        (_, StepKind::Polls) => "one poll is answered 500: the till has to poll on, not at once",
        _ => "once it is answered 500: the till has to send the same again",
    };
    html! {
        li class=(if met { "met" } else { "to-come" }) {
            span.mark aria-hidden="true" { (if met { "✓" } else { "○" }) }
            (what) span.dim { (if met { " (met)" } else { " (to come)" }) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All steps of the built-in cases whose guide is of this kind.
    fn steps(wanted: impl Fn(&Step) -> bool) -> Vec<Step> {
        let features = crate::rules::load(None).unwrap().features.into_iter();
        features.flat_map(|feature| feature.cases).flat_map(|case| case.steps).filter(|step| wanted(step)).collect()
    }

    fn shown(step: &Step, line: Option<&Line>) -> String {
        render(step, &[], line, false).into_string()
    }

    #[test]
    fn what_is_refused_on_purpose_does_not_go_through_unhurt() {
        for step in steps(|step| step.guide.obstruct) {
            let text = shown(&step, None);
            assert!(text.contains("refused on purpose") && text.contains("409/1301") && text.contains("in the way"));
            assert!(!text.contains("unhurt"), "{text}");
        }
        for step in steps(|step| step.guide.balance.is_some()) {
            let text = shown(&step, None);
            assert!(text.contains("refused on purpose") && text.contains("must not be sent again"), "{text}");
            assert!(!text.contains("unhurt"), "{text}");
        }
        assert!(steps(|step| step.kind == StepKind::Ends).iter().all(|step| shown(step, None).is_empty()));
    }

    #[test]
    fn the_customer_is_told_of_only_while_they_have_a_part() {
        for step in steps(|step| step.guide.first.is_some()) {
            let first = Line::of_then("case", 1, step.guide.first.as_ref().unwrap());
            let act = Line::of_step("case", 1, &step.guide).unwrap();
            assert!(shown(&step, Some(&first)).contains("The customer"));
            assert!(!shown(&step, Some(&act)).contains("The customer") && !shown(&step, None).contains("The customer"));
        }
        let others = steps(|step| step.guide.first.is_none() && !step.guide.customer.is_empty());
        assert!(others.iter().all(|step| shown(step, None).contains("The customer")));
    }
}
