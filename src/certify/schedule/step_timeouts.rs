//! Step timeouts, and the calls received while a step is due.

use super::{Phase, Schedule};
use crate::api::Operation;
use crate::rules::guidance::Timeouts;
use std::time::{Duration, Instant};

/// The timeouts of a schedule.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StepTimeouts {
    pub(super) step: Duration,
    /// For a step before the first call of the run: the till may still be starting.
    pub(super) first_call: Duration,
    /// How long to observe that no further call arrives.
    pub(super) observe: Duration,
}

impl StepTimeouts {
    /// The timeouts of the rules. `wait` overrides the step timeout, in seconds; the one for the first call scales with
    /// it.
    pub(crate) fn of(waits: Timeouts, attended: bool, wait: Option<u64>) -> StepTimeouts {
        let usual = if attended { waits.by_hand_s } else { waits.unattended_s };
        let step = wait.unwrap_or(usual);
        // The timeout for a human operator is long enough for the first call, too.
        let first = if attended { 0 } else { waits.first_call_s.saturating_mul(step) / usual.max(1) };
        StepTimeouts {
            step: Duration::from_secs(step),
            first_call: Duration::from_secs(first.max(step)),
            observe: Duration::from_millis(waits.quiet_ms),
        }
    }
}

/// The calls received.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ReceivedCalls {
    /// A call was received in this run, or the wait for the first one timed out.
    pub(super) begun: bool,
    /// Calls received since the step became due.
    pub(super) calls: u64,
    /// Those of them that are calls of the step.
    pub(super) step_calls: u64,
}

impl ReceivedCalls {
    /// Resets the counts: another step is due.
    pub(super) fn next_step(&mut self) {
        (self.calls, self.step_calls) = (0, 0);
    }
}

impl Schedule {
    /// Counts a call of the client.
    pub(crate) fn call_received(&mut self, operation: Option<Operation>, now: Instant) {
        let step = self.due().and_then(|(steps, due)| steps.get(due));
        let of_step = step.is_some_and(|step| operation.is_some_and(|operation| step.calls.contains(&operation)));
        self.received.calls = self.received.calls.saturating_add(1);
        self.received.step_calls = self.received.step_calls.saturating_add(u64::from(of_step));
        if std::mem::replace(&mut self.received.begun, true) {
            return;
        }
        // The till has started: the usual timeout applies from now on.
        if let Phase::Running { due_since: since, .. } | Phase::BackendReset { since, .. } = &mut self.phase {
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
        // Rules without these values, and absurd numbers.
        assert_eq!(seconds(Timeouts { first_call_s: 0, ..waits }, false, None), (20, 20));
        assert_eq!(seconds(Timeouts { unattended_s: 0, ..waits }, false, Some(u64::MAX)).0, u64::MAX);
    }
}
