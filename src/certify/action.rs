//! Actions of the schedule: on the till, at the backend, in the capture, in the log.

use super::customer;
use super::driver_command::DriverCommand;
use crate::api::Amount;
use crate::api::customer::CustomerAct;
use crate::capture::record::StepTimeout;
use crate::report::wording::case_sentence;
use crate::rules::model::{Case, Step};
use crate::verify::progress::CaseProgress;
use crate::verify::verdict::CaseStatus;
use std::time::Duration;

/// An action to perform now.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// Send a command to the till.
    SendToTill(DriverCommand),
    /// Queue actions of the customer, each performed as soon as it is possible.
    Queue(Vec<CustomerAction>),
    /// Drop the queued customer actions.
    ClearQueue,
    /// Create a payment that makes the backend refuse the next one.
    BlockPos,
    /// Set the refundable balance of the stores.
    Balance(Amount),
    /// Delay the reservation of refunds, so that the till has time to cancel one.
    HoldRefunds(Duration),
    /// Restore the backend configuration from before the case.
    Restore,
    /// Record a step timeout in the capture.
    StepTimeout(StepTimeout),
    /// Record a new attempt in the capture ([`super::Director::begin_attempt`]).
    NewAttempt,
    /// Write a log line.
    Log(String),
}

/// A customer action, or what has to happen between two of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum CustomerAction {
    Act(CustomerAct),
    /// Send a command to the till.
    SendToTill(DriverCommand),
    /// Wait for this many more payment polls.
    Polls(u32),
    /// Wait until the total number of payment polls reaches this.
    PolledUntil(u32),
}

/// A case of the schedule.
#[derive(Clone, Debug)]
pub(crate) struct Planned {
    pub case: Case,
    /// Whether it can be run; `false` if it needs a feature that is not selected.
    pub possible: bool,
}

/// The customer actions with these names, in order.
pub(super) fn acts(names: &[String], account: Option<&str>) -> Vec<CustomerAction> {
    names.iter().filter_map(|name| customer::act(name, account).map(CustomerAction::Act)).collect()
}

/// The log line for a step that passed.
pub(super) fn step_line(progress: &CaseProgress, step: &Step, at: usize) -> String {
    let exchange = progress.verdict.steps.get(at).and_then(|step| step.exchange);
    let seen = exchange.map(|number| format!("  #{number}")).unwrap_or_default();
    format!("  ✓ step {}: {}{seen}", at + 1, step.title)
}

/// The status of a case as one line, in the wording of the report.
pub(crate) fn case_line(progress: &CaseProgress) -> String {
    let case = &progress.verdict;
    let mark = match case.status {
        CaseStatus::Passed => "✓",
        CaseStatus::Failed => "✗",
        CaseStatus::NotTested | CaseStatus::InProgress => "·",
    };
    format!("{mark} {} {}: {}", case.id, case.title, case_sentence(case))
}
