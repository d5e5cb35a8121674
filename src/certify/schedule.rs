//! The schedule of the cases: the current case, the step due and the actions to perform.
//!
//! It does no I/O: input is the progress of the cases and the time, output is a list of actions. From the first step
//! with a till action on, only exchanges recorded since the case started count. A payment of an earlier case can
//! therefore not pass a step of this one.

mod case_steps;
mod operator_commands;
mod step_timeouts;

pub(crate) use step_timeouts::StepTimeouts;

use super::action::{Action, CustomerAction, Planned, acts, case_line, step_line};
use super::driver_command::DriverCommand;
use crate::api::customer::CustomerAct;
use crate::capture::record::{StepTimeout, StepTimeoutReason};
use crate::report::wording::case_sentence;
use crate::rules::model::{Case, Step, StepKind};
use crate::verify::progress::{CaseProgress, Progress};
use crate::verify::verdict::CaseStatus;
use case_steps::{arrange, best_try, first_action_step, is_end, needs_first, reached};
use std::time::{Duration, Instant};
use step_timeouts::ReceivedCalls;

/// Upper limit for one step, however often its deadline is extended: a multiple of the step timeout, plus a fixed time.
const LONGEST: (u32, Duration) = (3, Duration::from_secs(120));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The client has no PoS at this backend: the action of the first case is repeated, with its faults.
    BackendReset { instruction_sent: bool, since: Instant },
    /// Before a case: resources that the previous case left open are closed.
    CleaningUp { since: Instant },
    /// A case is in progress.
    Running { since_number: u64, due: usize, begun: Instant, due_since: Instant },
    /// Before a new attempt: open resources are closed.
    Closing { since: Instant },
    /// The record of the new attempt is about to be written into the capture.
    Closed,
    /// No case is left.
    Over,
}

/// The schedule.
pub(crate) struct Schedule {
    plan: Vec<Planned>,
    at: usize,
    phase: Phase,
    step_timeouts: StepTimeouts,
    received: ReceivedCalls,
    /// The case to return to after a case that the operator repeats.
    resume: Option<usize>,
    /// The operator skipped the current wait.
    skip_wait: bool,
    /// The backend is configured for the case and has to be restored.
    arranged: bool,
    first_is_due: bool,
    clear_is_due: bool,
    cleared: bool,
    /// The customer was asked to cancel the open payment.
    cancel_requested: bool,
}

impl Schedule {
    /// A schedule before its first case.
    pub(crate) fn new(plan: Vec<Planned>, step_timeouts: StepTimeouts, now: Instant) -> Schedule {
        Schedule {
            plan,
            at: 0,
            phase: Phase::CleaningUp { since: now },
            step_timeouts,
            received: ReceivedCalls::default(),
            resume: None,
            skip_wait: false,
            arranged: false,
            first_is_due: false,
            clear_is_due: false,
            cleared: false,
            cancel_requested: false,
        }
    }

    /// Resumes against a backend that lost its state; repeats onboarding first.
    pub(crate) fn backend_reset(self, now: Instant) -> Schedule {
        Schedule { phase: Phase::BackendReset { instruction_sent: false, since: now }, ..self }
    }

    /// The client has a PoS at this backend.
    pub(crate) fn onboarded(&mut self, now: Instant) {
        if matches!(self.phase, Phase::BackendReset { .. }) {
            self.phase = Phase::CleaningUp { since: now };
        }
    }

    /// Whether no case is left.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// The id of the current case.
    pub(crate) fn case(&self) -> Option<&str> {
        match self.phase {
            Phase::Running { .. } => self.plan.get(self.at).map(|planned| planned.case.id.as_str()),
            _ => None,
        }
    }

    /// The steps of the current case, and the index of the step due; the number of steps if none is left.
    pub(crate) fn due(&self) -> Option<(&[Step], usize)> {
        match self.phase {
            Phase::Running { due, .. } => self.plan.get(self.at).map(|planned| (&planned.case.steps[..], due)),
            Phase::BackendReset { .. } => self.plan.first().map(|planned| (&planned.case.steps[..], 0)),
            _ => None,
        }
    }

    /// The current case, the index of its step due, the start of the wait for it, and the longest wait.
    pub(crate) fn under_way(&self) -> Option<(&Case, usize, Instant, Duration)> {
        let (at, due, since) = match self.phase {
            Phase::Running { due, due_since, .. } => (self.at, due, due_since),
            Phase::BackendReset { since, .. } => (0, 0, since),
            Phase::CleaningUp { .. } | Phase::Closing { .. } | Phase::Closed | Phase::Over => return None,
        };
        let case = &self.plan.get(at)?.case;
        Some((case, due, since, self.longest_wait(case.steps.get(due))))
    }

    /// The exchanges that passed the first steps of the current case since it started, in order.
    pub(crate) fn exchanges_of_try(&self, so_far: &Progress) -> Vec<u64> {
        let Phase::Running { since_number, .. } = self.phase else { return Vec::new() };
        let both = self.plan.get(self.at).zip(so_far.cases.get(self.at));
        both.map_or_else(Vec::new, |(planned, case)| best_try(&planned.case.steps, case, since_number).to_vec())
    }

    /// Whether the till has to onboard again, because the backend lost its PoS.
    pub(crate) fn is_onboarding_again(&self) -> bool {
        matches!(self.phase, Phase::BackendReset { .. })
    }

    /// How many cases of the plan are finished.
    pub(crate) fn cases_done(&self) -> usize {
        self.at
    }

    /// The timeout of a step.
    fn longest_wait(&self, step: Option<&Step>) -> Duration {
        let StepTimeouts { step: usual, first_call, .. } = self.step_timeouts;
        let wait = if self.received.begun { usual } else { first_call };
        step.map_or(wait, |step| wait.max(Duration::from_secs(step.guide.wait_s)))
    }

    /// The step due, as text, and how long it has been due.
    pub(crate) fn waiting(&self, now: Instant) -> Option<(String, Duration)> {
        let Phase::Running { due, due_since, .. } = self.phase else { return None };
        let case = &self.plan.get(self.at)?.case;
        let step = case.steps.get(due)?;
        Some((format!("{} step {}: {}", case.id, due + 1, step.title), now.saturating_duration_since(due_since)))
    }

    /// The step due has made progress without passing: a fault was injected, or the customer acted. Its timeout starts
    /// again.
    pub(crate) fn extend_deadline(&mut self, now: Instant) {
        let longest = self.step_timeouts.step.saturating_mul(LONGEST.0).saturating_add(LONGEST.1);
        if let Phase::Running { begun, due_since, .. } = &mut self.phase
            && now.saturating_duration_since(*begun) < longest
        {
            *due_since = now;
        }
    }

    /// Advances as far as the records allow. `last_number` is the last exchange that has ended.
    pub(crate) fn advance(&mut self, so_far: &Progress, last_number: u64, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        loop {
            let before = (self.at, self.phase);
            let phase = self.phase;
            match phase {
                Phase::Over | Phase::Closed => return actions,
                Phase::BackendReset { instruction_sent: false, since } => {
                    actions
                        .push(Action::Log("the client has no point of sale at this backend: onboard first".to_owned()));
                    let first = self.plan.first().and_then(|planned| Some((planned, planned.case.steps.first()?)));
                    let command =
                        first.and_then(|(planned, step)| DriverCommand::of_step(&planned.case.id, 1, &step.guide));
                    actions.extend(command.map(Action::SendToTill));
                    self.phase = Phase::BackendReset { instruction_sent: true, since };
                }
                Phase::BackendReset { since, .. } if self.is_long(since, self.longest_wait(None), now) => {
                    self.received.begun = true;
                    self.phase = Phase::CleaningUp { since: now };
                }
                Phase::CleaningUp { since } if !so_far.open || self.is_long(since, self.step_timeouts.step, now) => {
                    self.open_next(so_far, last_number, now, &mut actions);
                }
                Phase::Closing { since } if !so_far.open || self.is_long(since, self.step_timeouts.step, now) => {
                    self.phase = Phase::Closed;
                    actions.push(Action::NewAttempt);
                }
                Phase::Running { .. } => self.continue_case(so_far, last_number, now, &mut actions),
                Phase::CleaningUp { since } | Phase::Closing { since } => self.request_cancel(since, now, &mut actions),
                Phase::BackendReset { .. } => {}
            }
            // The result of the case after a timeout is reported before the next case is opened.
            let waited = actions.iter().any(|action| matches!(action, Action::StepTimeout(_)));
            if waited || before == (self.at, self.phase) {
                return actions;
            }
        }
    }

    /// Whether a wait is over: it lasted long enough, or the operator skipped it.
    fn is_long(&mut self, since: Instant, wait: Duration, now: Instant) -> bool {
        std::mem::take(&mut self.skip_wait) || now.saturating_duration_since(since) >= wait
    }

    fn open_next(&mut self, so_far: &Progress, last_number: u64, now: Instant, actions: &mut Vec<Action>) {
        let Some(planned) = self.plan.get(self.at) else {
            self.phase = Phase::Over;
            return;
        };
        let case = &planned.case;
        let progress = so_far.cases.get(self.at);
        let passed = progress.is_some_and(|progress| progress.verdict.status == CaseStatus::Passed);
        if passed {
            let shown = progress.map(|progress| case_sentence(&progress.verdict)).unwrap_or_default();
            actions.push(Action::Log(format!("✓ {} {}: already {shown}", case.id, case.title)));
        }
        if passed || !planned.possible {
            self.at = self.resume.take().unwrap_or(self.at + 1);
            return;
        }
        actions.push(Action::Log(format!("{} {}", case.id, case.title)));
        let due = progress.map_or(0, |progress| reached(&case.steps, progress, last_number));
        // Steps before the first till action have not passed. The till gets that action anyway: later cases need it.
        let opening = first_action_step(&case.steps);
        let opening = case.steps.get(opening).filter(|_| due < opening).map(|step| (opening + 1, &step.guide));
        let command = opening.and_then(|(at, guide)| DriverCommand::of_step(&case.id, at, guide));
        self.cleared = false;
        self.phase = Phase::Running { since_number: last_number, due, begun: now, due_since: now };
        self.begin_step(due, so_far, actions);
        actions.extend(command.map(Action::SendToTill));
    }

    fn continue_case(&mut self, so_far: &Progress, last_number: u64, now: Instant, actions: &mut Vec<Action>) {
        let Phase::Running { since_number, due, due_since, .. } = self.phase else { return };
        let (Some(planned), Some(progress)) = (self.plan.get(self.at), so_far.cases.get(self.at)) else {
            self.phase = Phase::Over;
            return;
        };
        let steps = &planned.case.steps;
        let ends = |from: usize| steps.iter().skip(from).all(|step| step.kind == StepKind::Ends);
        let witnessed = progress.verdict.status == CaseStatus::Passed && !steps.iter().any(is_end);
        let now_due = if witnessed { steps.len() } else { reached(steps, progress, since_number) };
        if now_due > due {
            let lit = steps.iter().enumerate().take(now_due).skip(due);
            actions.extend(lit.map(|(at, step)| Action::Log(step_line(progress, step, at))));
            self.phase = Phase::Running { since_number, due: now_due, begun: now, due_since: now };
            self.begin_step(now_due, so_far, actions);
            return;
        }
        let first_is_done = self.first_is_due && !needs_first(steps.get(due), so_far);
        let clear_is_done = self.clear_is_due && !so_far.onboarded();
        let found = !self.cleared && so_far.found() && steps.get(due).is_some_and(|step| step.guide.clear.is_some());
        if first_is_done || clear_is_done || found {
            self.phase = Phase::Running { since_number, due, begun: now, due_since: now };
            self.begin_step(due, so_far, actions);
            return;
        }
        let waited = now.saturating_duration_since(due_since);
        let quiet = ends(due) && waited >= self.step_timeouts.observe;
        let settled = matches!(progress.verdict.status, CaseStatus::Passed | CaseStatus::Failed);
        if due >= steps.len() || quiet && settled {
            return self.close(progress, now, actions);
        }
        // A call came that must not come, and the case has no commit point that would report it.
        let in_vain = quiet && !settled;
        let wait = self.longest_wait(steps.get(due));
        let skipped = !in_vain && !ends(due) && std::mem::take(&mut self.skip_wait);
        if in_vain || skipped || !ends(due) && waited >= wait {
            self.received.begun = true;
            let over = StepTimeout {
                case: planned.case.id.clone(),
                step: u32::try_from(due + 1).unwrap_or(u32::MAX),
                waited_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
                after_number: last_number,
                calls: Some(self.received.calls),
                step_calls: Some(self.received.step_calls),
                ended: Some(match (in_vain, skipped) {
                    (true, _) => StepTimeoutReason::Contradicted,
                    (_, true) => StepTimeoutReason::Skipped,
                    _ => StepTimeoutReason::TimedOut,
                }),
            };
            actions.push(Action::Log(format!("  step {} not passed after {} s", due + 1, waited.as_secs())));
            let command = DriverCommand::abort(&planned.case.id);
            actions.extend([Action::ClearQueue, Action::StepTimeout(over)]);
            self.leave(now, actions);
            if so_far.open {
                actions.push(Action::SendToTill(command));
            }
        }
    }

    fn close(&mut self, progress: &CaseProgress, now: Instant, actions: &mut Vec<Action>) {
        actions.push(Action::Log(case_line(progress)));
        self.leave(now, actions);
    }

    fn leave(&mut self, now: Instant, actions: &mut Vec<Action>) {
        if std::mem::take(&mut self.arranged) {
            actions.push(Action::Restore);
        }
        self.at = self.resume.take().unwrap_or(self.at + 1);
        self.cancel_requested = false;
        self.phase = Phase::CleaningUp { since: now };
    }

    /// If the till does not cancel the open payment, the customer does, after half the timeout. Not earlier: a
    /// cancellation by the customer would pass a case that is about one.
    fn request_cancel(&mut self, since: Instant, now: Instant, actions: &mut Vec<Action>) {
        if !self.cancel_requested && now.saturating_duration_since(since) >= self.step_timeouts.step / 2 {
            self.cancel_requested = true;
            actions.push(Action::Queue(vec![CustomerAction::Act(CustomerAct::Cancel)]));
        }
    }

    fn begin_step(&mut self, due: usize, so_far: &Progress, actions: &mut Vec<Action>) {
        let Some(planned) = self.plan.get(self.at) else { return };
        let case = &planned.case;
        self.received.next_step();
        (self.skip_wait, self.first_is_due, self.clear_is_due) = (false, false, false);
        let Some(step) = case.steps.get(due) else { return };
        let guide = &step.guide;
        if due == 0 || guide.act.is_some() && first_action_step(&case.steps) == due {
            actions.push(Action::ClearQueue);
        }
        if let Some(clear) = guide.clear.as_ref().filter(|_| !self.cleared && so_far.onboarded()) {
            (self.cleared, self.clear_is_due) = (true, true);
            actions.push(Action::SendToTill(DriverCommand::of_then(&case.id, due + 1, clear)));
            return;
        }
        if let Some(first) = guide.first.as_ref().filter(|_| needs_first(Some(step), so_far)) {
            self.first_is_due = true;
            actions.push(Action::SendToTill(DriverCommand::of_then(&case.id, due + 1, first)));
            actions.push(Action::Queue(acts(&guide.customer, guide.account.as_deref())));
            return;
        }
        // Half the timeout: some tills cancel a refund only once it is reserved.
        let arranged = arrange(case, due, self.step_timeouts.step / 2);
        self.arranged |= !arranged.is_empty();
        actions.extend(arranged);
        if let Some(command) = DriverCommand::of_step(&case.id, due + 1, guide) {
            actions.push(Action::SendToTill(command));
        } else if let Some(text) = &guide.text {
            actions.push(Action::Log(format!("  step {}: {text}", due + 1)));
        }
        if guide.first.is_some() {
            return;
        }
        let mut plays = acts(&guide.customer, guide.account.as_deref());
        if let Some(then) = &guide.then {
            plays.insert(
                plays.len().min(1),
                CustomerAction::SendToTill(DriverCommand::of_then(&case.id, due + 1, then)),
            );
        }
        if guide.polls > 0 {
            plays.insert(0, CustomerAction::Polls(guide.polls));
        }
        if !plays.is_empty() {
            actions.push(Action::Queue(plays));
        }
    }
}

#[cfg(test)]
mod tests;
