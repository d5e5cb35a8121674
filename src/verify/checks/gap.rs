//! The pattern `gap`: a minimum time between the end of an exchange and the head of the next.

use super::{CheckState, EventKind, State, Violation, matches};
use crate::rules::model::Event;
use crate::rules::predicate::PredicateError;
use crate::rules::{Truth, Uncertainty};
use crate::verify::moment::Moment;

impl CheckState<'_> {
    pub(super) fn gap(
        &mut self,
        scope: u64,
        happened: EventKind,
        moment: &Moment,
        from: &Event,
        to: &Event,
        at_least_ms: i64,
    ) -> Result<Vec<Violation>, PredicateError> {
        let Some((attempt, _)) = moment.attempt else { return Ok(Vec::new()) };
        let clock = moment.observed.clock;
        let mut found = Vec::new();
        let ends = matches(to, happened, moment)?;
        if ends != Truth::No
            && let Some(State::From { end, n, timed, certain }) = self.states.remove(&scope)
            && let Some(ms) = attempt.head.ms_since(end)
        {
            let (certain, slack) = (certain && ends == Truth::Yes, clock.gap_ms());
            let is_short = ms.saturating_add(slack) < at_least_ms;
            let is_known = is_short || (timed && ms.saturating_sub(slack) >= at_least_ms);
            self.exercised |= certain && is_known;
            if certain && is_short {
                let mut short = self.found(moment);
                short.exchanges.insert(0, n);
                short.exchanges.dedup();
                found.push(short);
            }
        }
        let begins = matches(from, happened, moment)?;
        if begins != Truth::No {
            let certain = begins == Truth::Yes;
            let from = State::From { end: attempt.end, n: attempt.n, timed: attempt.is_timed(), certain };
            self.states.insert(scope, from);
        }
        let hidden = Truth::Unknown(Uncertainty::NotShown);
        self.unsure |= ends == hidden || begins == hidden;
        Ok(found)
    }
}
