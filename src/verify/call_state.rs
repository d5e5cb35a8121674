//! State of the calls and requests in the traffic.

use super::attempt::{Attempt, RunTime};
use super::refusals::Throttled;
use super::subjects::Subjects;
use crate::api::Operation;

/// The latest attempt of a call that has ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LastAttempt {
    /// Its exchange number.
    pub n: u64,
    /// When it ended.
    pub end: RunTime,
    /// Its status; `None` if it got no response.
    pub status: Option<u16>,
    /// Whether it got no response or a 5xx.
    pub failed: bool,
    /// Its maximum duration in ms.
    pub lasted_ms: i64,
    /// Whether the capture shows when it ended.
    pub timed: bool,
    /// Whether it is a create that got a 2xx without a readable id.
    pub unnamed: bool,
}

/// One call: the attempts with one idempotency key, or with one method and path.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallState {
    /// The documented operation, if it is one.
    pub operation: Option<Operation>,
    /// The parameters of its query.
    pub query: Vec<(String, String)>,
    /// The content of its first attempt.
    pub content: [u8; 16],
    /// The content of its latest attempt.
    pub last_content: [u8; 16],
    /// The content of the first attempt that got a status below 500.
    pub answered_content: Option<[u8; 16]>,
    /// Whether the capture shows the content of all its attempts.
    pub content_known: bool,
    /// The number of attempts.
    pub attempts: u64,
    /// The tick of the timeline at which its latest attempt was sent.
    pub touched: u64,
    /// When the latest attempt was sent.
    pub last_head: Option<RunTime>,
    /// The number of the latest attempt.
    pub last_n: u64,
    /// The latest attempt that has ended.
    pub last: Option<LastAttempt>,
    /// The attempts in flight: number and head.
    pub in_flight: Vec<(u64, RunTime)>,
    /// Attempts in flight that a later attempt has overtaken: number, and the head of the next attempt.
    pub overtaken: Vec<(u64, RunTime)>,
    /// Attempts in flight, each with the first attempt with another body that began meanwhile.
    pub contradicted: Vec<(u64, u64)>,
    /// Whether the capture does not show which call its attempt belongs to.
    pub is_loose: bool,
    /// Whether it is, or has, a duplicate create with another key, which decides its outcome.
    pub duplicated: bool,
    /// The attempts of the current burst: since the last success or long pause.
    pub burst: Vec<u64>,
    /// When the first attempt of the burst was sent.
    pub burst_head: Option<RunTime>,
    /// The number of attempts of the burst that timed out.
    pub burst_timeouts: u32,
    /// The number of attempts of the burst that got status 500.
    pub burst_500s: u32,
    /// The number of attempts of the burst that ended in another way.
    pub burst_others: u32,
    /// Whether any attempt succeeded.
    pub succeeded: bool,
    /// Set while the call is unresolved.
    pub unresolved: Option<UnresolvedCall>,
    /// Whether its outcome was looked up after its last failure, and used.
    pub looked_up: bool,
    /// For polls: the delay in the last response that had one.
    pub poll_delay_ms: Option<i64>,
    /// The number of consecutive failed attempts.
    pub failures: u32,
    /// The number of failed attempts since the last long pause or success.
    pub failed_in_burst: u32,
    /// For polls: the pause before the latest attempt, if it followed a failed one; immediate retries after a
    /// connection reset are not counted.
    pub back_off_ms: Option<i64>,
    /// Whether the latest attempt was an immediate retry after a connection reset.
    pub resent_at_once: bool,
    /// The resources its attempts were about.
    pub about: Subjects,
    /// The names in a create, by which a look-up can find its resource.
    pub subject: Subject,
}

impl CallState {
    /// Whether a look-up repeats this one, perhaps with further parameters.
    pub(crate) fn is_asked_again_by(&self, attempt: &Attempt) -> bool {
        let differs = |(name, value): &(String, String)| {
            let mut asked = attempt.query.iter().filter(|(asked, _)| asked == name);
            asked.any(|(_, other)| other != value)
        };
        attempt.asks_by_query() && self.operation == attempt.operation && !self.query.iter().any(differs)
    }

    /// Marks the latest attempt in flight as overtaken by an attempt with this head.
    pub(crate) fn overtaken_at(&mut self, head: RunTime) {
        let latest = self.in_flight.last().map(|(n, _)| *n);
        if let Some(n) = latest.filter(|n| !self.overtaken.iter().any(|(overtaken, _)| overtaken == n)) {
            self.overtaken.push((n, head));
        }
    }

    /// Adds an attempt in flight.
    pub(crate) fn begin(&mut self, attempt: &Attempt) {
        self.overtaken_at(attempt.head);
        self.in_flight.push((attempt.n, attempt.head));
    }
}

/// The names in a create.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    /// `posId`.
    pub pos_id: String,
    /// `orderId`.
    pub order_id: String,
    /// `paymentId`.
    pub payment_id: String,
    /// `merchantPosId`.
    pub merchant_pos_id: String,
    /// `beaconId`.
    pub beacon_id: String,
    /// `storeId`.
    pub store_id: String,
    /// Whether debit and credit cards are disallowed.
    pub restrictions: Option<(bool, bool)>,
}

/// A call without a definitive response: no response, a server error, or a create without a readable id.
#[derive(Clone, Debug, Default)]
pub(crate) struct UnresolvedCall {
    /// Ids that a look-up found and that have not been used yet.
    pub found: Vec<String>,
    /// The latest look-up listed nothing that the call can have created: if it stays so, nothing is left to do.
    pub nothing_found: bool,
    /// Whether a look-up showed its outcome.
    pub outcome_shown: bool,
    /// Whether the client continued with another create in the same place, so that only a look-up by name counts.
    pub abandoned: bool,
    /// Whether any attempt got a 2xx without a readable id, so that only a response with the id, or a look-up, shows
    /// the client what it created.
    pub unnamed: bool,
}

/// A request by its content: the same method, target and body.
#[derive(Clone, Debug, Default)]
pub(crate) struct RequestState {
    /// The exchange of the first refusal (4xx, not 401) whose cause was not addressed since.
    pub refused: Option<u64>,
    /// How often it was repeated unchanged since.
    pub repeats: i64,
    /// Whether the latest attempt that has ended was refused.
    pub last_refused: bool,
    /// How often it was sent after a refusal, whatever was done in between.
    pub sends_after_refusal: i64,
    /// The ids of the resources that it is about.
    pub concerns: Vec<String>,
    /// The token of its latest attempt.
    pub token: Option<String>,
    /// Whether it got a 2xx before.
    pub succeeded: bool,
    /// The 429 of the latest attempt that has ended, if it got one.
    pub throttled: Option<Throttled>,
    /// The tick of the timeline at which it was last sent.
    pub touched: u64,
}
