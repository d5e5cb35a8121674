//! State transitions of refunds.

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::state::ObservedState;
use crate::api::operation::names::{CANCEL_REFUND, CAPTURE_REFUND, CREATE_REFUND, GET_REFUND};
use crate::api::resource::{PAYMENT, POS, REFUND};
use crate::api::{ExactAmount, RefundStatus};

impl ObservedState {
    pub(super) fn learn_refund(&mut self, attempt: &Attempt, context: &mut Context) {
        if let (Some(CREATE_REFUND), true, Some(id)) = (attempt.operation, attempt.succeeded(), &attempt.answer.created)
        {
            let refund = self.refund(id);
            context.about[REFUND] = Some(refund);
            let entry = self.refunds.at_mut(refund);
            if entry.created_n.is_none() {
                entry.created_n = Some(attempt.n);
                entry.payment = context.about[PAYMENT];
                let pos = context.about[POS].map(|pos| self.poses.at_mut(pos));
                pos.into_iter().for_each(|pos| pos.creates_failed.retain(|create| create.call != context.call));
                // A refund that a poll has shown before is already in the total.
                let counted = entry.amount.is_some();
                entry.amount = entry.amount.or(attempt.body.amount);
                let amount = entry.amount.unwrap_or_default();
                if let Some(payment) = context.about[PAYMENT].filter(|_| !counted) {
                    let payment = self.payments.at_mut(payment);
                    payment.refunded = payment.refunded.plus(amount);
                }
            }
            return;
        }
        if attempt.operation == Some(CREATE_REFUND) && !attempt.succeeded() {
            return self.create_failed(attempt, context);
        }
        let Some(refund) = context.about[REFUND] else { return };
        let (tick, mut shown) = (self.tick, false);
        let entry = self.refunds.at_mut(refund);
        let given_back = |entry: &super::resources::RefundState| {
            let ended = [RefundStatus::CancelledByClient, RefundStatus::CancelledByMobilePay];
            entry.cancelled_n.is_some() || entry.state.is_some_and(|state| ended.contains(&state))
        };
        let before = given_back(entry) || entry.amount.is_none();
        match attempt.operation {
            Some(GET_REFUND) => {
                let Some(state) = RefundStatus::from_name(&attempt.answer.state) else { return };
                entry.state = Some(state);
                if entry.first_seen == 0 {
                    entry.first_seen = tick;
                }
                shown = entry.amount.is_none() && !attempt.answer.payment_id.is_empty();
                match state {
                    RefundStatus::Reserved => _ = entry.reserved_n.get_or_insert(attempt.n),
                    RefundStatus::Captured => _ = entry.captured_n.get_or_insert(attempt.n),
                    _ => {}
                }
                if state.is_final() {
                    entry.final_n.get_or_insert(attempt.n);
                }
            }
            Some(CAPTURE_REFUND) if attempt.succeeded() && entry.captured_n.is_none() => {
                (entry.captured_n, entry.captured_amount) = (Some(attempt.n), attempt.body.amount);
            }
            Some(CANCEL_REFUND) if attempt.succeeded() => _ = entry.cancelled_n.get_or_insert(attempt.n),
            _ => {}
        }
        if shown && let Some(amount) = attempt.answer.amount {
            // Its create got no response and was looked up, or it is from an earlier session.
            let gone = given_back(entry);
            let place = self.payment(&attempt.answer.payment_id);
            let entry = self.refunds.at_mut(refund);
            (entry.payment, entry.amount) = (Some(place), Some(amount));
            let payment = self.payments.at_mut(place);
            payment.refunded = payment.refunded.plus(if gone { ExactAmount::default() } else { amount });
        } else if !before && given_back(entry) {
            let amount = entry.amount.unwrap_or_default();
            if let Some(payment) = entry.payment {
                let payment = self.payments.at_mut(payment);
                payment.refunded = payment.refunded.minus(amount);
            }
        }
    }
}
