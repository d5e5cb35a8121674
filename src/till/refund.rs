//! Refunds: created, polled until the backend has reserved the money, then captured or cancelled
//! (payment_flows#refunds).
//!
//! A refund is saved when it is created, so that it ends as decided whatever happens in between: the backend captures
//! an abandoned refund after a day.

use super::api_call::{Call, list_field, new_key, text_field};
use super::payment::Settled;
use super::sale::CancelSignal;
use super::timing::now_ms;
use super::{ClientError, Misbehavior, PendingDecision, Till};
use crate::api::{Amount, Operation, RefundStatus};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// The most refunds of one payment that are queried.
const LOOKED_INTO: usize = 20;

/// A refund that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The backend's id.
    pub id: String,
    pub payment_id: String,
    pub amount: Amount,
}

/// The result of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refunded {
    /// The money was refunded.
    Captured(Refund),
    /// The refund ended without being captured.
    Ended(Refund, RefundStatus),
    /// The decision is saved, and the periodic job carries it out.
    Hanging(Refund, ClientError),
}

/// The state of a refund as the backend reports it.
struct RefundView {
    /// `None` if this client does not know the name, and keeps polling.
    state: Option<RefundStatus>,
    order_id: String,
    minor: i64,
}

impl Till {
    /// Refunds that amount of a payment. Without an id, it is the till's latest payment with enough left to refund.
    ///
    /// # Errors
    /// Whatever prevents the refund from being created or followed.
    pub async fn refund(
        &mut self,
        amount: Amount,
        of: Option<&str>,
        abort: &CancelSignal,
    ) -> Result<Refunded, ClientError> {
        let refund = self.create_refund(amount, of).await?;
        self.complete_refund(refund, abort).await
    }

    /// Creates a refund. A refused request is not repeated; instead the payment's refunds are queried, so that the
    /// amount left is known afterwards.
    ///
    /// # Errors
    /// Whatever prevents the refund from being created.
    pub async fn create_refund(&mut self, amount: Amount, of: Option<&str>) -> Result<Refund, ClientError> {
        let latest = || self.memory.refundable(amount).map(|taken| taken.payment_id.clone());
        let payment_id = match of {
            Some(id) => id.to_owned(),
            None => latest().ok_or(ClientError::NothingTaken(amount))?,
        };
        let order_id = new_key();
        let body = json!({
            "paymentId": payment_id,
            "refundOrderId": order_id,
            "amount": self.spelled_refund(amount),
            "currencyCode": self.refund_currency(),
        });
        let call = Call::of(Operation::CREATE_REFUND).body(body);
        let id = match self.call(&call).await {
            Ok(answer) => text_field(Operation::CREATE_REFUND, &answer, "refundId")?,
            Err(error) if error.has_status(409) => {
                let _ = self.look_into(&payment_id, &order_id).await;
                return Err(error);
            }
            // It may have been created: look for its order id.
            Err(error) if error.is_loss() => self.look_into(&payment_id, &order_id).await?.ok_or(error)?,
            Err(error) => return Err(error),
        };
        self.remember(|memory| {
            memory.gives_back(&payment_id, [(id.clone(), amount.0)]);
            memory.decide(&id, PendingDecision::CaptureRefund);
            memory.tried(&id, now_ms());
        })?;
        Ok(Refund { id, payment_id, amount })
    }

    /// Follows a refund until the money is reserved, and captures it, unless the cashier cancels it first.
    ///
    /// # Errors
    /// Whatever the backend refuses.
    pub async fn complete_refund(&mut self, refund: Refund, abort: &CancelSignal) -> Result<Refunded, ClientError> {
        let timeout = self.config.pace.customer;
        let stopped = match self.await_reserved(&refund.id, timeout, abort).await? {
            None => true,
            Some(RefundStatus::Reserved) => abort.within(self.config.pace.cancel_delay).await,
            Some(state) => return self.ended_refund(refund, state),
        };
        if self.makes(Misbehavior::ForgetsRefund) {
            self.remember(|memory| memory.settled(&refund.id))?;
            return Ok(Refunded::Ended(refund, RefundStatus::Reserved));
        }
        let settled =
            if stopped { self.cancel_refund(&refund.id).await? } else { self.capture_refund(&refund.id).await? };
        Ok(match settled {
            Settled::Hanging(error) => Refunded::Hanging(refund, error),
            Settled::RefundEnded(state) => Refunded::Ended(refund, state),
            Settled::Cancelled => Refunded::Ended(refund, RefundStatus::CancelledByClient),
            _ => Refunded::Captured(refund),
        })
    }

    /// Polls a refund until it is reserved or has ended; `None` on a timeout.
    ///
    /// # Errors
    /// Whatever the backend refuses.
    pub async fn await_refund(&mut self, id: &str) -> Result<Option<RefundStatus>, ClientError> {
        self.await_reserved(id, self.config.pace.rest, &CancelSignal::default()).await
    }

    /// The latest refund that is decided but not carried out yet.
    pub fn open_refund(&self) -> Option<&str> {
        let open = self.memory.hanging.iter().rev().find(|hanging| hanging.intent == PendingDecision::CaptureRefund);
        open.map(|hanging| hanging.id.as_str())
    }

    /// Captures a reserved refund.
    ///
    /// # Errors
    /// Whatever the backend refuses. A lost call is not an error but [`Settled::Hanging`].
    pub async fn capture_refund(&mut self, id: &str) -> Result<Settled, ClientError> {
        let settled = self.settle(id, PendingDecision::CaptureRefund).await?;
        self.spoil_ended_refund(id, false).await;
        Ok(settled)
    }

    /// Cancels a refund.
    ///
    /// # Errors
    /// The same as [`Till::capture_refund`].
    pub async fn cancel_refund(&mut self, id: &str) -> Result<Settled, ClientError> {
        let settled = self.settle(id, PendingDecision::CancelRefund).await?;
        self.spoil_ended_refund(id, true).await;
        Ok(settled)
    }

    /// Completes a refund of an earlier run.
    pub(super) async fn resume_refund(&mut self, id: &str) -> Result<Settled, ClientError> {
        match self.await_refund(id).await? {
            Some(RefundStatus::Reserved) => self.capture_refund(id).await,
            Some(RefundStatus::Captured) => self.end_refund(id, Settled::Refunded),
            Some(state) => self.end_refund(id, Settled::RefundEnded(state)),
            None => self.cancel_refund(id).await,
        }
    }

    /// Reconciles after a 409: the state at the backend is authoritative.
    pub(super) async fn heal_refund(&mut self, id: &str, intent: PendingDecision) -> Result<Settled, ClientError> {
        match (self.await_refund(id).await?, intent) {
            (Some(RefundStatus::Captured), PendingDecision::CaptureRefund) => Ok(Settled::Refunded),
            (Some(RefundStatus::CancelledByClient), PendingDecision::CancelRefund) => Ok(Settled::Cancelled),
            (Some(state), _) if state.is_final() => Ok(Settled::RefundEnded(state)),
            _ => self.carry_out(id, intent).await,
        }
    }

    /// Polls a refund until it is reserved or has ended; `None` on a timeout, or if the cashier cancels it.
    async fn await_reserved(
        &mut self,
        id: &str,
        timeout: Duration,
        abort: &CancelSignal,
    ) -> Result<Option<RefundStatus>, ClientError> {
        if self.makes(Misbehavior::CapturesRefundUnseen) {
            self.wait_without_polling().await;
            return Ok(Some(RefundStatus::Reserved));
        }
        let until = Instant::now() + timeout;
        while Instant::now() <= until {
            let turn = self.turn(id).into();
            tokio::select! {
                biased;
                () = abort.pressed() => return Ok(None),
                () = tokio::time::sleep_until(turn) => {}
            }
            match self.query_refund(id).await {
                Ok(RefundView { state: Some(state), .. }) if state != RefundStatus::Initiated => {
                    return Ok(Some(state));
                }
                Err(error) if !error.is_loss() => return Err(error),
                _ => {}
            }
        }
        Ok(None)
    }

    async fn query_refund(&mut self, id: &str) -> Result<RefundView, ClientError> {
        let operation = Operation::GET_REFUND;
        let answer = self.poll(operation, id).await?;
        let state = text_field(operation, &answer, "status")?;
        let order_id = text_field(operation, &answer, "refundOrderId")?;
        let amount = answer.get("amount").and_then(amount_of_answer);
        Ok(RefundView { state: RefundStatus::from_name(&state), order_id, minor: amount.unwrap_or_default() })
    }

    /// Queries the refunds of a payment, and returns the one with that order id, if any.
    async fn look_into(&mut self, payment_id: &str, order_id: &str) -> Result<Option<String>, ClientError> {
        let operation = Operation::QUERY_REFUND_IDS;
        let answer = self.call(&Call::of(operation).parameter("paymentId", payment_id)).await?;
        let (mut found, mut counting) = (None, Vec::new());
        for id in list_field(operation, &answer, "refundIds")?.into_iter().take(LOOKED_INTO) {
            let Ok(view) = self.query_refund(&id).await else { continue };
            let void = [RefundStatus::CancelledByClient, RefundStatus::CancelledByMobilePay];
            if !view.state.is_some_and(|state| void.contains(&state)) {
                counting.push((id.clone(), view.minor));
            }
            if view.order_id == order_id {
                found = Some(id);
            }
        }
        self.remember(|memory| memory.gives_back(payment_id, counting))?;
        Ok(found)
    }

    fn ended_refund(&mut self, refund: Refund, state: RefundStatus) -> Result<Refunded, ClientError> {
        let settled = if state == RefundStatus::Captured { Settled::Refunded } else { Settled::RefundEnded(state) };
        self.end_refund(&refund.id, settled)?;
        Ok(if state == RefundStatus::Captured { Refunded::Captured(refund) } else { Refunded::Ended(refund, state) })
    }

    fn end_refund(&mut self, id: &str, settled: Settled) -> Result<Settled, ClientError> {
        let void = [RefundStatus::CancelledByClient, RefundStatus::CancelledByMobilePay].map(Settled::RefundEnded);
        self.remember(|memory| {
            memory.settled(id);
            if void.contains(&settled) {
                memory.gives_nothing_back(id);
            }
        })?;
        Ok(settled)
    }
}

fn amount_of_answer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => Amount::parse(number.as_str()).ok().map(|amount| amount.0),
        _ => None,
    }
}
