//! Driving a till by lines of JSON, an act each (the contract's "Driving a till").
//!
//! One act at a time, in order; `abort` reaches the sale that is under way, `restart` is the power cut that ends
//! whatever is under way. Between acts the periodic job does what is due.

use super::payment::Settled;
use super::sale::Abort;
use super::{Hanging, Paid, Sale, Till, TillConfig, Trouble};
use crate::api::Amount;
use serde::Deserialize;
use std::collections::VecDeque;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

/// What a till is told to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A sale, seen through to its end.
    Pay(Sale),
    /// The cashier's key that stops the sale under way.
    Abort,
    /// Look the PoS up, or create it.
    Onboard,
    /// Delete it.
    Offboard,
    /// The till loses power and starts again: what is in its memory file stays, and the PoS is looked up.
    Restart,
    /// Nothing more will come.
    End,
}

#[derive(Deserialize)]
struct Line {
    act: String,
    amount: Option<String>,
    capture: Option<String>,
    restrictions: Option<serde_json::Value>,
}

impl Act {
    /// Reads a line.
    ///
    /// # Errors
    /// A sentence on what is wrong with it, or that the act is not built yet.
    pub fn parse(line: &str) -> Result<Act, String> {
        let line: Line = serde_json::from_str(line).map_err(|error| {
            format!("the line {line:?} is no act ({error}): send one like {{\"act\": \"pay\", \"amount\": \"12.50\"}}")
        })?;
        match line.act.as_str() {
            "pay" if line.restrictions.is_some() => Err(not_yet("`pay` with restrictions")),
            "pay" => {
                let amount = line.amount.ok_or_else(|| "the act `pay` has no amount".to_owned())?;
                let sale = Sale::of(amount_of(&amount)?);
                Ok(Act::Pay(match line.capture {
                    Some(less) => sale.capturing(amount_of(&less)?),
                    None => sale,
                }))
            }
            "abort" => Ok(Act::Abort),
            "onboard" => Ok(Act::Onboard),
            "offboard" => Ok(Act::Offboard),
            "restart" => Ok(Act::Restart),
            "end" => Ok(Act::End),
            later @ ("prepare" | "ready" | "refund" | "cancel-refund") => Err(not_yet(&format!("the act `{later}`"))),
            other => {
                Err(format!("there is no act {other:?}: pay, abort, onboard, offboard, restart and end are known"))
            }
        }
    }
}

fn not_yet(what: &str) -> String {
    format!("{what} is not built yet in version {}", env!("CARGO_PKG_VERSION"))
}

/// An amount that somebody typed: positive, at most two decimals.
///
/// # Errors
/// A sentence.
pub fn amount_of(text: &str) -> Result<Amount, String> {
    let amount = Amount::parse(text).ok().filter(|amount| amount.0 > 0);
    amount.ok_or_else(|| format!("{text:?} is no amount: give one like 12.50"))
}

type Job = JoinHandle<(Till, Vec<String>)>;

/// What the till is at.
enum State {
    Idle(Box<Till>),
    Busy(Job, Abort),
}

/// Does the acts of `lines` until `end`, or until no more lines can come. What was done is told to `say`, a line each.
///
/// # Errors
/// A line that is no act, or a till that cannot be set up.
pub async fn drive(
    config: &TillConfig,
    merchant_pos_id: &str,
    mut lines: UnboundedReceiver<String>,
    mut say: impl FnMut(&str),
) -> Result<(), Trouble> {
    let mut state = State::Idle(Box::new(Till::new(config.clone())?));
    let mut queue = VecDeque::new();
    let mut open = true;
    loop {
        state = match (state, queue.is_empty()) {
            (State::Idle(till), false) => start(till, queue.pop_front(), merchant_pos_id),
            (State::Idle(till), true) if !open => {
                drop(till);
                return Ok(());
            }
            (state, _) => state,
        };
        match &mut state {
            State::Idle(till) => {
                let job = till.next_job();
                tokio::select! {
                    line = lines.recv() => match line {
                        Some(line) => hear(&line, None, &mut queue, &mut open)?,
                        None => open = false,
                    },
                    () = tokio::time::sleep(job.unwrap_or_default()), if job.is_some() => {
                        for line in tell_jobs(till.resume_hanging().await?) {
                            say(&line);
                        }
                    }
                }
            }
            State::Busy(job, abort) => {
                tokio::select! {
                    done = &mut *job => {
                        let (till, told) = done.map_err(|error| Trouble::Setup(format!("the till broke down: {error}")))?;
                        told.iter().for_each(|line| say(line));
                        state = State::Idle(Box::new(till));
                    }
                    line = lines.recv(), if open => match line {
                        Some(line) => hear(&line, Some(abort), &mut queue, &mut open)?,
                        None => open = false,
                    },
                }
            }
        }
        if queue.front() == Some(&Act::Restart) {
            if let State::Busy(job, _) = &mut state {
                job.abort();
                // Its connections are closed and its last note is written when it has ended.
                let _ = job.await;
            }
            state = State::Idle(Box::new(Till::new(config.clone())?));
        }
    }
}

/// Takes one line in: to the sale under way, or into the queue.
fn hear(line: &str, abort: Option<&Abort>, queue: &mut VecDeque<Act>, open: &mut bool) -> Result<(), Trouble> {
    if line.trim().is_empty() {
        return Ok(());
    }
    match (Act::parse(line).map_err(Trouble::Setup)?, abort) {
        (Act::End, _) => *open = false,
        (Act::Abort, Some(abort)) => abort.press(),
        (Act::Abort, None) => {}
        (Act::Restart, _) => {
            queue.clear();
            queue.push_back(Act::Restart);
        }
        (act, _) => queue.push_back(act),
    }
    Ok(())
}

/// Starts an act.
fn start(till: Box<Till>, act: Option<Act>, merchant_pos_id: &str) -> State {
    let abort = Abort::default();
    let (key, pos) = (abort.clone(), merchant_pos_id.to_owned());
    let job = tokio::spawn(async move {
        let mut till = *till;
        let told = match act {
            Some(Act::Onboard) => {
                vec![tell(till.onboard(&pos).await.map(|pos| format!("onboarded as {}", pos.pos_id)))]
            }
            Some(Act::Offboard) => vec![tell(till.offboard().await.map(|()| "offboarded".to_owned()))],
            Some(Act::Pay(sale)) => vec![tell(till.pay(&sale, &key).await.map(|paid| tell_paid(&paid)))],
            Some(Act::Restart) => {
                let found = till.onboard(&pos).await.map(|pos| format!("started again as {}", pos.pos_id));
                vec![tell(found)]
            }
            Some(Act::Abort | Act::End) | None => Vec::new(),
        };
        (till, told)
    });
    State::Busy(job, abort)
}

fn tell(outcome: Result<String, Trouble>) -> String {
    outcome.unwrap_or_else(|trouble| format!("failed: {trouble}"))
}

/// How a sale ended, in a line.
pub fn tell_paid(paid: &Paid) -> String {
    match paid {
        Paid::Captured(payment, amount) => format!("payment {}: captured {amount}", payment.id),
        Paid::Ended(payment, state) => format!("payment {}: ended as {}", payment.id, state.name()),
        Paid::Hanging(payment, why) => format!("payment {}: hanging, to be tried again later ({why})", payment.id),
    }
}

/// What became of a decision, in words.
pub fn tell_settled(settled: &Settled) -> String {
    match settled {
        Settled::Captured(amount) => format!("captured {amount}"),
        Settled::Cancelled => "cancelled".to_owned(),
        Settled::Ended(state) => format!("ended as {}", state.name()),
        Settled::Hanging(why) => format!("still hanging ({why})"),
    }
}

/// What the periodic job did, a line each.
pub fn tell_jobs(jobs: Vec<(Hanging, Result<Settled, Trouble>)>) -> Vec<String> {
    let line = |(hanging, outcome): (Hanging, Result<Settled, Trouble>)| {
        let what = outcome.as_ref().map_or_else(|trouble| format!("given up ({trouble})"), tell_settled);
        format!("payment {}: tried again, {what}", hanging.payment_id)
    };
    jobs.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_an_act() {
        let line = r#"{"case":"payment/7","step":1,"act":"pay","amount":"100.00","capture":"60.00","text":"Start"}"#;
        let Ok(Act::Pay(sale)) = Act::parse(line) else { panic!("a sale") };
        assert_eq!((sale.amount, sale.capture), (Amount(10_000), Some(Amount(6_000))));
        assert_eq!(Act::parse(r#"{"act":"end"}"#), Ok(Act::End));
        assert_eq!(Act::parse(r#"{"act":"restart","case":"onboarding/4"}"#), Ok(Act::Restart));
    }

    #[test]
    fn what_is_no_act_is_refused_in_a_sentence() {
        for (line, wanted) in [
            ("pay 100", "is no act"),
            (r#"{"act":"pay"}"#, "has no amount"),
            (r#"{"act":"pay","amount":"-1"}"#, "is no amount"),
            (r#"{"act":"pay","amount":"0.001"}"#, "is no amount"),
            (r#"{"act":"dance"}"#, "there is no act"),
            (r#"{"act":"refund"}"#, "not built yet"),
            (r#"{"act":"pay","amount":"1","restrictions":{}}"#, "not built yet"),
        ] {
            let sentence = Act::parse(line).unwrap_err();
            assert!(sentence.contains(wanted), "{sentence}");
        }
    }
}
