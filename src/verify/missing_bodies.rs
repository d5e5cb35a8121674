//! Operations whose calls the capture does not show completely. Features with such operations cannot pass.

use super::attempt::Attempt;
use crate::api::Operation;
use std::collections::BTreeSet;

/// The operations with hidden parts so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Hidden {
    operations: BTreeSet<Operation>,
    /// Whether an undocumented call had hidden parts.
    others: bool,
}

impl Hidden {
    /// Processes an attempt.
    pub(super) fn observe(&mut self, attempt: &Attempt) {
        let hides_answer = attempt.answer_hidden && attempt.is_call;
        if !(attempt.hides_request() || hides_answer) {
            return;
        }
        self.operations.extend(attempt.operation);
        self.others |= attempt.operation.is_none();
    }

    /// Whether any call had hidden parts.
    pub(super) fn any(&self) -> bool {
        self.others || !self.operations.is_empty()
    }

    /// Whether one of these operations had hidden parts.
    pub(super) fn any_of(&self, operations: &[Operation]) -> bool {
        operations.iter().any(|operation| self.operations.contains(operation))
    }

    /// Whether a call of none of these operations had hidden parts.
    pub(super) fn any_beside(&self, operations: &[Operation]) -> bool {
        self.others || self.operations.iter().any(|operation| !operations.contains(operation))
    }
}
