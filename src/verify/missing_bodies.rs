//! Of which calls the capture does not show everything: no feature that they belong to is passed.

use super::attempt::Attempt;
use crate::api::Operation;
use std::collections::BTreeSet;

/// What was not shown so far.
#[derive(Clone, Debug, Default)]
pub struct Hidden {
    operations: BTreeSet<Operation>,
    /// Of a call that is not documented.
    others: bool,
}

impl Hidden {
    /// Takes a send in.
    pub fn see(&mut self, attempt: &Attempt) {
        let hides_answer = attempt.answer_hidden && attempt.is_call;
        if !(attempt.hides_request() || hides_answer) {
            return;
        }
        self.operations.extend(attempt.operation);
        self.others |= attempt.operation.is_none();
    }

    /// Whether something of a call was not shown.
    pub fn any(&self) -> bool {
        self.others || !self.operations.is_empty()
    }

    /// Whether one of these operations was not shown as a whole.
    pub fn any_of(&self, operations: &[Operation]) -> bool {
        operations.iter().any(|operation| self.operations.contains(operation))
    }

    /// Whether a call that belongs to none of these operations was not shown as a whole.
    pub fn any_beside(&self, operations: &[Operation]) -> bool {
        self.others || self.operations.iter().any(|operation| !operations.contains(operation))
    }
}
