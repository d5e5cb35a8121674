//! The director: receives every exchange before its response is sent, evaluates the progress of the cases and decides
//! which fault the next call gets.
//!
//! Evaluation runs in the proxy's callback: a client that sends its next call immediately gets the fault due at that
//! point.

mod display;
mod operator_commands;

use super::action::{Action, case_line};
use super::case_failure::CaseFailure;
use super::fault_plan::FaultPlan;
use super::pos_registry::{PosEntry, PosRegistry, onboards};
use super::schedule::Schedule;
use super::status::{BrokenRequirement, Obligation};
use super::unexpected_call;
use crate::api::{Fault, Operation, Route, header};
use crate::capture::record::{Connection, Exchange, Record, StepTimeout};
use crate::proxy::{FaultInjector, RequestHead};
use crate::rules::RuleSet;
use crate::verify::Evaluator;
use crate::verify::progress::{CaseProgress, Focus, Progress};
use crate::verify::verdict::CaseStatus;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Connects the proxy, the evaluator and the schedule.
pub(crate) struct Director {
    rules: &'static RuleSet,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    evaluator: Evaluator<'static>,
    next: u64,
    out_of_order: BTreeMap<u64, Exchange>,
    /// Recorded exchanges whose responses are on their way to the client.
    going_out: BTreeSet<u64>,
    so_far: Progress,
    focus: Focus,
    pos_registry: PosRegistry,
    vat: Option<String>,
    last_number: u64,
    attempt: u32,
    complete: bool,
    schedule: Schedule,
    /// The reported status of each finished case.
    reported: BTreeMap<String, CaseStatus>,
    /// Why cases of this run failed, as observed then.
    failures: BTreeMap<String, CaseFailure>,
    /// What the till still has to do; `None` after a change, until it is asked for.
    obligations: Option<Vec<Obligation>>,
    fault_plan: FaultPlan,
    actions: Vec<Action>,
    asked_check_in: u64,
    polls: u32,
    /// Reported operations that are not part of the current case.
    unexpected: Vec<Operation>,
    broken: Option<String>,
    /// Ids of the broken mandatory requirements that were reported.
    reported_requirements: BTreeSet<String>,
    end: AtEnd,
}

/// What happens after the last case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum AtEnd {
    /// The certification ends.
    #[default]
    Leave,
    /// It continues until the operator ends it.
    Stay,
    /// The operator ended it.
    EndedByOperator,
}

/// The state of the capture before this run, and how to resume from it.
pub(crate) struct ResumeState {
    /// Has processed all earlier records of the attempt that counts.
    pub evaluator: Evaluator<'static>,
    /// The first exchange number of this run.
    pub next: u64,
    /// The client's points of sale known so far.
    pub pos_registry: PosRegistry,
    /// The merchant's VAT number, if configured.
    pub vat: Option<String>,
    /// The recorder itself returns the refusals that the backend cannot be configured to return.
    pub simulates_refusals: bool,
    /// The backend lost the state of the earlier runs.
    pub backend_reset: bool,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// Every earlier run stopped cleanly, and no record is missing.
    pub complete: bool,
}

/// What the executor needs besides the actions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot {
    /// The PoS that the client works with.
    pub pos: Option<PosEntry>,
    /// The client waits for a customer: a payment is active, or it polls the check-in.
    pub awaited: bool,
    /// How many payment polls returned 200.
    pub polls: u32,
    /// The certification is over.
    pub over: bool,
    /// The step due, as text, and how long it has been due.
    pub waiting: Option<(String, Duration)>,
    /// A rule could not be applied.
    pub broken: Option<String>,
}

impl Director {
    /// Resumes from the records before this run.
    ///
    /// # Errors
    /// A rule cannot be applied.
    pub(crate) fn new(rules: &'static RuleSet, before: ResumeState, schedule: Schedule) -> Result<Director, String> {
        let ResumeState {
            evaluator,
            next,
            mut pos_registry,
            vat,
            simulates_refusals,
            backend_reset,
            attempt,
            complete,
        } = before;
        if backend_reset {
            pos_registry.forget();
        }
        let focus = Focus { pos: pos_registry.current(), since: if backend_reset { next } else { 0 } };
        let so_far = evaluator.so_far(&[], &focus).map_err(|error| error.to_string())?;
        let begun = so_far.cases.first().is_some_and(|first| first.verdict.status == CaseStatus::Passed);
        let left = so_far.cases.iter().any(|case| case.verdict.status != CaseStatus::Passed);
        let schedule = if backend_reset && begun && left { schedule.backend_reset(Instant::now()) } else { schedule };
        let reported_requirements = BrokenRequirement::of(&evaluator).into_iter().map(|broken| broken.id).collect();
        let state = State {
            evaluator,
            next,
            out_of_order: BTreeMap::new(),
            going_out: BTreeSet::new(),
            so_far,
            focus,
            pos_registry,
            vat,
            last_number: next.saturating_sub(1),
            attempt,
            complete,
            schedule,
            reported: BTreeMap::new(),
            failures: BTreeMap::new(),
            obligations: None,
            fault_plan: FaultPlan::new(simulates_refusals),
            actions: Vec::new(),
            asked_check_in: 0,
            polls: 0,
            unexpected: Vec::new(),
            broken: None,
            reported_requirements,
            end: AtEnd::default(),
        };
        Ok(Director { rules, state: Mutex::new(state), changed: Notify::new() })
    }

    /// Takes the pending actions, with a snapshot of the state.
    pub(crate) fn actions(&self, now: Instant) -> (Vec<Action>, Snapshot) {
        let mut state = self.state();
        state.advance(now);
        // The next action may stop the client: it has to get its response first.
        let responded = state.going_out.is_empty();
        let actions = if responded { std::mem::take(&mut state.actions) } else { Vec::new() };
        let snapshot = Snapshot {
            pos: state.point(),
            awaited: state.so_far.active || state.asked_check_in > 0,
            polls: state.polls,
            over: responded
                && (state.end == AtEnd::EndedByOperator || state.end == AtEnd::Leave && state.schedule.is_over()),
            waiting: state.schedule.waiting(now),
            broken: state.broken.clone(),
        };
        (actions, snapshot)
    }

    /// The step due has made progress: the customer acted.
    pub(crate) fn extend_deadline(&self, now: Instant) {
        self.state().schedule.extend_deadline(now);
    }

    /// Waits for the next record or operator command.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn advance(&mut self, now: Instant) {
        if self.broken.is_some() {
            return;
        }
        loop {
            let case = self.schedule.due().map(|(steps, due)| (steps.as_ptr(), due));
            let named = self.schedule.case().map(str::to_owned);
            let step = self.schedule.due().and_then(|(steps, due)| steps.get(due));
            let kind = step.map(|step| step.kind).unwrap_or_default();
            let actions = self.schedule.advance(&self.so_far, self.last_number, now);
            let after = self.schedule.due().map(|(steps, due)| (steps.as_ptr(), due));
            let waits: Vec<StepTimeout> = actions
                .iter()
                .filter_map(|action| match action {
                    Action::StepTimeout(over) => Some(over.clone()),
                    _ => None,
                })
                .collect();
            let injected = if waits.is_empty() { Vec::new() } else { self.fault_plan.injected().to_vec() };
            if case.map(|(steps, _)| steps) != after.map(|(steps, _)| steps) {
                self.fault_plan.next_case();
                self.asked_check_in = 0;
                self.unexpected.clear();
            } else if case != after {
                self.fault_plan.next_step();
            }
            self.actions.extend(actions);
            let left = named.filter(|named| self.schedule.case() != Some(named));
            if waits.is_empty() {
                self.reported.extend(left.and_then(|left| Some((left.clone(), self.status(&left)?))));
                return;
            }
            for wait in &waits {
                self.take(&Record::StepTimeout(wait.clone()));
            }
            self.update();
            let failed: Vec<_> = self
                .so_far
                .cases
                .iter()
                .filter(|progress| waits.iter().any(|wait| wait.case == progress.verdict.id))
                .collect();
            let reasons = failed.iter().filter_map(|progress| {
                Some((progress.verdict.id.clone(), CaseFailure::of(&progress.verdict, &injected, kind)?))
            });
            self.failures.extend(reasons.collect::<Vec<_>>());
            let lines: Vec<Action> = failed.iter().flat_map(|progress| self.failure_lines(progress)).collect();
            self.actions.extend(lines);
            self.reported.extend(left.and_then(|left| Some((left.clone(), self.status(&left)?))));
        }
    }

    /// The log lines for a failed case: its status, and the reason.
    fn failure_lines(&self, progress: &CaseProgress) -> Vec<Action> {
        let reason = self.failures.get(&progress.verdict.id).map(|failure| format!("  {}", failure.line()));
        std::iter::once(case_line(progress)).chain(reason).map(Action::Log).collect()
    }

    fn point(&self) -> Option<PosEntry> {
        self.so_far.pos.as_ref().filter(|pos| !pos.deleted).map(|pos| self.pos_registry.point(pos, self.vat.as_deref()))
    }

    fn status(&self, case: &str) -> Option<CaseStatus> {
        let mut cases = self.so_far.cases.iter().map(|progress| &progress.verdict);
        cases.find(|verdict| verdict.id == case).map(|verdict| verdict.status)
    }

    /// Reports the cases whose status has changed since it was reported.
    fn correct(&mut self) {
        let under_way = self.schedule.case().map(str::to_owned);
        for progress in &self.so_far.cases {
            let status = progress.verdict.status;
            let Some(reported) = self.reported.get_mut(&progress.verdict.id) else { continue };
            if *reported != status && under_way.as_deref() != Some(&progress.verdict.id) {
                *reported = status;
                self.actions.push(Action::Log(case_line(progress)));
            }
        }
    }

    fn take(&mut self, record: &Record) {
        self.obligations = None;
        if let Err(error) = self.evaluator.take(record) {
            self.broken.get_or_insert(error.to_string());
        }
    }

    fn update(&mut self) {
        self.obligations = None;
        let out_of_order: Vec<Record> =
            self.out_of_order.values().map(|exchange| Record::Exchange(Box::new(exchange.clone()))).collect();
        match self.evaluator.so_far(&out_of_order, &self.focus) {
            Ok(so_far) => {
                self.so_far = so_far;
                self.correct();
                let broken = BrokenRequirement::of(&self.evaluator)
                    .into_iter()
                    .filter(|broken| self.reported_requirements.insert(broken.id.clone()));
                self.actions.extend(broken.map(|broken| Action::Log(broken.line())));
            }
            Err(error) => {
                self.broken.get_or_insert(error.to_string());
            }
        }
    }

    /// Reports a call that the current case does not ask for; once per case and operation.
    fn note_unexpected(&mut self, number: u64, operation: Operation) {
        let message = self
            .schedule
            .under_way()
            .and_then(|(case, due, ..)| unexpected_call::sentence(number, operation, case, due));
        if let Some(message) = message.filter(|_| !self.unexpected.contains(&operation)) {
            self.unexpected.push(operation);
            self.actions.push(Action::Log(message));
        }
    }

    fn recorded(&mut self, exchange: &Exchange, route: &Route, timeout_ms: i64) {
        let now = Instant::now();
        self.going_out.insert(exchange.number);
        let operation = route.operation();
        let step = self.schedule.due().and_then(|(steps, due)| steps.get(due));
        if self.fault_plan.ended(exchange, route, step, timeout_ms) {
            self.schedule.extend_deadline(now);
        }
        let polled = operation == Some(Operation::QUERY_PAYMENT) && exchange.status() == Some(200);
        self.polls = self.polls.saturating_add(u32::from(polled));
        self.asked_check_in += u64::from(operation == Some(Operation::GET_CHECK_IN));
        if let Some(operation) = operation {
            self.note_unexpected(exchange.number, operation);
        }
        let counts = exchange.number >= self.next;
        if counts && self.pos_registry.learn(exchange) {
            self.focus.pos = self.pos_registry.current();
            if onboards(operation) {
                self.schedule.onboarded(now);
            }
        }
        self.last_number = self.last_number.max(exchange.number);
        // An exchange that started before this attempt belongs to the previous one.
        if counts {
            self.out_of_order.insert(exchange.number, exchange.clone());
        }
        while let Some(exchange) = self.out_of_order.remove(&self.next) {
            self.take(&Record::Exchange(Box::new(exchange)));
            self.next += 1;
        }
        self.update();
        self.advance(now);
    }
}

impl FaultInjector for Director {
    fn decide(&self, head: &RequestHead<'_>) -> Option<Fault> {
        let route = head.route(self.rules.profile);
        self.state().schedule.call_received(route.operation(), Instant::now());
        let operation = route.operation()?;
        let id = route.id().unwrap_or_default().to_ascii_lowercase();
        let rest = Duration::from_millis(u64::try_from(self.rules.limits.go_pause_ms).unwrap_or(0));
        let mut state = self.state();
        let State { schedule, fault_plan, .. } = &mut *state;
        let (steps, due) = schedule.due()?;
        let now = Instant::now();
        let key = head.headers.iter().find(|one| operation.creates() && one.name.eq_ignore_ascii_case(header::KEY));
        let call = key.map_or(id.as_str(), |key| key.value.as_str());
        let fault = fault_plan.decide_and_note((head.number, operation, &id), call, steps, due, rest)?;
        // The fault delays the exchange: the timeout starts again.
        schedule.extend_deadline(now);
        Some(fault)
    }

    fn recorded(&self, exchange: &Exchange) {
        let route = self.rules.profile.route(&exchange.request.method, &exchange.request.target);
        self.state().recorded(exchange, &route, self.rules.limits.timeout_ms);
        self.changed.notify_one();
    }

    fn undelivered(&self, connection: &Connection) {
        let mut state = self.state();
        state.take(&Record::Connection(connection.clone()));
        state.update();
        state.advance(Instant::now());
    }

    fn delivered(&self, number: u64) {
        self.state().going_out.remove(&number);
        self.changed.notify_one();
    }
}
