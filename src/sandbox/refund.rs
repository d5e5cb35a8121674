//! A refund and its state machine (payment_flows#refunds), on plain values.

use super::api_error::Refusal;
use super::body::NewRefund;
use super::clock::Moment;
use crate::api::{Amount, Guid, RefundStatus, error};
use serde_json::{Value, json};
use std::time::Duration;

/// How long a reserved refund waits for its client before the backend captures it.
pub(super) const RESERVATION: Duration = Duration::from_secs(24 * 3600);
/// How long after its capture a payment can be refunded (30 days until 2022-07-26).
pub(super) const AGE: Duration = Duration::from_secs(90 * 24 * 3600);

/// An event in the life of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The backend has reserved the money.
    Reserve,
    /// The client captures it.
    Capture,
    ClientCancel,
    /// The backend ends it: the store's balance no longer covers it.
    Refuse,
    /// The reservation has expired.
    Expire,
}

#[cfg(test)]
impl Event {
    pub(super) const ALL: [Event; 5] = {
        use Event::*;
        [Reserve, Capture, ClientCancel, Refuse, Expire]
    };
}

/// The state after an event; `None` if the event is not possible.
pub(super) fn next(state: RefundStatus, event: Event) -> Option<RefundStatus> {
    use RefundStatus::*;
    match (event, state) {
        (Event::Reserve, Initiated) => Some(Reserved),
        (Event::Capture, Reserved) => Some(Captured),
        (Event::ClientCancel, Initiated | Reserved) => Some(CancelledByClient),
        (Event::Refuse, Initiated) => Some(CancelledByMobilePay),
        (Event::Expire, Reserved) => Some(ExpiredAndCaptured),
        _ => None,
    }
}

/// Whether a refund in that state counts towards the refunded amount.
pub(super) fn counts(state: RefundStatus) -> bool {
    !matches!(state, RefundStatus::CancelledByClient | RefundStatus::CancelledByMobilePay)
}

/// A refund.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    pub id: Guid,
    /// The integrator it belongs to.
    pub integrator: String,
    /// The VAT number of the merchant it belongs to.
    pub vat: String,
    /// The store that pays it.
    pub store_id: Guid,
    /// The requested refund.
    pub wanted: NewRefund,
    pub state: RefundStatus,
    /// When it entered that state.
    pub since: Moment,
}

impl Refund {
    /// A refund created now.
    pub(super) fn new(owner: (&str, &str), store_id: Guid, id: Guid, wanted: NewRefund, now: Moment) -> Refund {
        let (integrator, vat) = (owner.0.to_owned(), owner.1.to_owned());
        Refund { id, integrator, vat, store_id, wanted, state: RefundStatus::Initiated, since: now }
    }

    /// Applies an event; `false` if it is not possible.
    pub(super) fn happen(&mut self, event: Event, now: Moment) -> bool {
        let Some(state) = next(self.state, event) else { return false };
        self.state = state;
        self.since = now;
        true
    }

    /// Advances the refund in time: reserved after `delay` if the balance (`None`: no limit) covers it, captured when
    /// its reservation expires. Returns the amount taken from the balance.
    pub(super) fn settle(&mut self, delay: Duration, balance: Option<Amount>, now: Moment) -> Amount {
        let mut taken = Amount(0);
        if self.state == RefundStatus::Initiated && now.saturating_sub(self.since) >= delay {
            let covered = balance.is_none_or(|balance| balance >= self.wanted.amount);
            self.happen(if covered { Event::Reserve } else { Event::Refuse }, self.since + delay);
            taken = if covered { self.wanted.amount } else { taken };
        }
        if self.state == RefundStatus::Reserved && now.saturating_sub(self.since) >= RESERVATION {
            self.happen(Event::Expire, self.since + RESERVATION);
        }
        taken
    }

    /// The client captures. A second capture changes nothing.
    pub(super) fn capture(&mut self, now: Moment) -> Result<(), Refusal> {
        if self.state == RefundStatus::Captured || self.happen(Event::Capture, now) {
            return Ok(());
        }
        Err(Refusal::Code(error::REFUND_NOT_RESERVED, self.is_now()))
    }

    /// The client cancels. A second cancel changes nothing. Returns the amount that goes back to the balance.
    pub(super) fn cancel(&mut self, now: Moment) -> Result<Amount, Refusal> {
        let back = if self.state == RefundStatus::Reserved { self.wanted.amount } else { Amount(0) };
        if self.state == RefundStatus::CancelledByClient || self.happen(Event::ClientCancel, now) {
            return Ok(back);
        }
        Err(Refusal::Code(error::REFUND_NOT_CANCELLABLE, self.is_now()))
    }

    fn is_now(&self) -> String {
        format!("it is {}", self.state.name())
    }

    /// The body of a GetRefund response.
    pub(super) fn answer(&self, poll_delay_ms: u64) -> Value {
        json!({
            "refundId": self.id.as_str(),
            "paymentId": self.wanted.payment_id.as_str(),
            "refundOrderId": self.wanted.refund_order_id,
            "amount": self.wanted.amount.to_json(),
            "currencyCode": self.wanted.currency_code,
            "status": self.state.name(),
            "pollDelayInMs": poll_delay_ms,
        })
    }
}

#[cfg(test)]
#[path = "refund_tests.rs"]
mod tests;
