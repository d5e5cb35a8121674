//! Bodies that the capture does not show (a HAR without them): what they may have shown is not judged, and nothing is
//! passed as a whole.

use super::send::Send;
use super::verdict::{CaseStatus, CaseVerdict, StepStatus};
use crate::rules::{Requirement, Rests};

/// What was not shown so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hidden {
    requests: bool,
    answers: bool,
    tokens: bool,
}

impl Hidden {
    /// Takes a send in.
    pub fn see(&mut self, send: &Send) {
        self.requests |= send.operation.is_some() && !send.body.known;
        self.answers |= send.answer_hidden && !send.is_token;
        self.tokens |= send.answer_hidden && send.is_token;
    }

    /// Whether the body of a documented call was not shown.
    pub fn any(self) -> bool {
        self.requests || self.answers
    }

    /// Whether what was not found against a requirement may only not have been shown.
    pub fn leaves_open(self, requirement: &Requirement) -> bool {
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
