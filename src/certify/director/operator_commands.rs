//! What people ask while a certification is under way, at a page or a keyboard.

use super::super::pos_registry::PosEntry;
use super::{AtEnd, Director, State};
use crate::capture::Record;
use crate::capture::record::{Attempt, Notification};
use crate::verify::verdict::Outcome;
use crate::verify::{Evaluator, Input, Options};
use std::time::Instant;

impl Director {
    /// A case once more, now; then the certification goes on where it was. `case` is an id such as those of
    /// [`Director::so_far`]'s cases.
    ///
    /// # Errors
    /// A sentence where there is no such case, or it is passed already.
    pub fn again(&self, case: &str) -> Result<(), String> {
        self.asked(|state, now| {
            let orders = state.course.again(case, &state.so_far, now)?;
            state.fault_plan.next_case();
            state.asked_check_in = 0;
            state.orders.extend(orders);
            Ok(())
        })
    }

    /// The wait ends now: a step that is due fails, as if its time had run out.
    ///
    /// # Errors
    /// A sentence where nothing is waited for.
    pub fn skip_wait(&self) -> Result<(), String> {
        self.asked(|state, _| state.course.skip())
    }

    /// All cases from the start, in a new attempt of the same capture, once what is open on the till has come to its
    /// end.
    ///
    /// # Errors
    /// A sentence where that is under way already.
    pub fn start_over(&self) -> Result<(), String> {
        self.asked(|state, now| {
            let orders = state.course.start_over(&state.so_far, now)?;
            state.fault_plan.next_case();
            state.orders.extend(orders);
            Ok(())
        })
    }

    /// When all cases were gone through, it goes on until [`Director::finish`]: a case can be tried again.
    pub fn stay(&self) {
        self.state().end = AtEnd::Stay;
    }

    /// It is over: what is left was not tested.
    pub fn finish(&self) {
        self.state().end = AtEnd::LogEntry;
        self.news.notify_one();
    }

    /// How everything stands.
    pub fn so_far(&self) -> crate::verify::progress::Progress {
        self.state().so_far.clone()
    }

    /// The PoS that the client works with.
    pub fn point(&self) -> Option<PosEntry> {
        self.state().point()
    }

    /// The last exchange that is over.
    pub fn last_number(&self) -> u64 {
        self.state().last_number
    }

    /// The client was notified of a check-in: what became of it is judged with the rest.
    pub fn notified(&self, sent: &Notification) {
        self.state().take(&Record::Notification(sent.clone()));
    }

    /// Begins the attempt that was ordered; the record is to be written into the capture. `next_number` is the number
    /// that the next exchange will get: what has a lower one is of the attempt before, whenever it is over.
    pub fn begin_attempt(&self, next_number: u64) -> Attempt {
        let mut state = self.state();
        let first_number = next_number.max(state.last_number.saturating_add(1));
        let ended_as = state.ended_as().unwrap_or_else(|error| {
            state.broken.get_or_insert(error);
            String::new()
        });
        state.attempt = state.attempt.saturating_add(1);
        let record = Attempt { number: state.attempt, first_number, ended_as };
        state.next = first_number;
        state.last_number = first_number.saturating_sub(1);
        state.beyond.clear();
        state.said.clear();
        state.pos_registry.forget();
        state.focus.pos = None;
        state.course.begin_attempt(Instant::now());
        state.look();
        record
    }

    fn asked<T>(&self, ask: impl FnOnce(&mut State, Instant) -> Result<T, String>) -> Result<T, String> {
        let done = {
            let mut state = self.state();
            let now = Instant::now();
            let done = ask(&mut state, now)?;
            state.turn(now);
            done
        };
        self.news.notify_one();
        Ok(done)
    }
}

impl State {
    /// How the attempt so far ends, in a word; from here on the matcher knows nothing of it.
    fn ended_as(&mut self) -> Result<String, String> {
        let fresh = self.evaluator.fresh();
        let mut evaluator: Evaluator<'static> = std::mem::replace(&mut self.evaluator, fresh);
        self.told.clear();
        for exchange in std::mem::take(&mut self.beyond).into_values() {
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
