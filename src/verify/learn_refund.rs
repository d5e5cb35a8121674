//! What an answer about a refund tells.

use super::context::Context;
use super::send::Send;
use super::world::World;
use crate::api::Operation::*;
use crate::api::RefundState;

impl World {
    pub(super) fn learn_refund(&mut self, send: &Send, context: &mut Context) {
        if let (Some(CreateRefund), true, Some(id)) = (send.operation, send.succeeded(), &send.answer.created) {
            let refund = self.refund(id);
            context.about.refund = Some(refund);
            let track = self.refunds.at_mut(refund);
            if track.created_n.is_none() {
                track.created_n = Some(send.n);
                track.payment = context.about.payment;
                track.amount = send.body.amount;
                let amount = track.amount.unwrap_or(0);
                if let Some(payment) = context.about.payment {
                    let payment = self.payments.at_mut(payment);
                    payment.refunded = payment.refunded.saturating_add(amount);
                }
            }
            return;
        }
        let Some(refund) = context.about.refund else { return };
        let track = self.refunds.at_mut(refund);
        let given_back = |track: &super::tracks::RefundTrack| {
            let ended = [RefundState::CancelledByClient, RefundState::CancelledByMobilePay];
            track.cancelled_n.is_some() || track.state.is_some_and(|state| ended.contains(&state))
        };
        let before = given_back(track);
        match send.operation {
            Some(GetRefund) => {
                let Some(state) = RefundState::from_name(&send.answer.state) else { return };
                track.state = Some(state);
                match state {
                    RefundState::Reserved => _ = track.reserved_n.get_or_insert(send.n),
                    RefundState::Captured => _ = track.captured_n.get_or_insert(send.n),
                    _ => {}
                }
                if state.is_final() {
                    track.final_n.get_or_insert(send.n);
                }
            }
            Some(CaptureRefund) if send.succeeded() => _ = track.captured_n.get_or_insert(send.n),
            Some(CancelRefund) if send.succeeded() => _ = track.cancelled_n.get_or_insert(send.n),
            _ => {}
        }
        if !before && given_back(track) && track.created_n.is_some() {
            let amount = track.amount.unwrap_or(0);
            if let Some(payment) = track.payment {
                let payment = self.payments.at_mut(payment);
                payment.refunded = payment.refunded.saturating_sub(amount);
            }
        }
    }
}
