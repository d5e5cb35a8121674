//! How well the times of a capture are known.
//!
//! A clock goes in steps. A time that was read from it may be up to a step later than it says, so a pause between two of
//! them may have been almost a step longer or shorter. A recorder's own clock counts microseconds and is taken as exact;
//! so is one of whole milliseconds, in which the rules count.

use crate::rules::{Range, Uncertainty, Value};

/// The steps of a capture's clock, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Of the moments at which requests began.
    pub begin_us: u64,
    /// Of how long exchanges lasted.
    pub lasted_us: u64,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock { begin_us: 1, lasted_us: 1 }
    }
}

/// One millisecond, in which the rules count.
const MS: u64 = 1000;

impl Clock {
    /// Whether it is taken as exact.
    pub fn is_exact(self) -> bool {
        self.heads_ms() == 0 && self.gap_ms() == 0 && self.lasted_ms() == 0
    }

    /// How much longer or shorter the time between two requests' heads may have been, in whole ms.
    pub fn heads_ms(self) -> i64 {
        beyond(coarse(self.begin_us))
    }

    /// How much longer or shorter the time from the end of an exchange to the head of another may have been.
    pub fn gap_ms(self) -> i64 {
        // Where begins are known to the microsecond, the whole milliseconds of a duration are what is coarse.
        let finer = self.begin_us < MS && self.lasted_us == MS;
        if finer { 1 } else { beyond(coarse(self.begin_us).saturating_add(coarse(self.lasted_us))) }
    }

    /// How much longer or shorter an exchange may have lasted.
    pub fn lasted_ms(self) -> i64 {
        beyond(coarse(self.lasted_us))
    }
}

/// A step, where it is more than a millisecond.
fn coarse(step_us: u64) -> u64 {
    if step_us > MS { step_us } else { 0 }
}

/// A time that is measured in such steps is wrong by less than one.
fn beyond(step_us: u64) -> i64 {
    i64::try_from(step_us.div_ceil(MS)).unwrap_or(i64::MAX).saturating_sub(1).max(0)
}

/// A time that was measured, and may have been so much longer or shorter.
pub fn about(ms: i64, slack: i64, source: &'static str) -> Value {
    within(ms.saturating_sub(slack), ms, ms.saturating_add(slack), source)
}

/// A time that was measured and lies between two.
pub fn within(low: i64, seen: i64, high: i64, source: &'static str) -> Value {
    // No call waits for what is still to come.
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
    fn a_clock_of_milliseconds_is_exact_and_a_coarser_one_is_not() {
        let clock = |begin_us, lasted_us| Clock { begin_us, lasted_us };
        let slack = |clock: Clock| (clock.heads_ms(), clock.gap_ms(), clock.lasted_ms());
        assert!(clock(1, 1).is_exact() && clock(1000, 1000).is_exact() && clock(1000, 1).is_exact());
        assert_eq!(slack(clock(1_000_000, 1000)), (999, 999, 0));
        assert_eq!(slack(clock(10_000, 10_000)), (9, 19, 9));
        assert_eq!(slack(clock(1, 1000)), (0, 1, 0));
        assert_eq!(slack(clock(100_000, 1)), (99, 99, 0));
    }
}
