//! Why a case failed, for the operator: the call, what was missing, and what to do.

use super::injected_fault::InjectedFault;
use crate::capture::record::StepTimeoutReason;
use crate::rules::model::StepKind;
use crate::verify::verdict::{CaseStatus, CaseVerdict, StepStatus, WaitVerdict};

/// The reason for a failed case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseFailure {
    /// The call or step.
    pub subject: String,
    /// The exchange that shows it.
    pub exchange: Option<u64>,
    /// What happened, as a phrase.
    pub what: String,
    /// What to do, as a sentence.
    pub remedy: String,
}

impl CaseFailure {
    /// The reason for a failed case; `None` if it has not failed. `faults`: those of the step at which it failed, as far
    /// as they were observed; `kind`: the kind of that step.
    pub(crate) fn of(case: &CaseVerdict, faults: &[InjectedFault], kind: StepKind) -> Option<CaseFailure> {
        if case.status != CaseStatus::Failed {
            return None;
        }
        let open = faults.iter().rev().find(|fault| fault.is_open());
        Some(open.map_or_else(|| of_step(case), |fault| of_fault(fault, case.wait.as_ref(), kind)))
    }

    /// The reason as one line.
    pub(crate) fn line(&self) -> String {
        let exchange = self.exchange.map(|number| format!(" (exchange {number})")).unwrap_or_default();
        format!("{}{exchange}: {}", self.subject, self.what)
    }
}

fn of_fault(fault: &InjectedFault, wait: Option<&WaitVerdict>, kind: StepKind) -> CaseFailure {
    let (missing, remedy) = match kind {
        StepKind::Polls => ("no further poll", "Continue polling after a poll that got no response or status 500."),
        _ => ("no retry", "Retry the same request with the same key and body until it succeeds."),
    };
    let seconds = wait.map_or(0, |wait| wait.waited_ms / 1000);
    let until = match wait.map(|wait| wait.ended) {
        Some(StepTimeoutReason::Skipped) => format!("until it was skipped after {seconds} s"),
        Some(StepTimeoutReason::TimedOut) => format!("within {seconds} s"),
        _ => "before the case ended".to_owned(),
    };
    CaseFailure {
        subject: fault.operation.name().to_owned(),
        exchange: Some(fault.exchange),
        what: format!("{}, and {missing} {until}", fault.result()),
        remedy: remedy.to_owned(),
    }
}

fn of_step(case: &CaseVerdict) -> CaseFailure {
    let failed = case.steps.iter().zip(1..).find(|(step, _)| step.status == StepStatus::Failed);
    let last = case.steps.iter().rev().find_map(|step| step.exchange);
    let subject = failed
        .map_or_else(|| case.title.clone(), |(step, at)| format!("Step {at} of {}, {}", case.steps.len(), step.call));
    let message = case.wait.as_ref().and_then(WaitVerdict::message);
    let remedy = match case.wait.map(|wait| wait.ended) {
        _ if case.is_untried() => "Perform the action on the till, and check that it calls the recorder.",
        Some(StepTimeoutReason::TimedOut) => {
            "Complete the step on the till. If it only needs more time, restart with --wait SECONDS."
        }
        Some(StepTimeoutReason::Contradicted) => "The till sent a call that this step does not allow. Do not send it.",
        _ => "Complete the step on the till.",
    };
    CaseFailure {
        subject,
        exchange: failed.and_then(|(step, _)| step.exchange).or(last),
        what: message.unwrap_or_else(|| "it cannot pass any more".to_owned()),
        remedy: remedy.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::{Fault, Operation};
    use crate::verify::verdict::StepVerdict;
    use std::time::Instant;

    fn failed(ended: StepTimeoutReason, calls: u64) -> CaseVerdict {
        let step = StepVerdict { call: "CreatePos".into(), status: StepStatus::Failed, exchange: None, message: None };
        let wait = WaitVerdict { step: 1, waited_ms: 14_200, calls, step_calls: calls, ended };
        CaseVerdict {
            id: "a/1".into(),
            title: "Create".into(),
            optional: false,
            status: CaseStatus::Failed,
            steps: vec![step],
            witness: Vec::new(),
            wait: Some(wait),
        }
    }

    #[test]
    fn a_fault_without_a_retry_is_the_reason_with_its_exchange_and_seconds() {
        let fault = InjectedFault {
            fault: Fault::Timeout,
            operation: Operation::CREATE_POS,
            exchange: 21,
            call: String::new(),
            ended: Some(Instant::now()),
            retry: None,
        };
        let line = |ended| {
            let failure = CaseFailure::of(&failed(ended, 1), std::slice::from_ref(&fault), StepKind::Call).unwrap();
            assert!(failure.remedy.starts_with("Retry the same request"));
            failure.line()
        };
        assert_eq!(line(StepTimeoutReason::TimedOut), "CreatePos (exchange 21): no response, and no retry within 14 s");
        assert!(line(StepTimeoutReason::Skipped).ends_with("no retry until it was skipped after 14 s"));
        let retried = InjectedFault { retry: Some(22), ..fault };
        let other = CaseFailure::of(&failed(StepTimeoutReason::TimedOut, 1), &[retried], StepKind::Call).unwrap();
        assert!(other.line().starts_with("Step 1 of 1, CreatePos: its timeout of 14 s expired"), "{}", other.line());
    }

    #[test]
    fn a_case_that_was_not_tried_says_so() {
        let failure = CaseFailure::of(&failed(StepTimeoutReason::TimedOut, 0), &[], StepKind::Call).unwrap();
        assert_eq!(failure.line(), "Step 1 of 1, CreatePos: no call arrived within 14 s");
        assert!(failure.remedy.starts_with("Perform the action"));
        let passed = CaseVerdict { status: CaseStatus::Passed, ..failed(StepTimeoutReason::TimedOut, 0) };
        assert_eq!(CaseFailure::of(&passed, &[], StepKind::Call), None);
    }
}
