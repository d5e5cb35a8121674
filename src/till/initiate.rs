//! Starting a payment, and cancelling another one that is active on the PoS (payment_flows#payment_management).

use super::api_call::{Call, list_field, text_field};
use super::{ClientError, Misbehavior, Payment, Sale, Till};
use crate::api::{Operation, PaymentStatus, error};
use serde_json::{Value, json};

impl Till {
    /// Starts a payment on the till's PoS. If another one is active there, it is looked up and cancelled, and the same
    /// call is made again with the same key.
    ///
    /// # Errors
    /// Whatever prevents the payment from being started.
    pub async fn initiate(&mut self, sale: &Sale) -> Result<Payment, ClientError> {
        let pos = self.pos()?;
        let mut body = json!({ "posId": pos.pos_id, "orderId": sale.order_id });
        self.add_terms(&mut body, sale);
        let id = self.start(&Call::of(Operation::INITIATE_PAYMENT).body(body), &pos.pos_id).await?;
        self.remember(|memory| memory.open = Some(id.clone()))?;
        Ok(Payment { id, order_id: sale.order_id.clone(), amount: sale.amount })
    }

    /// Adds the amount and terms of a payment to a request body.
    pub(super) fn add_terms(&self, body: &mut Value, sale: &Sale) {
        body["amount"] = self.spelled_amount(sale.amount);
        body["currencyCode"] = json!(self.config.currency());
        body["plannedCaptureDelay"] = json!("None");
        if let Some(label) = &sale.label {
            body["merchantPaymentLabel"] = json!(label);
        }
        if let Some(restrictions) = sale.restrictions {
            body["restrictions"] = self.spelled_restrictions(restrictions);
        }
    }

    /// Makes a call that starts a payment and returns the payment's id. An active payment on the PoS is cancelled.
    pub(super) async fn start(&mut self, call: &Call, pos_id: &str) -> Result<String, ClientError> {
        let answer = match self.call(call).await {
            Err(error) if error.has_code(error::PAYMENT_ACTIVE.code) && !self.makes(Misbehavior::IgnoresActive) => {
                self.clear_pos(pos_id).await?;
                self.call(&self.once_more(call)).await?
            }
            Err(error) if self.makes(Misbehavior::CleansUpOnAnyError) => {
                self.sweep_and_repeat(call, pos_id, error).await?
            }
            other => other?,
        };
        match text_field(call.operation, &answer, "paymentId") {
            Err(_) if self.makes(Misbehavior::NullId) => Ok("null".to_owned()),
            other => other,
        }
    }

    /// Cancels the active payment on the PoS. The list also holds reserved payments: they do not block the PoS, and are
    /// skipped.
    async fn clear_pos(&mut self, pos_id: &str) -> Result<(), ClientError> {
        for id in self.listed(pos_id).await? {
            if self.memory.hanging.iter().any(|hanging| hanging.id == id) {
                continue;
            }
            if self.look(&id).await?.state.is_some_and(PaymentStatus::is_active) {
                self.cancel(&id).await?;
            }
        }
        Ok(())
    }

    /// The ids of the active and reserved payments on a PoS.
    pub(super) async fn listed(&mut self, pos_id: &str) -> Result<Vec<String>, ClientError> {
        let operation = Operation::QUERY_PAYMENT_IDS;
        let answer = self.call(&Call::of(operation).parameter("posId", pos_id)).await?;
        list_field(operation, &answer, "paymentIds")
    }
}
