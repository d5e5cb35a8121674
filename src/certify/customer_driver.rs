//! Driver of the simulated customer: performs queued actions in order, each as soon as it is possible.

use super::action::CustomerAction;
use super::backend_control::{ActionResult, Backend};
use super::customer;
use super::director::Snapshot;
use super::driver_command::DriverCommand;
use crate::api::customer::CustomerAct;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long to retry an action at an external backend before asking the operator to perform it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// The queue of customer actions.
#[derive(Default)]
pub(crate) struct CustomerDriver {
    queue: VecDeque<CustomerAction>,
    trying: Option<Trying>,
    polls: u32,
}

struct Trying {
    since: Instant,
    last: Instant,
}

/// The outcome of a step of the driver.
#[derive(Debug, PartialEq)]
pub(crate) enum CustomerActionResult {
    /// Send a command to the till.
    SendToTill(DriverCommand),
    /// Write a log line.
    Log(String),
    /// The customer acted, with a log line: the step due has made progress.
    Performed(CustomerAct, String),
    /// The client polled while the customer waits for polls: the step due has made progress.
    PollObserved,
}

impl CustomerDriver {
    /// Queues more actions.
    pub(crate) fn add(&mut self, plays: Vec<CustomerAction>) {
        self.queue.extend(plays);
    }

    /// Drops the queued actions.
    pub(crate) fn stop(&mut self) {
        self.queue.clear();
        self.trying = None;
    }

    /// Performs the next action; `None` if nothing is possible now.
    pub(crate) async fn next(
        &mut self,
        snapshot: &Snapshot,
        backend: &mut Backend,
        now: Instant,
    ) -> Option<CustomerActionResult> {
        loop {
            match self.queue.front().cloned()? {
                CustomerAction::SendToTill(command) => {
                    self.done();
                    return Some(CustomerActionResult::SendToTill(command));
                }
                CustomerAction::Polls(count) => {
                    // Polls count from the moment this entry reaches the front of the queue.
                    self.polls = snapshot.polls;
                    self.queue.pop_front();
                    self.queue.push_front(CustomerAction::PolledUntil(snapshot.polls.saturating_add(count)));
                }
                CustomerAction::PolledUntil(until) if snapshot.polls < until => {
                    let observed = snapshot.polls > self.polls;
                    self.polls = snapshot.polls;
                    return observed.then_some(CustomerActionResult::PollObserved);
                }
                CustomerAction::PolledUntil(_) => self.done(),
                CustomerAction::Act(CustomerAct::CheckIn(_)) if !snapshot.awaited => return None,
                CustomerAction::Act(act) => return self.act(act, snapshot, backend, now).await,
            }
        }
    }

    async fn act(
        &mut self,
        act: CustomerAct,
        snapshot: &Snapshot,
        backend: &mut Backend,
        now: Instant,
    ) -> Option<CustomerActionResult> {
        let since = self.trying.as_ref().map_or(now, |trying| trying.since);
        if self
            .trying
            .as_ref()
            .is_some_and(|trying| now.saturating_duration_since(trying.last) < backend.retry_interval())
        {
            return None;
        }
        self.trying = Some(Trying { since, last: now });
        let point = snapshot.pos.as_ref()?;
        match backend.act(point, act).await {
            ActionResult::Done => {
                self.done();
                Some(CustomerActionResult::Performed(act, format!("  customer {}", customer::words(act))))
            }
            ActionResult::NotYet(why) if !backend.is_embedded() && now.saturating_duration_since(since) >= TIMEOUT => {
                Some(self.hand_over(act, &why))
            }
            ActionResult::NotYet(_) => None,
            ActionResult::Manual(why) => Some(self.hand_over(act, &why)),
        }
    }

    fn hand_over(&mut self, act: CustomerAct, why: &str) -> CustomerActionResult {
        self.done();
        CustomerActionResult::Log(format!("  as the customer, {} at the backend: {why}", customer::instruction(act)))
    }

    fn done(&mut self) {
        self.queue.pop_front();
        self.trying = None;
    }
}
