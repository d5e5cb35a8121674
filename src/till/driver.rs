//! The driver interface of a till: carries out actions given as lines of JSON (see docs/ci.md#driver-protocol).
//!
//! One action at a time, in order. `abort` reaches the current sale; `restart` simulates a power cut and ends whatever
//! is running. Between actions the periodic job runs when due.

use super::command::TillAction;
use super::payment::Settled;
use super::sale::CancelSignal;
use super::{ClientError, Hanging, Paid, Refunded, Sale, Till, TillConfig};
use std::collections::VecDeque;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::task::JoinHandle;

type Job = JoinHandle<(Till, Vec<String>)>;

/// What the till is doing.
enum State {
    Idle(Box<Till>),
    Busy(Job, Keys),
}

/// The channels to the current action.
struct Keys {
    act: Option<TillAction>,
    abort: CancelSignal,
    due: watch::Sender<Option<Sale>>,
}

impl Keys {
    fn new(act: Option<TillAction>) -> Keys {
        let known = if let Some(TillAction::Prepare(sale)) = &act { sale.clone() } else { None };
        Keys { act, abort: CancelSignal::default(), due: watch::Sender::new(known) }
    }

    /// Whether a prepared payment waits for its amount.
    fn wants_amount(&self) -> bool {
        matches!(self.act, Some(TillAction::Prepare(_))) && self.due.borrow().is_none()
    }

    /// Passes the next action in the queue to the current one if it is meant for it. A prepared payment is cancelled if
    /// another action comes before its amount.
    fn hand_on(&self, queue: &mut VecDeque<TillAction>, open: bool) {
        if !self.wants_amount() {
            return;
        }
        match queue.front() {
            Some(TillAction::Ready(sale)) => {
                self.due.send_replace(Some(sale.clone()));
                queue.pop_front();
            }
            None if open => {}
            _ => self.abort.press(),
        }
    }
}

/// Carries out the actions in `lines` until `end`, or until the channel closes. Each result is passed to `say` as one
/// line.
///
/// # Errors
/// An invalid line, or a configuration that cannot be used.
pub async fn drive(
    config: &TillConfig,
    merchant_pos_id: &str,
    mut lines: UnboundedReceiver<String>,
    mut say: impl FnMut(&str),
) -> Result<(), ClientError> {
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
            State::Busy(job, keys) => {
                keys.hand_on(&mut queue, open);
                tokio::select! {
                    done = &mut *job => {
                        let (till, messages) = done.map_err(|error| ClientError::Setup(format!("the till failed: {error}")))?;
                        messages.iter().for_each(|line| say(line));
                        state = State::Idle(Box::new(till));
                    }
                    line = lines.recv(), if open => match line {
                        Some(line) => hear(&line, Some(keys), &mut queue, &mut open)?,
                        None => open = false,
                    },
                }
            }
        }
        if queue.front() == Some(&TillAction::Restart) {
            if let State::Busy(job, _) = &mut state {
                job.abort();
                // Wait for the task to end: it closes its connections and writes its state file.
                let _ = job.await;
            }
            state = State::Idle(Box::new(Till::new(config.clone())?));
        }
    }
}

/// Handles one line: passes it to the current action, or adds it to the queue.
fn hear(line: &str, keys: Option<&Keys>, queue: &mut VecDeque<TillAction>, open: &mut bool) -> Result<(), ClientError> {
    if line.trim().is_empty() {
        return Ok(());
    }
    match (TillAction::parse(line).map_err(ClientError::Setup)?, keys) {
        (TillAction::End, _) => *open = false,
        (TillAction::Abort, Some(keys)) => keys.abort.press(),
        (TillAction::CancelRefund, Some(keys))
            if matches!(keys.act, Some(TillAction::Refund(_))) && queue.is_empty() =>
        {
            keys.abort.press();
        }
        (TillAction::Abort, None) => {}
        (TillAction::Restart, _) => {
            queue.clear();
            queue.push_back(TillAction::Restart);
        }
        (act, _) => queue.push_back(act),
    }
    Ok(())
}

/// Starts an action.
fn start(till: Box<Till>, act: Option<TillAction>, merchant_pos_id: &str) -> State {
    let keys = Keys::new(act.clone());
    let (abort, due, pos) = (keys.abort.clone(), keys.due.subscribe(), merchant_pos_id.to_owned());
    let job = tokio::spawn(async move {
        let mut till = *till;
        let outcome = match act {
            None | Some(TillAction::Abort | TillAction::End) => return (till, Vec::new()),
            Some(TillAction::Onboard) => till.onboard(&pos).await.map(|pos| format!("onboarded as {}", pos.pos_id)),
            Some(TillAction::Offboard) => till.offboard().await.map(|()| "offboarded".to_owned()),
            Some(TillAction::Restart) => till.onboard(&pos).await.map(|pos| format!("restarted as {}", pos.pos_id)),
            Some(TillAction::Pay(sale)) => till.pay(&sale, &abort).await.map(|paid| tell_paid(&paid)),
            Some(TillAction::Prepare(_)) => prepare(&mut till, &due, &abort).await.map(|paid| tell_paid(&paid)),
            Some(TillAction::Ready(sale)) => ready(&mut till, sale, &abort).await.map(|paid| tell_paid(&paid)),
            Some(TillAction::Refund(amount)) => {
                till.refund(amount, None, &abort).await.map(|refunded| tell_refunded(&refunded))
            }
            Some(TillAction::CancelRefund) => stop_refund(&mut till).await,
        };
        let messages = vec![tell(outcome)];
        (till, messages)
    });
    State::Busy(job, keys)
}

async fn prepare(
    till: &mut Till,
    due: &watch::Receiver<Option<Sale>>,
    abort: &CancelSignal,
) -> Result<Paid, ClientError> {
    let prepared = till.prepare().await?;
    till.pay_prepared(prepared, due, abort).await
}

/// Continues with the payment that was prepared before the till was started, or by another command.
///
/// # Errors
/// [`ClientError::NoPayment`] if there is none, and the errors of [`Till::pay_prepared`].
pub async fn ready(till: &mut Till, sale: Sale, abort: &CancelSignal) -> Result<Paid, ClientError> {
    let prepared = till.memory().prepared.clone().ok_or(ClientError::NoPayment)?;
    till.pay_prepared(prepared, &super::prepared::due(sale), abort).await
}

/// Cancels the refund that is decided but not carried out yet.
///
/// # Errors
/// [`ClientError::NoRefund`] if there is none, and whatever the backend refuses.
pub async fn stop_refund(till: &mut Till) -> Result<String, ClientError> {
    let id = till.open_refund().map(str::to_owned).ok_or(ClientError::NoRefund)?;
    let settled = till.cancel_refund(&id).await?;
    Ok(format!("refund {id}: {}", tell_settled(&settled)))
}

fn tell(outcome: Result<String, ClientError>) -> String {
    outcome.unwrap_or_else(|error| format!("failed: {error}"))
}

/// The result of a sale, as one line.
pub fn tell_paid(paid: &Paid) -> String {
    match paid {
        Paid::Captured(payment, amount) => format!("payment {}: captured {amount}", payment.id),
        Paid::Ended(payment, state) => format!("payment {}: final state {}", payment.id, state.name()),
        Paid::Hanging(payment, why) => format!("payment {}: hanging, will be retried later ({why})", payment.id),
        Paid::Left(payment) => format!("payment {}: handed over to the next command", payment.id),
        Paid::NoCustomer => "no payment: no customer checked in".to_owned(),
    }
}

/// The result of a refund, as one line.
pub fn tell_refunded(refunded: &Refunded) -> String {
    match refunded {
        Refunded::Captured(refund) => format!("refund {}: refunded {}", refund.id, refund.amount),
        Refunded::Ended(refund, state) => format!("refund {}: final state {}", refund.id, state.name()),
        Refunded::Hanging(refund, why) => format!("refund {}: hanging, will be retried later ({why})", refund.id),
    }
}

/// The result of a decision, in words.
pub fn tell_settled(settled: &Settled) -> String {
    match settled {
        Settled::Captured(amount) => format!("captured {amount}"),
        Settled::Cancelled => "cancelled".to_owned(),
        Settled::Ended(state) => format!("final state {}", state.name()),
        Settled::Refunded => "refunded".to_owned(),
        Settled::RefundEnded(state) => format!("final state {}", state.name()),
        Settled::Hanging(why) => format!("still hanging ({why})"),
    }
}

/// The results of the periodic job, one line each.
pub fn tell_jobs(jobs: Vec<(Hanging, Result<Settled, ClientError>)>) -> Vec<String> {
    let line = |(hanging, outcome): (Hanging, Result<Settled, ClientError>)| {
        let what = outcome.as_ref().map_or_else(|error| format!("failed ({error})"), tell_settled);
        let kind = if hanging.intent.is_of_refund() { "refund" } else { "payment" };
        format!("{kind} {}: retried, {what}", hanging.id)
    };
    jobs.into_iter().map(line).collect()
}
