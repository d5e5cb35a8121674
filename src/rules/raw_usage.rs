//! Which rules have raw access: exchanges are kept whole only for these.

use super::model::{Case, Check, Event, Feature, Pattern, Requirement};
use super::predicate::Predicate;
use std::sync::Arc;

impl Requirement {
    /// Whether one of its expressions or messages has raw access.
    pub(super) fn has_raw_access(&self) -> bool {
        self.checks.iter().any(has_raw_access)
    }
}

impl Feature {
    /// Whether an expression of one of its cases has raw access.
    pub(super) fn has_raw_access(&self) -> bool {
        self.cases.iter().any(of_case)
    }
}

fn has_raw_access(check: &Check) -> bool {
    let in_pattern = match &check.pattern {
        Pattern::Each { trigger, require: predicate } | Pattern::Never { trigger, forbid: predicate } => {
            of_event(trigger) || predicate.is_raw()
        }
        Pattern::AtMost { trigger, reset, .. } => of_event(trigger) || reset.iter().any(of_event),
        Pattern::Before { trigger, need, reset: more } | Pattern::After { trigger, need, until: more, .. } => {
            of_event(trigger) || need.iter().chain(more).any(of_event)
        }
        Pattern::Sum { trigger, add, at_most, reset } => {
            of_event(trigger) || add.is_raw() || at_most.is_raw() || reset.iter().any(of_event)
        }
        Pattern::Gap { from, to, .. } => of_event(from) || of_event(to),
    };
    in_pattern || check.message.is_raw()
}

fn of_event(event: &Event) -> bool {
    event.when.as_ref().is_some_and(Predicate::is_raw)
}

fn of_case(case: &Case) -> bool {
    let is_raw = |predicate: &Option<Arc<Predicate>>| predicate.as_ref().is_some_and(|predicate| predicate.is_raw());
    let in_steps = case.steps.iter().any(|step| is_raw(&step.when) || is_raw(&step.unneeded_when));
    is_raw(&case.applies) || is_raw(&case.broken_when) || in_steps
}
