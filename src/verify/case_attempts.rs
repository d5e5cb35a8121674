//! Attempts at a case: for each thing of its scope, the exchanges that passed its steps so far, in order.

use super::moment::Moment;
use super::state::ObservedState;
use super::subjects::Subjects;
use super::target::Target;
use crate::api::Fault;
use crate::api::resource::PAYMENT;
use crate::rules::model::{Case, Step, StepKind};
use crate::rules::predicate::PredicateError;
use crate::rules::{Truth, Uncertainty};
use std::collections::BTreeMap;

/// One attempt at a case.
#[derive(Clone, Debug)]
pub(super) struct CaseAttempt {
    /// For each step passed: the exchange, all exchanges that belong to it, and its payment.
    pub shown: Vec<(u64, Vec<u64>, Option<usize>)>,
    pub about: Subjects,
    pub request: usize,
    /// Whether exchanges that the capture does not show may have passed the step due.
    pub doubtful: bool,
}

/// All attempts at a case.
#[derive(Clone, Debug, Default)]
pub(super) struct CaseAttempts {
    /// The attempts by the thing that they are about.
    things: BTreeMap<u64, Vec<CaseAttempt>>,
    /// The attempts about a thing that the capture does not identify.
    unplaced: Vec<CaseAttempt>,
    /// The first attempt that passed all steps.
    pub witness: Option<CaseAttempt>,
}

/// The maximum number of attempts kept for one thing; only a PoS that is used many times has several.
const MOST_TRIES: usize = 32;

impl CaseAttempts {
    /// Processes an exchange that has ended. `scope` is the thing that it is about, if the capture shows it; `possibly`
    /// means that unknown values count as the case requires. Returns whether something was unknown.
    pub(super) fn observe(
        &mut self,
        case: &Case,
        scope: Option<u64>,
        moment: &Moment,
        possibly: bool,
    ) -> Result<bool, PredicateError> {
        let applies = asks(case.applies.as_deref(), moment)?;
        if applies == Truth::No {
            return Ok(false);
        }
        let certain = applies == Truth::Yes && scope.is_some();
        if !certain && !possibly {
            let all = scope.is_none();
            let things = self.things.iter_mut().filter(|(thing, _)| all || scope == Some(**thing));
            things.flat_map(|(_, tries)| tries).for_each(|one| one.doubtful = true);
            return Ok(true);
        }
        let mut unknown = !certain;
        let Some(scope) = scope else {
            for one in self.things.values_mut().flatten().chain(&mut self.unplaced) {
                one.advance(case, moment, possibly)?;
            }
            begin(&mut self.unplaced, case, moment, possibly)?;
            self.find(case);
            return Ok(true);
        };
        let tries = self.things.entry(scope).or_default();
        for one in tries.iter_mut() {
            unknown |= one.advance(case, moment, possibly)?;
        }
        // This may be the thing of an attempt whose first exchange does not identify it.
        for one in &self.unplaced {
            let mut other = one.clone();
            other.advance(case, moment, possibly)?;
            if other.shown.len() > one.shown.len() && tries.len() < MOST_TRIES {
                tries.push(other);
            }
        }
        unknown |= begin(tries, case, moment, possibly)?;
        self.find(case);
        Ok(unknown)
    }

    /// All attempts, in the order of their things.
    pub(super) fn all(&self) -> impl Iterator<Item = &CaseAttempt> {
        self.things.values().flatten().chain(&self.unplaced)
    }

    fn find(&mut self, case: &Case) {
        let witness = self.all().find(|one| one.shown.len() == case.steps.len()).cloned();
        self.witness = witness;
        if self.witness.is_some() {
            self.things.clear();
            self.unplaced.clear();
        }
    }
}

/// Begins another attempt if an exchange passes the first step; returns whether that is unknown.
fn begin(tries: &mut Vec<CaseAttempt>, case: &Case, moment: &Moment, possibly: bool) -> Result<bool, PredicateError> {
    let Some((_, context)) = moment.attempt else { return Ok(false) };
    let fresh = tries.iter().any(|one| one.shown.len() == 1);
    if fresh || tries.len() >= MOST_TRIES {
        return Ok(false);
    }
    let mut start = CaseAttempt { shown: Vec::new(), about: moment.about, request: context.request, doubtful: false };
    let first = case.steps.get(..1).unwrap_or_default();
    let unknown = start.advance_by(first, moment, possibly)?;
    if !start.shown.is_empty() {
        tries.push(start);
    }
    Ok(unknown)
}

impl CaseAttempt {
    /// Advances if an exchange passes the next step; returns whether that is unknown.
    fn advance(&mut self, case: &Case, moment: &Moment, possibly: bool) -> Result<bool, PredicateError> {
        let due = case.steps.get(self.shown.len()..).unwrap_or_default();
        self.advance_by(due, moment, possibly)
    }

    fn advance_by(&mut self, due: &[Step], moment: &Moment, possibly: bool) -> Result<bool, PredicateError> {
        let (shown, doubtful) = shown_by(due, self, moment, possibly)?;
        self.doubtful |= doubtful;
        if !shown.is_empty() {
            self.doubtful = false;
            self.shown.extend(shown.iter().map(|step| exchanges(step, moment)));
            self.about = self.about.or(moment.about);
        }
        Ok(doubtful)
    }

    /// The moment at the end of the capture, about the attempt's thing.
    pub(super) fn at_end<'a>(&self, observed: &'a ObservedState, target: &'a Target) -> Moment<'a> {
        Moment { about: self.about, request: Some(self.request), ..Moment::bare(observed, target) }
    }

    /// Whether only steps that are checked at the end of the capture are left, and all of them hold.
    pub(super) fn ends_well(&self, case: &Case, at_end: &Moment) -> Result<Truth, PredicateError> {
        let rest = case.steps.get(self.shown.len()..).unwrap_or_default();
        let ends = !rest.is_empty() && rest.iter().all(|step| step.kind == StepKind::Ends);
        if ends { all_hold(rest, at_end) } else { Ok(Truth::No) }
    }
}

fn asks(predicate: Option<&crate::rules::Predicate>, moment: &Moment) -> Result<Truth, PredicateError> {
    predicate.map_or(Ok(Truth::Yes), |predicate| predicate.asks(moment))
}

pub(super) fn holds(predicate: Option<&crate::rules::Predicate>, moment: &Moment) -> Result<bool, PredicateError> {
    Ok(asks(predicate, moment)? == Truth::Yes)
}

fn all_hold(steps: &[Step], moment: &Moment) -> Result<Truth, PredicateError> {
    let mut truth = Truth::Yes;
    for step in steps {
        match asks(step.when.as_deref(), moment)? {
            Truth::Yes => {}
            Truth::No => return Ok(Truth::No),
            unknown @ Truth::Unknown(_) => truth = unknown,
        }
    }
    Ok(truth)
}

/// The due steps that an exchange passes: the first, or the first two if the second makes the first unneeded. And
/// whether it may pass a step, if the capture does not show it.
fn shown_by<'s>(
    due: &'s [Step],
    one: &CaseAttempt,
    moment: &Moment,
    possibly: bool,
) -> Result<(&'s [Step], bool), PredicateError> {
    let [first, rest @ ..] = due else { return Ok((due, false)) };
    let enough = |truth: Truth| truth == Truth::Yes || (possibly && truth != Truth::No);
    let shown = shows(first, one, moment)?;
    if enough(shown) {
        return Ok((std::slice::from_ref(first), false));
    }
    let mut doubtful = shown != Truth::No;
    if let ([second, ..], Some(unneeded)) = (rest, &first.unneeded_when) {
        let both = (shows(second, one, moment)?, unneeded.asks(moment)?);
        if enough(both.0) && enough(both.1) {
            return Ok((due.get(..2).unwrap_or(due), false));
        }
        doubtful |= both.0 != Truth::No && both.1 != Truth::No;
    }
    Ok((&[], doubtful))
}

/// Whether an exchange that has ended passes a step.
fn shows(step: &Step, one: &CaseAttempt, moment: &Moment) -> Result<Truth, PredicateError> {
    let Some((attempt, _)) = moment.attempt else { return Ok(Truth::No) };
    if step.kind == StepKind::Ends || !attempt.is(&step.calls) {
        return Ok(Truth::No);
    }
    if let Some(earlier) = step.same_payment_as {
        let wanted = one.shown.get(earlier - 1).map(|(n, _, payment)| (*n, *payment));
        let same = is_of(wanted, moment);
        if same != Truth::Yes {
            return Ok(if same == Truth::No || is_met(step, moment)? == Truth::No { Truth::No } else { same });
        }
    }
    is_met(step, moment)
}

/// Whether an exchange that has ended meets the faults and the condition of a step.
fn is_met(step: &Step, moment: &Moment) -> Result<Truth, PredicateError> {
    let Some((attempt, context)) = moment.attempt else { return Ok(Truth::No) };
    if step.kind == StepKind::Call {
        let call = moment.observed.calls.at(context.call);
        let held = call.in_flight.iter().any(|(_, head)| moment.observed.was_held(*head, attempt.end));
        let met = |fault: &Fault| match fault {
            Fault::Timeout => call.burst_timeouts > 0 || held,
            Fault::ServerError => call.burst_500s > 0,
            // No step lists this fault: it is a refusal, which a step matches by its status and code.
            Fault::BalanceTooLow => false,
        };
        if !attempt.succeeded() {
            return Ok(Truth::No);
        }
        if !step.faults.iter().all(met) {
            // Attempts that the capture does not assign to a call may belong to this one.
            let loose = attempt.operation.is_some_and(|operation| moment.observed.missing.loose.contains(&operation));
            return Ok(if loose { Truth::Unknown(Uncertainty::NotShown) } else { Truth::No });
        }
    }
    asks(step.when.as_deref(), moment)
}

/// Whether a moment is about the payment of an earlier step.
fn is_of(step: Option<(u64, Option<usize>)>, moment: &Moment) -> Truth {
    let (Some((n, wanted)), Some(payment)) = (step, moment.about[PAYMENT]) else { return Truth::No };
    let entry = moment.observed.payments.at(payment);
    // A create without an id in its response may have been looked up.
    let found = entry.found_for.is_some_and(|(create, _)| create == n);
    match wanted {
        _ if found => Truth::Yes,
        Some(wanted) if wanted == payment => Truth::Yes,
        None if entry.created_n.is_none() && moment.observed.missing.unnamed_payment => {
            Truth::Unknown(Uncertainty::NotShown)
        }
        _ => Truth::No,
    }
}

/// The exchange that passed a step, with the exchanges that belong to it.
fn exchanges(step: &Step, moment: &Moment) -> (u64, Vec<u64>, Option<usize>) {
    let Some((attempt, context)) = moment.attempt else { return (0, Vec::new(), None) };
    let mut all = vec![attempt.n];
    if step.kind == StepKind::Call {
        all.extend(moment.observed.calls.at(context.call).burst.iter().filter(|n| **n <= attempt.n));
    }
    (attempt.n, all, moment.about[PAYMENT])
}
