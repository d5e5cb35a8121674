//! How long a step is waited for, and which calls came meanwhile.

use super::{Schedule, Stage};
use crate::api::Operation;
use crate::rules::model::Timeouts;
use std::time::{Duration, Instant};

/// How long the course waits.
#[derive(Clone, Copy, Debug)]
pub struct StepTimeouts {
    /// For a step.
    pub(super) step: Duration,
    /// For a step, until the very first call: a till takes its time to start.
    pub(super) first_call: Duration,
    /// For what must not come any more.
    pub(super) quiet: Duration,
}

impl StepTimeouts {
    /// As the rules say. `wait`: so many seconds for a step instead; the time for the first call is then in proportion.
    pub fn of(waits: Timeouts, attended: bool, wait: Option<u64>) -> StepTimeouts {
        let usual = if attended { waits.by_hand_s } else { waits.unattended_s };
        let step = wait.unwrap_or(usual);
        // A person is waited for long enough.
        let first = if attended { 0 } else { waits.first_call_s.saturating_mul(step) / usual.max(1) };
        StepTimeouts {
            step: Duration::from_secs(step),
            first_call: Duration::from_secs(first.max(step)),
            quiet: Duration::from_millis(waits.quiet_ms),
        }
    }
}

/// The calls that arrived.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReceivedCalls {
    /// Whether there was any in this run, or the first one was waited for in vain.
    pub(super) begun: bool,
    /// How many there were since the step is due.
    pub(super) calls: u64,
    /// How many of them were calls of the step.
    pub(super) step_calls: u64,
}

impl ReceivedCalls {
    /// Another step is due.
    pub(super) fn next_step(&mut self) {
        (self.calls, self.step_calls) = (0, 0);
    }
}

impl Schedule {
    /// A call of the client has arrived.
    pub fn heard(&mut self, operation: Option<Operation>, now: Instant) {
        let step = self.due().and_then(|(steps, due)| steps.get(due));
        let of_step = step.is_some_and(|step| operation.is_some_and(|operation| step.calls.contains(&operation)));
        self.received.calls = self.received.calls.saturating_add(1);
        self.received.step_calls = self.received.step_calls.saturating_add(u64::from(of_step));
        if std::mem::replace(&mut self.received.begun, true) {
            return;
        }
        // The till has started: from here on it is waited for as usual.
        if let Stage::Under { due_since: since, .. } | Stage::Forgotten { since, .. } = &mut self.stage {
            *since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_for_the_first_call_is_in_proportion() {
        let waits = Timeouts { by_hand_s: 300, unattended_s: 20, first_call_s: 120, quiet_ms: 3000 };
        let seconds = |waits, attended, wait| {
            let step_timeouts = StepTimeouts::of(waits, attended, wait);
            (step_timeouts.step.as_secs(), step_timeouts.first_call.as_secs())
        };
        assert_eq!(seconds(waits, false, None), (20, 120));
        assert_eq!(seconds(waits, false, Some(60)), (60, 360));
        assert_eq!(seconds(waits, false, Some(3)), (3, 18));
        assert_eq!(seconds(waits, true, None), (300, 300));
        assert_eq!(seconds(waits, true, Some(30)), (30, 30));
        // Rules that do not say it, and numbers out of all reason.
        assert_eq!(seconds(Timeouts { first_call_s: 0, ..waits }, false, None), (20, 20));
        assert_eq!(seconds(Timeouts { unattended_s: 0, ..waits }, false, Some(u64::MAX)).0, u64::MAX);
    }
}
