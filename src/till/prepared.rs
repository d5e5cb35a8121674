//! Prepared payments: started before the amount is known, and made ready when it is
//! (payment_flows#prepared_payment_flow).
//!
//! While the goods are scanned the customer checks in, and the backend looks up whether they are enrolled in the
//! loyalty programme. The amount is fixed once that is known.

use super::api_call::{Call, new_key};
use super::payment::View;
use super::sale::CancelSignal;
use super::{ClientError, Misbehavior, Paid, Payment, Sale, Till};
use crate::api::{Operation, PaymentStatus};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::time::Instant;
use tokio::sync::watch;

/// A payment whose amount is not known yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// The backend's id.
    pub id: String,
    /// The till's order id.
    pub order_id: String,
}

/// Receives the sale from the cashier; `None` until the amount is known. If the sender is dropped, another command sets
/// it.
pub type Due = watch::Receiver<Option<Sale>>;

/// An amount that is known from the start.
pub fn due(sale: Sale) -> Due {
    watch::channel(Some(sale)).1
}

impl Till {
    /// Prepares a payment on the till's PoS; an active payment there is cancelled as for any other.
    ///
    /// # Errors
    /// Whatever prevents the payment from being prepared.
    pub async fn prepare(&mut self) -> Result<Prepared, ClientError> {
        let pos = self.pos()?;
        let order_id = new_key();
        let body = json!({ "posId": pos.pos_id, "orderId": order_id });
        let id = self.start(&Call::of(Operation::PREPARE_PAYMENT).body(body), &pos.pos_id).await?;
        let prepared = Prepared { id: id.clone(), order_id };
        self.remember(|memory| {
            memory.open = Some(id);
            memory.prepared = Some(prepared.clone());
        })?;
        Ok(prepared)
    }

    /// Follows a prepared payment: polls it until it can be made ready with the amount `due`, and then to its end. If
    /// the amount will not come from this command, the payment is left between two polls.
    ///
    /// # Errors
    /// Whatever the backend refuses.
    pub async fn pay_prepared(
        &mut self,
        prepared: Prepared,
        due: &Due,
        abort: &CancelSignal,
    ) -> Result<Paid, ClientError> {
        let until = Instant::now() + self.config.pace.customer;
        let mut known_since = None;
        loop {
            let turn = self.turn(&prepared.id).into();
            tokio::select! {
                biased;
                () = abort.pressed() => return self.abandon(unpriced(&prepared)).await,
                () = tokio::time::sleep_until(turn) => {}
            }
            if Instant::now() > until {
                return self.abandon(unpriced(&prepared)).await;
            }
            let elsewhere = due.borrow().is_none() && due.has_changed().is_err();
            if elsewhere {
                return Ok(Paid::Left(unpriced(&prepared)));
            }
            let view = match self.query(&prepared.id).await {
                Ok(view) => view,
                Err(error) if error.is_loss() => continue,
                Err(error) => return Err(error),
            };
            if let Some(state) = view.state.filter(|state| state.is_final()) {
                self.remember(|memory| memory.settled(&prepared.id))?;
                return Ok(Paid::Ended(unpriced(&prepared), state));
            }
            if !matches!(view.state, None | Some(PaymentStatus::Prepared | PaymentStatus::Paired)) {
                // An earlier run made it ready, with an amount that is no longer known.
                return self.abandon(unpriced(&prepared)).await;
            }
            let Some(sale) = due.borrow().clone() else { continue };
            let since = *known_since.get_or_insert_with(Instant::now);
            if self.fixes_amount(view, since) {
                return self.ready_and_see_through(&prepared, &sale, abort).await;
            }
        }
    }

    /// Whether to fix the amount now (it has been known `since` then): as soon as the customer's membership is known,
    /// or without it if no customer came in time.
    fn fixes_amount(&self, view: View, since: Instant) -> bool {
        let known = view.membership_known || !self.config.members || self.makes(Misbehavior::ReadiesBeforeMembership);
        match view.state {
            Some(PaymentStatus::Paired) => known,
            Some(PaymentStatus::Prepared) => !self.config.members || since.elapsed() >= self.config.pace.arrival,
            _ => false,
        }
    }

    async fn ready_and_see_through(
        &mut self,
        prepared: &Prepared,
        sale: &Sale,
        abort: &CancelSignal,
    ) -> Result<Paid, ClientError> {
        match self.ready(prepared, sale).await {
            Ok(payment) => {
                if self.makes(Misbehavior::ReadiesTwice) {
                    self.ready_with_more(prepared, sale).await;
                }
                self.see_through(payment, sale, abort).await
            }
            Err(ClientError::Setup(what)) => Err(ClientError::Setup(what)),
            // Without an amount it cannot be paid: free the PoS.
            Err(_) => self.abandon(Payment { amount: sale.amount, ..unpriced(prepared) }).await,
        }
    }

    /// Sets the amount and terms. After a refusal, the state at the backend decides how to continue.
    ///
    /// # Errors
    /// Whatever prevents the payment from being made ready.
    pub async fn ready(&mut self, prepared: &Prepared, sale: &Sale) -> Result<Payment, ClientError> {
        let mut body = json!({});
        self.add_terms(&mut body, sale);
        let call = Call::on(Operation::PAYMENT_READY, &prepared.id).body(body);
        if let Err(error) = self.call(&call).await {
            let ended =
                error.has_status(409) && self.look(&prepared.id).await?.state.is_some_and(PaymentStatus::is_final);
            if !ended {
                return Err(error);
            }
        }
        self.remember(|memory| memory.prepared = None)?;
        Ok(Payment { amount: sale.amount, ..unpriced(prepared) })
    }
}

/// The payment without its amount.
fn unpriced(prepared: &Prepared) -> Payment {
    Payment { id: prepared.id.clone(), order_id: prepared.order_id.clone(), amount: crate::api::Amount(0) }
}
