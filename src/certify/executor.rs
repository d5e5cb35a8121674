//! Executor of the schedule's actions: till, simulated customer, backend, capture and log.

use super::action::Action;
use super::backend_control::Backend;
use super::customer_driver::{CustomerActionResult, CustomerDriver};
use super::director::{Director, Snapshot};
use super::driver_command::DriverCommand;
use super::notify::Notifier;
use crate::api::customer::CustomerAct;
use crate::capture::{Record, Writer};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// The interval of customer actions and timeout checks.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// Shows a step and how long it has been due; `None`: no step is due.
type ShowWaiting = dyn Fn(Option<&(String, Duration)>) + Sync;

/// A running certification.
pub(crate) struct Executor<'a> {
    /// The source of the actions.
    pub director: Arc<Director>,
    /// The capture.
    pub writer: Writer,
    /// Control of the backend.
    pub backend: Backend,
    /// Sends check-in notifications to the client.
    pub notifier: Notifier,
    /// Sends a command to the driver of the till, if there is one.
    pub send_to_driver: &'a mut (dyn FnMut(&DriverCommand) + Send),
    /// Writes a log line.
    pub log: &'a (dyn Fn(&str) + Sync),
    /// Shows the step that is due and since when; called several times a second.
    pub waiting: &'a ShowWaiting,
}

impl Executor<'_> {
    /// Runs all cases.
    ///
    /// # Errors
    /// The capture cannot be written, or a rule cannot be applied.
    pub(crate) async fn run(mut self) -> Result<(), String> {
        let mut customer_driver = CustomerDriver::default();
        let mut notices: JoinSet<Result<String, String>> = JoinSet::new();
        loop {
            let (actions, snapshot) = self.director.actions(Instant::now());
            if let Some(broken) = &snapshot.broken {
                return Err(format!("the rules cannot be applied: {broken}"));
            }
            for action in actions {
                self.perform(action, &snapshot, &mut customer_driver).await?;
            }
            while let Some(noticed) = notices.try_join_next() {
                let message = noticed.map_err(|error| error.to_string()).and_then(|message| message);
                (self.log)(&format!("  {}", message.unwrap_or_else(|sentence| sentence)));
            }
            if snapshot.over && notices.is_empty() {
                return Ok(());
            }
            self.run_customer(&snapshot, &mut customer_driver, &mut notices).await;
            (self.waiting)(snapshot.waiting.as_ref());
            let _ = tokio::time::timeout(POLL_INTERVAL, self.director.changed()).await;
        }
    }

    async fn perform(
        &mut self,
        action: Action,
        snapshot: &Snapshot,
        customer_driver: &mut CustomerDriver,
    ) -> Result<(), String> {
        match action {
            Action::SendToTill(command) => self.send_command(&command),
            Action::Queue(more) => customer_driver.add(more),
            Action::ClearQueue => customer_driver.stop(),
            Action::BlockPos => {
                if let Err(why) = self.backend.obstruct(snapshot.pos.as_ref()).await {
                    (self.log)(&format!("  poscert could not create a conflicting payment: {why}"));
                }
            }
            Action::Balance(balance) => self.backend.balance(Some(balance)),
            Action::HoldRefunds(hold) => self.backend.hold_refunds(hold),
            Action::Restore => self.backend.restore().await,
            Action::NewAttempt => {
                let attempt = self.director.begin_attempt(self.writer.next_number());
                (self.log)(&format!(
                    "certification attempt {} started; the previous one ended with verdict {}",
                    attempt.number, attempt.ended_as
                ));
                self.writer.append(Record::Attempt(attempt)).await.map_err(|error| error.to_string())?;
            }
            Action::StepTimeout(over) => {
                self.writer.append(Record::StepTimeout(over)).await.map_err(|error| error.to_string())?;
            }
            Action::Log(line) => (self.log)(&line),
        }
        Ok(())
    }

    fn send_command(&mut self, command: &DriverCommand) {
        (self.log)(&format!("  step {}: {}", command.step.max(1), command.text));
        (self.send_to_driver)(command);
    }

    async fn run_customer(
        &mut self,
        snapshot: &Snapshot,
        customer_driver: &mut CustomerDriver,
        notices: &mut JoinSet<Result<String, String>>,
    ) {
        while let Some(result) = customer_driver.next(snapshot, &mut self.backend, Instant::now()).await {
            match result {
                CustomerActionResult::SendToTill(command) => self.send_command(&command),
                CustomerActionResult::Log(line) => (self.log)(&line),
                CustomerActionResult::PollObserved => return self.director.extend_deadline(Instant::now()),
                CustomerActionResult::Performed(act, line) => {
                    self.director.extend_deadline(Instant::now());
                    (self.log)(&line);
                    let due = snapshot.pos.as_ref().is_some_and(|point| self.notifier.is_due(point));
                    if matches!(act, CustomerAct::CheckIn(_)) && due {
                        let notifier = self.notifier.clone();
                        notices.spawn(async move { notifier.send().await });
                    }
                }
            }
        }
    }
}
