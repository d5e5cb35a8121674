//! Which fault a call gets: those that the due step marks and that the call has not met yet.

use crate::api::{Fault, Operation, Route};
use crate::capture::record::Exchange;
use crate::rules::model::{Step, StepKind};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// A call that rested so much less than half a minute may begin again without its fault: clocks are read in two places.
const SLACK: Duration = Duration::from_millis(250);

/// The faults of the case that is under way.
#[derive(Debug, Default)]
pub struct FaultPlan {
    /// The faults that were met, and by what: the id in the path, empty for a create.
    met: Vec<(String, Fault)>,
    in_flight: BTreeMap<u64, (String, Fault)>,
    last_every: Option<Instant>,
    /// The backend cannot be brought to refuse what a case needs refused.
    stands_in: bool,
}

impl FaultPlan {
    /// No case is under way.
    pub fn new(stands_in: bool) -> FaultPlan {
        FaultPlan { stands_in, ..FaultPlan::default() }
    }

    /// Another step is due, or another case.
    pub fn next_step(&mut self) {
        self.met.clear();
    }

    /// Another case is due.
    pub fn next_case(&mut self) {
        let in_flight = std::mem::take(&mut self.in_flight);
        *self = FaultPlan { in_flight, stands_in: self.stands_in, ..FaultPlan::default() };
    }

    /// The faults that calls of the due step have met, and those that are being put on one.
    pub fn met(&self) -> Vec<Fault> {
        self.met.iter().chain(self.in_flight.values()).map(|(_, fault)| *fault).collect()
    }

    /// The fault of a call whose head has arrived, while step `due` (from 0) of `steps` is due. `rest`: a call that has
    /// rested so long is let through again.
    pub fn decide(
        &mut self,
        (number, operation, id): (u64, Operation, &str),
        steps: &[Step],
        due: usize,
        rest: Duration,
        now: Instant,
    ) -> Option<Fault> {
        let fault = self.every(operation, steps, due, rest, now).or_else(|| {
            let step = steps.get(due).filter(|step| step.calls.contains(&operation))?;
            let meets = self.met.iter().chain(self.in_flight.values());
            let met: Vec<Fault> = meets.filter(|(other, _)| other == id).map(|(_, fault)| *fault).collect();
            step.faults.iter().find(|fault| !met.contains(fault)).copied()
        })?;
        self.in_flight.insert(number, (id.to_owned(), fault));
        Some(fault)
    }

    /// The fault of every send, from a step that asks for it on.
    fn every(&self, operation: Operation, steps: &[Step], due: usize, rest: Duration, now: Instant) -> Option<Fault> {
        let begun = steps.iter().take(due.saturating_add(1)).enumerate();
        let refuses = |step: &Step| self.stands_in && step.guide.balance.is_some();
        let asks = |step: &Step| step.guide.every.is_some() || refuses(step);
        let mut asking = begun.filter(|(_, step)| step.calls.contains(&operation) && asks(step));
        let (at, step) = asking.next()?;
        let resting = rest.saturating_sub(SLACK);
        let rested = self.last_every.is_none_or(|last| now.saturating_duration_since(last) >= resting);
        let fault = if refuses(step) {
            Fault::BalanceTooLow
        } else if step.guide.every.as_deref() == Some(Fault::Timeout.name()) {
            Fault::Timeout
        } else {
            Fault::ServerError
        };
        (at == due || !rested).then_some(fault)
    }

    /// An exchange is over; `true` where it had met a fault of ours.
    pub fn ended(&mut self, exchange: &Exchange, operation: Option<Operation>, step: Option<&Step>, ms: i64) -> bool {
        let ours = self.in_flight.remove(&exchange.number);
        let now = Instant::now();
        if ours.is_some() {
            self.last_every = Some(now);
        }
        let Some(step) = step.filter(|step| operation.is_some_and(|op| step.calls.contains(&op))) else {
            return ours.is_some();
        };
        let id =
            Route::of(&exchange.request.method, &exchange.request.target).id.unwrap_or_default().to_ascii_lowercase();
        let lasted = i64::try_from(exchange.duration_us() / 1000).unwrap_or(i64::MAX);
        match exchange.status() {
            None if lasted >= ms => self.met.push((id, Fault::Timeout)),
            Some(500) => self.met.push((id, Fault::ServerError)),
            // What follows a success is another call, and meets the faults anew; polls go on.
            Some(200..=299) if step.kind == StepKind::Call => self.met.retain(|(other, _)| *other != id),
            _ => {}
        }
        ours.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::record::{Answer, End, Request, Stage, Times};
    use crate::rules::load;

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
    fn a_call_meets_each_fault_once_even_if_its_next_send_comes_before_the_last_was_seen_to_end() {
        let (steps, mut fault_plan, now) = (steps("onboarding/1"), FaultPlan::default(), Instant::now());
        let create = Operation::CreatePos;
        let decide = |fault_plan: &mut FaultPlan, n| fault_plan.decide((n, create, ""), &steps, 0, REST, now);
        assert_eq!(decide(&mut fault_plan, 1), Some(Fault::Timeout));
        assert_eq!(decide(&mut fault_plan, 2), Some(Fault::ServerError));
        assert_eq!(decide(&mut fault_plan, 3), None);
        assert!(fault_plan.ended(&over(1, None, 2000), Some(create), steps.first(), 400));
        assert!(fault_plan.ended(&over(2, Some(500), 1), Some(create), steps.first(), 400));
        assert_eq!(decide(&mut fault_plan, 4), None);
        assert!(!fault_plan.ended(&over(3, Some(200), 1), Some(create), steps.first(), 400));
        assert_eq!(decide(&mut fault_plan, 5), Some(Fault::Timeout));
        assert_eq!(fault_plan.decide((6, Operation::GetPos, ""), &steps, 0, REST, now), None);
    }

    #[test]
    fn a_fault_for_every_send_stays_until_the_call_has_rested() {
        let (steps, mut fault_plan, now) = (steps("payment/6"), FaultPlan::default(), Instant::now());
        let capture = Operation::CapturePayment;
        assert_eq!(fault_plan.decide((1, capture, ""), &steps, 0, REST, now), None);
        for (n, due) in [(2, 1), (3, 2), (4, 2)] {
            assert_eq!(fault_plan.decide((n, capture, ""), &steps, due, REST, now), Some(Fault::ServerError), "{n}");
            fault_plan.ended(&over(n, Some(500), 1), Some(capture), steps.get(due), 400);
        }
        assert_eq!(
            fault_plan.decide((5, capture, ""), &steps, 2, REST, now + Duration::from_secs(29)),
            Some(Fault::ServerError)
        );
        assert_eq!(fault_plan.decide((6, capture, ""), &steps, 2, REST, now + Duration::from_secs(31)), None);
    }

    #[test]
    fn polls_of_another_payment_do_not_use_up_the_faults_of_this_one() {
        let (steps, mut fault_plan, now) = (steps("payment/1"), FaultPlan::default(), Instant::now());
        let poll = Operation::QueryPayment;
        let path = |id: &str| format!("/pos/v10/payments/{id}");
        for (n, id) in [(1, "a"), (2, "b")] {
            assert_eq!(fault_plan.decide((n, poll, id), &steps, 1, REST, now), Some(Fault::Timeout), "{id}");
            let request = Request { method: "GET".into(), target: path(id), ..Request::default() };
            let exchange = Exchange { request, ..over(n, None, 500) };
            assert!(fault_plan.ended(&exchange, Some(poll), steps.get(1), 400));
            assert_eq!(fault_plan.decide((n + 10, poll, id), &steps, 1, REST, now), Some(Fault::ServerError), "{id}");
        }
    }

    #[test]
    fn what_the_backend_cannot_be_brought_to_refuse_is_refused_for_it() {
        let (steps, now) = (steps("refund/3"), Instant::now());
        let mut fault_plan = FaultPlan::new(true);
        fault_plan.next_case();
        let create = (1, Operation::CreateRefund, "");
        assert_eq!(fault_plan.decide(create, &steps, 0, REST, now), Some(Fault::BalanceTooLow));
        assert_eq!(FaultPlan::new(false).decide(create, &steps, 0, REST, now), None);
    }
}
