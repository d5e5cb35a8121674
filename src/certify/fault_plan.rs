//! The fault plan: which fault to inject into a call. A call gets each fault of the step due once.

use super::injected_fault::{FaultLog, InjectedFault};
use crate::api::{Fault, Operation, Route};
use crate::capture::record::Exchange;
use crate::rules::model::{Step, StepKind};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Tolerance for the 30 s pause between retries: the two clocks are read at different points.
const SLACK: Duration = Duration::from_millis(250);

/// The fault plan of the current case.
#[derive(Debug, Default)]
pub(crate) struct FaultPlan {
    /// The faults injected into finished exchanges, by the id in the path; empty for a create.
    injected: Vec<(String, Fault)>,
    in_flight: BTreeMap<u64, (String, Fault)>,
    last_injected: Option<Instant>,
    /// The faults of the step due and their retries, for display.
    log: FaultLog,
    /// The recorder returns the refusals that the backend cannot be configured to return.
    simulates_refusals: bool,
}

impl FaultPlan {
    /// A plan before the first case.
    pub(crate) fn new(simulates_refusals: bool) -> FaultPlan {
        FaultPlan { simulates_refusals, ..FaultPlan::default() }
    }

    /// Resets the plan for the next step of the case.
    pub(crate) fn next_step(&mut self) {
        self.injected.clear();
        self.log.next_step();
    }

    /// Resets the plan for another case.
    pub(crate) fn next_case(&mut self) {
        let in_flight = std::mem::take(&mut self.in_flight);
        *self = FaultPlan { in_flight, simulates_refusals: self.simulates_refusals, ..FaultPlan::default() };
    }

    /// The faults injected into calls of the step due, including those in flight.
    pub(crate) fn injected(&self) -> &[InjectedFault] {
        self.log.all()
    }

    /// Decides as [`FaultPlan::decide`], and notes fault and retry. `call`: the idempotency key of a create, otherwise
    /// the id in the path.
    pub(crate) fn decide_and_note(
        &mut self,
        (number, operation, id): (u64, Operation, &str),
        call: &str,
        steps: &[Step],
        due: usize,
        rest: Duration,
    ) -> Option<Fault> {
        self.log.attempt(number, operation, call);
        let fault = self.decide((number, operation, id), steps, due, rest, Instant::now())?;
        self.log.inject(fault, number, operation, call);
        Some(fault)
    }

    /// The fault to inject into a call whose headers have arrived, while step `due` (an index into `steps`) is due.
    /// `rest`: after a pause of this length, a call whose every attempt fails is forwarded again.
    pub(crate) fn decide(
        &mut self,
        (number, operation, id): (u64, Operation, &str),
        steps: &[Step],
        due: usize,
        rest: Duration,
        now: Instant,
    ) -> Option<Fault> {
        let fault = self.persistent_fault(operation, steps, due, rest, now).or_else(|| {
            let step = steps.get(due).filter(|step| step.calls.contains(&operation))?;
            let all_injected = self.injected.iter().chain(self.in_flight.values());
            let injected: Vec<Fault> = all_injected.filter(|(other, _)| other == id).map(|(_, fault)| *fault).collect();
            step.faults.iter().find(|fault| !injected.contains(fault)).copied()
        })?;
        self.in_flight.insert(number, (id.to_owned(), fault));
        Some(fault)
    }

    /// The fault of a call whose every attempt fails, starting at the step that asks for it.
    fn persistent_fault(
        &self,
        operation: Operation,
        steps: &[Step],
        due: usize,
        rest: Duration,
        now: Instant,
    ) -> Option<Fault> {
        let begun = steps.iter().take(due.saturating_add(1)).enumerate();
        let refuses = |step: &Step| self.simulates_refusals && step.guide.balance.is_some();
        let asks = |step: &Step| step.guide.every.is_some() || refuses(step);
        let mut asking = begun.filter(|(_, step)| step.calls.contains(&operation) && asks(step));
        let (at, step) = asking.next()?;
        let resting = rest.saturating_sub(SLACK);
        let rested = self.last_injected.is_none_or(|last| now.saturating_duration_since(last) >= resting);
        let fault = if refuses(step) { Some(Fault::BalanceTooLow) } else { step.guide.every };
        fault.filter(|_| at == due || !rested)
    }

    /// Registers a finished exchange; `true` if a fault was injected into it. `ms`: the duration from which an exchange
    /// without a response counts as timed out.
    pub(crate) fn ended(&mut self, exchange: &Exchange, route: &Route, step: Option<&Step>, ms: i64) -> bool {
        let ours = self.in_flight.remove(&exchange.number);
        let now = Instant::now();
        self.log.ended(exchange.number, now);
        if ours.is_some() {
            self.last_injected = Some(now);
        }
        let Some(step) = step.filter(|step| route.operation().is_some_and(|op| step.calls.contains(&op))) else {
            return ours.is_some();
        };
        let id = route.id().unwrap_or_default().to_ascii_lowercase();
        let lasted = i64::try_from(exchange.duration_us() / 1000).unwrap_or(i64::MAX);
        match exchange.status() {
            None if lasted >= ms => self.injected.push((id, Fault::Timeout)),
            Some(500) => self.injected.push((id, Fault::ServerError)),
            // After a success the next request is a new call and gets the faults again, unless it is a poll.
            Some(200..=299) if step.kind == StepKind::Call => self.injected.retain(|(other, _)| *other != id),
            _ => {}
        }
        ours.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::record::{Answer, End, Stage, Times};
    use crate::rules::load;

    fn of(operation: Operation) -> Route {
        crate::profile::pos_v10().route(operation.method(), &format!("/v10{}", operation.template()))
    }

    const REST: Duration = Duration::from_secs(30);

    fn steps(case: &str) -> Vec<Step> {
        let rules = load(None).unwrap();
        let mut cases = rules.features.into_iter().flat_map(|feature| feature.cases);
        cases.find(|one| one.id == case).unwrap().steps
    }

    fn over(number: u64, status: Option<u16>, ms: u64) -> Exchange {
        let times = Times { end: ms * 1000, ..Times::default() };
        let answer = status.map(|status| Answer { status, ..Answer::default() });
        let stage = if status.is_some() { Stage::Done } else { Stage::Waiting };
        Exchange { number, times, answer, end: End { stage, ..End::default() }, ..Exchange::default() }
    }

    #[test]
    fn each_fault_is_injected_once_when_retries_overlap() {
        let (steps, mut fault_plan, now) = (steps("onboarding/1"), FaultPlan::default(), Instant::now());
        let create = Operation::CREATE_POS;
        let decide = |fault_plan: &mut FaultPlan, n| fault_plan.decide((n, create, ""), &steps, 0, REST, now);
        assert_eq!(decide(&mut fault_plan, 1), Some(Fault::Timeout));
        assert_eq!(decide(&mut fault_plan, 2), Some(Fault::ServerError));
        assert_eq!(decide(&mut fault_plan, 3), None);
        assert!(fault_plan.ended(&over(1, None, 2000), &of(create), steps.first(), 400));
        assert!(fault_plan.ended(&over(2, Some(500), 1), &of(create), steps.first(), 400));
        assert_eq!(decide(&mut fault_plan, 4), None);
        assert!(!fault_plan.ended(&over(3, Some(200), 1), &of(create), steps.first(), 400));
        assert_eq!(decide(&mut fault_plan, 5), Some(Fault::Timeout));
        assert_eq!(fault_plan.decide((6, Operation::GET_POS, ""), &steps, 0, REST, now), None);
    }

    #[test]
    fn fault_for_every_attempt_lasts_until_the_pause_before_a_retry() {
        let (steps, mut fault_plan, now) = (steps("payment/6"), FaultPlan::default(), Instant::now());
        let capture = Operation::CAPTURE_PAYMENT;
        assert_eq!(fault_plan.decide((1, capture, ""), &steps, 0, REST, now), None);
        for (n, due) in [(2, 1), (3, 2), (4, 2)] {
            assert_eq!(fault_plan.decide((n, capture, ""), &steps, due, REST, now), Some(Fault::ServerError), "{n}");
            fault_plan.ended(&over(n, Some(500), 1), &of(capture), steps.get(due), 400);
        }
        assert_eq!(
            fault_plan.decide((5, capture, ""), &steps, 2, REST, now + Duration::from_secs(29)),
            Some(Fault::ServerError)
        );
        assert_eq!(fault_plan.decide((6, capture, ""), &steps, 2, REST, now + Duration::from_secs(31)), None);
    }

    #[test]
    fn polls_of_another_payment_do_not_use_up_faults() {
        let (steps, mut fault_plan, now) = (steps("payment/1"), FaultPlan::default(), Instant::now());
        let poll = Operation::QUERY_PAYMENT;
        let route = |id: &str| crate::profile::pos_v10().route("GET", &format!("/pos/v10/payments/{id}"));
        for (n, id) in [(1, "a"), (2, "b")] {
            assert_eq!(fault_plan.decide((n, poll, id), &steps, 1, REST, now), Some(Fault::Timeout), "{id}");
            assert!(fault_plan.ended(&over(n, None, 500), &route(id), steps.get(1), 400));
            assert_eq!(fault_plan.decide((n + 10, poll, id), &steps, 1, REST, now), Some(Fault::ServerError), "{id}");
        }
    }

    #[test]
    fn recorder_returns_the_refusal_if_the_backend_cannot() {
        let (steps, now) = (steps("refund/3"), Instant::now());
        let mut fault_plan = FaultPlan::new(true);
        fault_plan.next_case();
        let create = (1, Operation::CREATE_REFUND, "");
        assert_eq!(fault_plan.decide(create, &steps, 0, REST, now), Some(Fault::BalanceTooLow));
        assert_eq!(FaultPlan::new(false).decide(create, &steps, 0, REST, now), None);
    }
}
