//! What may have happened in an exchange that is not all shown.

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::folded_resources::looks_up;
use super::missing_evidence::is_of_payments;
use super::state::ObservedState;
use crate::api::operation::names::{
    CANCEL_PAYMENT, CANCEL_REFUND, CAPTURE_PAYMENT, CAPTURE_REFUND, CREATE_POS, CREATE_REFUND, DELETE_POS,
    GET_CHECK_IN, GET_POS, GET_POS_WITH_FILTER, GET_REFUND, INITIATE_PAYMENT, PAYMENT_READY, PREPARE_PAYMENT,
    QUERY_PAYMENT, QUERY_PAYMENT_IDS, QUERY_REFUND_IDS,
};
use crate::api::resource::{PAYMENT, REFUND};

/// An event that hidden evidence may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PossibleEvent {
    /// This unresolved call may have been resolved.
    Resolved(usize),
    /// The name conflict of this call may have been resolved.
    ConflictResolved(usize),
    /// Any payment may have been listed as captured.
    ListedCaptured,
}

/// The events that the hidden parts of an exchange may contain.
pub(super) fn possible(observed: &ObservedState, attempt: &Attempt, context: &Context) -> Vec<PossibleEvent> {
    let Some(operation) = attempt.operation else { return Vec::new() };
    let mut all = Vec::new();
    for &call in &observed.unresolved_calls {
        let entry = observed.calls.at(call);
        let Some(lost) = entry.operation.filter(|_| call != context.call) else { continue };
        let again = attempt.is_loose() && lost == operation;
        let hidden = attempt.answer_hidden || attempt.hides.query || (lost.creates() && !entry.content_known);
        let same_payment = entry.about[PAYMENT].is_some() && entry.about[PAYMENT] == context.about[PAYMENT];
        let same_refund = entry.about[REFUND].is_some() && entry.about[REFUND] == context.about[REFUND];
        let found = |id: Option<&str>| {
            let unresolved = entry.unresolved.as_ref();
            id.is_some_and(|id| unresolved.is_some_and(|unresolved| unresolved.found.iter().any(|found| found == id)))
        };
        let shown = match (lost, operation) {
            (CREATE_POS, GET_POS_WITH_FILTER) | (INITIATE_PAYMENT | PREPARE_PAYMENT, QUERY_PAYMENT_IDS) => hidden,
            (CREATE_REFUND, QUERY_REFUND_IDS) | (DELETE_POS, GET_POS_WITH_FILTER) => hidden,
            (INITIATE_PAYMENT | PREPARE_PAYMENT, QUERY_PAYMENT) => attempt.answer_hidden && found(attempt.path_id()),
            (CAPTURE_PAYMENT | CANCEL_PAYMENT | PAYMENT_READY, QUERY_PAYMENT) => attempt.answer_hidden && same_payment,
            (CAPTURE_PAYMENT | CANCEL_PAYMENT, QUERY_PAYMENT_IDS) => {
                hidden && (attempt.lists_captured() || attempt.hides.query)
            }
            (CAPTURE_REFUND | CANCEL_REFUND, GET_REFUND) => attempt.answer_hidden && same_refund,
            (GET_CHECK_IN, INITIATE_PAYMENT | PREPARE_PAYMENT) => attempt.hides_body(),
            _ => looks_up(lost, operation, observed.profile) && hidden,
        };
        // If the id in the path is hidden, the attempt may be about any unresolved call.
        let anything = attempt.hides.path && is_of_payments(lost) == is_of_payments(operation);
        if again || shown || anything {
            all.push(PossibleEvent::Resolved(call));
        }
    }
    for conflict in &observed.conflicts {
        let looks = [GET_POS_WITH_FILTER, GET_POS, DELETE_POS].contains(&operation);
        if looks && (attempt.hides.path || attempt.hides.query) {
            all.push(PossibleEvent::ConflictResolved(conflict.call));
        }
    }
    let lists = operation == QUERY_PAYMENT_IDS && (attempt.lists_captured() || attempt.hides.query);
    if lists && (attempt.answer_hidden || attempt.hides.query) {
        all.push(PossibleEvent::ListedCaptured);
    }
    all
}
