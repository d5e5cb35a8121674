//! Giving money back: created, polled until the backend has put the money aside, then captured or cancelled
//! (payment_flows#refunds).
//!
//! A refund is remembered from its creation on, so that it comes to the end that was decided, whatever happens
//! in between: one that is left alone is captured by itself after a day.

use super::api_call::{Call, list_field, new_key, text_field};
use super::payment::Settled;
use super::sale::CancelSignal;
use super::timing::now_ms;
use super::{ClientError, Misbehavior, PendingDecision, Till};
use crate::api::{Amount, Operation, RefundStatus};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Refunds of one payment that are looked into.
const LOOKED_INTO: usize = 20;

/// A refund that was created.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The backend's id.
    pub id: String,
    /// The payment that it gives back, in whole or in part.
    pub payment_id: String,
    /// What it gives back.
    pub amount: Amount,
}

/// How a refund ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refunded {
    /// The money went back.
    Captured(Refund),
    /// It did not.
    Ended(Refund, RefundStatus),
    /// It is decided, and to be carried out by the periodic job.
    Hanging(Refund, ClientError),
}

/// What the backend says of a refund.
struct RefundView {
    /// `None` where the name is not known to this client, which then goes on asking.
    state: Option<RefundStatus>,
    order_id: String,
    minor: i64,
}

impl Till {
    /// Gives that much back of a payment, the latest of the till's own that has so much left where none is named.
    ///
    /// # Errors
    /// Whatever keeps the refund from being created, or from being followed.
    pub async fn refund(
        &mut self,
        amount: Amount,
        of: Option<&str>,
        abort: &CancelSignal,
    ) -> Result<Refunded, ClientError> {
        let refund = self.create_refund(amount, of).await?;
        self.complete_refund(refund, abort).await
    }

    /// Creates a refund. One that is refused is not asked for again, but looked into: what is left to give back is
    /// known afterwards.
    ///
    /// # Errors
    /// Whatever keeps the refund from being created.
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
        let call = Call::of(Operation::CreateRefund).body(body);
        let id = match self.call(&call).await {
            Ok(answer) => text_field(Operation::CreateRefund, &answer, "refundId")?,
            Err(trouble) if trouble.has_status(409) => {
                let _ = self.look_into(&payment_id, &order_id).await;
                return Err(trouble);
            }
            // Nobody knows whether it was created: its order id tells.
            Err(trouble) if trouble.is_loss() => self.look_into(&payment_id, &order_id).await?.ok_or(trouble)?,
            Err(trouble) => return Err(trouble),
        };
        self.remember(|memory| {
            memory.gives_back(&payment_id, [(id.clone(), amount.0)]);
            memory.decide(&id, PendingDecision::CaptureRefund);
            memory.tried(&id, now_ms());
        })?;
        Ok(Refund { id, payment_id, amount })
    }

    /// Follows a refund until the money for it is put aside, and captures it, unless the cashier stops it before.
    ///
    /// # Errors
    /// Where the backend refuses to speak of it.
    pub async fn complete_refund(&mut self, refund: Refund, abort: &CancelSignal) -> Result<Refunded, ClientError> {
        let patience = self.config.pace.customer;
        let stopped = match self.await_reserved(&refund.id, patience, abort).await? {
            None => true,
            Some(RefundStatus::Reserved) => abort.within(self.config.pace.second_thought).await,
            Some(state) => return self.ended_refund(refund, state),
        };
        if self.makes(Misbehavior::ForgetsRefund) {
            self.remember(|memory| memory.settled(&refund.id))?;
            return Ok(Refunded::Ended(refund, RefundStatus::Reserved));
        }
        let settled =
            if stopped { self.cancel_refund(&refund.id).await? } else { self.capture_refund(&refund.id).await? };
        Ok(match settled {
            Settled::Hanging(trouble) => Refunded::Hanging(refund, trouble),
            Settled::RefundEnded(state) => Refunded::Ended(refund, state),
            Settled::Cancelled => Refunded::Ended(refund, RefundStatus::CancelledByClient),
            _ => Refunded::Captured(refund),
        })
    }

    /// Polls a refund until it is reserved or has ended; `None` where that takes too long.
    ///
    /// # Errors
    /// Where the backend refuses to speak of it.
    pub async fn await_refund(&mut self, id: &str) -> Result<Option<RefundStatus>, ClientError> {
        self.await_reserved(id, self.config.pace.rest, &CancelSignal::default()).await
    }

    /// The refund that is decided but not carried out yet, the latest.
    pub fn open_refund(&self) -> Option<&str> {
        let open = self.memory.hanging.iter().rev().find(|hanging| hanging.intent == PendingDecision::CaptureRefund);
        open.map(|hanging| hanging.id.as_str())
    }

    /// Captures a refund that is reserved.
    ///
    /// # Errors
    /// What the backend refuses; a loss is no error but [`Settled::Hanging`].
    pub async fn capture_refund(&mut self, id: &str) -> Result<Settled, ClientError> {
        let settled = self.settle(id, PendingDecision::CaptureRefund).await?;
        self.spoil_ended_refund(id, false).await;
        Ok(settled)
    }

    /// Cancels a refund.
    ///
    /// # Errors
    /// As [`Till::capture_refund`].
    pub async fn cancel_refund(&mut self, id: &str) -> Result<Settled, ClientError> {
        let settled = self.settle(id, PendingDecision::CancelRefund).await?;
        self.spoil_ended_refund(id, true).await;
        Ok(settled)
    }

    /// A refund that an earlier run of the till did not bring to its end.
    pub(super) async fn resume_refund(&mut self, id: &str) -> Result<Settled, ClientError> {
        match self.await_refund(id).await? {
            Some(RefundStatus::Reserved) => self.capture_refund(id).await,
            Some(RefundStatus::Captured) => self.end_refund(id, Settled::Refunded),
            Some(state) => self.end_refund(id, Settled::RefundEnded(state)),
            None => self.cancel_refund(id).await,
        }
    }

    /// The backend sees the refund otherwise than the till: what it says holds.
    pub(super) async fn heal_refund(&mut self, id: &str, intent: PendingDecision) -> Result<Settled, ClientError> {
        match (self.await_refund(id).await?, intent) {
            (Some(RefundStatus::Captured), PendingDecision::CaptureRefund) => Ok(Settled::Refunded),
            (Some(RefundStatus::CancelledByClient), PendingDecision::CancelRefund) => Ok(Settled::Cancelled),
            (Some(state), _) if state.is_final() => Ok(Settled::RefundEnded(state)),
            _ => self.carry_out(id, intent).await,
        }
    }

    /// Polls a refund until it is reserved or has ended; `None` where that takes too long, or the cashier stops it.
    async fn await_reserved(
        &mut self,
        id: &str,
        patience: Duration,
        abort: &CancelSignal,
    ) -> Result<Option<RefundStatus>, ClientError> {
        if self.makes(Misbehavior::CapturesRefundUnseen) {
            self.wait_for_a_hunch().await;
            return Ok(Some(RefundStatus::Reserved));
        }
        let until = Instant::now() + patience;
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
                Err(trouble) if !trouble.is_loss() => return Err(trouble),
                _ => {}
            }
        }
        Ok(None)
    }

    async fn query_refund(&mut self, id: &str) -> Result<RefundView, ClientError> {
        let operation = Operation::GetRefund;
        let answer = self.poll(operation, id).await?;
        let state = text_field(operation, &answer, "status")?;
        let order_id = text_field(operation, &answer, "refundOrderId")?;
        let amount = answer.get("amount").and_then(amount_of_answer);
        Ok(RefundView { state: RefundStatus::from_name(&state), order_id, minor: amount.unwrap_or_default() })
    }

    /// Which refunds a payment has, and whether one of them has that order id.
    async fn look_into(&mut self, payment_id: &str, order_id: &str) -> Result<Option<String>, ClientError> {
        let operation = Operation::QueryRefundIds;
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
