//! A point of sale: who it belongs to, what it is called, who is checked in at it.

use super::body::NewPos;
use super::checked_in_customer::Visit;
use super::clock::Moment;
use super::payment::INACTIVITY;
use crate::api::Guid;
use serde_json::{Map, Value, json};

/// A point of sale.
#[derive(Clone, Debug)]
pub struct Pos {
    /// Its id.
    pub id: Guid,
    /// The integrator it belongs to.
    pub integrator: String,
    /// The VAT number of the merchant it belongs to.
    pub vat: String,
    /// What its client says it is.
    pub made: NewPos,
    /// Its beacon: the client's or a new GUID.
    pub beacon_id: String,
    /// Deleted ones stay known, so that a second delete is answered as the first was.
    pub deleted: bool,
    /// The customer who is checked in.
    pub visit: Option<Visit>,
    /// The payment that was started last; the only one that can be active.
    pub latest: Option<Guid>,
    /// Whether the next payment is to meet one that is in its way (for a director of test cases).
    pub obstructed: bool,
    /// The payment that the last one met so.
    pub in_the_way: Option<Guid>,
}

impl Pos {
    /// A point of sale that is made now; `id` is its own, `beacon_id` what it gets if the client has none.
    pub fn new(owner: (&str, &str), id: Guid, beacon_id: Guid, made: NewPos) -> Pos {
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

    /// Ends a visit that nothing came of.
    pub fn settle(&mut self, now: Moment) {
        if self.visit.as_ref().is_some_and(|visit| now.saturating_sub(visit.since) >= INACTIVITY) {
            self.visit = None;
        }
    }

    /// The answer to GetPos.
    pub fn answer(&self) -> Value {
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

    /// The answer to GetCheckIn; counts as an answer that tells of the customer.
    pub fn check_in_answer(&mut self, poll_delay_ms: u64) -> Value {
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
