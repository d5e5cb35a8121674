//! Customer check-in before the payment exists: polled only while the QR code is shown
//! (detecting_mobilepay#user_activation), until the backend knows whether the customer is enrolled in the loyalty
//! programme.

use super::payment::membership_known;
use super::sale::CancelSignal;
use super::{ClientError, Misbehavior, Till};
use crate::api::Operation;
use serde_json::Value;
use std::time::Instant;

impl Till {
    /// Polls the check-in of the till's PoS until a customer is there whose membership is known, enrolled or not.
    /// Returns `false` if the cashier stopped it or no customer came.
    ///
    /// # Errors
    /// Whatever the backend refuses.
    pub async fn await_member(&mut self, abort: &CancelSignal) -> Result<bool, ClientError> {
        let pos = self.pos()?;
        let until = Instant::now() + self.config.pace.customer;
        while Instant::now() <= until {
            let turn = self.turn(&pos.pos_id).into();
            tokio::select! {
                biased;
                () = abort.pressed() => return Ok(false),
                () = tokio::time::sleep_until(turn) => {}
            }
            match self.poll(Operation::GET_CHECK_IN, &pos.pos_id).await {
                Ok(answer) if self.knows_enough(&answer) => return Ok(true),
                Err(error) if !error.is_loss() => return Err(error),
                _ => {}
            }
        }
        Ok(false)
    }

    fn knows_enough(&self, answer: &Value) -> bool {
        let here = answer.get("isUserCheckedIn").and_then(Value::as_bool) == Some(true);
        here && (membership_known(answer) || self.makes(Misbehavior::InitiatesBeforeMembership))
    }
}
