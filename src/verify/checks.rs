//! The evaluation of checks: the semantics of each pattern.
//!
//! An event is a request head, the end of an exchange, a connection event, or an event that the verifier derives. A
//! check has separate state for each thing of its scope. It ignores events without such a thing (a payment, a token).
//!
//! - **each**: the predicate holds at every event that matches the trigger; otherwise there is a finding.
//! - **never**: an event that matches both the trigger and the predicate is a finding.
//! - **at-most**: events that match the trigger are counted; each event above the limit is a finding. A reset event, or
//!   a pause of `pause_ms` since the end of the last counted exchange, restarts the count.
//! - **sum**: a number is added at each event that matches the trigger; an event at which the sum since the last reset is
//!   above the maximum is a finding.
//! - **before**: an event that matches the trigger is a finding unless one of `need` precedes it since the last reset.
//! - **after**: an event that matches the trigger opens an obligation, and one of `need` fulfils it. One of `until`, or
//!   the end of the capture, is a finding while it is open. If the capture is in progress, its end leaves it undecided.
//! - **gap**: there are at least `at_least_ms` from the end of an exchange that matches `from` to the head of the next
//!   request that matches `to`; less is a finding. Nothing is measured across a restart of the recorder.
//!
//! If an event or a value is hidden or not precisely known, there is no finding: an obligation that may have been
//! fulfilled is closed, and the check does not count as passed.

mod gap;
mod sum;

use super::attempt::RunTime;
pub(crate) use super::events::EventKind;
use super::events::{any, hides_scope, matches, may_match, one, scope_of};
use super::moment::Moment;
use super::possibilities::PossibleEvent;
use crate::api::{ExactAmount, Operation};
use crate::rules::model::{Check, Event, Pattern, Scope, Selector};
use crate::rules::predicate::PredicateError;
use crate::rules::{Predicate, Truth, Uncertainty};
use std::collections::HashMap;

/// A violation that a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The exchanges that are the evidence, in order.
    pub exchanges: Vec<u64>,
    /// What was expected and what was seen.
    pub message: String,
    /// The operation it is about, if there is one.
    pub operation: Option<Operation>,
    /// Whether an expected event did not follow.
    pub is_missing: bool,
}

/// The state of a check for one thing of its scope.
#[derive(Clone, Debug)]
enum State {
    Count {
        count: u32,
        /// The count if no reset happened that the capture does not show for certain.
        at_most: u32,
        last: Option<RunTime>,
        numbers: Vec<u64>,
    },
    Sum {
        total: ExactAmount,
        numbers: Vec<u64>,
        /// Whether a part of it is not shown.
        unknown: bool,
    },
    NeedSeen(bool),
    /// An event may have fulfilled it, but the capture does not show enough.
    MaybeNeedSeen,
    Open(Violation),
    Done,
    From {
        end: RunTime,
        n: u64,
        timed: bool,
        /// Whether the gap certainly begins here: no value that the event depends on is unknown.
        certain: bool,
    },
}

/// The evaluation state of a check.
#[derive(Clone)]
pub(crate) struct CheckState<'r> {
    check: &'r Check,
    states: HashMap<u64, State>,
    /// Whether any event of the capture exercised it.
    pub exercised: bool,
    /// Whether it depends on something that the capture does not show.
    pub unsure: bool,
    /// Whether an event that `before` needs may have happened for any thing.
    maybe_need_seen: bool,
}

/// The maximum number of exchanges that an `at-most` finding lists.
const MOST_NUMBERS: usize = 100;

impl<'r> CheckState<'r> {
    /// The state before any event.
    pub(crate) fn new(check: &'r Check) -> CheckState<'r> {
        CheckState { check, states: HashMap::new(), exercised: false, unsure: false, maybe_need_seen: false }
    }

    /// Processes an event; returns the violations.
    ///
    /// # Errors
    /// A predicate that cannot be evaluated.
    pub(crate) fn observe(&mut self, happened: EventKind, moment: &Moment) -> Result<Vec<Violation>, PredicateError> {
        if let EventKind::Possibly(possible) = happened {
            self.possibly(possible);
            return Ok(Vec::new());
        }
        let Some(scope) = scope_of(self.check.scope, happened, moment) else {
            if hides_scope(self.check.scope, moment) {
                self.unplaced(happened, moment)?;
            }
            return Ok(Vec::new());
        };
        let of_call = matches!(self.check.scope, Scope::Call | Scope::Key);
        if of_call && moment.attempt.is_some_and(|(attempt, _)| attempt.is_loose()) {
            self.unplaced(happened, moment)?;
            // Attempts that seem to belong to another call may fulfil its obligation.
            if matches!(self.check.pattern, Pattern::After { .. }) {
                return Ok(Vec::new());
            }
        }
        match &self.check.pattern {
            Pattern::Each { trigger, require } => self.each(happened, moment, trigger, require, Truth::No),
            Pattern::Never { trigger, forbid } => self.each(happened, moment, trigger, forbid, Truth::Yes),
            Pattern::AtMost { trigger, limit, reset, pause_ms } => {
                self.count(scope, happened, moment, trigger, *limit, reset, *pause_ms)
            }
            Pattern::Sum { trigger, add, at_most, reset } => {
                self.sum(scope, happened, moment, trigger, (add, at_most), reset)
            }
            Pattern::Before { trigger, need, reset } => self.before(scope, happened, moment, trigger, need, reset),
            Pattern::After { trigger, need, until, once } => {
                self.after(scope, happened, moment, trigger, need, until, *once)
            }
            Pattern::Gap { from, to, at_least_ms } => self.gap(scope, happened, moment, from, to, *at_least_ms),
        }
    }

    /// The obligations that are open at the end of the capture.
    pub(crate) fn open_obligations(self) -> impl Iterator<Item = Violation> {
        let open = self.states.into_values().filter_map(|state| match state {
            State::Open(found) => Some(found),
            _ => None,
        });
        let mut open: Vec<Violation> = open.collect();
        open.sort_by(|a, b| (&a.exchanges, &a.message).cmp(&(&b.exchanges, &b.message)));
        open.into_iter()
    }

    /// Closes the obligations that a possible event may have fulfilled.
    fn possibly(&mut self, possible: PossibleEvent) {
        let Pattern::After { need, .. } = &self.check.pattern else { return };
        let by = |wanted: &[Selector]| need.iter().any(|event| event.on.iter().any(|on| wanted.contains(on)));
        let of_calls = matches!(self.check.scope, Scope::Call | Scope::Key);
        let call = match possible {
            PossibleEvent::Resolved(call) if of_calls && by(&[Selector::Recovered, Selector::LookedUp]) => Some(call),
            PossibleEvent::ConflictResolved(call) if of_calls && by(&[Selector::ConflictResolved]) => Some(call),
            PossibleEvent::ListedCaptured if by(&[Selector::ListedCaptured]) => None,
            _ => return,
        };
        self.may_be_met(|scope, _| call.is_none_or(|call| scope == call as u64));
    }

    /// Closes open obligations that may have been fulfilled.
    fn may_be_met(&mut self, which: impl Fn(u64, &Violation) -> bool) {
        for (scope, state) in &mut self.states {
            if matches!(state, State::Open(found) if which(*scope, found)) {
                *state = State::Done;
                self.unsure = true;
            }
        }
    }

    /// Processes an event about a thing that the capture does not identify.
    fn unplaced(&mut self, happened: EventKind, moment: &Moment) -> Result<(), PredicateError> {
        let operation = moment.attempt.and_then(|(attempt, _)| attempt.operation);
        let may = |events: &[Event]| may_match(events, happened, moment);
        match &self.check.pattern {
            Pattern::Each { trigger, .. } | Pattern::Never { trigger, .. } => self.unsure |= may(one(trigger))?,
            Pattern::AtMost { trigger, reset, .. } | Pattern::Sum { trigger, reset, .. } => {
                self.unsure |= may(one(trigger))?;
                if may(reset)? {
                    (self.unsure, self.states) = (true, HashMap::new());
                }
            }
            Pattern::Before { trigger, need, .. } => {
                self.unsure |= may(one(trigger))?;
                self.maybe_need_seen |= may(need)?;
            }
            Pattern::After { trigger, need, .. } => {
                self.unsure |= may(one(trigger))?;
                if may(need)? {
                    // A call has one operation.
                    let of_calls = matches!(self.check.scope, Scope::Call | Scope::Key);
                    self.may_be_met(|_, found| !of_calls || found.operation == operation);
                }
            }
            Pattern::Gap { from, to, .. } => self.unsure |= may(one(from))? || may(one(to))?,
        }
        Ok(())
    }

    /// A violation if the predicate is `wrong` at an event that matches the trigger.
    fn each(
        &mut self,
        happened: EventKind,
        moment: &Moment,
        trigger: &Event,
        predicate: &Predicate,
        wrong: Truth,
    ) -> Result<Vec<Violation>, PredicateError> {
        let mut truth = matches(trigger, happened, moment)?;
        if truth == Truth::Yes {
            truth = if wrong == Truth::No { predicate.requires(moment)? } else { predicate.asks(moment)? };
            self.exercised |= !matches!(truth, Truth::Unknown(_));
            if truth == wrong {
                return Ok(vec![self.found(moment)]);
            }
        }
        self.unsure |= truth == Truth::Unknown(Uncertainty::NotShown);
        Ok(Vec::new())
    }

    fn found(&self, moment: &Moment) -> Violation {
        self.found_with(Vec::new(), moment)
    }

    /// A violation with these exchanges as evidence, beside its own and the cited ones.
    fn found_with(&self, numbers: Vec<u64>, moment: &Moment) -> Violation {
        use crate::rules::{Facts, Value};
        let cited = self.check.cite.iter().filter_map(|field| match moment.value(field) {
            Some(Value::Int(n)) => u64::try_from(n).ok(),
            _ => None,
        });
        let own = moment.attempt.map(|(attempt, _)| attempt.n);
        let mut exchanges: Vec<u64> = own.into_iter().chain(cited).chain(numbers).collect();
        exchanges.sort_unstable();
        exchanges.dedup();
        Violation {
            exchanges,
            message: self.check.message.render(moment),
            operation: moment.attempt.and_then(|(attempt, _)| attempt.operation),
            is_missing: matches!(self.check.pattern, Pattern::After { .. }),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn count(
        &mut self,
        scope: u64,
        happened: EventKind,
        moment: &Moment,
        trigger: &Event,
        limit: u32,
        reset: &[Event],
        pause_ms: i64,
    ) -> Result<Vec<Violation>, PredicateError> {
        let hit = self.is_certain(one(trigger), happened, moment)?;
        let again = any(reset, happened, moment)?;
        let new = State::Count { count: 0, at_most: 0, last: None, numbers: Vec::new() };
        let state = self.states.entry(scope).or_insert(new);
        let State::Count { count, at_most, last, numbers } = state else { return Ok(Vec::new()) };
        let Some((attempt, _)) = moment.attempt else { return Ok(Vec::new()) };
        if happened == EventKind::Answer && numbers.contains(&attempt.n) {
            *last = Some(attempt.end);
        }
        if again != Truth::No {
            (*count, *numbers) = (0, Vec::new());
        }
        if !matches!(again, Truth::No | Truth::Unknown(Uncertainty::NotShown)) {
            *at_most = 0;
        }
        if !hit {
            return Ok(Vec::new());
        }
        let slack = moment.observed.clock.gap_ms();
        let pause = last.and_then(|last| attempt.head.ms_since(last)).map(|ms| ms.saturating_add(slack));
        let paused = pause.is_some_and(|ms| pause_ms > 0 && ms >= pause_ms);
        if paused || last.is_some_and(|last| last.run != attempt.head.run) {
            (*count, *at_most, *numbers) = (0, 0, Vec::new());
        }
        (*count, *at_most) = (count.saturating_add(1), at_most.saturating_add(1));
        if numbers.len() < MOST_NUMBERS {
            numbers.push(attempt.n);
        }
        let (count, at_most, numbers) = (*count, *at_most, numbers.clone());
        self.exercised = true;
        if count <= limit {
            self.unsure |= at_most > limit;
            return Ok(Vec::new());
        }
        Ok(vec![self.found_with(numbers, moment)])
    }

    fn before(
        &mut self,
        scope: u64,
        happened: EventKind,
        moment: &Moment,
        trigger: &Event,
        need: &[Event],
        reset: &[Event],
    ) -> Result<Vec<Violation>, PredicateError> {
        if self.is_certain(reset, happened, moment)? {
            self.states.insert(scope, State::NeedSeen(false));
        }
        let mut found = Vec::new();
        if self.is_certain(one(trigger), happened, moment)? {
            match self.states.get(&scope) {
                Some(State::NeedSeen(true)) => self.exercised = true,
                Some(State::MaybeNeedSeen) => self.unsure = true,
                _ if self.maybe_need_seen => self.unsure = true,
                _ => {
                    self.exercised = true;
                    found.push(self.found(moment));
                }
            }
        }
        match any(need, happened, moment)? {
            Truth::Yes => _ = self.states.insert(scope, State::NeedSeen(true)),
            Truth::Unknown(_) if !matches!(self.states.get(&scope), Some(State::NeedSeen(true))) => {
                self.states.insert(scope, State::MaybeNeedSeen);
            }
            _ => {}
        }
        Ok(found)
    }

    #[allow(clippy::too_many_arguments)]
    fn after(
        &mut self,
        scope: u64,
        happened: EventKind,
        moment: &Moment,
        trigger: &Event,
        need: &[Event],
        until: &[Event],
        once: bool,
    ) -> Result<Vec<Violation>, PredicateError> {
        if matches!(self.states.get(&scope), Some(State::Open(_))) {
            match any(need, happened, moment)? {
                Truth::Yes => _ = self.states.insert(scope, State::Done),
                Truth::Unknown(_) => self.may_be_met(|open, _| open == scope),
                Truth::No => {
                    if self.is_certain(until, happened, moment)?
                        && let Some(State::Open(mut found)) = self.states.insert(scope, State::Done)
                    {
                        found.exchanges.extend(moment.attempt.map(|(attempt, _)| attempt.n));
                        found.exchanges.dedup();
                        return Ok(vec![found]);
                    }
                }
            }
            return Ok(Vec::new());
        }
        let done = matches!(self.states.get(&scope), Some(State::Done));
        if self.is_certain(one(trigger), happened, moment)? {
            self.exercised = true;
            if !(once && done) {
                let found = self.found(moment);
                self.states.insert(scope, State::Open(found));
            }
        } else if once && !done && may_match(need, happened, moment)? {
            // An action before the obligation opens fulfils it too.
            self.unsure |= any(need, happened, moment)? != Truth::Yes;
            self.states.insert(scope, State::Done);
        }
        Ok(Vec::new())
    }

    /// Whether an event certainly is one of these; if the capture does not show it, the check cannot pass.
    fn is_certain(&mut self, events: &[Event], happened: EventKind, moment: &Moment) -> Result<bool, PredicateError> {
        let truth = any(events, happened, moment)?;
        self.unsure |= truth == Truth::Unknown(Uncertainty::NotShown);
        Ok(truth == Truth::Yes)
    }
}
