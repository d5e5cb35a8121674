//! Snapshot of a certification for display.

use super::driver_command::DriverCommand;
use crate::api::Fault;
use crate::report::wording;
use crate::rules::model::Step;
use crate::verify::Evaluator;
use crate::verify::verdict::{CaseVerdict, Finding};
use std::time::{Duration, Instant};

/// Snapshot of a certification.
#[derive(Clone, Debug, Default)]
pub(crate) struct CertificationStatus {
    /// The verifier's result for each case of the selected features, in the order of the verdict.
    pub cases: Vec<CaseVerdict>,
    /// How many of them are finished.
    pub gone_through: usize,
    /// The current case and its step due; `None` between two cases and at the end.
    pub due: Option<CurrentStep>,
    /// No case is left.
    pub over: bool,
    /// The mandatory requirements broken so far: this attempt can no longer pass.
    pub broken: Vec<BrokenRequirement>,
}

/// A broken mandatory requirement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BrokenRequirement {
    /// The requirement's id.
    pub id: String,
    /// The requirement's title.
    pub title: String,
    pub first: Finding,
    /// The number of further findings.
    pub more: usize,
}

impl BrokenRequirement {
    /// The broken mandatory requirements of an evaluator.
    pub(crate) fn of(evaluator: &Evaluator<'_>) -> Vec<BrokenRequirement> {
        let broken = evaluator.broken().filter_map(|(requirement, found)| {
            let (first, rest) = found.split_first()?;
            let (id, title) = (requirement.id.clone(), requirement.title.clone());
            Some(BrokenRequirement { id, title, first: first.clone(), more: rest.len() })
        });
        broken.collect()
    }

    /// The requirement and its first finding, as one line.
    pub(crate) fn line(&self) -> String {
        let BrokenRequirement { id, title, first, .. } = self;
        format!("✗ {id} {title}: {}", wording::finding(first))
    }
}

/// The step due.
#[derive(Clone, Debug)]
pub(crate) struct CurrentStep {
    /// The case's id.
    pub case: String,
    /// The case's title.
    pub title: String,
    /// The index of the step; the number of steps if none is left and only the end of the case is observed.
    pub at: usize,
    /// How many steps the case has.
    pub steps: usize,
    pub step: Option<Step>,
    /// When it became due, or last made progress.
    pub since: Instant,
    /// Its timeout.
    pub wait: Duration,
    /// The faults injected into its call so far.
    pub injected: Vec<Fault>,
}

impl CertificationStatus {
    /// Whether a command sent to the till is still due: until its step has passed or its case has ended.
    pub(crate) fn is_due(&self, command: &DriverCommand) -> bool {
        match &self.due {
            _ if self.over => command.case.is_empty(),
            Some(due) => command.step > 0 && due.case == command.case && due.at < command.step,
            // Between two cases the till may have to cancel an open payment or refund.
            None => command.step == 0 && !command.case.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certification_status(case: &str, at: usize) -> CertificationStatus {
        let now = Instant::now();
        let (case, title) = (case.to_owned(), String::new());
        let wait = Duration::from_secs(1);
        let due = CurrentStep { case, title, at, steps: 3, step: None, since: now, wait, injected: Vec::new() };
        CertificationStatus { due: Some(due), ..CertificationStatus::default() }
    }

    #[test]
    fn command_is_due_until_its_step_has_passed() {
        let command = DriverCommand { case: "a/1".into(), step: 2, act: "pay".into(), ..DriverCommand::default() };
        assert!(certification_status("a/1", 0).is_due(&command) && certification_status("a/1", 1).is_due(&command));
        assert!(!certification_status("a/1", 2).is_due(&command) && !certification_status("a/2", 0).is_due(&command));
        let between = CertificationStatus::default();
        assert!(
            !between.is_due(&command)
                && between.is_due(&DriverCommand::abort("a/1"))
                && !between.is_due(&DriverCommand::end())
        );
        assert!(!certification_status("a/2", 0).is_due(&DriverCommand::abort("a/1")));
        let over = CertificationStatus { over: true, ..CertificationStatus::default() };
        assert!(over.is_due(&DriverCommand::end()) && !over.is_due(&command));
    }
}
