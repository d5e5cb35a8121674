//! The conductor: hears of every exchange before its answer goes out, asks the verifier's matcher how the cases stand,
//! and decides on the faults of the next call.
//!
//! The judging is done where the proxy reports the exchange, so that a client which sends its next call at once meets
//! the fault that is due then.

mod operator_commands;

use super::action::{Action, case_line};
use super::fault_plan::FaultPlan;
use super::pos_registry::{PosEntry, PosRegistry, onboards};
use super::schedule::Schedule;
use super::status::{BrokenRequirement, CertificationStatus, CurrentStep};
use super::unexpected_call;
use crate::api::{Fault, Operation, Route};
use crate::capture::record::{Connection, Exchange, Record};
use crate::proxy::{FaultInjector, RequestHead};
use crate::rules::RuleSet;
use crate::verify::Evaluator;
use crate::verify::progress::{Focus, Progress};
use crate::verify::verdict::CaseStatus;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Between proxy, matcher and course.
pub struct Director {
    rules: &'static RuleSet,
    state: Mutex<State>,
    news: Notify,
}

struct State {
    evaluator: Evaluator<'static>,
    next: u64,
    beyond: BTreeMap<u64, Exchange>,
    /// Recorded exchanges whose responses are on their way to the client.
    going_out: BTreeSet<u64>,
    so_far: Progress,
    focus: Focus,
    pos_registry: PosRegistry,
    vat: Option<String>,
    last_number: u64,
    attempt: u32,
    complete: bool,
    course: Schedule,
    /// How the cases stood that were gone through, as it was said.
    said: BTreeMap<String, CaseStatus>,
    fault_plan: FaultPlan,
    orders: Vec<Action>,
    asked_check_in: u64,
    polls: u32,
    /// What the case under way has nothing to do with, as it was said.
    unexpected: Vec<Operation>,
    broken: Option<String>,
    /// The broken musts that were told.
    told: BTreeSet<String>,
    end: AtEnd,
}

/// What is done when all cases were gone through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum AtEnd {
    /// It is over.
    #[default]
    Leave,
    /// It goes on until people say that it is over.
    Stay,
    /// They have said so.
    LogEntry,
}

/// What was recorded before, and how it is gone on with.
pub struct ResumeState {
    /// Has taken everything recorded before this run that counts.
    pub evaluator: Evaluator<'static>,
    /// The first exchange number of this run.
    pub next: u64,
    /// What is known of the client's points of sale.
    pub pos_registry: PosRegistry,
    /// The merchant's VAT number, where it was told.
    pub vat: Option<String>,
    /// The recorder has to refuse what the backend cannot be brought to refuse.
    pub stands_in: bool,
    /// The backend knows nothing of what was recorded before.
    pub forgotten: bool,
    /// The attempt, from 1.
    pub attempt: u32,
    /// Every run before this one stopped in good order, and nothing is lost.
    pub complete: bool,
}

/// What the guide has to know beside the orders.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// The PoS that the client works with.
    pub pos: Option<PosEntry>,
    /// The client waits for a customer: a payment is active, or it asks for the check-in.
    pub awaited: bool,
    /// How many polls of payments were answered.
    pub polls: u32,
    /// All cases were gone through.
    pub over: bool,
    /// What is waited for, and for how long.
    pub waiting: Option<(String, Duration)>,
    /// A rule could not be applied.
    pub broken: Option<String>,
}

impl Director {
    /// Goes on with what was recorded before.
    ///
    /// # Errors
    /// A rule that cannot be applied.
    pub fn new(rules: &'static RuleSet, before: ResumeState, course: Schedule) -> Result<Director, String> {
        let ResumeState { evaluator, next, mut pos_registry, vat, stands_in, forgotten, attempt, complete } = before;
        if forgotten {
            pos_registry.forget();
        }
        let focus = Focus { pos: pos_registry.current(), since: if forgotten { next } else { 0 } };
        let so_far = evaluator.so_far(&[], &focus).map_err(|error| error.to_string())?;
        let begun = so_far.cases.first().is_some_and(|first| first.verdict.status == CaseStatus::Passed);
        let left = so_far.cases.iter().any(|case| case.verdict.status != CaseStatus::Passed);
        let course = if forgotten && begun && left { course.forgotten(Instant::now()) } else { course };
        let told = BrokenRequirement::of(&evaluator).into_iter().map(|broken| broken.id).collect();
        let state = State {
            evaluator,
            next,
            beyond: BTreeMap::new(),
            going_out: BTreeSet::new(),
            so_far,
            focus,
            pos_registry,
            vat,
            last_number: next.saturating_sub(1),
            attempt,
            complete,
            course,
            said: BTreeMap::new(),
            fault_plan: FaultPlan::new(stands_in),
            orders: Vec::new(),
            asked_check_in: 0,
            polls: 0,
            unexpected: Vec::new(),
            broken: None,
            told,
            end: AtEnd::default(),
        };
        Ok(Director { rules, state: Mutex::new(state), news: Notify::new() })
    }

    /// Takes the orders that are due, and how things are.
    pub fn orders(&self, now: Instant) -> (Vec<Action>, Snapshot) {
        let mut state = self.state();
        state.turn(now);
        // Whoever is told of the next step may end what the client does; it has its response first.
        let responded = state.going_out.is_empty();
        let orders = if responded { std::mem::take(&mut state.orders) } else { Vec::new() };
        let snapshot = Snapshot {
            pos: state.point(),
            awaited: state.so_far.active || state.asked_check_in > 0,
            polls: state.polls,
            over: responded && (state.end == AtEnd::LogEntry || state.end == AtEnd::Leave && state.course.is_over()),
            waiting: state.course.waiting(now),
            broken: state.broken.clone(),
        };
        (orders, snapshot)
    }

    /// The due step has moved on at the backend: the customer acted.
    pub fn stirred(&self, now: Instant) {
        self.state().course.stirred(now);
    }

    /// Waits until something has been recorded, or asked for.
    pub async fn news(&self) {
        self.news.notified().await;
    }

    /// How the cases stand, a line each.
    pub fn standing(&self) -> Vec<String> {
        self.state().so_far.cases.iter().map(case_line).collect()
    }

    /// How everything stands, for whoever shows it.
    pub fn certification_status(&self) -> CertificationStatus {
        let state = self.state();
        let due = state.course.under_way().map(|(case, at, since, wait)| CurrentStep {
            case: case.id.clone(),
            title: case.title.clone(),
            at,
            steps: case.steps.len(),
            step: case.steps.get(at).cloned(),
            since,
            wait,
            met: state.fault_plan.met(),
        });
        CertificationStatus {
            cases: state.so_far.cases.iter().map(|standing| standing.verdict.clone()).collect(),
            gone_through: state.course.gone_through(),
            due,
            over: state.course.is_over(),
            broken: BrokenRequirement::of(&state.evaluator),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn turn(&mut self, now: Instant) {
        if self.broken.is_some() {
            return;
        }
        loop {
            let case = self.course.due().map(|(steps, due)| (steps.as_ptr(), due));
            let named = self.course.case().map(str::to_owned);
            let orders = self.course.turn(&self.so_far, self.last_number, now);
            let after = self.course.due().map(|(steps, due)| (steps.as_ptr(), due));
            if case.map(|(steps, _)| steps) != after.map(|(steps, _)| steps) {
                self.fault_plan.next_case();
                self.asked_check_in = 0;
                self.unexpected.clear();
            } else if case != after {
                self.fault_plan.next_step();
            }
            let waits: Vec<Record> = orders
                .iter()
                .filter_map(|order| match order {
                    Action::StepTimeout(over) => Some(Record::StepTimeout(over.clone())),
                    _ => None,
                })
                .collect();
            self.orders.extend(orders);
            let left = named.filter(|named| self.course.case() != Some(named));
            if waits.is_empty() {
                self.said.extend(left.and_then(|left| Some((left.clone(), self.status(&left)?))));
                return;
            }
            for record in &waits {
                self.take(record);
            }
            self.look();
            let failed = self.so_far.cases.iter().filter(|standing| {
                waits
                    .iter()
                    .any(|record| matches!(record, Record::StepTimeout(over) if over.case == standing.verdict.id))
            });
            let lines: Vec<Action> = failed.map(|standing| Action::Say(case_line(standing))).collect();
            self.orders.extend(lines);
            self.said.extend(left.and_then(|left| Some((left.clone(), self.status(&left)?))));
        }
    }

    fn point(&self) -> Option<PosEntry> {
        self.so_far.pos.as_ref().filter(|pos| !pos.deleted).map(|pos| self.pos_registry.point(pos, self.vat.as_deref()))
    }

    fn status(&self, case: &str) -> Option<CaseStatus> {
        let mut cases = self.so_far.cases.iter().map(|standing| &standing.verdict);
        cases.find(|verdict| verdict.id == case).map(|verdict| verdict.status)
    }

    /// What was said of a case that was gone through, and is not so any more, is said anew.
    fn correct(&mut self) {
        let under_way = self.course.case().map(str::to_owned);
        for standing in &self.so_far.cases {
            let status = standing.verdict.status;
            let Some(said) = self.said.get_mut(&standing.verdict.id) else { continue };
            if *said != status && under_way.as_deref() != Some(&standing.verdict.id) {
                *said = status;
                self.orders.push(Action::Say(case_line(standing)));
            }
        }
    }

    fn take(&mut self, record: &Record) {
        if let Err(error) = self.evaluator.take(record) {
            self.broken.get_or_insert(error.to_string());
        }
    }

    fn look(&mut self) {
        let beyond: Vec<Record> =
            self.beyond.values().map(|exchange| Record::Exchange(Box::new(exchange.clone()))).collect();
        match self.evaluator.so_far(&beyond, &self.focus) {
            Ok(so_far) => {
                self.so_far = so_far;
                self.correct();
                let broken = BrokenRequirement::of(&self.evaluator)
                    .into_iter()
                    .filter(|broken| self.told.insert(broken.id.clone()));
                self.orders.extend(broken.map(|broken| Action::Say(broken.line())));
            }
            Err(error) => {
                self.broken.get_or_insert(error.to_string());
            }
        }
    }

    /// Says that the till does something else than what is waited for; once for a case, however often it is sent.
    fn note_astray(&mut self, number: u64, operation: Operation) {
        let said =
            self.course.under_way().and_then(|(case, due, ..)| unexpected_call::sentence(number, operation, case, due));
        if let Some(said) = said.filter(|_| !self.unexpected.contains(&operation)) {
            self.unexpected.push(operation);
            self.orders.push(Action::Say(said));
        }
    }

    fn recorded(&mut self, exchange: &Exchange, timeout_ms: i64) {
        let now = Instant::now();
        self.going_out.insert(exchange.number);
        let operation = Route::of(&exchange.request.method, &exchange.request.target).operation();
        let step = self.course.due().and_then(|(steps, due)| steps.get(due));
        if self.fault_plan.ended(exchange, operation, step, timeout_ms) {
            self.course.stirred(now);
        }
        let polled = operation == Some(Operation::QueryPayment) && exchange.status() == Some(200);
        self.polls = self.polls.saturating_add(u32::from(polled));
        self.asked_check_in += u64::from(operation == Some(Operation::GetCheckIn));
        if let Some(operation) = operation {
            self.note_astray(exchange.number, operation);
        }
        let counts = exchange.number >= self.next;
        if counts && self.pos_registry.learn(exchange) {
            self.focus.pos = self.pos_registry.current();
            if onboards(operation) {
                self.course.onboarded(now);
            }
        }
        self.last_number = self.last_number.max(exchange.number);
        // What began before this attempt did is of the one before.
        if counts {
            self.beyond.insert(exchange.number, exchange.clone());
        }
        while let Some(exchange) = self.beyond.remove(&self.next) {
            self.take(&Record::Exchange(Box::new(exchange)));
            self.next += 1;
        }
        self.look();
        self.turn(now);
    }
}

impl FaultInjector for Director {
    fn decide(&self, head: &RequestHead<'_>) -> Option<Fault> {
        let route = head.route();
        self.state().course.heard(route.operation(), Instant::now());
        let operation = route.operation()?;
        let id = route.id.as_deref().unwrap_or("").to_ascii_lowercase();
        let rest = Duration::from_millis(u64::try_from(self.rules.limits.go_pause_ms).unwrap_or(0));
        let mut state = self.state();
        let State { course, fault_plan, .. } = &mut *state;
        let (steps, due) = course.due()?;
        let now = Instant::now();
        let fault = fault_plan.decide((head.number, operation, &id), steps, due, rest, now)?;
        // What is held back now is over later: its time counts from then on.
        course.stirred(now);
        Some(fault)
    }

    fn recorded(&self, exchange: &Exchange) {
        self.state().recorded(exchange, self.rules.limits.timeout_ms);
        self.news.notify_one();
    }

    fn undelivered(&self, connection: &Connection) {
        let mut state = self.state();
        state.take(&Record::Connection(connection.clone()));
        state.look();
        state.turn(Instant::now());
    }

    fn delivered(&self, number: u64) {
        self.state().going_out.remove(&number);
        self.news.notify_one();
    }
}
