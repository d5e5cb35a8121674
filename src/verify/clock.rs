//! The precision of the times of a capture.
//!
//! A clock has a resolution. The true time may be up to one step later than the time read, so the true pause between
//! two times may be almost one step longer or shorter. The recorder's own clock counts microseconds and is taken as
//! exact. So is a clock of whole milliseconds, the unit of the rules.

use crate::rules::{Range, Uncertainty, Value};

/// The resolution of a capture's clock, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// The resolution of the times at which requests began.
    pub begin_us: u64,
    /// The resolution of the durations of exchanges.
    pub lasted_us: u64,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock { begin_us: 1, lasted_us: 1 }
    }
}

/// One millisecond, the unit of the rules.
const MS: u64 = 1000;

impl Clock {
    /// Whether it counts as exact.
    pub fn is_exact(self) -> bool {
        self.heads_ms() == 0 && self.gap_ms() == 0 && self.lasted_ms() == 0
    }

    /// The uncertainty of the time between the heads of two requests, in whole ms.
    pub fn heads_ms(self) -> i64 {
        beyond(coarse(self.begin_us))
    }

    /// The uncertainty of the time from the end of an exchange to the head of another, in whole ms.
    pub fn gap_ms(self) -> i64 {
        // If starts are known to the microsecond, only the durations in whole milliseconds are coarse.
        let finer = self.begin_us < MS && self.lasted_us == MS;
        if finer { 1 } else { beyond(coarse(self.begin_us).saturating_add(coarse(self.lasted_us))) }
    }

    /// The uncertainty of the duration of an exchange, in whole ms.
    pub fn lasted_ms(self) -> i64 {
        beyond(coarse(self.lasted_us))
    }
}

/// A step; 0 if it is at most a millisecond.
fn coarse(step_us: u64) -> u64 {
    if step_us > MS { step_us } else { 0 }
}

/// The error of a time measured in such steps, in whole ms: less than one step.
fn beyond(step_us: u64) -> i64 {
    i64::try_from(step_us.div_ceil(MS)).unwrap_or(i64::MAX).saturating_sub(1).max(0)
}

/// A measured time with an uncertainty of `slack`.
pub fn about(ms: i64, slack: i64, source: &'static str) -> Value {
    within(ms.saturating_sub(slack), ms, ms.saturating_add(slack), source)
}

/// A measured time in a range.
pub fn within(low: i64, seen: i64, high: i64, source: &'static str) -> Value {
    // The minimum is negative only if the measured time is.
    let low = low.max(seen.min(0));
    if low == high {
        return Value::Int(seen);
    }
    Value::Between(Range { low, seen, high, doubt: Uncertainty::Clock, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resolution_of_up_to_one_millisecond_is_exact() {
        let clock = |begin_us, lasted_us| Clock { begin_us, lasted_us };
        let slack = |clock: Clock| (clock.heads_ms(), clock.gap_ms(), clock.lasted_ms());
        assert!(clock(1, 1).is_exact() && clock(1000, 1000).is_exact() && clock(1000, 1).is_exact());
        assert_eq!(slack(clock(1_000_000, 1000)), (999, 999, 0));
        assert_eq!(slack(clock(10_000, 10_000)), (9, 19, 9));
        assert_eq!(slack(clock(1, 1000)), (0, 1, 0));
        assert_eq!(slack(clock(100_000, 1)), (99, 99, 0));
    }
}
