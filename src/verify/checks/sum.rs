//! The pattern `sum`: a maximum for the sum of a number over the events of a thing.

use super::{CheckState, EventKind, MOST_NUMBERS, State, Violation, any, matches};
use crate::api::ExactAmount;
use crate::rules::model::Event;
use crate::rules::predicate::{PredicateError, Quantity};
use crate::rules::{Predicate, Truth};
use crate::verify::moment::Moment;

impl CheckState<'_> {
    pub(super) fn sum(
        &mut self,
        scope: u64,
        happened: EventKind,
        moment: &Moment,
        trigger: &Event,
        (add, at_most): (&Predicate, &Predicate),
        reset: &[Event],
    ) -> Result<Vec<Violation>, PredicateError> {
        let hit = matches(trigger, happened, moment)?;
        let added = if hit == Truth::No { Quantity::Nothing } else { add.number(moment)? };
        let most = if hit == Truth::Yes { at_most.number(moment)? } else { Quantity::Unknown };
        let again = any(reset, happened, moment)?;
        if again == Truth::Yes {
            self.states.remove(&scope);
        }
        let new = State::Sum { total: ExactAmount::default(), numbers: Vec::new(), unknown: false };
        let State::Sum { total, numbers, unknown } = self.states.entry(scope).or_insert(new) else {
            return Ok(Vec::new());
        };
        *unknown |= matches!(again, Truth::Unknown(_));
        match (hit, added) {
            (Truth::No, _) => return Ok(Vec::new()),
            (Truth::Yes, Quantity::Known(amount)) => *total = total.plus(amount),
            (Truth::Yes, Quantity::Nothing) => {}
            (Truth::Unknown(_), _) | (_, Quantity::Unknown) => *unknown = true,
        }
        if let Some((attempt, _)) = moment.attempt.filter(|_| numbers.len() < MOST_NUMBERS) {
            numbers.push(attempt.n);
        }
        let within = match most {
            _ if *unknown => None,
            Quantity::Known(most) => Some(*total <= most),
            Quantity::Nothing | Quantity::Unknown => None,
        };
        let numbers = numbers.clone();
        self.exercised |= within.is_some();
        self.unsure |= within.is_none();
        if within != Some(false) {
            return Ok(Vec::new());
        }
        Ok(vec![self.found_with(numbers, moment)])
    }
}
