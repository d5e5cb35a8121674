//! The operations on payments (payment_flows).

use super::api_error::{Answer, Refusal};
use super::backend_state::{BackendState, Call};
use super::body::{Body, NewPayment, Terms};
use super::clock::Moment;
use super::payment::Payment;
use super::table::new_id;
use crate::api::error::{self, ErrorCode};
use crate::api::{Guid, PaymentStatus};
use serde_json::json;

impl BackendState {
    pub(super) fn create_payment(
        &mut self,
        call: &Call,
        new: &NewPayment,
        terms: Option<&Terms>,
    ) -> Result<Guid, Refusal> {
        let pos = self.poses.get(&new.pos_id).ok_or(error::NO_SUCH_POS)?;
        if !call.owns(&pos.integrator, &pos.vat) {
            return Err(error::POS_OF_OTHER_INTEGRATOR.into());
        }
        if pos.deleted {
            return Err(Refusal::Code(error::NO_SUCH_POS, "it was deleted".into()));
        }
        let store_id = pos.made.store_id.clone();
        if !self.stores.iter().any(|store| store.id == store_id && store.active) {
            return Err(error::STORE_NOT_ACTIVE.into());
        }
        if let Some(active) = self.settle_pos(&new.pos_id, call.now) {
            return Err(Refusal::Code(error::PAYMENT_ACTIVE, format!("it is {}", active.name())));
        }
        let id = new_id();
        let mut payment = Payment::new(call.owner(), store_id, id.clone(), new, terms.cloned(), call.now);
        let pos = self.poses.get_mut(&new.pos_id).ok_or(error::NO_SUCH_POS)?;
        pos.latest = Some(id.clone());
        if std::mem::take(&mut pos.obstructed) {
            pos.in_the_way = Some(id.clone());
            self.payments.add(id, payment);
            return Err(error::PAYMENT_ACTIVE.into());
        }
        if let Some(visit) = &pos.visit {
            payment.check_in(visit, call.now);
        }
        self.payments.add(id.clone(), payment);
        Ok(id)
    }

    pub(super) fn ready_payment(&mut self, call: &Call) -> Result<Answer, Refusal> {
        let Body::Ready(terms) = &call.body else { return Err(error::UNKNOWN.into()) };
        self.own_payment(call, error::READY_OTHER_MERCHANT)?.ready(terms, call.now)?;
        Ok(Answer::Empty)
    }

    pub(super) fn query_payment(&mut self, call: &Call) -> Result<Answer, Refusal> {
        let delay = self.delays.payment_ms;
        Ok(Answer::Body(self.own_payment(call, error::PAYMENT_OF_OTHER_MERCHANT)?.answer(delay)))
    }

    /// Without `state`: the active and reserved payments.
    pub(super) fn payment_ids(&mut self, call: &Call) -> Result<Answer, Refusal> {
        let pos_id = call.guid_parameter("posId")?;
        let order_id = call.parameter("orderId");
        let captured = match call.parameter("state") {
            None => false,
            Some("Captured") => true,
            Some(other) => {
                return Err(Refusal::Code(error::UNKNOWN, format!("`state` is {other:?}; only Captured is supported")));
            }
        };
        if pos_id.is_none() && order_id.is_none() {
            return Err(error::PAYMENT_FILTER.into());
        }
        let mut ids = Vec::new();
        for payment in self.payments.iter_mut() {
            let asked_for = call.owns(&payment.integrator, &payment.vat)
                && pos_id.as_ref().is_none_or(|id| payment.pos_id == *id)
                && order_id.is_none_or(|id| payment.order_id == id);
            if !asked_for {
                continue;
            }
            payment.settle(call.now);
            let open = payment.state.is_active() || payment.state == PaymentStatus::Reserved;
            let fits = if captured { payment.state == PaymentStatus::Captured } else { open };
            if fits {
                ids.push(payment.id.as_str().to_owned());
            }
        }
        Ok(Answer::Body(json!({"paymentIds": ids})))
    }

    pub(super) fn capture_payment(&mut self, call: &Call) -> Result<Answer, Refusal> {
        let Body::Capture(amount) = call.body else { return Err(error::UNKNOWN.into()) };
        self.own_payment(call, error::CAPTURE_OTHER_MERCHANT)?.capture(amount, call.now)?;
        Ok(Answer::Empty)
    }

    pub(super) fn cancel_payment(&mut self, call: &Call) -> Result<Answer, Refusal> {
        let payment = self.own_payment(call, error::CANCEL_OTHER_MERCHANT)?;
        let was_active = payment.state.is_active();
        payment.cancel(call.now)?;
        let pos_id = payment.pos_id.clone();
        // A customer who checked in after the payment ended is not part of it.
        if was_active {
            self.leave(&pos_id);
        }
        Ok(Answer::Empty)
    }

    /// The payment in the path, ended if it has expired; or why the caller may not access it.
    fn own_payment(&mut self, call: &Call, other_merchant: ErrorCode) -> Result<&mut Payment, Refusal> {
        let payment = self.payments.get(call.id()?).ok_or(Refusal::NotFound)?;
        if payment.integrator != call.caller.integrator {
            return Err(error::PAYMENT_OF_OTHER_INTEGRATOR.into());
        }
        if payment.vat != call.caller.vat {
            return Err(other_merchant.into());
        }
        let pos_id = payment.pos_id.clone();
        self.settle_pos(&pos_id, call.now);
        let payment = self.payments.get_mut(call.id()?).ok_or(Refusal::NotFound)?;
        payment.settle(call.now);
        Ok(payment)
    }

    /// Ends expired payments on a PoS, and returns the state of its active payment.
    pub(super) fn settle_pos(&mut self, pos_id: &Guid, now: Moment) -> Option<PaymentStatus> {
        let pos = self.poses.get_mut(pos_id)?;
        if let Some(payment) = pos.latest.as_ref().and_then(|id| self.payments.get_mut(id)) {
            let was_active = payment.state.is_active();
            payment.settle(now);
            if payment.state.is_active() {
                return Some(payment.state);
            }
            if was_active {
                pos.visit = None;
            }
        }
        pos.settle(now);
        None
    }
}
