//! What an answer about a refund tells.

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::state::ObservedState;
use crate::api::Operation::*;
use crate::api::{ExactAmount, RefundStatus};

impl ObservedState {
    pub(super) fn learn_refund(&mut self, send: &Attempt, context: &mut Context) {
        if let (Some(CreateRefund), true, Some(id)) = (send.operation, send.succeeded(), &send.answer.created) {
            let refund = self.refund(id);
            context.about.refund = Some(refund);
            let track = self.refunds.at_mut(refund);
            if track.created_n.is_none() {
                track.created_n = Some(send.n);
                track.payment = context.about.payment;
                let pos = context.about.pos.map(|pos| self.poses.at_mut(pos));
                pos.into_iter().for_each(|pos| pos.creates_failed.retain(|create| create.call != context.call));
                // One that a poll had shown before counts already.
                let counted = track.amount.is_some();
                track.amount = track.amount.or(send.body.amount);
                let amount = track.amount.unwrap_or_default();
                if let Some(payment) = context.about.payment.filter(|_| !counted) {
                    let payment = self.payments.at_mut(payment);
                    payment.refunded = payment.refunded.plus(amount);
                }
            }
            return;
        }
        if send.operation == Some(CreateRefund) && !send.succeeded() {
            return self.create_failed(send, context);
        }
        let Some(refund) = context.about.refund else { return };
        let (tick, mut shown) = (self.tick, false);
        let track = self.refunds.at_mut(refund);
        let given_back = |track: &super::resources::RefundState| {
            let ended = [RefundStatus::CancelledByClient, RefundStatus::CancelledByMobilePay];
            track.cancelled_n.is_some() || track.state.is_some_and(|state| ended.contains(&state))
        };
        let before = given_back(track) || track.amount.is_none();
        match send.operation {
            Some(GetRefund) => {
                let Some(state) = RefundStatus::from_name(&send.answer.state) else { return };
                track.state = Some(state);
                if track.first_seen == 0 {
                    track.first_seen = tick;
                }
                shown = track.amount.is_none() && !send.answer.payment_id.is_empty();
                match state {
                    RefundStatus::Reserved => _ = track.reserved_n.get_or_insert(send.n),
                    RefundStatus::Captured => _ = track.captured_n.get_or_insert(send.n),
                    _ => {}
                }
                if state.is_final() {
                    track.final_n.get_or_insert(send.n);
                }
            }
            Some(CaptureRefund) if send.succeeded() && track.captured_n.is_none() => {
                (track.captured_n, track.captured_amount) = (Some(send.n), send.body.amount);
            }
            Some(CancelRefund) if send.succeeded() => _ = track.cancelled_n.get_or_insert(send.n),
            _ => {}
        }
        if shown && let Some(amount) = send.answer.amount {
            // Not created under the client's eyes: a lost create that was looked up, or an earlier session's.
            let gone = given_back(track);
            let place = self.payment(&send.answer.payment_id);
            let track = self.refunds.at_mut(refund);
            (track.payment, track.amount) = (Some(place), Some(amount));
            let payment = self.payments.at_mut(place);
            payment.refunded = payment.refunded.plus(if gone { ExactAmount::default() } else { amount });
        } else if !before && given_back(track) {
            let amount = track.amount.unwrap_or_default();
            if let Some(payment) = track.payment {
                let payment = self.payments.at_mut(payment);
                payment.refunded = payment.refunded.minus(amount);
            }
        }
    }
}
