//! A point of sale: owner, name, beacon and checked-in customer.

use super::body::NewPos;
use super::checked_in_customer::Visit;
use super::clock::Moment;
use super::payment::INACTIVITY;
use crate::api::Guid;
use serde_json::{Map, Value, json};

/// A point of sale.
#[derive(Clone, Debug)]
pub(super) struct Pos {
    pub id: Guid,
    /// The integrator it belongs to.
    pub integrator: String,
    /// The VAT number of the merchant it belongs to.
    pub vat: String,
    /// The properties that its client sent.
    pub made: NewPos,
    /// The beacon id: from the client, or a new GUID.
    pub beacon_id: String,
    /// Whether it was deleted. It stays in the table, so that a second delete succeeds like the first.
    pub deleted: bool,
    /// The checked-in customer.
    pub visit: Option<Visit>,
    /// The payment that was started last, the only one that can be active.
    pub latest: Option<Guid>,
    /// Whether the next payment is to be obstructed (for a director of test cases).
    pub obstructed: bool,
    /// The obstructing payment, if the next payment has met it.
    pub in_the_way: Option<Guid>,
}

impl Pos {
    /// A point of sale created now. `beacon_id` is used if the client sent none.
    pub(super) fn new(owner: (&str, &str), id: Guid, beacon_id: Guid, made: NewPos) -> Pos {
        let beacon_id = made.beacon_id.clone().unwrap_or_else(|| beacon_id.as_str().to_owned());
        let (integrator, vat) = (owner.0.to_owned(), owner.1.to_owned());
        Pos {
            id,
            integrator,
            vat,
            made,
            beacon_id,
            deleted: false,
            visit: None,
            latest: None,
            obstructed: false,
            in_the_way: None,
        }
    }

    /// Ends a visit after ten minutes without a payment.
    pub(super) fn settle(&mut self, now: Moment) {
        if self.visit.as_ref().is_some_and(|visit| now.saturating_sub(visit.since) >= INACTIVITY) {
            self.visit = None;
        }
    }

    /// The body of a GetPos response.
    pub(super) fn answer(&self) -> Value {
        let mut answer = json!({
            "posId": self.id.as_str(),
            "merchantPosId": self.made.merchant_pos_id,
            "storeId": self.made.store_id.as_str(),
            "name": self.made.name,
            "beaconId": self.beacon_id,
        });
        if let Some(alias) = &self.made.callback_alias {
            answer["callbackAlias"] = alias.as_str().into();
        }
        answer["supportedBeaconTypes"] = self.made.supported_beacon_types.clone().into();
        answer["requirePaymentBeforeCheckin"] = self.made.require_payment_before_checkin.into();
        answer
    }

    /// The body of a GetCheckIn response; counts as a response that mentions the customer.
    pub(super) fn check_in_answer(&mut self, poll_delay_ms: u64) -> Value {
        let mut answer = Map::new();
        answer.insert("isUserCheckedIn".into(), self.visit.is_some().into());
        answer.insert("pollDelayInMs".into(), poll_delay_ms.into());
        if let Some(known) = self.visit.as_mut().and_then(|visit| visit.answered(&self.vat)) {
            answer.insert("loyaltyIds".into(), known.loyalty_ids.into());
            answer.insert("customerToken".into(), known.customer_token.into());
            answer.insert("customerReceiptToken".into(), known.receipt_token.into());
        }
        Value::Object(answer)
    }
}
