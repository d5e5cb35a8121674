//! Tries at a case: things of its kind whose exchanges have shown its steps so far, in order.

use super::moment::Moment;
use super::profile::Target;
use super::resources::Subjects;
use super::state::ObservedState;
use crate::api::Fault;
use crate::rules::model::{Case, Step, StepKind};
use crate::rules::predicate::PredicateError;
use crate::rules::{Truth, Uncertainty};
use std::collections::BTreeMap;

/// One thing that may come to show the case.
#[derive(Clone, Debug)]
pub(super) struct CaseAttempt {
    /// For each step shown: the exchange, all exchanges that belong to it, and the payment it was of.
    pub shown: Vec<(u64, Vec<u64>, Option<usize>)>,
    pub about: Subjects,
    pub request: usize,
    /// The step that is due may have been shown in what the capture does not show.
    pub doubtful: bool,
}

/// All tries at a case.
#[derive(Clone, Debug, Default)]
pub(super) struct CaseAttempts {
    /// By the thing they are of.
    things: BTreeMap<u64, Vec<CaseAttempt>>,
    /// Of things of which the capture does not show which they are.
    unplaced: Vec<CaseAttempt>,
    /// The first that showed all steps.
    pub witness: Option<CaseAttempt>,
}

/// The most tries kept for one thing: they can only multiply on a PoS that is used again and again.
const MOST_TRIES: usize = 32;

impl CaseAttempts {
    /// Looks at an exchange that is over and about the thing of that scope, where the capture shows which. `possibly`:
    /// what is not known is as the case asks for it. Returns whether something was not known.
    pub fn see(
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
            return self.find(case).map(|()| true);
        };
        let tries = self.things.entry(scope).or_default();
        for one in tries.iter_mut() {
            unknown |= one.advance(case, moment, possibly)?;
        }
        // It may be the one that a try was of whose first exchange does not show it.
        for one in &self.unplaced {
            let mut other = one.clone();
            other.advance(case, moment, possibly)?;
            if other.shown.len() > one.shown.len() && tries.len() < MOST_TRIES {
                tries.push(other);
            }
        }
        unknown |= begin(tries, case, moment, possibly)?;
        self.find(case).map(|()| unknown)
    }

    /// All of them, in the order of the things they are of.
    pub fn all(&self) -> impl Iterator<Item = &CaseAttempt> {
        self.things.values().flatten().chain(&self.unplaced)
    }

    fn find(&mut self, case: &Case) -> Result<(), PredicateError> {
        let witness = self.all().find(|one| one.shown.len() == case.steps.len()).cloned();
        self.witness = witness;
        if self.witness.is_some() {
            self.things.clear();
            self.unplaced.clear();
        }
        Ok(())
    }
}

/// Begins another try, where an exchange shows the first step; says whether that is not known.
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
    /// Goes on where an exchange shows the next step; says whether that is not known.
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
            self.about = merged(self.about, moment.about);
        }
        Ok(doubtful)
    }

    /// What it is about, where the capture ends.
    pub fn at_end<'a>(&self, observed: &'a ObservedState, target: &'a Target) -> Moment<'a> {
        Moment { about: self.about, request: Some(self.request), ..Moment::bare(observed, target) }
    }

    /// Whether what has to hold where the capture ends is all that it lacks, and holds.
    pub fn ends_well(&self, case: &Case, at_end: &Moment) -> Result<Truth, PredicateError> {
        let rest = case.steps.get(self.shown.len()..).unwrap_or_default();
        let ends = !rest.is_empty() && rest.iter().all(|step| step.kind == StepKind::Ends);
        if ends { all_hold(rest, at_end) } else { Ok(Truth::No) }
    }
}

fn merged(old: Subjects, new: Subjects) -> Subjects {
    Subjects { pos: old.pos.or(new.pos), payment: old.payment.or(new.payment), refund: old.refund.or(new.refund) }
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
            unknown => truth = unknown,
        }
    }
    Ok(truth)
}

/// The steps that an exchange shows, of those that are due: the first, or the second where that makes the first
/// unneeded. And whether it may show one, as far as the capture shows that.
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

/// Whether an exchange that is over shows a step.
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

/// Whether the faults and the condition of a step are met by an exchange that is over.
fn is_met(step: &Step, moment: &Moment) -> Result<Truth, PredicateError> {
    let Some((attempt, context)) = moment.attempt else { return Ok(Truth::No) };
    if step.kind == StepKind::Call {
        let call = moment.observed.calls.at(context.call);
        let held = call.in_flight.iter().any(|(_, head)| moment.observed.was_held(*head, attempt.end));
        let met = |fault: &Fault| match fault {
            Fault::Timeout => call.burst_timeouts > 0 || held,
            Fault::ServerError => call.burst_500s > 0,
            // No step is marked with it: it is a refusal, which a step sees by its status and code.
            Fault::BalanceTooLow => false,
        };
        if !attempt.succeeded() {
            return Ok(Truth::No);
        }
        if !step.faults.iter().all(met) {
            // Sends of the call may be among those of which it is not shown to which they belong.
            let loose = attempt.operation.is_some_and(|operation| moment.observed.missing.loose.contains(&operation));
            return Ok(if loose { Truth::Unknown(Uncertainty::NotShown) } else { Truth::No });
        }
    }
    asks(step.when.as_deref(), moment)
}

/// Whether a moment is about the payment of an earlier step, which that exchange showed.
fn is_of(step: Option<(u64, Option<usize>)>, moment: &Moment) -> Truth {
    let (Some((n, wanted)), Some(payment)) = (step, moment.about.payment) else { return Truth::No };
    let entry = moment.observed.payments.at(payment);
    // A create that named no id may have been looked up.
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

/// The exchange that showed a step, with those that belong to it.
fn exchanges(step: &Step, moment: &Moment) -> (u64, Vec<u64>, Option<usize>) {
    let Some((attempt, context)) = moment.attempt else { return (0, Vec::new(), None) };
    let mut all = vec![attempt.n];
    if step.kind == StepKind::Call {
        all.extend(moment.observed.calls.at(context.call).burst.iter().filter(|n| **n <= attempt.n));
    }
    (attempt.n, all, moment.about.payment)
}
