//! What people ask of the course while it is under way: a case once more, no longer wait, everything from the start.

use super::super::action::Action;
use super::super::driver_command::Line;
use super::{Schedule, Stage, first_told};
use crate::api::Operation;
use crate::rules::model::StepKind;
use crate::verify::progress::Progress;
use crate::verify::verdict::CaseStatus;
use std::time::Instant;

impl Schedule {
    /// A case once more, now; then the course goes on where it was.
    ///
    /// # Errors
    /// A sentence where there is no such case, or nothing to be gained from trying it.
    pub fn again(&mut self, case: &str, so_far: &Progress, now: Instant) -> Result<Vec<Action>, String> {
        let found = self.plan.iter().position(|planned| planned.case.id == case);
        let at = found.ok_or_else(|| format!("`{case}` is no case of the chosen features"))?;
        if self.is_closing() {
            return Err("a new attempt is about to begin, with all cases".to_owned());
        }
        if !self.plan.get(at).is_some_and(|planned| planned.possible) {
            return Err(format!("{case} needs a feature that is not chosen"));
        }
        if so_far.cases.get(at).is_some_and(|standing| standing.verdict.status == CaseStatus::Passed) {
            return Err(format!("{case} is passed already; what else the client did is judged all the same"));
        }
        let mut orders = vec![Action::Say(format!("{case} once more"))];
        orders.extend(self.let_go(so_far));
        if at != self.at {
            self.resume.get_or_insert(self.at);
        }
        self.at = at;
        let told = self.plan.get(at).and_then(|planned| planned.case.steps.get(first_told(&planned.case.steps)));
        let creates = told.is_some_and(|step| step.calls.contains(&Operation::CreatePos));
        self.stage = if creates || so_far.onboarded() {
            Stage::Tidy { since: now }
        } else {
            Stage::Forgotten { told: false, since: now }
        };
        Ok(orders)
    }

    /// What is waited for is waited for no longer: a step that is due fails, as if its time had run out.
    ///
    /// # Errors
    /// A sentence where nothing is waited for.
    pub fn skip(&mut self) -> Result<(), String> {
        if let Stage::Under { due, .. } = self.stage {
            let steps = self.plan.get(self.at).map_or(&[][..], |planned| &planned.case.steps);
            if steps.iter().skip(due).all(|step| step.kind == StepKind::Ends) {
                return Err("nothing more is waited for: it is only looked on for a moment".to_owned());
            }
        }
        if matches!(self.stage, Stage::Over | Stage::Closed) {
            return Err("nothing is waited for".to_owned());
        }
        self.hasten = true;
        Ok(())
    }

    /// Everything from the start, in a new attempt: what is still open comes to its end in the old one first.
    ///
    /// # Errors
    /// A sentence where that is under way already.
    pub fn start_over(&mut self, so_far: &Progress, now: Instant) -> Result<Vec<Action>, String> {
        if self.is_closing() {
            return Err("a new attempt is about to begin already".to_owned());
        }
        let mut orders = vec![Action::Say("everything once more, in a new attempt".to_owned())];
        orders.extend(self.let_go(so_far));
        self.stage = Stage::Closing { since: now };
        Ok(orders)
    }

    /// The new attempt has begun.
    pub fn begin_attempt(&mut self, now: Instant) {
        (self.at, self.resume) = (0, None);
        self.stage = Stage::Tidy { since: now };
    }

    fn is_closing(&self) -> bool {
        matches!(self.stage, Stage::Closing { .. } | Stage::Closed)
    }

    /// Lets the case under way go; what the client has left open is to be cancelled.
    fn let_go(&mut self, so_far: &Progress) -> Vec<Action> {
        let case = self.plan.get(self.at).map(|planned| planned.case.id.clone()).unwrap_or_default();
        (self.hasten, self.first_is_due, self.clear_is_due, self.nudged) = (false, false, false, false);
        let mut orders = vec![Action::StopPlaying];
        if std::mem::take(&mut self.arranged) {
            orders.push(Action::Restore);
        }
        if so_far.open {
            orders.push(Action::Tell(Line::abort(&case)));
        }
        orders
    }
}
