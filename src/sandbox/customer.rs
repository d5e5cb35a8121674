//! The simulated customer: the customer simulation API, over HTTP and for an embedded certification director.

use super::backend_state::BackendState;
use super::checked_in_customer::Visit;
use super::clock::Moment;
use super::payment::{Event, Payment};
use crate::api::customer::{Account, CustomerAct};
use crate::api::{Guid, id};
use serde_json::Value;

/// A request to the customer simulation API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Simulation {
    /// The beacon of the PoS.
    pub beacon_id: String,
    /// The customer's phone number, if given.
    pub phone: Option<String>,
    /// The customer's action.
    pub act: CustomerAct,
}

impl Simulation {
    /// Parses a request: `act` is the last segment of its path. Errors are messages for the caller.
    pub(super) fn read(act: &str, body: &[u8]) -> Result<Simulation, String> {
        let body: Value = serde_json::from_slice(body).map_err(|error| format!("The body is not JSON ({error})."))?;
        let text = |name: &str| match body.get(name).and_then(Value::as_str) {
            Some(text) if !text.is_empty() => Ok(text.to_owned()),
            _ => Err(format!("`{name}` is missing or not a string.")),
        };
        let beacon_id = text("beaconId")?;
        let (phone, act) = match act {
            "checkin" => {
                let phone = text("phoneNumber")?;
                let account = Account::of_phone(&phone).ok_or_else(|| unknown_customer(&phone))?;
                (Some(phone), CustomerAct::CheckIn(account))
            }
            "acceptpayment" => (Some(text("phoneNumber")?), CustomerAct::Accept),
            _ => (None, CustomerAct::Cancel),
        };
        Ok(Simulation { beacon_id, phone, act })
    }
}

fn unknown_customer(phone: &str) -> String {
    format!("{phone:?} is not a documented test customer (+4520031801 to 05, +358200318001 to 05).")
}

impl BackendState {
    /// Lets a customer act at a PoS. The error is a message that says why nothing happened.
    pub(super) fn customer(&mut self, simulation: &Simulation, now: Moment) -> Result<(), String> {
        let beacon = id::canonical(&simulation.beacon_id);
        let pos = self.poses.iter().rev().find(|pos| !pos.deleted && pos.beacon_id == beacon);
        let pos_id = pos.map(|pos| pos.id.clone()).ok_or_else(|| format!("No PoS has the beacon {beacon}."))?;
        let active = self.settle_pos(&pos_id, now).is_some();
        match simulation.act {
            CustomerAct::CheckIn(account) => self.check_in(&pos_id, active, account, simulation.phone.as_deref(), now),
            CustomerAct::Accept => self.accept(&pos_id, simulation.phone.as_deref(), now),
            CustomerAct::Cancel => self.cancel_by_customer(&pos_id, now),
        }
    }

    fn check_in(
        &mut self,
        pos_id: &Guid,
        active: bool,
        account: Account,
        phone: Option<&str>,
        now: Moment,
    ) -> Result<(), String> {
        let pos = self.poses.get_mut(pos_id).ok_or("The PoS no longer exists.")?;
        if pos.made.require_payment_before_checkin && !active {
            return Err("The PoS accepts a check-in only while a payment is active on it.".into());
        }
        let country = pos.vat.get(..2).unwrap_or_default();
        let phone = phone.unwrap_or_else(|| account.phone(country));
        match &pos.visit {
            Some(visit) if active && visit.phone != phone => {
                return Err("Another customer is checked in at the PoS, and a payment is active.".into());
            }
            Some(visit) if visit.phone == phone => {}
            _ => pos.visit = Some(Visit::new(account, phone, now)),
        }
        let payment = pos.latest.as_ref().and_then(|id| self.payments.get_mut(id));
        if let (Some(payment), Some(visit)) = (payment, &pos.visit) {
            payment.check_in(visit, now);
        }
        Ok(())
    }

    fn accept(&mut self, pos_id: &Guid, phone: Option<&str>, now: Moment) -> Result<(), String> {
        let payment = self.latest_payment(pos_id)?;
        let checked_in = payment.visit.as_ref().map(|visit| visit.phone.as_str());
        if phone.is_some() && checked_in.is_some() && phone != checked_in {
            return Err("The payment is issued to another customer.".into());
        }
        if !payment.accept(now) {
            return Err(format!("There is no payment to accept: the latest is {}.", payment.state.name()));
        }
        self.leave(pos_id);
        Ok(())
    }

    fn cancel_by_customer(&mut self, pos_id: &Guid, now: Moment) -> Result<(), String> {
        let payment = self.latest_payment(pos_id)?;
        if !payment.happen(Event::CustomerCancel, now) {
            return Err(format!("There is no payment to cancel: the latest is {}.", payment.state.name()));
        }
        self.leave(pos_id);
        Ok(())
    }

    fn latest_payment(&mut self, pos_id: &Guid) -> Result<&mut Payment, String> {
        let latest = self.poses.get(pos_id).and_then(|pos| pos.latest.clone());
        latest.and_then(|id| self.payments.get_mut(&id)).ok_or_else(|| "There is no payment on the PoS.".to_owned())
    }

    /// Ends the customer's visit at a PoS.
    pub(super) fn leave(&mut self, pos_id: &Guid) {
        if let Some(pos) = self.poses.get_mut(pos_id) {
            pos.visit = None;
        }
    }
}
