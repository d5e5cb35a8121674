//! Mistakes with prepared payments, refunds and refused cards, kept apart from the correct client.

use super::api_call::Call;
use super::{Misbehavior, Payment, Prepared, Sale, Till};
use crate::api::{Amount, Operation};
use serde_json::{Value, json};
use std::time::Duration;

impl Till {
    /// Makes a prepared payment ready a second time, with a higher amount.
    pub(super) async fn ready_with_more(&mut self, prepared: &Prepared, sale: &Sale) {
        let more = Sale { amount: Amount(sale.amount.0.saturating_add(100)), ..sale.clone() };
        self.say_ready(&prepared.id, &more).await;
    }

    /// Makes a payment ready that was never prepared.
    pub(super) async fn ready_initiated(&mut self, payment: &Payment, sale: &Sale) {
        if self.makes(Misbehavior::ReadiesInitiated) {
            self.say_ready(&payment.id, sale).await;
            // The result is queried, as a correct client would.
            let _ = self.look(&payment.id).await;
        }
    }

    async fn say_ready(&mut self, payment_id: &str, sale: &Sale) {
        let mut body = json!({});
        self.add_terms(&mut body, sale);
        let _ = self.call(&Call::on(Operation::PAYMENT_READY, payment_id).body(body)).await;
    }

    /// A refund's amount, as it is sent in the body.
    pub(super) fn spelled_refund(&self, amount: Amount) -> Value {
        let more = self.makes(Misbehavior::RefundsTooMuch);
        self.spelled_amount(if more { Amount(amount.0.saturating_mul(10)) } else { amount })
    }

    pub(super) fn refund_currency(&self) -> &'static str {
        match (self.makes(Misbehavior::RefundsOtherCurrency), self.config.currency()) {
            (true, "DKK") => "EUR",
            (true, _) => "DKK",
            (false, own) => own,
        }
    }

    /// Refunds a payment that was cancelled.
    pub(super) async fn refund_unpaid(&mut self, payment: &Payment) {
        if self.makes(Misbehavior::RefundsUnpaid) {
            let _ = self.create_refund(payment.amount, Some(&payment.id)).await;
        }
    }

    /// Captures a cancelled refund, or cancels a captured one.
    pub(super) async fn spoil_ended_refund(&mut self, id: &str, cancelled: bool) {
        let operation = match (self.config.mistake, cancelled) {
            (Some(Misbehavior::CapturesCancelledRefund), true) => Operation::CAPTURE_REFUND,
            (Some(Misbehavior::CancelsCapturedRefund), false) => Operation::CANCEL_REFUND,
            _ => return,
        };
        let _ = self.call(&Call::on(operation, id)).await;
    }

    /// Captures or polls a payment whose card was refused.
    pub(super) async fn spoil_refused(&mut self, payment: &Payment, sale: &Sale) {
        match self.config.mistake {
            Some(Misbehavior::CapturesRefused) if sale.restrictions.is_some() => self.stray_capture(payment).await,
            Some(Misbehavior::PollsRefused) if sale.restrictions.is_some() => {
                for _ in 0..3 {
                    let _ = self.query(&payment.id).await;
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
            _ => {}
        }
    }
}
