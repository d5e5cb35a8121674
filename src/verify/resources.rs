//! State of the resources in the traffic, as far as the client knows it.
//!
//! State holds facts, not verdicts. It changes when a request is sent and when the client receives a response.

use super::attempt::RunTime;
use super::bodies::Loyalty;
use super::refusals::CreateFailed;
use crate::api::{ExactAmount, Operation, PaymentStatus, RefundStatus};

/// A payment.
#[derive(Clone, Debug, Default)]
pub(crate) struct PaymentState {
    pub id: String,
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
    pub currency: String,
    /// The latest PaymentReady, and its amount.
    pub ready_asked: Option<(u64, Option<ExactAmount>)>,
    pub ready_asked_currency: String,
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
    pub reserved_amount: Option<ExactAmount>,
    /// Whether the capture hides the body of one of its poll responses.
    pub hidden: bool,
    /// Whether a smaller amount can be captured, from the last response in Reserved.
    pub partial: Option<bool>,
    /// The capture that succeeded, or the poll that returned Captured.
    pub captured_n: Option<u64>,
    pub captured_amount: Option<ExactAmount>,
    /// The cancel that succeeded.
    pub cancelled_n: Option<u64>,
    /// The number of captures sent.
    pub capture_sends: i64,
    /// The latest failed capture, until it is resolved.
    pub capture_failed_n: Option<u64>,
    pub capture_failed_amount: Option<ExactAmount>,
    /// The number of polls before Reserved that timed out.
    pub poll_timeouts: u32,
    /// The number of polls before Reserved that got status 500.
    pub poll_500s: u32,
    /// When the client gave up a capture whose every attempt returned 500: the last attempt, and its end.
    pub abandoned_capture: Option<(u64, RunTime)>,
    /// The same for a burst before the latest one, which failed too.
    pub abandoned_capture_before: Option<RunTime>,
    /// The pause in ms between that and the burst that succeeded.
    pub pause_after_abandon_ms: Option<i64>,
    /// The latest list that contains it.
    pub listed_n: Option<u64>,
    /// The tick of the timeline at which that list ended.
    pub listed: Option<u64>,
    /// The restrictions sent for it: debit and credit disallowed.
    pub restrictions: Option<(bool, bool)>,
    /// The exchange that sent them.
    pub restrictions_n: Option<u64>,
    /// Whether a poll response showed restrictions.
    pub shows_restrictions: bool,
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
    pub(crate) fn started(&self) -> Option<(u64, Operation)> {
        self.created_n.zip(self.created_by).or(self.found_for)
    }

    /// Sets the restrictions sent for it, if there are any.
    pub(crate) fn restrict(&mut self, restrictions: Option<(bool, bool)>, n: u64) {
        if restrictions.is_some() {
            (self.restrictions, self.restrictions_n) = (restrictions, Some(n));
        }
    }

    /// Whether it has ended, as far as the client knows.
    pub(crate) fn ended(&self) -> bool {
        self.captured_n.is_some() || self.cancelled_n.is_some() || self.final_n.is_some()
    }

    /// Whether it is active on its PoS, as far as the client knows.
    pub(crate) fn active(&self) -> bool {
        self.created_n.is_some() && !self.ended() && self.reserved_n.is_none()
    }

    /// Marks it as captured by a poll or list: a capture without a response was executed, with its amount.
    pub(crate) fn seen_captured(&mut self, n: u64) {
        self.captured_n.get_or_insert(n);
        self.captured_amount = self.captured_amount.or(self.capture_failed_amount);
        (self.capture_failed_n, self.capture_failed_amount) = (None, None);
    }

    /// Whether it may block another payment, because it is not known to be ended or reserved.
    pub(crate) fn may_block(&self) -> bool {
        !self.ended() && !self.reserved()
    }

    /// Whether it is reserved, as far as the client knows.
    pub(crate) fn reserved(&self) -> bool {
        self.reserved_n.is_some() && !self.ended()
    }
}

/// A point of sale.
#[derive(Clone, Debug, Default)]
pub(crate) struct PosState {
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
    /// Whether a payment blocked another one on it, and has ended.
    pub(crate) fn is_cleared(&self) -> bool {
        self.blocked_n.is_some() && self.unblocked_n.is_some()
    }

    /// Resets the block when a payment has started on it; returns whether a blocking payment had ended before.
    pub(crate) fn has_started(&mut self) -> bool {
        let cleared = self.is_cleared();
        (self.blocked_n, self.unblocked_n) = (None, None);
        self.creates_failed.clear();
        cleared
    }
}

/// A refund.
#[derive(Clone, Debug, Default)]
pub(crate) struct RefundState {
    pub id: String,
    /// The tick of the timeline at which a response first named it; 0 if none did.
    pub first_seen: u64,
    /// The create without a response for which a look-up found it.
    pub found_for: Option<u64>,
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
pub(crate) struct TokenState {
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
pub(crate) struct Listing {
    pub payments: Vec<usize>,
    /// The payments in it that were captured since.
    pub captured: Vec<usize>,
    /// The payments in it that were cancelled since while they were reserved.
    pub cancelled: Vec<usize>,
}
