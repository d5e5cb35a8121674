//! Refused requests and failed creates, against which later requests are checked.

use super::attempt::RunTime;

/// A response with status 429 (RFC 6585 section 4), and the client's wait before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Throttled {
    /// When the response was complete.
    pub end: RunTime,
    /// The wait that it asks for.
    pub retry_after_ms: Option<i64>,
    /// The client's wait between the previous 429 and this attempt.
    pub pause_ms: Option<i64>,
}

impl Throttled {
    /// Whether a request after that pause respects the 429: it keeps Retry-After, or waits longer than the last one.
    pub(crate) fn is_respected_by(&self, pause_ms: i64) -> bool {
        let kept = |asked: i64| {
            pause_ms.saturating_add(50) >= asked || pause_ms.saturating_mul(100) >= asked.saturating_mul(95)
        };
        let grown = |before: i64| {
            pause_ms > before.saturating_add(50) && pause_ms.saturating_mul(100) > before.saturating_mul(105)
        };
        self.retry_after_ms.is_some_and(kept) || self.pause_ms.is_some_and(grown)
    }
}

/// A create of a payment that was refused or failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CreateFailed {
    pub call: usize,
    /// Its first failed attempt.
    pub n: u64,
    /// The tick of the timeline at which that attempt was sent.
    pub sent: u64,
    /// The tick at which it failed.
    pub failed: u64,
}
