//! State of the resources and calls in the traffic, as far as the client knows it.
//!
//! State holds facts, not verdicts. It changes when a request is sent and when the client receives a response.

use super::attempt::{Attempt, RunTime};
use super::bodies::Loyalty;
use super::refusals::{CreateFailed, Throttled};
use crate::api::{ExactAmount, Operation, PaymentStatus, RefundStatus};

/// The latest attempt of a call that has ended.
#[derive(Clone, Copy, Debug)]
pub struct Last {
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
pub struct CallState {
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
    pub last: Option<Last>,
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
    pub loss: Option<UnresolvedCall>,
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
    pub fn is_asked_again_by(&self, attempt: &Attempt) -> bool {
        let differs = |(name, value): &(String, String)| {
            let mut asked = attempt.query.iter().filter(|(asked, _)| asked == name);
            asked.any(|(_, other)| other != value)
        };
        attempt.asks_by_query() && self.operation == attempt.operation && !self.query.iter().any(differs)
    }

    /// Marks the latest attempt in flight as overtaken by an attempt with this head.
    pub fn overtaken_at(&mut self, head: RunTime) {
        let latest = self.in_flight.last().map(|(n, _)| *n);
        if let Some(n) = latest.filter(|n| !self.overtaken.iter().any(|(overtaken, _)| overtaken == n)) {
            self.overtaken.push((n, head));
        }
    }

    /// Adds an attempt in flight.
    pub fn begin(&mut self, attempt: &Attempt) {
        self.overtaken_at(attempt.head);
        self.in_flight.push((attempt.n, attempt.head));
    }
}

/// The names in a create.
#[derive(Clone, Debug, Default)]
pub struct Subject {
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

/// The resources that an attempt is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// The point of sale.
    pub pos: Option<usize>,
    /// The payment.
    pub payment: Option<usize>,
    /// The refund.
    pub refund: Option<usize>,
}

/// A call without a definitive response: no response, a server error, or a create without a readable id.
#[derive(Clone, Debug)]
pub struct UnresolvedCall {
    /// The exchange number of the failed attempt.
    pub n: u64,
    /// Ids that a look-up found and that have not been used yet.
    pub found: Vec<String>,
    /// Whether a look-up showed its outcome.
    pub told: bool,
    /// Whether the client continued with another create in the same place, so that only a look-up by name counts.
    pub abandoned: bool,
    /// Whether any attempt got a 2xx without a readable id, so that only a response with the id, or a look-up, shows
    /// the client what it created.
    pub unnamed: bool,
}

/// A request by its content: the same method, target and body.
#[derive(Clone, Debug, Default)]
pub struct RequestState {
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

/// A payment.
#[derive(Clone, Debug, Default)]
pub struct PaymentState {
    /// Its id.
    pub id: String,
    /// Its order.
    pub order_id: String,
    /// Its PoS.
    pub pos: Option<usize>,
    /// The tick of the timeline at which a response first named it; 0 if none did.
    pub first_seen: u64,
    /// The operation that started it in this capture.
    pub created_by: Option<Operation>,
    /// The exchange that started it in this capture.
    pub created_n: Option<u64>,
    /// The create without a response for which a look-up by order found it.
    pub found_for: Option<(u64, Operation)>,
    /// The exchange that started an earlier payment with the same order.
    pub order_reused_n: Option<u64>,
    /// Its latest known amount.
    pub amount: Option<ExactAmount>,
    /// Its currency.
    pub currency: String,
    /// The latest PaymentReady, and its amount.
    pub ready_asked: Option<(u64, Option<ExactAmount>)>,
    /// The currency of that PaymentReady.
    pub ready_asked_currency: String,
    /// The restrictions of that PaymentReady.
    pub ready_asked_restrictions: Option<(bool, bool)>,
    /// The PaymentReady that succeeded.
    pub readied_n: Option<u64>,
    /// The state in the last poll response.
    pub state: Option<PaymentStatus>,
    /// The exchange of that poll.
    pub state_n: Option<u64>,
    /// The first poll that returned Paired.
    pub paired_n: Option<u64>,
    /// The first poll that returned Reserved.
    pub reserved_n: Option<u64>,
    /// The first poll that returned a final state.
    pub final_n: Option<u64>,
    /// The number of polls sent after that.
    pub final_polls: i64,
    /// The reserved amount.
    pub reserved_amount: Option<ExactAmount>,
    /// Whether the capture hides the body of one of its poll responses.
    pub hidden: bool,
    /// Whether a smaller amount can be captured, from the last response in Reserved.
    pub partial: Option<bool>,
    /// The capture that succeeded, or the poll that returned Captured.
    pub captured_n: Option<u64>,
    /// The captured amount.
    pub captured_amount: Option<ExactAmount>,
    /// The cancel that succeeded.
    pub cancelled_n: Option<u64>,
    /// The number of captures sent.
    pub capture_sends: i64,
    /// The latest failed capture, until it is resolved.
    pub capture_failed_n: Option<u64>,
    /// The amount of that capture.
    pub capture_failed_amount: Option<ExactAmount>,
    /// The number of polls before Reserved that timed out.
    pub poll_timeouts: u32,
    /// The number of polls before Reserved that got status 500.
    pub poll_500s: u32,
    /// When the client gave up a capture whose every attempt returned 500: the last attempt, and its end.
    pub gave_up: Option<(u64, RunTime)>,
    /// The same for a burst before the latest one, which failed too.
    pub gave_up_before: Option<RunTime>,
    /// The pause in ms between that and the burst that succeeded.
    pub hang_ms: Option<i64>,
    /// The latest list that contains it.
    pub listed_n: Option<u64>,
    /// The tick of the timeline at which that list ended.
    pub listed: Option<u64>,
    /// The restrictions sent for it: debit and credit disallowed.
    pub restrictions: Option<(bool, bool)>,
    /// The exchange that sent them.
    pub restrictions_n: Option<u64>,
    /// Loyalty in the latest poll response that had it.
    pub loyalty: Loyalty,
    /// Whether an earlier response had no `loyaltyIds`.
    pub loyalty_lacked: bool,
    /// The total of its refunds.
    pub refunded: ExactAmount,
}

impl PaymentState {
    /// The exchange of this capture that started it, and its operation: its create, or the create without a response
    /// for which a look-up found it.
    pub fn started(&self) -> Option<(u64, Operation)> {
        self.created_n.zip(self.created_by).or(self.found_for)
    }

    /// Sets the restrictions sent for it, if there are any.
    pub fn restrict(&mut self, restrictions: Option<(bool, bool)>, n: u64) {
        if restrictions.is_some() {
            (self.restrictions, self.restrictions_n) = (restrictions, Some(n));
        }
    }

    /// Whether it has ended, as far as the client knows.
    pub fn ended(&self) -> bool {
        self.captured_n.is_some() || self.cancelled_n.is_some() || self.final_n.is_some()
    }

    /// Whether it is active on its PoS, as far as the client knows.
    pub fn active(&self) -> bool {
        self.created_n.is_some() && !self.ended() && self.reserved_n.is_none()
    }

    /// Marks it as captured by a poll or list: a capture without a response was executed, with its amount.
    pub fn seen_captured(&mut self, n: u64) {
        self.captured_n.get_or_insert(n);
        self.captured_amount = self.captured_amount.or(self.capture_failed_amount);
        (self.capture_failed_n, self.capture_failed_amount) = (None, None);
    }

    /// Whether it may block another payment, because it is not known to be ended or reserved.
    pub fn may_block(&self) -> bool {
        !self.ended() && !self.reserved()
    }

    /// Whether it is reserved, as far as the client knows.
    pub fn reserved(&self) -> bool {
        self.reserved_n.is_some() && !self.ended()
    }
}

/// A point of sale.
#[derive(Clone, Debug, Default)]
pub struct PosState {
    /// Its id.
    pub id: String,
    /// Its `merchantPosId`.
    pub merchant_pos_id: String,
    /// Its `beaconId`, if the capture shows it.
    pub beacon_id: String,
    /// Its `storeId`, if the capture shows it.
    pub store_id: String,
    /// Whether the call that created it met a timeout and a 500.
    pub created_through_faults: bool,
    /// Whether it was created without a `beaconId`.
    pub beacon_generated: bool,
    /// The exchange that created it in this capture.
    pub created_n: Option<u64>,
    /// The exchange that deleted it.
    pub deleted_n: Option<u64>,
    /// The GetPos that read it.
    pub read_n: Option<u64>,
    /// Another CreatePos of the same name that was sent while it existed.
    pub created_again_n: Option<u64>,
    /// The payments that may still be open on it.
    pub payments: Vec<usize>,
    /// Creates on it that were refused or failed, not because of an active payment, with no successful create since.
    pub creates_failed: Vec<CreateFailed>,
    /// The create on it that was refused because a payment was active, if none has succeeded since.
    pub blocked_n: Option<u64>,
    /// The tick of the timeline at which the first such create was refused.
    pub blocked: u64,
    /// The exchange since then that ended a payment on it.
    pub unblocked_n: Option<u64>,
    /// The latest list of its payments without one that can block it.
    pub emptied_n: Option<u64>,
    /// Loyalty in the latest check-in response with a checked-in customer.
    pub loyalty: Option<Loyalty>,
    /// Whether an earlier check-in response had no `loyaltyIds`.
    pub loyalty_lacked: bool,
    /// The latest filtered look-up that was about it.
    pub looked_up_n: Option<u64>,
}

impl PosState {
    /// Resets the block when a payment has started on it; returns whether a blocking payment had ended before.
    pub fn has_started(&mut self) -> bool {
        let cleared = self.blocked_n.is_some() && self.unblocked_n.is_some();
        (self.blocked_n, self.unblocked_n) = (None, None);
        self.creates_failed.clear();
        cleared
    }
}

/// A refund.
#[derive(Clone, Debug, Default)]
pub struct RefundState {
    /// Its id.
    pub id: String,
    /// The tick of the timeline at which a response first named it; 0 if none did.
    pub first_seen: u64,
    /// The create without a response for which a look-up found it.
    pub found_for: Option<u64>,
    /// The payment that it refunds.
    pub payment: Option<usize>,
    /// Its amount; once known, it is part of the payment's total.
    pub amount: Option<ExactAmount>,
    /// The exchange that created it in this capture.
    pub created_n: Option<u64>,
    /// The state in the last poll response.
    pub state: Option<RefundStatus>,
    /// The first poll that returned Reserved.
    pub reserved_n: Option<u64>,
    /// The first poll that returned a final state.
    pub final_n: Option<u64>,
    /// The capture that succeeded, or the poll that returned Captured.
    pub captured_n: Option<u64>,
    /// The amount in the body of that capture, if it had one.
    pub captured_amount: Option<ExactAmount>,
    /// The cancel that succeeded.
    pub cancelled_n: Option<u64>,
}

/// A token.
#[derive(Clone, Debug, Default)]
pub struct TokenState {
    /// The exchange in which it was refused with 401.
    pub refused_n: Option<u64>,
    /// The number of calls that used it.
    pub calls: i64,
    /// The merchant it was requested for, if the capture shows it.
    pub vat: String,
    /// When it was issued, and its lifetime in ms, if the capture shows them.
    pub issued: Option<(RunTime, i64)>,
}

/// A list of payments, to distinguish bulk clean-up from individual decisions.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The exchange number of the list.
    pub n: u64,
    /// The payments in it.
    pub payments: Vec<usize>,
    /// The payments in it that were captured since.
    pub captured: Vec<usize>,
    /// The payments in it that were cancelled since while they were reserved.
    pub cancelled: Vec<usize>,
}
