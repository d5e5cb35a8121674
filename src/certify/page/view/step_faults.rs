//! View of the injected faults of the step due: for each fault whether it was injected, and whether the retry was seen.

use super::exchange;
use crate::api::Fault;
use crate::certify::injected_fault::InjectedFault;
use crate::report::html_kit::look::Look;
use crate::rules::model::{Step, StepKind};
use maud::{Markup, html};

/// A fault as it was injected: the observation, and when the client had met it, in ms since the start.
pub(crate) struct MetFault<'a> {
    pub fault: &'a InjectedFault,
    pub ended_ms: Option<u64>,
}

/// The faults of a step.
pub(super) fn render(step: &Step, met: &[MetFault<'_>]) -> Markup {
    html! {
        ul.faults {
            @for fault in &step.faults {
                (pair(*fault, step.kind, met.iter().find(|one| one.fault.fault == *fault)))
            }
            @if let Some(fault) = step.guide.every { li { div.warning { (Look::Warning.mark()) span { (every_attempt(fault)) } } } }
        }
    }
}

/// Two marks: the fault, and the retry that it asks for.
fn pair(fault: Fault, kind: StepKind, met: Option<&MetFault<'_>>) -> Markup {
    let injected = if met.is_some() { Look::Passed } else { Look::Open };
    let (attempt, retry) = words(fault, kind);
    html! {
        li {
            div.(injected) {
                (injected.mark())
                span { (attempt) }
                span.dim {
                    @match met {
                        Some(met) => { "injected in " (exchange::link(met.fault.exchange)) }
                        None => "not injected yet",
                    }
                }
            }
            (self::retry(retry, met))
        }
    }
}

fn retry(words: &str, met: Option<&MetFault<'_>>) -> Markup {
    let look = match met {
        Some(met) if met.fault.retry.is_some() => Look::Passed,
        Some(_) => Look::Current,
        None => Look::Open,
    };
    html! {
        div.(look) {
            (look.mark())
            span { (words) }
            span.dim {
                @match met {
                    Some(MetFault { fault: InjectedFault { retry: Some(number), .. }, .. }) => { "seen in " (exchange::link(*number)) }
                    Some(MetFault { ended_ms: Some(since), .. }) => { "not seen yet" span data-elapsed=(since) {} }
                    Some(_) => "the till is still waiting for a response",
                    None => "pending",
                }
            }
        }
    }
}

/// The texts of fault and retry.
fn words(fault: Fault, kind: StepKind) -> (&'static str, &'static str) {
    match (fault, kind) {
        (Fault::Timeout, StepKind::Polls) => ("Poll gets no response", "Till continues polling"),
        (_, StepKind::Polls) => ("Poll gets status 500", "Till continues polling"),
        (Fault::Timeout, _) => ("Attempt gets no response", "Retry with the same key and body"),
        _ => ("Attempt gets status 500", "Retry with the same key and body"),
    }
}

fn every_attempt(fault: Fault) -> &'static str {
    match fault {
        Fault::Timeout => "Every attempt gets no response until the till pauses for 30 s",
        _ => "Every attempt gets status 500 until the till pauses for 30 s",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Operation;
    use std::time::Instant;

    #[test]
    fn fault_and_retry_have_their_own_marks() {
        let features = crate::rules::load(None).unwrap().features.into_iter();
        let mut steps = features.flat_map(|feature| feature.cases).flat_map(|case| case.steps);
        let step = steps.find(|step| step.faults == [Fault::Timeout, Fault::ServerError]).unwrap();
        let of = |ended, retry| InjectedFault {
            fault: Fault::Timeout,
            operation: Operation::CREATE_POS,
            exchange: 3,
            call: String::new(),
            ended,
            retry,
        };
        let marks = |fault: &InjectedFault| {
            let met = [MetFault { fault, ended_ms: fault.ended.map(|_| 500) }];
            let shown = render(&step, &met).into_string();
            let marks: Vec<char> = shown.chars().filter(|c| "✓▸○✗".contains(*c)).collect();
            (marks.into_iter().collect::<String>(), shown)
        };
        assert_eq!(marks(&of(None, None)).0, "✓▸○○");
        let (open, shown) = marks(&of(Some(Instant::now()), None));
        assert!(open == "✓▸○○" && shown.contains("not seen yet<span data-elapsed=\"500\">"), "{shown}");
        let (seen, shown) = marks(&of(Some(Instant::now()), Some(4)));
        assert!(seen == "✓✓○○" && shown.contains("seen in <a href=\"/exchange/4\""), "{shown}");
    }
}
