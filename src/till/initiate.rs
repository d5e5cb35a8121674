//! Starting a payment, and what is done when another one stands in the way (payment_flows#payment_management).

use super::api_call::{Call, list_field, text_field};
use super::{ClientError, Misbehavior, Payment, Sale, Till};
use crate::api::{Operation, PaymentStatus, error};
use serde_json::{Value, json};

impl Till {
    /// Starts a payment on the till's PoS. Where another one is active there, it is found and cancelled, and the
    /// same call made again with the same key.
    ///
    /// # Errors
    /// Whatever keeps the payment from being started.
    pub async fn initiate(&mut self, sale: &Sale) -> Result<Payment, ClientError> {
        let pos = self.pos()?;
        let mut body = json!({ "posId": pos.pos_id, "orderId": sale.order_id });
        self.add_terms(&mut body, sale);
        let id = self.start(&Call::of(Operation::InitiatePayment).body(body), &pos.pos_id).await?;
        self.remember(|memory| memory.open = Some(id.clone()))?;
        Ok(Payment { id, order_id: sale.order_id.clone(), amount: sale.amount })
    }

    /// What a payment is about, said when it is initiated or made ready.
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

    /// Makes a call that starts a payment, and gives the payment's id. What stands in its way is cleaned up.
    pub(super) async fn start(&mut self, call: &Call, pos_id: &str) -> Result<String, ClientError> {
        let answer = match self.call(call).await {
            Err(trouble) if trouble.has_code(error::PAYMENT_ACTIVE.code) && !self.makes(Misbehavior::IgnoresActive) => {
                self.clear_pos(pos_id).await?;
                self.call(&self.once_more(call)).await?
            }
            Err(trouble) if self.makes(Misbehavior::CleansUpOnAnyError) => {
                self.sweep_and_repeat(call, pos_id, trouble).await?
            }
            other => other?,
        };
        match text_field(call.operation, &answer, "paymentId") {
            Err(_) if self.makes(Misbehavior::NullId) => Ok("null".to_owned()),
            other => other,
        }
    }

    /// Finds the payment that is active on the PoS and cancels it. The list holds reserved ones too: these stand in
    /// nobody's way, and what becomes of them was decided elsewhere.
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

    /// Ids of the active and reserved payments on a PoS.
    pub(super) async fn listed(&mut self, pos_id: &str) -> Result<Vec<String>, ClientError> {
        let operation = Operation::QueryPaymentIds;
        let answer = self.call(&Call::of(operation).parameter("posId", pos_id)).await?;
        list_field(operation, &answer, "paymentIds")
    }
}
