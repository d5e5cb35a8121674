//! Operations on one payment: query, capture, cancel.
//!
//! A decision (capture, cancel) is saved before it is carried out and removed when the backend has confirmed it, so
//! that neither a lost response nor a power cut loses money (payment_flows, "Hanging payments").

use super::api_call::Call;
use super::timing::now_ms;
use super::{ClientError, PendingDecision, Till};
use crate::api::{Amount, Operation, PaymentStatus, RefundStatus};
use serde_json::{Value, json};

/// A payment that was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The backend's id.
    pub id: String,
    /// The till's order id.
    pub order_id: String,
    /// The amount that the customer is asked to pay.
    pub amount: Amount,
}

/// The state of a payment as the backend reports it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// Its state; `None` if this client does not know the name, and keeps polling.
    pub state: Option<PaymentStatus>,
    /// Whether less than the reserved amount may be captured.
    pub partial_capture_possible: bool,
    /// Whether it is known if the customer is enrolled in the loyalty programme: `loyaltyIds` is present, empty or not.
    pub membership_known: bool,
}

/// The result of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    Captured(Amount),
    /// The payment or refund was cancelled.
    Cancelled,
    /// The payment had already ended.
    Ended(PaymentStatus),
    /// The refund was captured.
    Refunded,
    /// The refund had already ended.
    RefundEnded(RefundStatus),
    /// All attempts failed; the decision is saved and retried later.
    Hanging(ClientError),
}

impl Till {
    /// Queries a payment once, as soon as it may be polled. Not retried here: the caller polls again.
    ///
    /// # Errors
    /// [`ClientError::Lost`] if no response came, and whatever the backend refuses.
    pub async fn query(&mut self, payment_id: &str) -> Result<View, ClientError> {
        view(&self.poll(Operation::QUERY_PAYMENT, payment_id).await?)
    }

    /// Queries a payment until there is a response.
    pub(super) async fn look(&mut self, payment_id: &str) -> Result<View, ClientError> {
        let mut last = ClientError::NoPayment;
        for _ in 0..self.config.pace.attempts {
            match self.query(payment_id).await {
                Err(error) if error.is_loss() => last = error,
                other => return other,
            }
        }
        Err(last)
    }

    /// Captures a reserved payment.
    ///
    /// # Errors
    /// Whatever the backend refuses. A lost call is not an error but [`Settled::Hanging`].
    pub async fn capture(&mut self, payment_id: &str, amount: Amount) -> Result<Settled, ClientError> {
        self.settle(payment_id, PendingDecision::Capture(amount.0)).await
    }

    /// Cancels a payment.
    ///
    /// # Errors
    /// The same as [`Till::capture`].
    pub async fn cancel(&mut self, payment_id: &str) -> Result<Settled, ClientError> {
        self.settle(payment_id, PendingDecision::Cancel).await
    }

    /// Carries out a decision on a payment or refund, and keeps it saved until it is confirmed.
    pub(super) async fn settle(&mut self, id: &str, intent: PendingDecision) -> Result<Settled, ClientError> {
        self.remember(|memory| memory.decide(id, intent))?;
        let outcome = match self.carry_out(id, intent).await {
            Err(error) if error.has_status(409) => match intent {
                PendingDecision::Capture(_) | PendingDecision::Cancel => self.reconcile(id, intent).await,
                PendingDecision::CaptureRefund | PendingDecision::CancelRefund => self.heal_refund(id, intent).await,
            },
            other => other,
        };
        match outcome {
            Err(error) if error.is_loss() => self.defer(id, intent, error),
            other => {
                self.remember(|memory| {
                    memory.settled(id);
                    match &other {
                        Ok(Settled::Captured(amount)) => memory.took(id, *amount),
                        Ok(Settled::Cancelled | Settled::RefundEnded(RefundStatus::CancelledByMobilePay)) => {
                            memory.gives_nothing_back(id);
                        }
                        _ => {}
                    }
                })?;
                other
            }
        }
    }

    pub(super) async fn carry_out(&mut self, id: &str, intent: PendingDecision) -> Result<Settled, ClientError> {
        match intent {
            PendingDecision::Capture(minor) => {
                let body = json!({ "amount": self.spelled_amount(Amount(minor)) });
                self.call(&Call::on(Operation::CAPTURE_PAYMENT, id).body(body)).await?;
                Ok(Settled::Captured(Amount(minor)))
            }
            PendingDecision::Cancel => {
                self.call(&Call::on(Operation::CANCEL_PAYMENT, id)).await?;
                Ok(Settled::Cancelled)
            }
            PendingDecision::CaptureRefund => {
                self.call(&Call::on(Operation::CAPTURE_REFUND, id)).await?;
                Ok(Settled::Refunded)
            }
            PendingDecision::CancelRefund => {
                self.call(&Call::on(Operation::CANCEL_REFUND, id)).await?;
                Ok(Settled::Cancelled)
            }
        }
    }

    /// Reconciles after a 409: the state at the backend is authoritative. A reservation that cannot be captured as
    /// decided is cancelled.
    async fn reconcile(&mut self, payment_id: &str, intent: PendingDecision) -> Result<Settled, ClientError> {
        match (self.look(payment_id).await?.state, intent) {
            (Some(PaymentStatus::Captured), PendingDecision::Capture(minor)) => Ok(Settled::Captured(Amount(minor))),
            (Some(state), _) if state.is_final() => Ok(Settled::Ended(state)),
            (_, PendingDecision::Capture(_)) => {
                self.remember(|memory| memory.decide(payment_id, PendingDecision::Cancel))?;
                self.carry_out(payment_id, PendingDecision::Cancel).await
            }
            (state, _) => {
                let what = format!("the payment is {state:?} but cannot be cancelled");
                Err(ClientError::Unreadable { operation: Operation::CANCEL_PAYMENT, what })
            }
        }
    }

    fn defer(&mut self, id: &str, intent: PendingDecision, error: ClientError) -> Result<Settled, ClientError> {
        if self.takes_as_done(intent, &error) {
            self.remember(|memory| memory.settled(id))?;
        } else {
            self.remember(|memory| memory.tried(id, now_ms()))?;
        }
        Ok(Settled::Hanging(error))
    }
}

fn view(answer: &Value) -> Result<View, ClientError> {
    let name = super::api_call::text_field(Operation::QUERY_PAYMENT, answer, "status")?;
    let partial = answer.get("partialCapturePossible").and_then(Value::as_bool);
    Ok(View {
        state: PaymentStatus::from_name(&name),
        partial_capture_possible: partial == Some(true),
        membership_known: membership_known(answer),
    })
}

/// Whether a response says if the customer is enrolled; absent `loyaltyIds` means poll again (OpenAPI 10.2.6).
pub(super) fn membership_known(answer: &Value) -> bool {
    answer.get("loyaltyIds").is_some_and(Value::is_array)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_capture_needs_a_flag_that_is_true() {
        let seen = |text: &str| view(&serde_json::from_str(text).unwrap());
        let reserved = seen(r#"{"status":"Reserved","partialCapturePossible":true}"#).unwrap();
        assert!(reserved.partial_capture_possible);
        for flag in ["false", "null", "\"true\""] {
            let text = format!(r#"{{"status":"Reserved","partialCapturePossible":{flag}}}"#);
            assert!(!seen(&text).unwrap().partial_capture_possible);
        }
        assert_eq!(seen(r#"{"status":"SomethingNew"}"#).unwrap().state, None);
        assert!(seen("{}").is_err());
    }
}
