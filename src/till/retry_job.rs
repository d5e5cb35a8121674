//! The periodic job: retries decisions that could not be carried out (payment_flows, "Hanging payments").

use super::payment::Settled;
use super::timing::now_ms;
use super::{ClientError, Hanging, PendingDecision, Till};
use std::time::Duration;

/// How long until a hanging decision may be retried.
pub(crate) fn rests_for(hanging: &Hanging, now_ms: u64, rest: Duration) -> Duration {
    let rested = Duration::from_millis(now_ms.saturating_sub(hanging.tried_ms));
    // If the wall clock was set back, wait the full pause and no longer.
    if now_ms < hanging.tried_ms { rest } else { rest.saturating_sub(rested) }
}

impl Till {
    /// How long until the job is due; `None` if nothing is hanging.
    pub fn next_job(&self) -> Option<Duration> {
        let (now, rest) = (now_ms(), self.config.pace.rest);
        self.memory.hanging.iter().map(|hanging| rests_for(hanging, now, rest)).min()
    }

    /// Retries every hanging payment and refund whose pause is over, as it was decided.
    ///
    /// # Errors
    /// Only the till's own errors: refusals of the backend are in the list.
    pub async fn resume_hanging(&mut self) -> Result<Vec<(Hanging, Result<Settled, ClientError>)>, ClientError> {
        let (now, rest) = (now_ms(), self.config.pace.rest);
        let due: Vec<Hanging> =
            self.memory.hanging.iter().filter(|hanging| rests_for(hanging, now, rest).is_zero()).cloned().collect();
        let mut done = Vec::new();
        for hanging in due {
            let outcome = match hanging.intent {
                PendingDecision::CaptureRefund => self.resume_refund(&hanging.id).await,
                intent => self.settle(&hanging.id, intent).await,
            };
            match outcome {
                Err(ClientError::Setup(what)) => return Err(ClientError::Setup(what)),
                outcome => done.push((hanging, outcome)),
            }
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hanging_payment_pauses_before_it_is_retried() {
        let rest = Duration::from_secs(30);
        let hanging = Hanging { id: "p".into(), intent: PendingDecision::Cancel, tried_ms: 100_000 };
        assert_eq!(rests_for(&hanging, 100_000, rest), rest);
        assert_eq!(rests_for(&hanging, 129_000, rest), Duration::from_secs(1));
        assert_eq!(rests_for(&hanging, 130_000, rest), Duration::ZERO);
        assert_eq!(rests_for(&hanging, 5_000, rest), rest, "the clock was set back");
        let not_tried = Hanging { tried_ms: 0, ..hanging };
        assert_eq!(rests_for(&not_tried, 1_800_000_000_000, rest), Duration::ZERO);
    }
}
