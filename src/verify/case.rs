//! The matcher of cases: finds the exchanges that pass the steps of a case.
//!
//! A case attempt is about one thing of the case's scope (a PoS, a payment, ...). Its exchanges pass the steps in
//! order, with any other exchanges in between. A case attempt that passes all steps is a witness: the case is passed,
//! whatever other attempts did. The guided certification and the verdict use the same matcher.

use super::case_attempts::{CaseAttempt, CaseAttempts, holds};
use super::events::{EventKind, hides_scope, scope_of};
use super::moment::Moment;
use super::state::ObservedState;
use super::subjects::Subjects;
use super::target::Target;
use super::verdict::{CaseStatus, CaseVerdict, StepStatus, StepVerdict, WaitVerdict};
use crate::api::Operation;
use crate::capture::record::StepTimeout;
use crate::profile::Profile;
use crate::rules::Truth;
use crate::rules::model::{Case, Scope};
use crate::rules::predicate::PredicateError;

/// The matching state of one case.
#[derive(Clone)]
pub(crate) struct CaseState<'r> {
    case: &'r Case,
    tries: CaseAttempts,
    /// The case attempts if every unknown value were as the case requires; `None` while everything is known.
    possible: Option<CaseAttempts>,
}

impl<'r> CaseState<'r> {
    /// The state of a case before any exchange.
    pub(crate) fn new(case: &'r Case) -> CaseState<'r> {
        CaseState { case, tries: CaseAttempts::default(), possible: None }
    }

    /// Processes an exchange that has ended.
    ///
    /// # Errors
    /// A predicate that cannot be evaluated.
    pub(crate) fn observe(&mut self, moment: &Moment) -> Result<(), PredicateError> {
        let Some((attempt, _)) = moment.attempt.filter(|_| self.tries.witness.is_none()) else { return Ok(()) };
        if !self.case.steps.iter().any(|step| attempt.is(&step.calls)) {
            return Ok(());
        }
        let scope = scope_of(self.case.about, EventKind::Answer, moment);
        if scope.is_none() && !hides_scope(self.case.about, moment) {
            return Ok(());
        }
        let before = (self.possible.is_none() && !moment.is_certain()).then(|| self.tries.clone());
        let unknown = self.tries.observe(self.case, scope, moment, false)?;
        if unknown && self.possible.is_none() {
            self.possible = before;
        }
        if let Some(possible) = self.possible.as_mut().filter(|possible| possible.witness.is_none()) {
            possible.observe(self.case, scope, moment, true)?;
        }
        Ok(())
    }

    /// The verdict on the case now. `goes_on`: the capture is in progress, or its end is not reliable.
    ///
    /// # Errors
    /// A predicate that cannot be evaluated.
    pub(crate) fn verdict(
        &self,
        observed: &ObservedState,
        target: &Target,
        waits: &[StepTimeout],
        goes_on: bool,
        optional: bool,
    ) -> Result<CaseVerdict, PredicateError> {
        let mut witness = self.tries.witness.clone();
        let mut broken: Option<(CaseAttempt, usize)> = None;
        for one in self.tries.all() {
            if witness.is_some() {
                break;
            }
            let at_end = one.at_end(observed, target);
            let reached = one.shown.len();
            match one.ends_well(self.case, &at_end)? {
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
        if witness.is_none() && self.is_possible(observed, target)? {
            // Hidden exchanges may pass the case.
            broken = None;
        } else if witness.is_none() {
            lost = self.lost(observed, target)?;
        }
        let waited = waits.iter().find(|wait| wait.case == self.case.id);
        let wait = waited.map(|wait| wait.step.max(1) as usize - 1);
        let furthest = || self.tries.all().max_by_key(|one| one.shown.len()).cloned();
        let (status, one, failed_step) = match (witness, broken, lost, wait) {
            (Some(witness), ..) => (CaseStatus::Passed, Some(witness), None),
            // The step at which the guided certification gave up is reported as it was then, whatever came later.
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

    /// Whether hidden values may make a witness.
    fn is_possible(&self, observed: &ObservedState, target: &Target) -> Result<bool, PredicateError> {
        let Some(possible) = &self.possible else { return Ok(false) };
        for one in possible.all() {
            if one.ends_well(self.case, &one.at_end(observed, target))? != Truth::No {
                return Ok(true);
            }
        }
        Ok(possible.witness.is_some())
    }

    /// A call of a step with faults that met a fault and was neither retried successfully nor looked up.
    fn lost(&self, observed: &ObservedState, target: &Target) -> Result<Option<(usize, u64)>, PredicateError> {
        for (at, step) in self.case.steps.iter().enumerate() {
            if step.faults.is_empty() {
                continue;
            }
            for (place, call) in observed.calls.iter() {
                if observed.missing.maybe_resolved.contains(&place) || call.is_loose {
                    continue;
                }
                let marked = call.operation.is_some_and(|operation| step.calls.contains(&operation));
                let had_fault = call.burst_timeouts + call.burst_500s > 0;
                let gone = call.operation == Some(Operation::DELETE_POS);
                let through = call.last.and_then(|last| last.status);
                let through = through.is_some_and(|status| status < 300 || (gone && status == 404));
                // An earlier success is enough; only a poll has to succeed again.
                let through = through || (call.succeeded && !call.operation.is_some_and(Operation::polled));
                if !marked || !had_fault || through || call.looked_up {
                    continue;
                }
                let applies = match &self.case.applies {
                    Some(applies) if call.about != Subjects::default() => {
                        applies.holds(&Moment { about: call.about, ..Moment::bare(observed, target) })?
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

    /// For each case attempt: the exchanges that passed its steps so far, in order.
    pub(crate) fn tries(&self) -> Vec<Vec<u64>> {
        self.tries.all().map(|one| one.shown.iter().map(|(n, ..)| *n).collect()).collect()
    }

    fn put(
        &self,
        status: CaseStatus,
        one: Option<CaseAttempt>,
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

/// The name of the thing that a case is about, for people.
pub(crate) fn about_words(scope: Scope, profile: &Profile) -> &str {
    match scope {
        Scope::Client | Scope::Connection => "client",
        Scope::Call | Scope::Key | Scope::Request => "call",
        Scope::Token => "token",
        Scope::Resource(resource) => profile.resource_spec(resource).map_or("resource", |spec| &spec.title),
    }
}
