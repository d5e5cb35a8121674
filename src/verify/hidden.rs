//! Bodies that the capture does not show (a HAR without them): what they may have shown is not judged, and nothing is
//! passed as a whole.

use super::send::Send;
use super::verdict::{CaseStatus, CaseVerdict, StepStatus};
use crate::api::Operation;
use crate::rules::{Requirement, Rests};
use std::collections::BTreeSet;

/// What was not shown so far.
#[derive(Clone, Debug, Default)]
pub struct Hidden {
    requests: bool,
    answers: bool,
    tokens: bool,
    operations: BTreeSet<Operation>,
}

impl Hidden {
    /// Takes a send in.
    pub fn see(&mut self, send: &Send) {
        let request = send.operation.is_some() && !send.body.known;
        self.requests |= request;
        self.answers |= send.answer_hidden && !send.is_token;
        self.operations.extend(send.operation.filter(|_| request || send.answer_hidden));
        self.tokens |= send.answer_hidden && send.is_token;
    }

    /// Whether the body of a documented call was not shown.
    pub fn any(&self) -> bool {
        self.requests || self.answers
    }

    /// Whether one of these operations was not shown as a whole.
    pub fn any_of(&self, operations: &[Operation]) -> bool {
        operations.iter().any(|operation| self.operations.contains(operation))
    }

    /// Whether what was not found against a requirement may only not have been shown.
    pub fn leaves_open(&self, requirement: &Requirement) -> bool {
        let rests = requirement.checks.iter().fold(Rests::default(), |all, check| all.or(check.rests()));
        let of_requests = self.requests && (rests.request || rests.past);
        let of_answers = self.answers && (rests.answer || rests.past);
        of_requests || of_answers || (self.tokens && rests.token)
    }

    /// A case that seems to have broken may have gone on in what is not shown.
    pub fn leave_undecided(case: &mut CaseVerdict) {
        case.status = CaseStatus::NotTested;
        for step in case.steps.iter_mut().filter(|step| step.status == StepStatus::Failed) {
            (step.status, step.exchange) = (StepStatus::Pending, None);
        }
    }
}
