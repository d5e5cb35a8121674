//! Refused requests and failed creates, as far as later requests are judged by them.

use super::attempt::RunTime;

/// A response 429 (RFC 6585 section 4), and how long the client had waited before it asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// When the response was complete.
    pub end: RunTime,
    /// How long it asks the client to wait.
    pub retry_after_ms: Option<i64>,
    /// How long the client had waited after the 429 before this one.
    pub pause_ms: Option<i64>,
}

impl Throttled {
    /// Whether a request after that pause is patient: it keeps Retry-After, or waits longer than the one before it did.
    pub fn is_respected_by(&self, pause_ms: i64) -> bool {
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
pub struct CreateFailed {
    /// Its call.
    pub call: usize,
    /// Its first send that failed.
    pub n: u64,
    /// When that was sent (a tick of the timeline).
    pub sent: u64,
    /// When it failed.
    pub failed: u64,
}
