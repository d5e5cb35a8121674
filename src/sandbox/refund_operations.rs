//! The operations on refunds (payment_flows#refunds).

use super::api_error::{Answer, Refusal};
use super::backend_state::{BackendState, Call};
use super::body::NewRefund;
use super::clock::Moment;
use super::refund::{self, Refund};
use super::table::new_id;
use crate::api::{Amount, Guid, RefundStatus, error};
use serde_json::json;

impl BackendState {
    pub(super) fn create_refund(&mut self, call: &Call, new: &NewRefund) -> Result<Guid, Refusal> {
        self.settle_refunds(call.now);
        let payment = self.payments.get_mut(&new.payment_id).ok_or(error::NO_SUCH_PAYMENT)?;
        if !call.owns(&payment.integrator, &payment.vat) {
            return Err(error::PAYMENT_OF_OTHER_INTEGRATOR.into());
        }
        payment.settle(call.now);
        let (Some(captured), Some(terms)) = (payment.captured, &payment.terms) else {
            return Err(Refusal::Code(error::NOT_CAPTURED, format!("it is {}", payment.state.name())));
        };
        if terms.currency_code != new.currency_code {
            return Err(Refusal::Code(error::OTHER_CURRENCY, format!("it was in {}", terms.currency_code)));
        }
        if call.now.saturating_sub(payment.since) > refund::AGE {
            return Err(error::TOO_OLD.into());
        }
        let counting =
            self.refunds.iter().filter(|one| one.wanted.payment_id == new.payment_id && refund::counts(one.state));
        let left = captured.0.saturating_sub(sum(counting));
        if new.amount.0 > left {
            return Err(Refusal::Code(error::TOO_HIGH, format!("{} is left to refund", Amount(left.max(0)))));
        }
        let store_id = payment.store_id.clone();
        let pending =
            self.refunds.iter().filter(|one| one.store_id == store_id && one.state == RefundStatus::Initiated);
        let wanted = sum(pending).saturating_add(new.amount.0);
        let balance = self.stores.iter().find(|store| store.id == store_id).and_then(|store| store.balance);
        if balance.is_some_and(|balance| wanted > balance.0) {
            return Err(error::BALANCE_TOO_LOW.into());
        }
        let id = new_id();
        self.refunds.add(id.clone(), Refund::new(call.owner(), store_id, id.clone(), new.clone(), call.now));
        Ok(id)
    }

    pub(super) fn query_refund(&mut self, call: &Call) -> Result<Answer, Refusal> {
        let delay = self.delays.refund_ms;
        let refund = self.own_refund(call, Refusal::NotFound)?;
        Ok(Answer::Body(refund.answer(delay)))
    }

    pub(super) fn refund_ids(&self, call: &Call) -> Result<Answer, Refusal> {
        let payment_id = call.guid_parameter("paymentId")?.ok_or(error::REFUND_FILTER)?;
        let own =
            |refund: &&Refund| call.owns(&refund.integrator, &refund.vat) && refund.wanted.payment_id == payment_id;
        let ids: Vec<_> = self.refunds.iter().filter(own).map(|refund| refund.id.as_str()).collect();
        Ok(Answer::Body(json!({"refundIds": ids})))
    }

    pub(super) fn capture_refund(&mut self, call: &Call) -> Result<Answer, Refusal> {
        self.own_refund(call, error::NO_SUCH_REFUND.into())?.capture(call.now)?;
        Ok(Answer::Empty)
    }

    pub(super) fn cancel_refund(&mut self, call: &Call) -> Result<Answer, Refusal> {
        let refund = self.own_refund(call, Refusal::NotFound)?;
        let (back, store_id) = (refund.cancel(call.now)?, refund.store_id.clone());
        if let Some(balance) = self.balance_mut(&store_id) {
            balance.0 = balance.0.saturating_add(back.0);
        }
        Ok(Answer::Empty)
    }

    /// The refund in the path, advanced to the current time; or why the caller may not access it.
    fn own_refund(&mut self, call: &Call, missing: Refusal) -> Result<&mut Refund, Refusal> {
        self.settle_refunds(call.now);
        let refund = self.refunds.get_mut(call.id()?).ok_or(missing)?;
        if !call.owns(&refund.integrator, &refund.vat) {
            return Err(error::REFUND_OF_OTHER_INTEGRATOR.into());
        }
        Ok(refund)
    }

    /// Advances all refunds, oldest first, since they use their store's balance in that order.
    pub(super) fn settle_refunds(&mut self, now: Moment) {
        let delay = self.refund_delay();
        for refund in self.refunds.iter_mut().filter(|refund| !refund.state.is_final()) {
            let store = self.stores.iter_mut().find(|store| store.id == refund.store_id);
            let balance = store.and_then(|store| store.balance.as_mut());
            let taken = refund.settle(delay, balance.as_deref().copied(), now);
            if let Some(balance) = balance {
                balance.0 = balance.0.saturating_sub(taken.0);
            }
        }
    }

    fn balance_mut(&mut self, store_id: &Guid) -> Option<&mut Amount> {
        self.stores.iter_mut().find(|store| store.id == *store_id)?.balance.as_mut()
    }
}

fn sum<'a>(refunds: impl Iterator<Item = &'a Refund>) -> i64 {
    refunds.map(|refund| refund.wanted.amount.0).fold(0, i64::saturating_add)
}
