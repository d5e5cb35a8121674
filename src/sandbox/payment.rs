//! A payment and its state machine (payment_flows#payment_flow_states), on plain values.

use super::api_error::Refusal;
use super::body::{NewPayment, Terms};
use super::checked_in_customer::Visit;
use super::clock::{Moment, rfc3339};
use crate::api::customer::Account;
use crate::api::{Amount, Guid, PaymentStatus, error};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long a reservation is valid.
pub(super) const RESERVATION: Duration = Duration::from_secs(7 * 24 * 3600);
/// How long a payment may wait for its customer or its client.
pub const INACTIVITY: Duration = Duration::from_secs(10 * 60);

/// An event in the life of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A customer checks in at the payment's PoS.
    CheckIn,
    /// The client has set the amount.
    Ready,
    /// The customer accepts, with a card that the payment accepts.
    Accept,
    CustomerCancel,
    ClientCancel,
    /// The client captures it.
    Capture,
    /// The backend ends it: inactive too long, or a card that is not accepted.
    Refuse,
    /// The reservation has expired.
    Expire,
}

#[cfg(test)]
impl Event {
    pub(super) const ALL: [Event; 8] = {
        use Event::*;
        [CheckIn, Ready, Accept, CustomerCancel, ClientCancel, Capture, Refuse, Expire]
    };
}

/// The state after an event; `None` if the event is not possible.
pub(super) fn next(state: PaymentStatus, event: Event) -> Option<PaymentStatus> {
    use PaymentStatus::*;
    match (event, state) {
        (Event::CheckIn, Prepared) => Some(Paired),
        (Event::CheckIn, Initiated) => Some(IssuedToUser),
        (Event::Ready, Prepared) => Some(Initiated),
        (Event::Ready, Paired) => Some(IssuedToUser),
        (Event::Accept, IssuedToUser) => Some(Reserved),
        (Event::CustomerCancel, Paired | IssuedToUser) => Some(CancelledByUser),
        (Event::ClientCancel, Prepared | Paired | Initiated | IssuedToUser | Reserved) => Some(CancelledByClient),
        (Event::Capture, Reserved) => Some(Captured),
        (Event::Refuse, Prepared | Initiated | IssuedToUser) => Some(CancelledByMobilePay),
        (Event::Expire, Reserved) => Some(ExpiredAndCancelled),
        _ => None,
    }
}

/// A payment.
#[derive(Clone, Debug)]
pub(super) struct Payment {
    pub id: Guid,
    /// The integrator it belongs to.
    pub integrator: String,
    /// The VAT number of the merchant it belongs to.
    pub vat: String,
    /// The store it was created in.
    pub store_id: Guid,
    /// Its PoS.
    pub pos_id: Guid,
    /// The client's order id.
    pub order_id: String,
    /// Whether it was created by PreparePayment.
    pub prepared: bool,
    /// Amount and terms; `None` until a prepared payment is ready.
    pub terms: Option<Terms>,
    pub state: PaymentStatus,
    /// When it entered that state.
    pub since: Moment,
    /// The customer, once checked in.
    pub visit: Option<Visit>,
    pub captured: Option<Amount>,
}

impl Payment {
    /// A payment created now: prepared without terms, initiated with them.
    pub(super) fn new(
        owner: (&str, &str),
        store_id: Guid,
        id: Guid,
        new: &NewPayment,
        terms: Option<Terms>,
        now: Moment,
    ) -> Payment {
        let state = if terms.is_some() { PaymentStatus::Initiated } else { PaymentStatus::Prepared };
        Payment {
            id,
            integrator: owner.0.to_owned(),
            vat: owner.1.to_owned(),
            store_id,
            pos_id: new.pos_id.clone(),
            order_id: new.order_id.clone(),
            prepared: terms.is_none(),
            terms,
            state,
            since: now,
            visit: None,
            captured: None,
        }
    }

    /// Applies an event; `false` if it is not possible.
    pub(super) fn happen(&mut self, event: Event, now: Moment) -> bool {
        let Some(state) = next(self.state, event) else { return false };
        self.state = state;
        self.since = now;
        true
    }

    /// Ends the payment if it has expired.
    pub(super) fn settle(&mut self, now: Moment) {
        let waited = now.saturating_sub(self.since);
        if self.state == PaymentStatus::Reserved && waited >= RESERVATION {
            self.happen(Event::Expire, self.since + RESERVATION);
        } else if waited >= INACTIVITY {
            self.happen(Event::Refuse, self.since + INACTIVITY);
        }
    }

    /// A customer checks in.
    pub(super) fn check_in(&mut self, visit: &Visit, now: Moment) {
        if self.happen(Event::CheckIn, now) {
            self.visit = Some(visit.clone());
        }
    }

    /// The client sets the amount. Repeating the same terms changes nothing.
    pub(super) fn ready(&mut self, terms: &Terms, now: Moment) -> Result<(), Refusal> {
        use PaymentStatus::*;
        let alive = matches!(self.state, Initiated | IssuedToUser | Reserved | Captured);
        if self.prepared && alive && self.terms.as_ref() == Some(terms) {
            return Ok(());
        }
        if !self.happen(Event::Ready, now) {
            return Err(Refusal::Code(error::NOT_PREPARED, self.is_now()));
        }
        self.terms = Some(terms.clone());
        Ok(())
    }

    /// The customer accepts: the payment is reserved, or ended if the card is not accepted. `false` if it cannot be
    /// accepted.
    pub(super) fn accept(&mut self, now: Moment) -> bool {
        if self.state != PaymentStatus::IssuedToUser {
            return false;
        }
        let event = if self.takes_the_card() { Event::Accept } else { Event::Refuse };
        self.happen(event, now)
    }

    fn takes_the_card(&self) -> bool {
        let restrictions = self.terms.as_ref().and_then(|terms| terms.restrictions);
        match (restrictions, self.visit.as_ref()) {
            (Some(restrictions), Some(visit)) if visit.account == Account::Debit => !restrictions.debit_card_disallowed,
            (Some(restrictions), Some(_)) => !restrictions.credit_card_disallowed,
            _ => true,
        }
    }

    /// Whether a partial capture is possible.
    pub(super) fn partial_capture_possible(&self) -> bool {
        self.visit.as_ref().is_some_and(|visit| visit.account == Account::PartialCapture)
    }

    /// The client captures. Repeating the same amount changes nothing.
    pub(super) fn capture(&mut self, amount: Amount, now: Moment) -> Result<(), Refusal> {
        if let Some(captured) = self.captured {
            let detail = format!("{captured} was captured, {amount} is requested");
            return if captured == amount { Ok(()) } else { Err(Refusal::Code(error::CAPTURED_OTHERWISE, detail)) };
        }
        let reserved = match (&self.terms, self.state) {
            (Some(terms), PaymentStatus::Reserved) => terms.amount,
            _ => return Err(Refusal::Code(error::NOT_RESERVED, self.is_now())),
        };
        let detail = || format!("{reserved} is reserved, {amount} is requested");
        if amount > reserved {
            return Err(Refusal::Code(error::MORE_THAN_RESERVED, detail()));
        }
        if amount < reserved && !self.partial_capture_possible() {
            return Err(Refusal::Code(error::NO_PARTIAL_CAPTURE, detail()));
        }
        self.captured = Some(amount);
        self.happen(Event::Capture, now);
        Ok(())
    }

    /// The client cancels. A second cancel changes nothing.
    pub(super) fn cancel(&mut self, now: Moment) -> Result<(), Refusal> {
        if self.state == PaymentStatus::CancelledByClient || self.happen(Event::ClientCancel, now) {
            return Ok(());
        }
        Err(Refusal::Code(error::NOT_CANCELLABLE, self.is_now()))
    }

    fn is_now(&self) -> String {
        format!("it is {}", self.state.name())
    }

    /// The body of a QueryPayment response; counts as a response that mentions the customer. Unknown fields are
    /// omitted.
    pub(super) fn answer(&mut self, poll_delay_ms: u64) -> Value {
        let mut answer = Map::new();
        answer.insert("paymentId".into(), self.id.as_str().into());
        answer.insert("posId".into(), self.pos_id.as_str().into());
        answer.insert("orderId".into(), self.order_id.as_str().into());
        if let Some(terms) = &self.terms {
            answer.insert("amount".into(), terms.amount.to_json());
            answer.insert("currencyCode".into(), terms.currency_code.as_str().into());
            if let Some(cards) = terms.restrictions {
                let restrictions = json!({"debitCardDisallowed": cards.debit_card_disallowed,
                    "creditCardDisallowed": cards.credit_card_disallowed});
                answer.insert("restrictions".into(), restrictions);
            }
            if let Some(label) = &terms.merchant_payment_label {
                answer.insert("merchantPaymentLabel".into(), label.as_str().into());
            }
            answer.insert("plannedCaptureDelay".into(), terms.planned_capture_delay.as_str().into());
        }
        answer.insert("status".into(), self.state.name().into());
        if let Some(known) = self.visit.as_mut().and_then(|visit| visit.answered(&self.vat)) {
            answer.insert("customerToken".into(), known.customer_token.into());
            answer.insert("customerReceiptToken".into(), known.receipt_token.into());
            answer.insert("loyaltyIds".into(), known.loyalty_ids.into());
        }
        if self.state == PaymentStatus::Reserved {
            answer.insert("paymentExpiresAt".into(), rfc3339(self.since + RESERVATION).into());
            answer.insert("partialCapturePossible".into(), self.partial_capture_possible().into());
        }
        answer.insert("pollDelayInMs".into(), poll_delay_ms.into());
        Value::Object(answer)
    }
}

#[cfg(test)]
#[path = "payment_tests.rs"]
mod tests;
