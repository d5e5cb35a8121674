//! A sale: one payment from its start to an end that the till knows of.

use super::api_call::new_key;
use super::payment::Settled;
use super::{ClientError, Misbehavior, Payment, Till};
use crate::api::{Amount, PaymentStatus};
use serde::Deserialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What is to be paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The till's id of it, used for one payment.
    pub order_id: String,
    /// What the customer is asked for.
    pub amount: Amount,
    /// What is to be captured where the reservation lets less be captured; else all is.
    pub capture: Option<Amount>,
    /// What the customer reads.
    pub label: Option<String>,
    /// Cards that are not taken.
    pub restrictions: Option<Restrictions>,
    /// Whether the customer checks in before the payment is started, so that it is known whether they are a member.
    pub member_first: bool,
}

/// Cards that a payment does not take (input_formats#payment_restrictions).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Restrictions {
    /// No debit cards.
    pub debit_card_disallowed: bool,
    /// No credit cards.
    pub credit_card_disallowed: bool,
}

impl Sale {
    /// A sale of that amount with a new order id.
    pub fn of(amount: Amount) -> Sale {
        Sale { order_id: new_key(), amount, capture: None, label: None, restrictions: None, member_first: false }
    }

    /// Of which less is to be captured, if that is possible.
    pub fn capturing(mut self, less: Amount) -> Sale {
        self.capture = Some(less);
        self
    }
}

/// How a sale ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paid {
    /// It was paid.
    Captured(Payment, Amount),
    /// It was not.
    Ended(Payment, PaymentStatus),
    /// It is decided, and to be carried out by the periodic job.
    Hanging(Payment, ClientError),
    /// It was not started: no customer checked in.
    Nobody,
    /// It is left as it stands to whoever says what is to be paid.
    Left(Payment),
}

/// The cashier's key that stops a sale or a refund.
#[derive(Clone, Debug, Default)]
pub struct CancelSignal(Arc<Notify>);

impl CancelSignal {
    /// Presses it.
    pub fn press(&self) {
        self.0.notify_one();
    }

    /// Waits until it is pressed.
    pub async fn pressed(&self) {
        self.0.notified().await;
    }

    /// Whether it is pressed within that time.
    pub async fn within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.pressed()).await.is_ok()
    }
}

impl Till {
    /// Starts a payment and sees it through.
    ///
    /// # Errors
    /// Whatever keeps it from being started, or from being followed.
    pub async fn pay(&mut self, sale: &Sale, abort: &CancelSignal) -> Result<Paid, ClientError> {
        if sale.member_first && !self.await_member(abort).await? {
            return Ok(Paid::Nobody);
        }
        let payment = self.initiate(sale).await?;
        self.ready_initiated(&payment, sale).await;
        self.see_through(payment, sale, abort).await
    }

    /// Polls a payment until the customer has decided, and captures what is reserved. Cancels it where the cashier
    /// or the till's patience says so.
    ///
    /// # Errors
    /// Where the backend refuses to speak of it.
    pub async fn see_through(
        &mut self,
        payment: Payment,
        sale: &Sale,
        abort: &CancelSignal,
    ) -> Result<Paid, ClientError> {
        if self.makes(Misbehavior::CapturesUnseen) {
            self.wait_for_a_hunch().await;
            return self.take(payment, sale, false).await;
        }
        let until = Instant::now() + self.config.pace.customer;
        loop {
            let turn = self.turn(&payment.id).into();
            tokio::select! {
                biased;
                () = abort.pressed() => return self.abandon(payment).await,
                () = tokio::time::sleep_until(turn) => {}
            }
            if Instant::now() > until {
                return self.abandon(payment).await;
            }
            let view = match self.query(&payment.id).await {
                Ok(view) => view,
                Err(trouble) if trouble.is_loss() => continue,
                Err(trouble) => return Err(trouble),
            };
            match view.state {
                Some(PaymentStatus::Reserved) => return self.take(payment, sale, view.partial_capture_possible).await,
                Some(state) if state.is_final() => {
                    self.spoil_refused(&payment, sale).await;
                    self.remember(|memory| memory.settled(&payment.id))?;
                    return Ok(Paid::Ended(payment, state));
                }
                _ => {}
            }
        }
    }

    /// The cashier stops the sale, or the customer did not come.
    ///
    /// # Errors
    /// As [`Till::cancel`].
    pub async fn abandon(&mut self, payment: Payment) -> Result<Paid, ClientError> {
        if self.makes(Misbehavior::LeavesActive) {
            return Ok(Paid::Ended(payment, PaymentStatus::CancelledByClient));
        }
        let settled = self.cancel(&payment.id).await?;
        if self.makes(Misbehavior::CapturesAfterCancel) {
            self.stray_capture(&payment).await;
        }
        self.refund_unpaid(&payment).await;
        Ok(paid(payment, settled))
    }

    /// Captures a reservation: what is wished where that is possible, else all of it.
    async fn take(&mut self, payment: Payment, sale: &Sale, partial_possible: bool) -> Result<Paid, ClientError> {
        let Some(amount) = amount_to_capture(sale, partial_possible, self.config.mistake) else {
            return Ok(Paid::Ended(payment, PaymentStatus::Reserved));
        };
        if self.makes(Misbehavior::UndocumentedCall) {
            self.ask_for_status(&payment).await;
        }
        let settled = self.capture(&payment.id, amount).await?;
        if self.makes(Misbehavior::OutsideSelection) {
            self.ask_for_refunds(&payment).await;
        }
        Ok(paid(payment, settled))
    }
}

fn paid(payment: Payment, settled: Settled) -> Paid {
    match settled {
        Settled::Captured(amount) => Paid::Captured(payment, amount),
        Settled::Cancelled => Paid::Ended(payment, PaymentStatus::CancelledByClient),
        Settled::Ended(state) => Paid::Ended(payment, state),
        // Decisions on payments do not end as refunds do.
        Settled::Refunded | Settled::RefundEnded(_) => Paid::Ended(payment, PaymentStatus::Captured),
        Settled::Hanging(trouble) => Paid::Hanging(payment, trouble),
    }
}

/// What to capture of a reservation (payment_flows#partial_capture); `None`: the till walks away.
fn amount_to_capture(sale: &Sale, partial_possible: bool, mistake: Option<Misbehavior>) -> Option<Amount> {
    let wished = sale.capture.filter(|_| partial_possible).unwrap_or(sale.amount);
    match mistake {
        Some(Misbehavior::PartialWithoutFlag) => Some(sale.capture.unwrap_or(sale.amount)),
        Some(Misbehavior::LeavesReserved) if sale.capture.is_some() && !partial_possible => None,
        Some(Misbehavior::TruncatesCapture) => Some(Amount(wished.0 - wished.0 % 100)),
        Some(Misbehavior::CapturesTooMuch) => Some(Amount(wished.0.saturating_add(sale.amount.0))),
        _ => Some(wished),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_is_captured_only_where_that_is_possible() {
        let all = Amount(9_995);
        let less = Sale::of(all).capturing(Amount(6_000));
        assert_eq!(amount_to_capture(&less, true, None), Some(Amount(6_000)));
        assert_eq!(amount_to_capture(&less, false, None), Some(all));
        assert_eq!(amount_to_capture(&Sale::of(all), true, None), Some(all));
    }

    #[test]
    fn mistakes_take_what_they_say() {
        let less = Sale::of(Amount(9_995)).capturing(Amount(6_000));
        let wrong = |mistake| amount_to_capture(&less, false, Some(mistake));
        assert_eq!(wrong(Misbehavior::PartialWithoutFlag), Some(Amount(6_000)));
        assert_eq!(wrong(Misbehavior::TruncatesCapture), Some(Amount(9_900)));
        assert_eq!(wrong(Misbehavior::CapturesTooMuch), Some(Amount(19_990)));
        assert_eq!(wrong(Misbehavior::LeavesReserved), None);
    }
}
