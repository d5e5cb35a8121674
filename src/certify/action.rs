//! What the course orders: on the till, at the backend, in the capture, to people.

use super::customer;
use super::driver_command::Line;
use crate::api::Amount;
use crate::api::customer::CustomerAct;
use crate::capture::record::StepTimeout;
use crate::report::wording::case_sentence;
use crate::rules::model::{Case, Step};
use crate::verify::progress::CaseProgress;
use crate::verify::verdict::CaseStatus;
use std::time::Duration;

/// Something that has to be done now.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// On the till.
    Tell(Line),
    /// At the PoS, as soon as it is possible.
    CustomerAction(Vec<CustomerAction>),
    /// What the customer has not done yet is not to be done any more.
    StopPlaying,
    /// Put a payment in the way of the next one.
    Obstruct,
    /// Set what the stores can refund.
    Balance(Amount),
    /// Refunds take so long to be put aside: whoever wants to stop one has the time.
    HoldRefunds(Duration),
    /// Set the backend back to what it was before the case.
    Restore,
    /// Write into the capture that a wait is over.
    StepTimeout(StepTimeout),
    /// Write into the capture that a new attempt begins ([`super::Director::begin_attempt`]).
    NewAttempt,
    /// Tell people.
    Say(String),
}

/// What the customer does, and what the till is told between two acts of theirs.
#[derive(Clone, Debug, PartialEq)]
pub enum CustomerAction {
    /// The customer acts.
    LedgerEvent(CustomerAct),
    /// The till is told.
    Tell(Line),
    /// So many polls of the payment are answered first.
    Polls(u32),
    /// Polls are answered until so many were, in all.
    PolledUntil(u32),
}

/// A case of the course.
#[derive(Clone, Debug)]
pub struct Planned {
    /// The case.
    pub case: Case,
    /// Whether the client can do it: not where it needs a feature that is not chosen.
    pub possible: bool,
}

/// What the customer does, in order.
pub(super) fn acts(names: &[String], account: Option<&str>) -> Vec<CustomerAction> {
    names.iter().filter_map(|name| customer::act(name, account).map(CustomerAction::LedgerEvent)).collect()
}

/// A step that was shown, in a line.
pub(super) fn step_line(standing: &CaseProgress, step: &Step, at: usize) -> String {
    let exchange = standing.verdict.steps.get(at).and_then(|step| step.exchange);
    let seen = exchange.map(|number| format!("  #{number}")).unwrap_or_default();
    format!("  ✓ step {}: {}{seen}", at + 1, step.title)
}

/// How a case stands, in a line: the words are those of the report.
pub fn case_line(standing: &CaseProgress) -> String {
    let case = &standing.verdict;
    let mark = match case.status {
        CaseStatus::Passed => "✓",
        CaseStatus::Failed => "✗",
        CaseStatus::NotTested | CaseStatus::InProgress => "·",
    };
    format!("{mark} {} {}: {}", case.id, case.title, case_sentence(case))
}
