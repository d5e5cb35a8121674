//! Facts about the steps of a case: the first one with an action, the steps reached, the backend's configuration.

use super::super::action::Action;
use crate::api::Amount;
use crate::rules::model::{Case, Step, StepKind};
use crate::verify::progress::{CaseProgress, Progress};
use std::time::Duration;

/// The actions that configure the backend for a step.
pub(super) fn arrange(case: &Case, due: usize, hold: Duration) -> Vec<Action> {
    let Some(guide) = case.steps.get(due).map(|step| &step.guide) else { return Vec::new() };
    let balance = guide.balance.as_deref().and_then(|text| Amount::parse(text).ok());
    let obstruct = guide.obstruct.then_some(Action::BlockPos);
    let hold = guide.hold_refunds.then_some(Action::HoldRefunds(hold));
    obstruct.into_iter().chain(balance.map(Action::Balance)).chain(hold).collect()
}

/// Whether a step refunds more than is left of any captured payment.
pub(super) fn needs_first(step: Option<&Step>, so_far: &Progress) -> bool {
    let Some(guide) = step.map(|step| &step.guide).filter(|guide| guide.first.is_some()) else { return false };
    let amount = guide.amount.as_deref().and_then(|text| Amount::parse(text).ok());
    amount.is_some_and(|amount| amount.0 > so_far.refundable) || so_far.refundable == 0
}

/// Whether a step is the observation at the end of a case.
pub(super) fn is_end(step: &Step) -> bool {
    step.kind == StepKind::Ends
}

/// The index of the first step with an action on the till.
pub(super) fn first_action_step(steps: &[Step]) -> usize {
    steps.iter().position(|step| step.guide.act.is_some()).unwrap_or(0)
}

/// The exchanges that passed the first steps, in the best try whose first till action came after exchange `since`.
pub(super) fn best_try<'p>(steps: &[Step], progress: &'p CaseProgress, since: u64) -> &'p [u64] {
    let opening = first_action_step(steps);
    let counts = |shown: &&Vec<u64>| shown.get(opening).is_none_or(|number| *number > since);
    progress.tries.iter().filter(counts).max_by_key(|shown| shown.len()).map_or(&[], Vec::as_slice)
}

/// How many steps have passed in that try.
pub(super) fn reached(steps: &[Step], progress: &CaseProgress, since: u64) -> usize {
    best_try(steps, progress, since).len()
}
