//! Timeouts, delays and limits of a till, and the decisions that depend on them: when to retry, and when to poll.
//!
//! Pure functions. The numbers are those of the documentation (api_principles#error_handling, #retrying_requests,
//! #call_throttling; best_practices#polling).

use super::Misbehavior;
use crate::api::{Operation, error};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Timeouts, delays and limits of a till.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The timeout of a POST or DELETE.
    pub timeout: Duration,
    /// The timeout of a GET.
    pub get_timeout: Duration,
    /// The most attempts of a call, including the first.
    pub attempts: u32,
    /// The pause before the first retry; it doubles with each retry.
    pub first_pause: Duration,
    /// The longest pause between two attempts.
    pub longest_pause: Duration,
    /// The shortest interval between polls of payments and check-ins, whatever the backend requests.
    pub poll_floor: Duration,
    /// The shortest interval between polls of refunds. Shorter, because no customer is involved.
    pub refund_floor: Duration,
    /// How long a capture or cancel that was given up pauses before it is retried.
    pub rest: Duration,
    /// How long to wait for the customer before the payment is cancelled.
    pub customer: Duration,
    /// How long a prepared payment with a known amount waits for its customer before it is made ready without one.
    pub arrival: Duration,
    /// How long the cashier can still cancel a refund that could be captured.
    pub cancel_delay: Duration,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            timeout: Duration::from_secs(2),
            get_timeout: Duration::from_millis(500),
            attempts: 6,
            first_pause: Duration::from_millis(200),
            longest_pause: Duration::from_millis(1600),
            poll_floor: Duration::from_secs(1),
            refund_floor: Duration::from_millis(100),
            rest: Duration::from_millis(30_500),
            customer: Duration::from_secs(120),
            arrival: Duration::from_secs(3),
            cancel_delay: Duration::from_secs(2),
        }
    }
}

/// The outcome of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A response with that status and, if the body has one, that error code.
    Answered(u16, Option<u16>),
    /// No response.
    NoResponse,
}

/// What to do after an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Success: use the response.
    Take,
    /// Retry unchanged after that pause.
    Again(Duration),
    /// Retry unchanged with a new token.
    NewToken,
    /// The response is final, and not a success.
    GiveUp,
}

impl Timing {
    /// The timeout of an attempt; `None`: no timeout.
    pub fn timeout(&self, operation: Operation, mistake: Option<Misbehavior>) -> Option<Duration> {
        match (operation.method(), operation, mistake) {
            (_, Operation::CAPTURE_PAYMENT, Some(Misbehavior::NoTimeout)) => None,
            ("GET", ..) => Some(self.get_timeout),
            _ => Some(self.timeout),
        }
    }

    /// What to do after attempt number `attempts` (from 1) of a call. `renewed`: whether the token was already renewed for
    /// this call. A poll is never retried: the next poll follows at its time.
    pub fn next(
        &self,
        operation: Operation,
        sent: Sent,
        attempts: u32,
        renewed: bool,
        mistake: Option<Misbehavior>,
    ) -> Next {
        if let Some(wrong) = wrong_next(operation, sent, attempts, mistake) {
            return wrong;
        }
        match sent {
            Sent::Answered(200..=299, _) => Next::Take,
            Sent::Answered(401, _) if !renewed => Next::NewToken,
            Sent::Answered(500..=599, _) | Sent::NoResponse if attempts < self.attempts && !operation.polled() => {
                Next::Again(self.pause(attempts))
            }
            _ => Next::GiveUp,
        }
    }

    /// The shortest interval between two polls with that operation.
    pub fn floor(&self, operation: Operation) -> Duration {
        if operation == Operation::GET_REFUND { self.refund_floor } else { self.poll_floor }
    }

    /// The pause after attempt number `attempts` (from 1).
    pub fn pause(&self, attempts: u32) -> Duration {
        let factor = 2_u32.saturating_pow(attempts.saturating_sub(1));
        self.first_pause.saturating_mul(factor).min(self.longest_pause)
    }
}

/// What a mistake does after an attempt, if it differs.
fn wrong_next(operation: Operation, sent: Sent, attempts: u32, mistake: Option<Misbehavior>) -> Option<Next> {
    let again_until = |limit, pause| (attempts < limit).then_some(Next::Again(Duration::from_millis(pause)));
    let failed = matches!(sent, Sent::Answered(500..=599, _) | Sent::NoResponse);
    match (mistake?, sent) {
        (Misbehavior::HammersOnTakenBeacon, Sent::Answered(409, Some(code))) if code == error::BEACON_ID_TAKEN.code => {
            again_until(50, 0)
        }
        (Misbehavior::HammersOnServerError, Sent::Answered(500..=599, _)) if !operation.polled() => again_until(100, 0),
        (Misbehavior::TooManySends, _) if failed && !operation.polled() => again_until(15, 150),
        (Misbehavior::RepeatsRefused, Sent::Answered(409, Some(code))) if code == error::PAYMENT_ACTIVE.code => {
            again_until(4, 300)
        }
        (Misbehavior::RepeatsRefund, Sent::Answered(409, _)) if operation == Operation::CREATE_REFUND => {
            again_until(4, 300)
        }
        (Misbehavior::RefusedTokenAgain, Sent::Answered(401, _)) => again_until(2, 200),
        (Misbehavior::SuccessAfterLostCapture, Sent::NoResponse) if operation == Operation::CAPTURE_PAYMENT => {
            Some(Next::GiveUp)
        }
        (Misbehavior::NoRetry, _) if failed => Some(Next::GiveUp),
        (Misbehavior::NullId, Sent::Answered(500..=599, _)) if operation == Operation::INITIATE_PAYMENT => {
            Some(Next::Take)
        }
        (Misbehavior::CleansUpOnAnyError, Sent::Answered(500..=599, _)) if operation == Operation::INITIATE_PAYMENT => {
            Some(Next::GiveUp)
        }
        _ => None,
    }
}

/// When a resource may be polled next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PollClock {
    /// The earliest time of the next poll.
    pub ready: Instant,
    /// The last requested delay.
    pub delay: Duration,
}

impl PollClock {
    /// The clock after a poll that ended at `now` and returned `pollDelayInMs`, or failed (`None`).
    pub(crate) fn after(
        self,
        now: Instant,
        asked_ms: Option<u64>,
        floor: Duration,
        mistake: Option<Misbehavior>,
    ) -> PollClock {
        let delay = asked_ms.map_or(self.delay, |ms| Duration::from_millis(ms).max(floor));
        let wait = match (mistake, asked_ms) {
            (Some(Misbehavior::PollsTooSoon), Some(_)) => Duration::from_millis(400),
            (Some(Misbehavior::FixedPollPace), Some(_)) => Duration::from_secs(1),
            (Some(Misbehavior::PollsAtOnceAfterFailure), None) => Duration::from_millis(30),
            _ => delay,
        };
        PollClock { ready: now + wait, delay }
    }

    /// The clock of a resource that was not polled yet: it may be polled at once.
    pub(crate) fn fresh(now: Instant, pace: &Timing) -> PollClock {
        PollClock { ready: now, delay: pace.poll_floor }
    }
}

/// Milliseconds since the Unix epoch. Wall-clock time, because the state file outlives the process.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::operation::names::*;

    fn right(operation: Operation, sent: Sent, attempts: u32) -> Next {
        Timing::default().next(operation, sent, attempts, false, None)
    }

    #[test]
    fn failed_call_is_retried_five_times_with_growing_pauses() {
        let mut pauses = Vec::new();
        for attempts in 1..=6 {
            match right(
                CAPTURE_PAYMENT,
                if attempts % 2 == 0 { Sent::NoResponse } else { Sent::Answered(503, None) },
                attempts,
            ) {
                Next::Again(pause) => pauses.push(pause.as_millis()),
                next => assert_eq!((next, attempts), (Next::GiveUp, 6)),
            }
        }
        assert_eq!(pauses, [200, 400, 800, 1600, 1600]);
    }

    #[test]
    fn refused_call_is_not_retried() {
        for status in [302, 400, 403, 404, 409, 429] {
            assert_eq!(right(INITIATE_PAYMENT, Sent::Answered(status, Some(1301)), 1), Next::GiveUp, "{status}");
        }
        assert_eq!(right(INITIATE_PAYMENT, Sent::Answered(200, None), 1), Next::Take);
        assert_eq!(right(DELETE_POS, Sent::Answered(204, None), 3), Next::Take);
    }

    #[test]
    fn refused_token_is_renewed_once() {
        assert_eq!(right(GET_POS, Sent::Answered(401, None), 1), Next::NewToken);
        assert_eq!(Timing::default().next(GET_POS, Sent::Answered(401, None), 2, true, None), Next::GiveUp);
    }

    #[test]
    fn failed_poll_is_not_retried_but_followed_by_the_next_poll() {
        assert_eq!(right(QUERY_PAYMENT, Sent::NoResponse, 1), Next::GiveUp);
        let (now, pace) = (Instant::now(), Timing::default());
        let first = PollClock::fresh(now, &pace);
        assert_eq!(first.ready, now);
        let floor = pace.floor(QUERY_PAYMENT);
        let answered = first.after(now, Some(2500), floor, None);
        assert_eq!(answered.ready, now + Duration::from_millis(2500));
        let later = now + Duration::from_secs(3);
        assert_eq!(answered.after(later, None, floor, None).ready, later + Duration::from_millis(2500));
        assert_eq!(answered.after(later, Some(100), floor, None).ready, later + Duration::from_secs(1));
        let refund = first.after(now, Some(100), pace.floor(GET_REFUND), None);
        assert_eq!(refund.ready, now + Duration::from_millis(100));
    }

    #[test]
    fn timeout_is_half_a_second_for_a_get_and_two_seconds_otherwise() {
        let pace = Timing::default();
        for operation in Operation::ALL {
            let wanted = if operation.method() == "GET" { 500 } else { 2000 };
            assert_eq!(pace.timeout(operation, None), Some(Duration::from_millis(wanted)));
        }
        assert_eq!(pace.timeout(CAPTURE_PAYMENT, Some(Misbehavior::NoTimeout)), None);
    }
}
