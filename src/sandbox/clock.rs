//! The sandbox's clock: the system clock plus an offset set by tests.
//!
//! Inactivity, expiry, the age of a capture, keys and tokens all use this clock, so tests can advance it by ninety days
//! at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time, as the duration since 1970-01-01T00:00:00Z.
pub type Moment = Duration;

/// A monotonic clock. Clones share their state.
#[derive(Clone, Debug)]
pub struct Clock {
    started_at: Moment,
    started: Instant,
    ahead_ms: Arc<AtomicU64>,
}

impl Clock {
    /// A clock without an offset.
    pub fn new() -> Clock {
        let started_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { started_at, started: Instant::now(), ahead_ms: Arc::default() }
    }

    /// The current time.
    pub fn now(&self) -> Moment {
        self.started_at + self.started.elapsed() + Duration::from_millis(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Advances the clock, in whole milliseconds; saturates at about three hundred years.
    pub fn advance(&self, by: Duration) {
        const FURTHEST_MS: u64 = 10_000_000_000_000;
        let by = u64::try_from(by.as_millis()).unwrap_or(FURTHEST_MS);
        let sum = |ahead: u64| Some(ahead.saturating_add(by).min(FURTHEST_MS));
        let _ = self.ahead_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, sum);
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

/// Formats a moment as RFC 3339, in UTC with milliseconds.
pub(crate) fn rfc3339(moment: Moment) -> String {
    let ms = i64::try_from(moment.as_millis()).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(ms).unwrap_or(jiff::Timestamp::MAX).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clock_advances_and_never_goes_back() {
        let clock = Clock::new();
        let before = clock.now();
        clock.clone().advance(Duration::from_secs(7 * 86_400));
        assert!(clock.now() >= before + Duration::from_secs(7 * 86_400));
        clock.advance(Duration::MAX);
        clock.advance(Duration::MAX);
        assert!(rfc3339(clock.now()).ends_with('Z'));
        assert_eq!(rfc3339(Duration::from_millis(1_600_000_000_500)), "2020-09-13T12:26:40.5Z");
    }
}
