//! What the verifier remembers of each thing that traffic is about: what the client has been told of it so far.
//!
//! A track holds facts, not judgements. It changes when a request is sent and when an answer reaches the client.

use super::attempt::{Attempt, RunTime};
use super::bodies::Loyalty;
use super::refusals::{CreateFailed, Throttled};
use crate::api::{ExactAmount, Operation, PaymentStatus, RefundStatus};

/// The latest send of a call that is over.
#[derive(Clone, Copy, Debug)]
pub struct Last {
    /// Its number.
    pub n: u64,
    /// When it was over.
    pub end: RunTime,
    /// Its status, if it got an answer.
    pub status: Option<u16>,
    /// No answer or 5xx.
    pub failed: bool,
    /// How long it lasted.
    pub lasted_ms: i64,
    /// Whether the capture tells when it was over.
    pub timed: bool,
    /// A create that was answered 2xx without an id that can be read.
    pub unnamed: bool,
}

/// One call: the sends with one key, or with one method and path.
#[derive(Clone, Debug, Default)]
pub struct CallState {
    /// The operation, where it is one.
    pub operation: Option<Operation>,
    /// What it asks for in its query.
    pub query: Vec<(String, String)>,
    /// The content of its first send.
    pub content: [u8; 16],
    /// The content of its latest send.
    pub last_content: [u8; 16],
    /// The content of the first send that was answered below 500.
    pub answered_content: Option<[u8; 16]>,
    /// Whether the capture shows the contents of its sends.
    pub content_known: bool,
    /// How many sends there were.
    pub attempts: u64,
    /// When it was last sent (a tick of the timeline).
    pub touched: u64,
    /// When the latest was sent.
    pub last_head: Option<RunTime>,
    /// The number of the latest.
    pub last_n: u64,
    /// The latest that is over.
    pub last: Option<Last>,
    /// Sends that are not over: number and head.
    pub in_flight: Vec<(u64, RunTime)>,
    /// Of those, the ones after which the call was sent again: number, and the head of the first send after it.
    pub overtaken: Vec<(u64, RunTime)>,
    /// Of those, each with the first send of another body that came while it was under way.
    pub contradicted: Vec<(u64, u64)>,
    /// The capture does not show to which call its send belongs.
    pub is_loose: bool,
    /// A twin of it was sent under another key, or it is one: what became of it is a matter of that.
    pub duplicated: bool,
    /// The numbers of the sends of the go under way: since the last success or long pause.
    pub burst: Vec<u64>,
    /// When the go's first send was sent.
    pub burst_head: Option<RunTime>,
    /// How many sends of the go got no answer and lasted long enough to be a time-out.
    pub burst_timeouts: u32,
    /// How many sends of the go were answered 500.
    pub burst_500s: u32,
    /// How many sends of the go ended in another way.
    pub burst_others: u32,
    /// Whether it was ever answered with success.
    pub succeeded: bool,
    /// Its unresolved loss: it got no answer or 5xx and nothing was done about it.
    pub loss: Option<UnresolvedCall>,
    /// Whether what became of it was looked up after its last failure, and used.
    pub looked_up: bool,
    /// Polls: the delay asked by the last answer that had one.
    pub poll_delay_ms: Option<i64>,
    /// How many sends failed in a row.
    pub failures: u32,
    /// How many sends failed since the last long pause or success.
    pub failed_in_burst: u32,
    /// Polls: the pause before the latest send, where it followed a failed one; one that was sent again at once after a
    /// reset connection aside.
    pub back_off_ms: Option<i64>,
    /// The latest send was sent again at once after a reset connection.
    pub resent_at_once: bool,
    /// The things its sends were about.
    pub about: Subjects,
    /// What a create named, so that a look-up of it can be told from others.
    pub subject: Subject,
}

impl CallState {
    /// Whether a look-up asks, perhaps by other parameters, what this one asked.
    pub fn is_asked_again_by(&self, attempt: &Attempt) -> bool {
        let differs = |(name, value): &(String, String)| {
            let mut asked = attempt.query.iter().filter(|(asked, _)| asked == name);
            asked.any(|(_, other)| other != value)
        };
        attempt.asks_by_query() && self.operation == attempt.operation && !self.query.iter().any(differs)
    }

    /// It was sent again, or asked again, while sends of it were under way: the latest of them is overtaken, those before it were.
    pub fn overtaken_at(&mut self, head: RunTime) {
        let latest = self.in_flight.last().map(|(n, _)| *n);
        if let Some(n) = latest.filter(|n| !self.overtaken.iter().any(|(overtaken, _)| overtaken == n)) {
            self.overtaken.push((n, head));
        }
    }

    /// A send of it is under way.
    pub fn begin(&mut self, attempt: &Attempt) {
        self.overtaken_at(attempt.head);
        self.in_flight.push((attempt.n, attempt.head));
    }
}

/// What a create names.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The PoS.
    pub pos_id: String,
    /// The order.
    pub order_id: String,
    /// The payment.
    pub payment_id: String,
    /// The merchant's name for a PoS.
    pub merchant_pos_id: String,
    /// The beacon.
    pub beacon_id: String,
    /// The store.
    pub store_id: String,
    /// The restrictions: debit and credit disallowed.
    pub restrictions: Option<(bool, bool)>,
}

/// The things a send is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subjects {
    /// The point of sale.
    pub pos: Option<usize>,
    /// The payment.
    pub payment: Option<usize>,
    /// The refund.
    pub refund: Option<usize>,
}

/// A call that got no answer or a server error.
#[derive(Clone, Debug)]
pub struct UnresolvedCall {
    /// The send that was lost.
    pub n: u64,
    /// Ids that a look-up found and that were not used yet.
    pub found: Vec<String>,
    /// A look-up told what became of it.
    pub told: bool,
    /// The client went on with another create in the same place: only a look-up of this one by its own name counts.
    pub abandoned: bool,
    /// It was answered 2xx without an id that can be read, now or before: only an answer that names it, or a look-up,
    /// tells the client what it created.
    pub unnamed: bool,
}

/// A request by its content: the same method, target and body.
#[derive(Clone, Debug, Default)]
pub struct RequestState {
    /// The number of the refusal (4xx, not 401) that still stands: nothing was done about it since.
    pub refused: Option<u64>,
    /// How often it was sent again unchanged since.
    pub repeats: i64,
    /// Whether the latest send of it that is over was refused.
    pub last_refused: bool,
    /// How often it was sent after a refusal, whatever was done in between.
    pub sends_after_refusal: i64,
    /// The things it is about, by id.
    pub concerns: Vec<String>,
    /// The token it was sent with.
    pub token: Option<String>,
    /// It was answered 2xx before.
    pub succeeded: bool,
    /// The latest send of it that is over was answered 429.
    pub throttled: Option<Throttled>,
    /// When it was last sent (a tick of the timeline).
    pub touched: u64,
}

/// A payment.
#[derive(Clone, Debug, Default)]
pub struct PaymentState {
    /// Its id.
    pub id: String,
    /// Its order.
    pub order_id: String,
    /// The PoS it is on.
    pub pos: Option<usize>,
    /// When it was first seen in an answer (a tick of the timeline).
    pub first_seen: u64,
    /// The operation that started it in this capture, answered 200.
    pub created_by: Option<Operation>,
    /// The exchange that did.
    pub created_n: Option<u64>,
    /// The create without an answer that a look-up by its order found it for.
    pub found_for: Option<(u64, Operation)>,
    /// The order it was started for had been used for another payment.
    pub order_reused_n: Option<u64>,
    /// What it was last said to cost.
    pub amount: Option<ExactAmount>,
    /// Its currency.
    pub currency: String,
    /// The latest PaymentReady that was sent, and its amount.
    pub ready_asked: Option<(u64, Option<ExactAmount>)>,
    /// Its currency.
    pub ready_asked_currency: String,
    /// Its restrictions.
    pub ready_asked_restrictions: Option<(bool, bool)>,
    /// PaymentReady was answered 200.
    pub readied_n: Option<u64>,
    /// The state that the last answered poll said.
    pub state: Option<PaymentStatus>,
    /// The poll that said so.
    pub state_n: Option<u64>,
    /// The first poll that said Paired.
    pub paired_n: Option<u64>,
    /// The first poll that said Reserved.
    pub reserved_n: Option<u64>,
    /// The first poll that said a final state.
    pub final_n: Option<u64>,
    /// How many polls were sent after that.
    pub final_polls: i64,
    /// What is reserved.
    pub reserved_amount: Option<ExactAmount>,
    /// The capture does not show the body of an answer to a poll of it.
    pub hidden: bool,
    /// Whether less can be captured, as the last Reserved answer says.
    pub partial: Option<bool>,
    /// A capture was answered 200, or the state Captured was seen.
    pub captured_n: Option<u64>,
    /// What was captured.
    pub captured_amount: Option<ExactAmount>,
    /// A cancel was answered 200.
    pub cancelled_n: Option<u64>,
    /// How many captures were sent.
    pub capture_sends: i64,
    /// The latest capture that failed and was not made good.
    pub capture_failed_n: Option<u64>,
    /// Its amount.
    pub capture_failed_amount: Option<ExactAmount>,
    /// Polls before Reserved that timed out.
    pub poll_timeouts: u32,
    /// Polls before Reserved that were answered 500.
    pub poll_500s: u32,
    /// The end of the last send of a capture all of whose sends in one go were answered 500.
    pub gave_up: Option<(u64, RunTime)>,
    /// The same of a go before the latest: the go after it failed too.
    pub gave_up_before: Option<RunTime>,
    /// How long the client had paused after that when the act that succeeded began.
    pub hang_ms: Option<i64>,
    /// The latest list that names it.
    pub listed_n: Option<u64>,
    /// When that list was answered (a tick of the timeline).
    pub listed: Option<u64>,
    /// Restrictions that were sent: debit and credit disallowed.
    pub restrictions: Option<(bool, bool)>,
    /// The exchange that sent them.
    pub restrictions_n: Option<u64>,
    /// What the latest answer to a poll says of loyalty.
    pub loyalty: Loyalty,
    /// An answer before lacked it.
    pub loyalty_lacked: bool,
    /// The sum of its refunds.
    pub refunded: ExactAmount,
}

impl PaymentState {
    /// The exchange of this capture that started it, and its operation: its create, or one without an answer that a
    /// look-up found it for.
    pub fn started(&self) -> Option<(u64, Operation)> {
        self.created_n.zip(self.created_by).or(self.found_for)
    }

    /// Restrictions were sent for it.
    pub fn restrict(&mut self, restrictions: Option<(bool, bool)>, n: u64) {
        if restrictions.is_some() {
            (self.restrictions, self.restrictions_n) = (restrictions, Some(n));
        }
    }

    /// Whether the client knows that nothing can happen to it any more, or brought that about.
    pub fn ended(&self) -> bool {
        self.captured_n.is_some() || self.cancelled_n.is_some() || self.final_n.is_some()
    }

    /// Whether, by what the client knows, it blocks its PoS.
    pub fn active(&self) -> bool {
        self.created_n.is_some() && !self.ended() && self.reserved_n.is_none()
    }

    /// A poll or a list says that it is captured: a capture without an answer was carried out, and so its amount was taken.
    pub fn seen_captured(&mut self, n: u64) {
        self.captured_n.get_or_insert(n);
        self.captured_amount = self.captured_amount.or(self.capture_failed_amount);
        (self.capture_failed_n, self.capture_failed_amount) = (None, None);
    }

    /// Whether it may be what is in the way of another payment: nothing says that it is over, or reserved.
    pub fn may_block(&self) -> bool {
        !self.ended() && !self.reserved()
    }

    /// Whether, by what the client knows, money is held for it.
    pub fn reserved(&self) -> bool {
        self.reserved_n.is_some() && !self.ended()
    }
}

/// A point of sale.
#[derive(Clone, Debug, Default)]
pub struct PosState {
    /// Its id.
    pub id: String,
    /// The merchant's name for it.
    pub merchant_pos_id: String,
    /// Its beacon, where the capture shows it.
    pub beacon_id: String,
    /// Its store, where the capture shows it.
    pub store_id: String,
    /// The call that created it met a time-out and an answer 500.
    pub created_through_faults: bool,
    /// Whether it was created without a beacon id.
    pub beacon_generated: bool,
    /// It was created in this capture.
    pub created_n: Option<u64>,
    /// It was deleted.
    pub deleted_n: Option<u64>,
    /// It was read by GetPos.
    pub read_n: Option<u64>,
    /// Another CreatePos of the same name was sent while it was there.
    pub created_again_n: Option<u64>,
    /// The payments that may still be open on it.
    pub payments: Vec<usize>,
    /// Creates on it that were refused or failed, but not with an active payment in the way, and that no create
    /// since has made good.
    pub creates_failed: Vec<CreateFailed>,
    /// A create on it was refused because a payment is active, and none has succeeded since.
    pub blocked_n: Option<u64>,
    /// When the first of them was refused (a tick of the timeline).
    pub blocked: u64,
    /// Since then a payment on it has come to an end.
    pub unblocked_n: Option<u64>,
    /// The latest list of its payments that named none that can be in the way.
    pub emptied_n: Option<u64>,
    /// What the latest check-in answer of a checked-in customer says of loyalty.
    pub loyalty: Option<Loyalty>,
    /// A check-in answer before lacked it.
    pub loyalty_lacked: bool,
    /// It was looked up by a filter since it was created.
    pub looked_up_n: Option<u64>,
}

impl PosState {
    /// A payment was started on it: what was in the way is history. Whether there was something, and it had been ended.
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
    /// When it was first seen in an answer (a tick of the timeline).
    pub first_seen: u64,
    /// The create without an answer that a look-up found it for.
    pub found_for: Option<u64>,
    /// The payment it gives back.
    pub payment: Option<usize>,
    /// Where it is known, it counts in the payment's sum.
    pub amount: Option<ExactAmount>,
    /// It was created in this capture.
    pub created_n: Option<u64>,
    /// The state that the last answered poll said.
    pub state: Option<RefundStatus>,
    /// The first poll that said Reserved.
    pub reserved_n: Option<u64>,
    /// The first poll that said a final state.
    pub final_n: Option<u64>,
    /// A capture was answered 200, or seen.
    pub captured_n: Option<u64>,
    /// The amount in the body of that capture, where it had one.
    pub captured_amount: Option<ExactAmount>,
    /// A cancel was answered 200.
    pub cancelled_n: Option<u64>,
}

/// A token.
#[derive(Clone, Debug, Default)]
pub struct TokenState {
    /// It was refused with 401.
    pub refused_n: Option<u64>,
    /// How many calls carried it.
    pub calls: i64,
    /// The merchant it was asked for, where the capture shows that.
    pub vat: String,
    /// When it was given and for how many ms it is good, where the capture shows that.
    pub issued: Option<(RunTime, i64)>,
}

/// A list of payments that was answered: for telling a sweep from single decisions.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The list's number.
    pub n: u64,
    /// The payments in it.
    pub payments: Vec<usize>,
    /// Those captured since.
    pub captured: Vec<usize>,
    /// Those cancelled since while they were reserved.
    pub cancelled: Vec<usize>,
}
