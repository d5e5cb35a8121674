//! Snapshot of a certification for display.

use super::case_failure::CaseFailure;
use super::driver_command::DriverCommand;
use super::injected_fault::InjectedFault;
use crate::report::wording;
use crate::rules::model::Step;
use crate::verify::Evaluator;
use crate::verify::verdict::{CaseStatus, CaseVerdict, Finding, StepStatus};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Snapshot of a certification.
#[derive(Clone, Debug, Default)]
pub(crate) struct CertificationStatus {
    /// Each case of the selected features as it is while recording goes on, in the order of the verdict.
    pub cases: Vec<CaseVerdict>,
    /// Why failed cases failed, by id.
    pub failures: BTreeMap<String, CaseFailure>,
    /// How many of them are finished.
    pub gone_through: usize,
    /// The current case and its step due; `None` between two cases and at the end.
    pub due: Option<CurrentStep>,
    /// No case is left.
    pub over: bool,
    /// The mandatory requirements broken so far: this attempt can no longer pass.
    pub broken: Vec<BrokenRequirement>,
    /// What the till still has to do, so that no mandatory requirement breaks when recording ends.
    pub obligations: Vec<Obligation>,
    /// The currency of amounts.
    pub currency: &'static str,
    /// The till has to onboard again, because the backend lost its PoS.
    pub backend_reset: bool,
}

/// A mandatory requirement that breaks if recording ends before the till has done something.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Obligation {
    /// The requirement's id.
    pub id: String,
    /// The requirement's title.
    pub title: String,
    pub first: Finding,
}

/// A case as it is while recording goes on. The verifier's result assumes that recording ends now; what is in progress
/// has not failed. `now`: the current step, if it is one of this case; `is_ended`: the case was ended in this run.
pub(crate) fn displayed(case: &CaseVerdict, now: Option<&CurrentStep>, is_ended: bool) -> CaseVerdict {
    let mut shown = case.clone();
    let in_progress = now.is_some() || case.status == CaseStatus::Failed && !is_ended && case.wait.is_none();
    if !in_progress {
        return shown;
    }
    (shown.status, shown.wait, shown.witness) = (CaseStatus::InProgress, None, Vec::new());
    for (at, step) in shown.steps.iter_mut().enumerate() {
        // Only the current try counts; an earlier one may have got further.
        if let Some(now) = now {
            step.exchange = now.exchanges.get(at).copied().filter(|_| at < now.at);
            step.status = if at < now.at { StepStatus::Passed } else { StepStatus::Pending };
        } else if step.status == StepStatus::Failed {
            step.status = StepStatus::Pending;
        }
        step.message = None;
    }
    shown
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
    pub injected: Vec<InjectedFault>,
    /// The exchanges that passed the steps before it, in order.
    pub exchanges: Vec<u64>,
}

impl CertificationStatus {
    /// How many required cases have passed, and how many there are.
    pub(crate) fn tally(&self) -> (usize, usize) {
        let needed = || self.cases.iter().filter(|case| !case.optional);
        (needed().filter(|case| case.status == CaseStatus::Passed).count(), needed().count())
    }

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
    use crate::capture::record::StepTimeoutReason;
    use crate::verify::verdict::{StepVerdict, WaitVerdict};

    fn certification_status(case: &str, at: usize) -> CertificationStatus {
        let now = Instant::now();
        let (case, title) = (case.to_owned(), String::new());
        let wait = Duration::from_secs(1);
        let (injected, exchanges) = (Vec::new(), Vec::new());
        let due = CurrentStep { case, title, at, steps: 3, step: None, since: now, wait, injected, exchanges };
        CertificationStatus { due: Some(due), ..CertificationStatus::default() }
    }

    #[test]
    fn nothing_in_progress_is_called_failed() {
        let step = |status, exchange| StepVerdict { call: String::new(), status, exchange, message: None };
        let case = CaseVerdict {
            id: "a/1".into(),
            title: String::new(),
            optional: false,
            status: CaseStatus::Failed,
            steps: vec![step(StepStatus::Passed, Some(3)), step(StepStatus::Failed, Some(5))],
            witness: Vec::new(),
            wait: None,
        };
        let statuses = |shown: &CaseVerdict| shown.steps.iter().map(|step| step.status).collect::<Vec<_>>();
        let stray = displayed(&case, None, false);
        assert_eq!(stray.status, CaseStatus::InProgress);
        assert_eq!(statuses(&stray), [StepStatus::Passed, StepStatus::Pending]);
        assert_eq!(displayed(&case, None, true), case, "it was ended as failed");
        // The current try begins again; an earlier one had got further.
        let mut status = certification_status("a/1", 1);
        let now = status.due.as_mut().unwrap();
        now.exchanges = vec![9];
        let current = displayed(&case, Some(now), true);
        assert_eq!((current.status, current.steps[0].exchange), (CaseStatus::InProgress, Some(9)));
        assert_eq!(statuses(&current), [StepStatus::Passed, StepStatus::Pending]);
        now.at = 0;
        assert_eq!(statuses(&displayed(&case, Some(now), false)), [StepStatus::Pending, StepStatus::Pending]);
        let waited = WaitVerdict { step: 2, waited_ms: 1, calls: 0, step_calls: 0, ended: StepTimeoutReason::TimedOut };
        let waited = CaseVerdict { wait: Some(waited), ..case };
        assert_eq!(displayed(&waited, None, false).status, CaseStatus::Failed, "its wait ended in an earlier run");
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
