//! Operator commands on a running schedule: repeat a case, skip a wait, start over.

use super::super::action::Action;
use super::super::driver_command::DriverCommand;
use super::case_steps::first_action_step;
use super::{Phase, Schedule};
use crate::api::Operation;
use crate::rules::model::StepKind;
use crate::verify::progress::Progress;
use crate::verify::verdict::CaseStatus;
use std::time::Instant;

impl Schedule {
    /// Repeats a case now, then returns to the current one.
    ///
    /// # Errors
    /// The case is unknown, has already passed or cannot be run, or a new attempt is about to start.
    pub(crate) fn again(&mut self, case: &str, so_far: &Progress, now: Instant) -> Result<Vec<Action>, String> {
        let found = self.plan.iter().position(|planned| planned.case.id == case);
        let at = found.ok_or_else(|| format!("`{case}` is not a case of the selected features"))?;
        if self.is_closing() {
            return Err("a new attempt is about to start, with all cases".to_owned());
        }
        if !self.plan.get(at).is_some_and(|planned| planned.possible) {
            return Err(format!("{case} needs a feature that is not selected"));
        }
        if so_far.cases.get(at).is_some_and(|standing| standing.verdict.status == CaseStatus::Passed) {
            return Err(format!("{case} has already passed"));
        }
        let mut actions = vec![Action::Log(format!("repeating {case}"))];
        actions.extend(self.let_go(so_far));
        if at != self.at {
            self.resume.get_or_insert(self.at);
        }
        self.at = at;
        let first_action_step =
            self.plan.get(at).and_then(|planned| planned.case.steps.get(first_action_step(&planned.case.steps)));
        let creates = first_action_step.is_some_and(|step| step.calls.contains(&Operation::CREATE_POS));
        self.phase = if creates || so_far.onboarded() {
            Phase::CleaningUp { since: now }
        } else {
            Phase::BackendReset { instruction_sent: false, since: now }
        };
        Ok(actions)
    }

    /// Skips the current wait: the step due fails as if it had timed out.
    ///
    /// # Errors
    /// No step is due.
    pub(crate) fn skip(&mut self) -> Result<(), String> {
        if let Phase::Running { due, .. } = self.phase {
            let steps = self.plan.get(self.at).map_or(&[][..], |planned| &planned.case.steps);
            if steps.iter().skip(due).all(|step| step.kind == StepKind::Ends) {
                return Err("no step is due: poscert only checks that no further call arrives".to_owned());
            }
        }
        if matches!(self.phase, Phase::Over | Phase::Closed) {
            return Err("no step is due".to_owned());
        }
        self.skip_wait = true;
        Ok(())
    }

    /// Starts all cases again in a new attempt, once open resources of the old one are closed.
    ///
    /// # Errors
    /// A new attempt is already about to start.
    pub(crate) fn start_over(&mut self, so_far: &Progress, now: Instant) -> Result<Vec<Action>, String> {
        if self.is_closing() {
            return Err("a new attempt is already about to start".to_owned());
        }
        let mut actions = vec![Action::Log("starting over with a new attempt".to_owned())];
        actions.extend(self.let_go(so_far));
        self.phase = Phase::Closing { since: now };
        Ok(actions)
    }

    /// The new attempt has begun.
    pub(crate) fn begin_attempt(&mut self, now: Instant) {
        (self.at, self.resume) = (0, None);
        self.phase = Phase::CleaningUp { since: now };
    }

    fn is_closing(&self) -> bool {
        matches!(self.phase, Phase::Closing { .. } | Phase::Closed)
    }

    /// Abandons the current case, and tells the till to cancel what it left open.
    fn let_go(&mut self, so_far: &Progress) -> Vec<Action> {
        let case = self.plan.get(self.at).map(|planned| planned.case.id.clone()).unwrap_or_default();
        (self.skip_wait, self.first_is_due, self.clear_is_due, self.cancel_requested) = (false, false, false, false);
        let mut actions = vec![Action::ClearQueue];
        if std::mem::take(&mut self.arranged) {
            actions.push(Action::Restore);
        }
        if so_far.open {
            actions.push(Action::SendToTill(DriverCommand::abort(&case)));
        }
        actions
    }
}
