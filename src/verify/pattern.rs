//! The patterns: what each kind of check means when it meets traffic.
//!
//! An event is the head of a request, the end of an exchange, a connection event, or something the timeline says itself.
//! Each check keeps its state apart by its scope; an event without the scope's thing (a payment, a token) passes it by.
//!
//! - **each**: at every event that matches the trigger, the predicate holds; where it does not, that is a finding.
//! - **never**: an event that matches the trigger and the predicate is a finding.
//! - **at-most**: events that match the trigger are counted; one beyond the limit is a finding. A reset event, or a
//!   pause of `pause_ms` since the end of the last exchange counted, begins the count again.
//! - **before**: an event that matches the trigger is a finding unless one of `need` came before it, since the last reset.
//! - **after**: an event that matches the trigger opens an obligation. One of `need` meets it. One of `until`, or the end
//!   of the capture, while it is open is a finding; where the capture goes on, the end leaves it undecided.
//! - **gap**: from the end of an exchange that matches `from` to the head of the next request that matches `to`, at least
//!   so many ms lie; less is a finding. Nothing is measured across a restart of the recorder.

use super::facts::Moment;
use super::send::Instant;
use crate::api::Operation;
use crate::rules::model::{At, Check, Event, Pattern, Scope, Selector};
use crate::rules::predicate::PredicateError;
use std::collections::HashMap;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happened {
    /// A request's head arrived.
    Request,
    /// An exchange is over.
    Answer,
    /// Something below HTTP.
    Connection,
    /// The loss of this call was made good.
    Recovered(usize),
    /// A look-up told what became of this call, and what it found was used.
    LookedUp(usize),
    /// The name conflict that this call met was looked into.
    ConflictResolved(usize),
    /// A list said that this payment is captured.
    ListedCaptured(usize),
    /// A check-in notification was sent.
    Notification,
}

/// Something that a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The exchanges that show it, in order.
    pub exchanges: Vec<u64>,
    /// What was expected and seen.
    pub message: String,
    /// The operation it is about, where it is one.
    pub operation: Option<Operation>,
}

/// What is remembered of one thing in a check's scope.
#[derive(Debug)]
enum State {
    Count {
        count: u32,
        last: Option<Instant>,
        numbers: Vec<u64>,
    },
    Met(bool),
    /// What would have met it happened, and the capture does not show whether it did.
    MaybeMet,
    Open(Found),
    Done,
    From {
        end: Instant,
        n: u64,
        timed: bool,
    },
}

/// A check at work.
pub struct Watch<'r> {
    check: &'r Check,
    states: HashMap<u64, State>,
    /// Whether it is about gaps between sends.
    measures: bool,
    /// Whether anything in the capture touched it.
    pub exercised: bool,
}

/// How many exchanges of one flood a finding names.
const MOST_NUMBERS: usize = 100;

impl<'r> Watch<'r> {
    /// A check that has seen nothing.
    pub fn new(check: &'r Check) -> Watch<'r> {
        Watch { check, states: HashMap::new(), measures: check.rests().time, exercised: false }
    }

    /// Looks at an event; returns what it breaks.
    pub fn see(&mut self, happened: Happened, moment: &Moment) -> Result<Vec<Found>, PredicateError> {
        let Some(scope) = scope_of(self.check.scope, happened, moment) else { return Ok(Vec::new()) };
        match &self.check.pattern {
            Pattern::Each { trigger, require } => {
                let hit = matches(trigger, happened, moment)?;
                self.exercised |= hit && self.is_measured(moment);
                Ok(if hit && !require.holds(moment)? { vec![self.found(moment)] } else { Vec::new() })
            }
            Pattern::Never { trigger, forbid } => {
                let hit = matches(trigger, happened, moment)?;
                self.exercised |= hit;
                Ok(if hit && forbid.holds(moment)? { vec![self.found(moment)] } else { Vec::new() })
            }
            Pattern::AtMost { trigger, limit, reset, pause_ms } => {
                self.count(scope, happened, moment, trigger, *limit, reset, *pause_ms)
            }
            Pattern::Before { trigger, need, reset } => self.before(scope, happened, moment, trigger, need, reset),
            Pattern::After { trigger, need, until, once } => {
                self.after(scope, happened, moment, trigger, need, until, *once)
            }
            Pattern::Gap { from, to, at_least_ms } => self.gap(scope, happened, moment, from, to, *at_least_ms),
        }
    }

    /// A gap that may have been shorter breaks what the longest that it can have been breaks, and shows nothing else.
    fn is_measured(&self, moment: &Moment) -> bool {
        !self.measures || moment.send.is_none_or(|(_, context)| context.gap_timed)
    }

    /// Whether something is owed that a look-up may have met.
    pub fn waits_for_a_look_up(&self) -> bool {
        self.check.waits_for_a_look_up() && self.states.values().any(|state| matches!(state, State::Open(_)))
    }

    /// What is owed and was not done, where the capture ends. `hides`: it does not show all bodies, so a look-up may have
    /// found what it does not seem to have.
    pub fn owed(self, hides: bool) -> impl Iterator<Item = Found> {
        let excused = hides && self.check.waits_for_a_look_up();
        let mut open: Vec<Found> = self
            .states
            .into_values()
            .filter_map(|state| match state {
                State::Open(found) if !excused => Some(found),
                _ => None,
            })
            .collect();
        open.sort_by(|a, b| (&a.exchanges, &a.message).cmp(&(&b.exchanges, &b.message)));
        open.into_iter()
    }

    fn found(&self, moment: &Moment) -> Found {
        use crate::rules::{Facts, Value};
        let cited = self.check.cite.iter().filter_map(|field| match moment.value(field) {
            Some(Value::Int(n)) => u64::try_from(n).ok(),
            _ => None,
        });
        let mut exchanges: Vec<u64> = moment.send.map(|(send, _)| send.n).into_iter().chain(cited).collect();
        exchanges.sort_unstable();
        exchanges.dedup();
        Found {
            exchanges,
            message: self.check.message.render(moment),
            operation: moment.send.and_then(|(send, _)| send.operation),
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn count(
        &mut self,
        scope: u64,
        happened: Happened,
        moment: &Moment,
        trigger: &Event,
        limit: u32,
        reset: &[Event],
        pause_ms: i64,
    ) -> Result<Vec<Found>, PredicateError> {
        let hit = matches(trigger, happened, moment)?;
        let again = any(reset, happened, moment)?;
        let state = self.states.entry(scope).or_insert(State::Count { count: 0, last: None, numbers: Vec::new() });
        let State::Count { count, last, numbers } = state else { return Ok(Vec::new()) };
        let Some((send, _)) = moment.send else { return Ok(Vec::new()) };
        if happened == Happened::Answer && numbers.contains(&send.n) {
            *last = Some(send.end);
        }
        if again {
            (*count, *numbers) = (0, Vec::new());
        }
        if !hit {
            return Ok(Vec::new());
        }
        let paused = last.and_then(|last| send.head.ms_since(last)).is_some_and(|ms| pause_ms > 0 && ms >= pause_ms);
        if paused || last.is_some_and(|last| last.run != send.head.run) {
            (*count, *numbers) = (0, Vec::new());
        }
        *count = count.saturating_add(1);
        if numbers.len() < MOST_NUMBERS {
            numbers.push(send.n);
        }
        let (count, numbers) = (*count, numbers.clone());
        self.exercised = true;
        if count <= limit {
            return Ok(Vec::new());
        }
        let mut found = self.found(moment);
        found.exchanges.extend(numbers);
        found.exchanges.sort_unstable();
        found.exchanges.dedup();
        Ok(vec![found])
    }

    fn before(
        &mut self,
        scope: u64,
        happened: Happened,
        moment: &Moment,
        trigger: &Event,
        need: &[Event],
        reset: &[Event],
    ) -> Result<Vec<Found>, PredicateError> {
        if any(reset, happened, moment)? {
            self.states.insert(scope, State::Met(false));
        }
        let mut found = Vec::new();
        if matches(trigger, happened, moment)? {
            let state = self.states.get(&scope);
            self.exercised |= !matches!(state, Some(State::MaybeMet));
            if !matches!(state, Some(State::Met(true) | State::MaybeMet)) {
                found.push(self.found(moment));
            }
        }
        if any(need, happened, moment)? {
            self.states.insert(scope, State::Met(true));
        } else if may_be(need, happened, moment) && !matches!(self.states.get(&scope), Some(State::Met(true))) {
            self.states.insert(scope, State::MaybeMet);
        }
        Ok(found)
    }

    #[allow(clippy::too_many_arguments)]
    fn after(
        &mut self,
        scope: u64,
        happened: Happened,
        moment: &Moment,
        trigger: &Event,
        need: &[Event],
        until: &[Event],
        once: bool,
    ) -> Result<Vec<Found>, PredicateError> {
        if matches!(self.states.get(&scope), Some(State::Open(_))) {
            if any(need, happened, moment)? || may_be(need, happened, moment) {
                self.states.insert(scope, State::Done);
            } else if any(until, happened, moment)?
                && let Some(State::Open(mut found)) = self.states.insert(scope, State::Done)
            {
                found.exchanges.extend(moment.send.map(|(send, _)| send.n));
                found.exchanges.dedup();
                return Ok(vec![found]);
            }
            return Ok(Vec::new());
        }
        let done = matches!(self.states.get(&scope), Some(State::Done));
        if matches(trigger, happened, moment)? {
            self.exercised = true;
            if !(once && done) {
                let found = self.found(moment);
                self.states.insert(scope, State::Open(found));
            }
        } else if once && !done && any(need, happened, moment)? {
            // What is done before it is owed need not be done again.
            self.states.insert(scope, State::Done);
        }
        Ok(Vec::new())
    }

    fn gap(
        &mut self,
        scope: u64,
        happened: Happened,
        moment: &Moment,
        from: &Event,
        to: &Event,
        at_least_ms: i64,
    ) -> Result<Vec<Found>, PredicateError> {
        let Some((send, _)) = moment.send else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        if matches(to, happened, moment)?
            && let Some(State::From { end, n, timed }) = self.states.remove(&scope)
            && let Some(ms) = send.head.ms_since(end)
        {
            self.exercised |= timed;
            if ms.saturating_add(moment.world.coarse_ms) < at_least_ms {
                let mut short = self.found(moment);
                short.exchanges.insert(0, n);
                short.exchanges.dedup();
                found.push(short);
            }
        }
        if matches(from, happened, moment)? {
            self.states.insert(scope, State::From { end: send.end, n: send.n, timed: send.is_timed() });
        }
        Ok(found)
    }
}

/// The number that tells one thing of a scope from another, where the event has such a thing.
pub fn scope_of(scope: Scope, happened: Happened, moment: &Moment) -> Option<u64> {
    if scope == Scope::Client {
        return Some(0);
    }
    if let Happened::Recovered(call) | Happened::LookedUp(call) | Happened::ConflictResolved(call) = happened {
        return matches!(scope, Scope::Call | Scope::Key).then_some(call as u64);
    }
    if let Happened::ListedCaptured(payment) = happened {
        return (scope == Scope::Payment).then_some(payment as u64);
    }
    let context = moment.send.map(|(_, context)| context);
    let place = match scope {
        Scope::Client => Some(0),
        Scope::Connection => {
            let of_event = moment.connection.map(|connection| connection.connection);
            return of_event.or_else(|| moment.send.map(|(send, _)| send.connection.unwrap_or(0)));
        }
        Scope::Call | Scope::Key => context.map(|context| context.call),
        Scope::Request => context.map(|context| context.request),
        Scope::Token => context.and_then(|context| context.token),
        Scope::Pos => moment.about.pos,
        Scope::Payment => moment.about.payment,
        Scope::Refund => moment.about.refund,
    };
    place.map(|place| place as u64)
}

/// Whether an event is one of these.
pub fn any(events: &[Event], happened: Happened, moment: &Moment) -> Result<bool, PredicateError> {
    for event in events {
        if matches(event, happened, moment)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether an event is the one that is meant.
pub fn matches(event: &Event, happened: Happened, moment: &Moment) -> Result<bool, PredicateError> {
    if !event.on.iter().any(|selector| selects(*selector, event.at, happened, moment)) {
        return Ok(false);
    }
    event
        .when
        .as_ref()
        .filter(|_| !is_hidden(event, moment))
        .map_or(Ok(event.when.is_none()), |when| when.holds(moment))
}

/// Whether an event would be one of these by what it is about, and the capture hides whether its condition holds.
fn may_be(events: &[Event], happened: Happened, moment: &Moment) -> bool {
    events.iter().any(|event| {
        is_hidden(event, moment) && event.on.iter().any(|selector| selects(*selector, event.at, happened, moment))
    })
}

/// Whether an event's condition asks for a body that the capture does not show.
fn is_hidden(event: &Event, moment: &Moment) -> bool {
    let (Some(when), Some((send, _))) = (&event.when, moment.send) else { return false };
    let of_answer = event.at == At::Answer && (when.rests.answer || when.rests.past) && send.answer_hidden;
    of_answer || (when.rests.request && !send.body.known && send.operation.is_some())
}

fn selects(selector: Selector, at: At, happened: Happened, moment: &Moment) -> bool {
    match (selector, happened) {
        (Selector::Recovered, Happened::Recovered(_)) => return true,
        (Selector::LookedUp, Happened::LookedUp(_)) => return true,
        (Selector::ConflictResolved, Happened::ConflictResolved(_)) => return true,
        (Selector::ListedCaptured, Happened::ListedCaptured(_)) => return true,
        (Selector::Connection, Happened::Connection) => return true,
        (Selector::Notification, Happened::Notification) => return true,
        (_, Happened::Request) if at == At::Request => {}
        (_, Happened::Answer) if at == At::Answer => {}
        _ => return false,
    }
    let Some((send, _)) = moment.send else { return false };
    match selector {
        Selector::Operation(operation) => send.operation == Some(operation),
        Selector::Any => send.is_call,
        Selector::Documented => send.operation.is_some(),
        Selector::Creates => send.operation.is_some_and(Operation::creates),
        Selector::Polls => send.operation.is_some_and(Operation::polled),
        Selector::NotPolls => send.is_call && !send.operation.is_some_and(Operation::polled),
        Selector::Token => send.is_token,
        Selector::Simulation => send.is_simulation,
        Selector::Connection
        | Selector::Recovered
        | Selector::LookedUp
        | Selector::ConflictResolved
        | Selector::ListedCaptured
        | Selector::Notification => false,
    }
}
