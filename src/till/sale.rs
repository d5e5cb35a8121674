//! A sale: one payment from its start to a known end.

use super::api_call::new_key;
use super::payment::Settled;
use super::{ClientError, Misbehavior, Payment, Till};
use crate::api::{Amount, PaymentStatus};
use serde::Deserialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// The payment to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// The till's order id, used for one payment.
    pub order_id: String,
    /// The amount that the customer is asked to pay.
    pub amount: Amount,
    /// The amount to capture if a partial capture is possible; otherwise all is captured.
    pub capture: Option<Amount>,
    /// The label shown to the customer.
    pub label: Option<String>,
    /// Card types that are not accepted.
    pub restrictions: Option<Restrictions>,
    /// Whether the customer checks in before the payment is started, so that their membership is known.
    pub member_first: bool,
}

/// Card types that a payment does not accept (input_formats#payment_restrictions).
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

    /// Sets a lower amount to capture, if that is possible.
    pub fn capturing(mut self, less: Amount) -> Sale {
        self.capture = Some(less);
        self
    }
}

/// The result of a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paid {
    Captured(Payment, Amount),
    /// The payment ended without being captured.
    Ended(Payment, PaymentStatus),
    /// The decision is saved, and the periodic job carries it out.
    Hanging(Payment, ClientError),
    /// Not started: no customer checked in.
    NoCustomer,
    /// Left as it is for the command that sets the amount.
    Left(Payment),
}

/// The cashier's key that cancels a sale or a refund.
#[derive(Clone, Debug, Default)]
pub struct CancelSignal(Arc<Notify>);

impl CancelSignal {
    /// Presses it.
    pub fn press(&self) {
        self.0.notify_one();
    }

    /// Completes when it is pressed.
    pub async fn pressed(&self) {
        self.0.notified().await;
    }

    /// Whether it is pressed within that time.
    pub async fn within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.pressed()).await.is_ok()
    }
}

impl Till {
    /// Starts a payment and follows it to its end.
    ///
    /// # Errors
    /// Whatever prevents it from being started or followed.
    pub async fn pay(&mut self, sale: &Sale, abort: &CancelSignal) -> Result<Paid, ClientError> {
        if sale.member_first && !self.await_member(abort).await? {
            return Ok(Paid::NoCustomer);
        }
        let payment = self.initiate(sale).await?;
        self.ready_initiated(&payment, sale).await;
        self.see_through(payment, sale, abort).await
    }

    /// Polls a payment until the customer has decided, and captures the reservation. Cancels the payment if the cashier
    /// asks for it or the customer takes too long.
    ///
    /// # Errors
    /// Whatever the backend refuses.
    pub async fn see_through(
        &mut self,
        payment: Payment,
        sale: &Sale,
        abort: &CancelSignal,
    ) -> Result<Paid, ClientError> {
        if self.makes(Misbehavior::CapturesUnseen) {
            self.wait_without_polling().await;
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
                Err(error) if error.is_loss() => continue,
                Err(error) => return Err(error),
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

    /// Cancels a payment because the cashier stopped the sale or the customer did not come.
    ///
    /// # Errors
    /// The same as [`Till::cancel`].
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

    /// Captures a reservation: the wanted amount if that is possible, else all of it.
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
        // Cannot occur: only decisions on refunds end like this.
        Settled::Refunded | Settled::RefundEnded(_) => Paid::Ended(payment, PaymentStatus::Captured),
        Settled::Hanging(error) => Paid::Hanging(payment, error),
    }
}

/// The amount to capture of a reservation (payment_flows#partial_capture); `None`: the till abandons it.
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
    fn partial_amount_is_captured_only_if_possible() {
        let all = Amount(9_995);
        let less = Sale::of(all).capturing(Amount(6_000));
        assert_eq!(amount_to_capture(&less, true, None), Some(Amount(6_000)));
        assert_eq!(amount_to_capture(&less, false, None), Some(all));
        assert_eq!(amount_to_capture(&Sale::of(all), true, None), Some(all));
    }

    #[test]
    fn mistakes_change_the_captured_amount() {
        let less = Sale::of(Amount(9_995)).capturing(Amount(6_000));
        let wrong = |mistake| amount_to_capture(&less, false, Some(mistake));
        assert_eq!(wrong(Misbehavior::PartialWithoutFlag), Some(Amount(6_000)));
        assert_eq!(wrong(Misbehavior::TruncatesCapture), Some(Amount(9_900)));
        assert_eq!(wrong(Misbehavior::CapturesTooMuch), Some(Amount(19_990)));
        assert_eq!(wrong(Misbehavior::LeavesReserved), None);
    }
}
