//! The matcher of cases: finds, in what happened, the exchanges that show a case.
//!
//! A try is a thing of the case's kind (a PoS, a payment, ...) whose exchanges have shown the steps so far, in order;
//! anything may lie between. A try that shows all steps is a witness, and the case is passed, whatever else was tried.
//! Live certification and the verdict ask this one matcher.

use super::facts::Moment;
use super::pattern::{Happened, hides_scope, scope_of};
use super::profile::Target;
use super::tracks::About;
use super::verdict::{CaseStatus, CaseVerdict, StepStatus, StepVerdict, WaitVerdict};
use super::world::World;
use crate::api::{Fault, Operation};
use crate::capture::record::WaitOver;
use crate::rules::model::{Case, Scope, Step, StepKind};
use crate::rules::predicate::PredicateError;
use crate::rules::{Doubt, Truth};
use std::collections::BTreeMap;

/// One thing that may come to show the case.
#[derive(Clone, Debug)]
struct Try {
    /// For each step shown: the exchange, all exchanges that belong to it, and the payment it was of.
    shown: Vec<(u64, Vec<u64>, Option<usize>)>,
    about: About,
    request: usize,
    /// The step that is due may have been shown in what the capture does not show.
    doubtful: bool,
}

/// A case at work.
#[derive(Clone)]
pub struct CaseWatch<'r> {
    case: &'r Case,
    tries: BTreeMap<u64, Vec<Try>>,
    witness: Option<Try>,
}

/// The most tries kept for one thing: they can only multiply on a PoS that is used again and again.
const MOST_TRIES: usize = 32;

impl<'r> CaseWatch<'r> {
    /// A case of which nothing was seen.
    pub fn new(case: &'r Case) -> CaseWatch<'r> {
        CaseWatch { case, tries: BTreeMap::new(), witness: None }
    }

    /// Looks at an exchange that is over.
    pub fn see(&mut self, moment: &Moment) -> Result<(), PredicateError> {
        let Some((send, context)) = moment.send.filter(|_| self.witness.is_none()) else { return Ok(()) };
        if !self.case.steps.iter().any(|step| send.is(&step.calls)) {
            return Ok(());
        }
        let Some(scope) = scope_of(self.case.about, Happened::Answer, moment) else {
            if hides_scope(self.case.about, moment) {
                self.tries.values_mut().flatten().for_each(|one| one.doubtful = true);
            }
            return Ok(());
        };
        match asks(self.case.applies.as_deref(), moment)? {
            Truth::Yes => {}
            Truth::No => return Ok(()),
            Truth::Unknown(_) => {
                self.tries.entry(scope).or_default().iter_mut().for_each(|one| one.doubtful = true);
                return Ok(());
            }
        }
        let tries = self.tries.entry(scope).or_default();
        for one in tries.iter_mut() {
            let (shown, doubtful) = shown_by(&self.case.steps[one.shown.len()..], one, moment)?;
            one.doubtful |= doubtful;
            if !shown.is_empty() {
                one.doubtful = false;
                one.shown.extend(shown.iter().map(|step| exchanges(step, moment)));
                one.about = merged(one.about, moment.about);
            }
        }
        let fresh = tries.iter().any(|one| one.shown.len() == 1);
        let start = Try { shown: Vec::new(), about: moment.about, request: context.request, doubtful: false };
        if !fresh && tries.len() < MOST_TRIES && shows(&self.case.steps[0], &start, moment)? == Truth::Yes {
            let shown = vec![exchanges(&self.case.steps[0], moment)];
            tries.push(Try { shown, ..start });
        }
        self.witness = tries.iter().find(|one| one.shown.len() == self.case.steps.len()).cloned();
        if self.witness.is_some() {
            self.tries.clear();
        }
        Ok(())
    }

    /// What is to be said of the case now. `goes_on`: the capture does not end here, or its end is not to be relied on.
    pub fn verdict(
        &self,
        world: &World,
        target: &Target,
        waits: &[WaitOver],
        goes_on: bool,
        optional: bool,
    ) -> Result<CaseVerdict, PredicateError> {
        let mut witness = self.witness.clone();
        let mut broken: Option<(Try, usize)> = None;
        for one in self.tries.values().flatten() {
            if witness.is_some() {
                break;
            }
            let request = Some(one.request);
            let at_end = Moment { about: one.about, request, ..Moment::bare(world, target) };
            let reached = one.shown.len();
            let rest = &self.case.steps[reached..];
            let ends = !rest.is_empty() && rest.iter().all(|step| step.kind == StepKind::Ends);
            match if ends { all_hold(rest, &at_end)? } else { Truth::No } {
                Truth::Yes => {
                    witness = (!goes_on).then(|| one.clone());
                    continue;
                }
                Truth::Unknown(_) => continue,
                Truth::No => {}
            }
            let turned = self.case.steps[..reached].iter().any(|step| step.turning);
            let furthest = broken.as_ref().is_none_or(|(best, _)| best.shown.len() < reached);
            if turned && furthest && !one.doubtful && holds(self.case.broken_when.as_deref(), &at_end)? {
                broken = Some((one.clone(), reached));
            }
        }
        let mut lost = None;
        if witness.is_none() {
            lost = self.lost(world, target)?;
        }
        let waited = waits.iter().find(|wait| wait.case == self.case.id);
        let wait = waited.map(|wait| wait.step.max(1) as usize - 1);
        let furthest = || self.tries.values().flatten().max_by_key(|one| one.shown.len()).cloned();
        let (status, one, failed_step) = match (witness, broken, lost, wait) {
            (Some(witness), ..) => (CaseStatus::Passed, Some(witness), None),
            // Where the guided certification gave up is what it said then; what came later does not change the words.
            (None, _, _, Some(step)) => (CaseStatus::Failed, furthest(), Some((step, None))),
            (None, Some((one, step)), ..) if !goes_on => (CaseStatus::Failed, Some(one), Some((step, None))),
            (None, _, Some((step, n)), _) if !goes_on => (CaseStatus::Failed, furthest(), Some((step, Some(n)))),
            (None, ..) if goes_on && furthest().is_some() => (CaseStatus::InProgress, furthest(), None),
            _ => (CaseStatus::NotTested, furthest(), None),
        };
        let mut verdict = self.put(status, one, failed_step, optional);
        verdict.wait = waited.filter(|_| status == CaseStatus::Failed).and_then(WaitVerdict::of);
        if let (Some(wait), Some((at, _))) = (&verdict.wait, failed_step)
            && let Some(step) = verdict.steps.get_mut(at)
        {
            step.message = wait.message();
        }
        Ok(verdict)
    }

    /// A call that the case marks with faults, that met one, and that was neither brought through nor looked up.
    fn lost(&self, world: &World, target: &Target) -> Result<Option<(usize, u64)>, PredicateError> {
        for (at, step) in self.case.steps.iter().enumerate() {
            if step.faults.is_empty() {
                continue;
            }
            for (place, call) in world.calls.iter() {
                if world.missing.made_good.contains(&place) || call.is_loose {
                    continue;
                }
                let marked = call.operation.is_some_and(|operation| step.calls.contains(&operation));
                let met = call.go_timeouts + call.go_500s > 0;
                let gone = call.operation == Some(Operation::DeletePos);
                let through = call.last.and_then(|last| last.status);
                let through = through.is_some_and(|status| status < 300 || (gone && status == 404));
                // What was answered before was brought through; only a poll has to be answered again.
                let through = through || (call.succeeded && !call.operation.is_some_and(Operation::polled));
                if !marked || !met || through || call.looked_up {
                    continue;
                }
                let applies = match &self.case.applies {
                    Some(applies) if call.about != About::default() => {
                        applies.holds(&Moment { about: call.about, ..Moment::bare(world, target) })?
                    }
                    _ => true,
                };
                if applies {
                    return Ok(Some((at, call.last_n)));
                }
            }
        }
        Ok(None)
    }

    /// For each thing that may come to show the case: the exchanges that showed its steps so far, in order.
    pub fn tries(&self) -> Vec<Vec<u64>> {
        self.tries.values().flatten().map(|one| one.shown.iter().map(|(n, ..)| *n).collect()).collect()
    }

    fn put(
        &self,
        status: CaseStatus,
        one: Option<Try>,
        failed_step: Option<(usize, Option<u64>)>,
        optional: bool,
    ) -> CaseVerdict {
        let shown = one.map_or_else(Vec::new, |one| one.shown);
        let steps = self.case.steps.iter().enumerate().map(|(at, step)| {
            let exchange = shown.get(at).map(|(n, ..)| *n);
            let (status, exchange) = match failed_step {
                Some((failed, n)) if failed == at => (StepStatus::Failed, n.or(exchange)),
                Some((failed, _)) if failed < at => (StepStatus::Pending, None),
                _ if exchange.is_some() || status == CaseStatus::Passed => (StepStatus::Passed, exchange),
                _ => (StepStatus::Pending, None),
            };
            StepVerdict { call: step.title.clone(), status, exchange, message: None }
        });
        let mut witness: Vec<u64> = match status {
            CaseStatus::Passed => shown.iter().flat_map(|(_, all, _)| all.iter().copied()).collect(),
            _ => Vec::new(),
        };
        witness.sort_unstable();
        witness.dedup();
        CaseVerdict {
            id: self.case.id.clone(),
            title: self.case.title.clone(),
            optional,
            status,
            steps: steps.collect(),
            witness,
            wait: None,
        }
    }
}

fn merged(old: About, new: About) -> About {
    About { pos: old.pos.or(new.pos), payment: old.payment.or(new.payment), refund: old.refund.or(new.refund) }
}

fn asks(predicate: Option<&crate::rules::Predicate>, moment: &Moment) -> Result<Truth, PredicateError> {
    predicate.map_or(Ok(Truth::Yes), |predicate| predicate.asks(moment))
}

fn holds(predicate: Option<&crate::rules::Predicate>, moment: &Moment) -> Result<bool, PredicateError> {
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
fn shown_by<'s>(due: &'s [Step], one: &Try, moment: &Moment) -> Result<(&'s [Step], bool), PredicateError> {
    let [first, rest @ ..] = due else { return Ok((due, false)) };
    let shown = shows(first, one, moment)?;
    if shown == Truth::Yes {
        return Ok((std::slice::from_ref(first), false));
    }
    let mut doubtful = shown != Truth::No;
    if let ([second, ..], Some(unneeded)) = (rest, &first.unneeded_when) {
        let both = (shows(second, one, moment)?, unneeded.asks(moment)?);
        if both == (Truth::Yes, Truth::Yes) {
            return Ok((due.get(..2).unwrap_or(due), false));
        }
        doubtful |= both.0 != Truth::No && both.1 != Truth::No;
    }
    Ok((&[], doubtful))
}

/// Whether an exchange that is over shows a step.
fn shows(step: &Step, one: &Try, moment: &Moment) -> Result<Truth, PredicateError> {
    let Some((send, context)) = moment.send else { return Ok(Truth::No) };
    if step.kind == StepKind::Ends || !send.is(&step.calls) {
        return Ok(Truth::No);
    }
    if let Some(earlier) = step.same_payment_as {
        let wanted = one.shown.get(earlier - 1).and_then(|(.., payment)| *payment);
        if wanted.is_none() || wanted != moment.about.payment {
            return Ok(Truth::No);
        }
    }
    if step.kind == StepKind::Call {
        let call = moment.world.calls.at(context.call);
        let held = call.in_flight.iter().any(|(_, head)| moment.world.was_held(*head, send.end));
        let met = |fault: &Fault| match fault {
            Fault::Timeout => call.go_timeouts > 0 || held,
            Fault::ServerError => call.go_500s > 0,
            // No step is marked with it: it is a refusal, which a step sees by its status and code.
            Fault::BalanceTooLow => false,
        };
        if !send.succeeded() {
            return Ok(Truth::No);
        }
        if !step.faults.iter().all(met) {
            // Sends of the call may be among those of which it is not shown to which they belong.
            let loose = send.operation.is_some_and(|operation| moment.world.missing.loose.contains(&operation));
            return Ok(if loose { Truth::Unknown(Doubt::NotShown) } else { Truth::No });
        }
    }
    asks(step.when.as_deref(), moment)
}

/// The exchange that showed a step, with those that belong to it.
fn exchanges(step: &Step, moment: &Moment) -> (u64, Vec<u64>, Option<usize>) {
    let Some((send, context)) = moment.send else { return (0, Vec::new(), None) };
    let mut all = vec![send.n];
    if step.kind == StepKind::Call {
        all.extend(moment.world.calls.at(context.call).go.iter().filter(|n| **n <= send.n));
    }
    (send.n, all, moment.about.payment)
}

/// The thing a case is about, in words.
pub fn about_words(scope: Scope) -> &'static str {
    match scope {
        Scope::Client | Scope::Connection => "client",
        Scope::Call | Scope::Key | Scope::Request => "call",
        Scope::Token => "token",
        Scope::Pos => "point of sale",
        Scope::Payment => "payment",
        Scope::Refund => "refund",
    }
}
