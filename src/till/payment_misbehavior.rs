//! Mistakes with payments and requests.
//!
//! Kept apart, so that the other files show a correct client.

use super::api_call::{Call, new_key};
use super::{ClientError, KnownPos, Misbehavior, Payment, PendingDecision, Restrictions, Sale, Till};
use crate::api::{Amount, Operation};
use serde_json::{Value, json};
use std::time::Duration;

impl Till {
    /// An amount as it is sent in a body.
    pub(super) fn spelled_amount(&self, amount: Amount) -> Value {
        if self.makes(Misbehavior::MinorUnits) {
            // As sent by a client that holds 19.99 in a float: 1998.9999999999998.
            return json!(amount.0 as f64 / 100.0 * 100.0);
        }
        amount.to_json()
    }

    /// Restrictions as they are sent in a body.
    pub(super) fn spelled_restrictions(&self, restrictions: Restrictions) -> Value {
        let Restrictions { debit_card_disallowed: debit, credit_card_disallowed: credit } = restrictions;
        match self.config.mistake {
            Some(Misbehavior::RestrictsInWords) => {
                json!({ "debitCardDisallowed": debit.to_string(), "creditCardDisallowed": credit.to_string() })
            }
            Some(Misbehavior::MisnamesRestriction) => {
                json!({ "debitCardsDisallowed": debit, "creditCardsDisallowed": credit })
            }
            _ => json!({ "debitCardDisallowed": debit, "creditCardDisallowed": credit }),
        }
    }

    /// The version header's value; `None` omits the header.
    pub(super) fn spelled_version(&self, operation: Operation) -> Option<String> {
        let version = self.config.version.clone();
        match self.config.mistake {
            Some(Misbehavior::NoVersion) => None,
            Some(Misbehavior::MalformedVersion) => Some(format!("v{version}")),
            Some(Misbehavior::OtherVersion) if operation == Operation::CAPTURE_PAYMENT => Some("99.0.0".to_owned()),
            _ => Some(version),
        }
    }

    /// The VAT header's value.
    pub(super) fn spelled_vat(&self) -> String {
        let vat = &self.config.vat;
        match self.config.mistake {
            Some(Misbehavior::DoubledVatPrefix) => format!("{}{vat}", vat.get(..2).unwrap_or("")),
            Some(Misbehavior::BareVat) => vat.get(2..).unwrap_or("").to_owned(),
            _ => vat.clone(),
        }
    }

    /// Whether a creating call is sent without its key.
    pub(super) fn leaves_key_off(&self, operation: Operation) -> bool {
        self.makes(Misbehavior::NoKey) && operation == Operation::INITIATE_PAYMENT
    }

    /// Changes the key or the body of a retry, which must stay the same.
    pub(super) fn corrupt_retry(&self, call: &mut Call, attempts: u32) {
        if !call.operation.creates() {
            return;
        }
        match (self.config.mistake, &mut call.body) {
            (Some(Misbehavior::NewKeyPerAttempt), _) => call.key = Some(new_key()),
            (Some(Misbehavior::BodyChangesOnRetry), Some(body)) if call.operation == Operation::INITIATE_PAYMENT => {
                body["merchantPaymentLabel"] = json!(format!("Attempt {}", attempts + 1));
            }
            _ => {}
        }
    }

    /// The call to repeat after the PoS has been cleared.
    pub(super) fn once_more(&self, call: &Call) -> Call {
        let key = if self.makes(Misbehavior::NewKeyPerAttempt) { Some(new_key()) } else { call.key.clone() };
        Call { key, ..call.clone() }
    }

    /// Whether a decision is dropped although it failed.
    pub(super) fn takes_as_done(&self, intent: PendingDecision, error: &ClientError) -> bool {
        match self.config.mistake {
            Some(Misbehavior::ForgetsHanging | Misbehavior::NoRetry) => true,
            Some(Misbehavior::SuccessAfterLostCapture) => {
                matches!((intent, error), (PendingDecision::Capture(_), ClientError::Lost { status: None, .. }))
            }
            _ => false,
        }
    }

    /// After any error on the start of a payment, cancels every listed payment and tries again.
    pub(super) async fn sweep_and_repeat(
        &mut self,
        call: &Call,
        pos_id: &str,
        mut error: ClientError,
    ) -> Result<Value, ClientError> {
        for _ in 0..3 {
            for id in self.listed(pos_id).await? {
                self.call(&Call::on(Operation::CANCEL_PAYMENT, &id)).await?;
                self.remember(|memory| memory.settled(&id))?;
            }
            match self.call(call).await {
                Err(again) => error = again,
                done => return done,
            }
        }
        Err(error)
    }

    /// Starts a payment on the PoS that was just deleted.
    pub(super) async fn sell_after_close(&mut self, pos: &KnownPos) {
        let sale = Sale::of(Amount(100));
        let body = json!({
            "posId": pos.pos_id,
            "orderId": sale.order_id,
            "amount": sale.amount.to_json(),
            "currencyCode": self.config.currency(),
            "plannedCaptureDelay": "None",
        });
        let _ = self.call(&Call::of(Operation::INITIATE_PAYMENT).body(body)).await;
    }

    /// Waits about as long as a customer needs, without polling.
    pub(super) async fn wait_without_polling(&self) {
        tokio::time::sleep(Duration::from_secs(5)).await;
    }

    /// Captures a payment that was just cancelled.
    pub(super) async fn stray_capture(&mut self, payment: &Payment) {
        let body = json!({ "amount": payment.amount.to_json() });
        let _ = self.call(&Call::on(Operation::CAPTURE_PAYMENT, &payment.id).body(body)).await;
    }

    /// Queries a path that the API does not have.
    pub(super) async fn ask_for_status(&mut self, payment: &Payment) {
        let call = Call::on(Operation::QUERY_PAYMENT, &payment.id);
        let Ok(token) = self.token().await else { return };
        let Ok(mut request) = self.request(&call, &token) else { return };
        let Ok(uri) = format!("{}/status", request.uri()).parse() else { return };
        *request.uri_mut() = uri;
        let _ = self.http_client.exchange(request, Some(self.config.pace.get_timeout)).await;
    }

    /// Queries refunds, although the refund feature is not selected.
    pub(super) async fn ask_for_refunds(&mut self, payment: &Payment) {
        let _ = self.call(&Call::of(Operation::QUERY_REFUND_IDS).parameter("paymentId", &payment.id)).await;
    }
}
