//! Operator commands during a certification, from the web page or the keyboard.

use super::super::pos_registry::PosEntry;
use super::{AtEnd, Director, State};
use crate::capture::Record;
use crate::capture::record::{AttemptStart, Notification};
use crate::verify::verdict::Outcome;
use crate::verify::{Evaluator, Input, Options};
use std::time::Instant;

impl Director {
    /// Repeats a case now, then returns to the current one. `case` is the id of a case in [`Director::so_far`].
    ///
    /// # Errors
    /// The case is unknown, has already passed or cannot be run.
    pub(crate) fn again(&self, case: &str) -> Result<(), String> {
        self.asked(|state, now| {
            let actions = state.schedule.again(case, &state.so_far, now)?;
            state.fault_plan.next_case();
            state.failures.remove(case);
            state.asked_check_in = 0;
            state.actions.extend(actions);
            Ok(())
        })
    }

    /// Skips the current wait: the step due fails as if it had timed out.
    ///
    /// # Errors
    /// No step is due.
    pub(crate) fn skip_wait(&self) -> Result<(), String> {
        self.asked(|state, _| state.schedule.skip())
    }

    /// Starts all cases again in a new attempt of the same capture, once open resources are closed.
    ///
    /// # Errors
    /// A new attempt is already about to start.
    pub(crate) fn start_over(&self) -> Result<(), String> {
        self.asked(|state, now| {
            let actions = state.schedule.start_over(&state.so_far, now)?;
            state.fault_plan.next_case();
            state.actions.extend(actions);
            Ok(())
        })
    }

    /// Keeps the certification open after the last case until [`Director::finish`], so that cases can be repeated.
    pub(crate) fn stay(&self) {
        self.state().end = AtEnd::Stay;
    }

    /// Ends the certification. Cases that have not run are reported as not tested.
    pub(crate) fn finish(&self) {
        self.state().end = AtEnd::EndedByOperator;
        self.changed.notify_one();
    }

    /// The PoS that the client works with.
    pub(crate) fn point(&self) -> Option<PosEntry> {
        self.state().point()
    }

    /// The number of the last exchange that has ended.
    pub(crate) fn last_number(&self) -> u64 {
        self.state().last_number
    }

    /// Passes a check-in notification to the evaluator.
    pub(crate) fn notified(&self, sent: &Notification) {
        self.state().take(&Record::Notification(sent.clone()));
    }

    /// Starts a new attempt and returns its record, which the caller writes into the capture. `next_number` is the
    /// number of the next exchange: lower numbers belong to the previous attempt, even if they end later.
    pub(crate) fn begin_attempt(&self, next_number: u64) -> AttemptStart {
        let mut state = self.state();
        let first_number = next_number.max(state.last_number.saturating_add(1));
        let ended_as = state.ended_as().unwrap_or_else(|error| {
            state.broken.get_or_insert(error);
            String::new()
        });
        state.attempt = state.attempt.saturating_add(1);
        let record = AttemptStart { number: state.attempt, first_number, ended_as };
        state.next = first_number;
        state.last_number = first_number.saturating_sub(1);
        state.out_of_order.clear();
        state.reported.clear();
        state.failures.clear();
        state.pos_registry.forget();
        state.focus.pos = None;
        state.schedule.begin_attempt(Instant::now());
        state.update();
        record
    }

    fn asked<T>(&self, ask: impl FnOnce(&mut State, Instant) -> Result<T, String>) -> Result<T, String> {
        let done = {
            let mut state = self.state();
            let now = Instant::now();
            let done = ask(&mut state, now)?;
            state.advance(now);
            done
        };
        self.changed.notify_one();
        Ok(done)
    }
}

impl State {
    /// The verdict on the current attempt, in one word. Replaces the evaluator with an empty one.
    fn ended_as(&mut self) -> Result<String, String> {
        let fresh = self.evaluator.fresh();
        let mut evaluator: Evaluator<'static> = std::mem::replace(&mut self.evaluator, fresh);
        self.reported_requirements.clear();
        for exchange in std::mem::take(&mut self.out_of_order).into_values() {
            let record = Record::Exchange(Box::new(exchange));
            evaluator.take(&record).map_err(|error| error.to_string())?;
        }
        let input = Input { complete: self.complete, ..Input::default() };
        let verdict = evaluator.finish(&input, &Options::default()).map_err(|error| error.to_string())?;
        let word = match verdict.verdict {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Incomplete => "incomplete",
        };
        Ok(word.to_owned())
    }
}
