//! Polling at the pace that the backend requests (api_principles#call_throttling, best_practices#polling).

use super::api_call::Call;
use super::timing::PollClock;
use super::{ClientError, Till};
use crate::api::Operation;
use serde_json::Value;
use std::time::{Duration, Instant};

/// The number of poll clocks that are kept; resources with older ones can be polled at any time anyway.
const CLOCKS: usize = 64;

impl Till {
    /// When a resource may be polled next.
    pub(super) fn turn(&self, id: &str) -> Instant {
        self.clock(id).ready
    }

    /// Queries a resource once, as soon as it may be polled. Not retried here: the caller polls again.
    pub(super) async fn poll(&mut self, operation: Operation, id: &str) -> Result<Value, ClientError> {
        tokio::time::sleep_until(self.turn(id).into()).await;
        let answer = self.call(&Call::on(operation, id)).await;
        let asked = |answer: &Value| answer.get("pollDelayInMs").and_then(Value::as_u64).unwrap_or(0);
        let asked = answer.as_ref().ok().map(asked);
        let floor = self.config.pace.floor(operation);
        let after = self.clock(id).after(Instant::now(), asked, floor, self.config.mistake);
        self.keep_clock(id, after);
        answer
    }

    fn clock(&self, id: &str) -> PollClock {
        let fresh = || PollClock::fresh(Instant::now(), &self.config.pace);
        self.polls.get(id).copied().unwrap_or_else(fresh)
    }

    fn keep_clock(&mut self, id: &str, clock: PollClock) {
        if self.polls.len() >= CLOCKS {
            let now = Instant::now();
            self.polls.retain(|_, clock| clock.ready + Duration::from_secs(60) > now);
        }
        self.polls.insert(id.to_owned(), clock);
    }
}
