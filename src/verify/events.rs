//! Events, their scope, and how they match the events of a rule.

use super::folded_resources;
use super::moment::Moment;
use super::possibilities::PossibleEvent;
use crate::api::Operation;
use crate::api::resource::{PAYMENT, POS, REFUND};
use crate::rules::Truth;
use crate::rules::model::{At, Event, Scope, Selector};
use crate::rules::predicate::PredicateError;

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EventKind {
    /// A request's head arrived.
    Request,
    /// An exchange has ended.
    Answer,
    /// A connection event, below HTTP.
    Connection,
    /// This unresolved call was resolved.
    Recovered(usize),
    /// A look-up showed the outcome of this call, and its result was used.
    LookedUp(usize),
    /// The name conflict of this call was resolved.
    ConflictResolved(usize),
    /// A list of captured payments contained this payment.
    ListedCaptured(usize),
    /// A check-in notification was sent.
    Notification,
    /// An event that may have happened in what the capture does not show.
    Possibly(PossibleEvent),
}

/// The key of the thing of a scope that an event is about; `None` if there is no such thing.
pub(crate) fn scope_of(scope: Scope, happened: EventKind, moment: &Moment) -> Option<u64> {
    if scope == Scope::Client {
        return Some(0);
    }
    if let EventKind::Recovered(call) | EventKind::LookedUp(call) | EventKind::ConflictResolved(call) = happened {
        return matches!(scope, Scope::Call | Scope::Key).then_some(call as u64);
    }
    if let EventKind::ListedCaptured(payment) = happened {
        return (scope == Scope::Resource(PAYMENT)).then_some(payment as u64);
    }
    let context = moment.attempt.map(|(_, context)| context);
    let place = match scope {
        Scope::Client => Some(0),
        Scope::Connection => {
            let of_event = moment.connection.map(|connection| connection.connection);
            return of_event.or_else(|| moment.attempt.map(|(attempt, _)| attempt.connection.unwrap_or(0)));
        }
        Scope::Call | Scope::Key => context.map(|context| context.call),
        Scope::Request => context.map(|context| context.request),
        Scope::Token => context.and_then(|context| context.token),
        Scope::Resource(resource) => moment.about[resource],
    };
    place.map(|place| place as u64)
}

/// Whether an event is about a thing of a scope, but the capture does not show which one.
pub(crate) fn hides_scope(scope: Scope, moment: &Moment) -> bool {
    use crate::api::operation::names::{
        CANCEL_PAYMENT, CANCEL_REFUND, CAPTURE_PAYMENT, CAPTURE_REFUND, CREATE_POS, CREATE_REFUND, DELETE_POS,
        GET_CHECK_IN, GET_DETAILED_STORES, GET_POS, GET_POS_WITH_FILTER, GET_REFUND, GET_STORE, GET_STORES,
        INITIATE_PAYMENT, PAYMENT_READY, PREPARE_PAYMENT, QUERY_PAYMENT, QUERY_PAYMENT_IDS, QUERY_REFUND_IDS,
    };
    let Some((attempt, context)) = moment.attempt else { return false };
    let missing = &moment.observed.missing;
    let Some(operation) = attempt.operation else {
        return scope == Scope::Token && attempt.is_call && !attempt.shows_token();
    };
    if let (Scope::Resource(resource), false) = (scope, moment.observed.profile.is_native) {
        return folded_resources::hides(resource, attempt, moment.observed.profile);
    }
    let created_unseen = attempt.succeeded() && attempt.answer_hidden;
    match scope {
        Scope::Token => !attempt.shows_token(),
        Scope::Resource(PAYMENT) => match operation {
            INITIATE_PAYMENT | PREPARE_PAYMENT => created_unseen,
            CREATE_REFUND => attempt.hides_body(),
            PAYMENT_READY | QUERY_PAYMENT | CAPTURE_PAYMENT | CANCEL_PAYMENT => attempt.hides.path,
            QUERY_REFUND_IDS => attempt.hides.query,
            _ => false,
        },
        Scope::Resource(REFUND) => match operation {
            CREATE_REFUND => created_unseen,
            GET_REFUND | CAPTURE_REFUND | CANCEL_REFUND => attempt.hides.path,
            _ => false,
        },
        Scope::Resource(POS) => match operation {
            GET_STORES | GET_STORE | GET_DETAILED_STORES => false,
            CREATE_POS | GET_POS_WITH_FILTER => created_unseen,
            GET_POS | DELETE_POS | GET_CHECK_IN => attempt.hides.path,
            INITIATE_PAYMENT | PREPARE_PAYMENT => attempt.hides_body(),
            QUERY_PAYMENT_IDS => attempt.hides.query || missing.started,
            // The PoS of its payment.
            _ => {
                attempt.hides.path || context.about[PAYMENT].is_none_or(|_| missing.started || missing.unnamed_payment)
            }
        },
        _ => false,
    }
}

/// An event as a slice.
pub(crate) fn one(event: &Event) -> &[Event] {
    std::slice::from_ref(event)
}

/// Whether an event matches one of these.
///
/// # Errors
/// A condition that cannot be evaluated.
pub(crate) fn any(events: &[Event], happened: EventKind, moment: &Moment) -> Result<Truth, PredicateError> {
    let mut truth = Truth::No;
    for event in events {
        match matches(event, happened, moment)? {
            Truth::Yes => return Ok(Truth::Yes),
            Truth::No => {}
            unknown @ Truth::Unknown(_) => truth = unknown,
        }
    }
    Ok(truth)
}

/// Whether an event matches one of these, or may match one.
///
/// # Errors
/// A condition that cannot be evaluated.
pub(crate) fn may_match(events: &[Event], happened: EventKind, moment: &Moment) -> Result<bool, PredicateError> {
    Ok(any(events, happened, moment)? != Truth::No)
}

/// Whether an event matches this description.
///
/// # Errors
/// A condition that cannot be evaluated.
pub(crate) fn matches(event: &Event, happened: EventKind, moment: &Moment) -> Result<Truth, PredicateError> {
    if !event.on.iter().any(|selector| selects(*selector, event.at, happened, moment)) {
        return Ok(Truth::No);
    }
    event.when.as_ref().map_or(Ok(Truth::Yes), |when| when.asks(moment))
}

fn selects(selector: Selector, at: At, happened: EventKind, moment: &Moment) -> bool {
    match (selector, happened) {
        (Selector::Recovered, EventKind::Recovered(_)) => return true,
        (Selector::LookedUp, EventKind::LookedUp(_)) => return true,
        (Selector::ConflictResolved, EventKind::ConflictResolved(_)) => return true,
        (Selector::ListedCaptured, EventKind::ListedCaptured(_)) => return true,
        (Selector::Connection, EventKind::Connection) => return true,
        (Selector::Notification, EventKind::Notification) => return true,
        (_, EventKind::Request) if at == At::Request => {}
        (_, EventKind::Answer) if at == At::Answer => {}
        _ => return false,
    }
    let Some((attempt, _)) = moment.attempt else { return false };
    match selector {
        Selector::Operation(operation) => attempt.operation == Some(operation),
        Selector::Any => attempt.is_call,
        Selector::Documented => attempt.operation.is_some(),
        Selector::Creates => attempt.operation.is_some_and(Operation::creates),
        Selector::Polls => attempt.operation.is_some_and(Operation::polled),
        Selector::NotPolls => attempt.is_call && !attempt.operation.is_some_and(Operation::polled),
        Selector::Token => attempt.is_token,
        Selector::Simulation => attempt.is_simulation,
        Selector::Connection
        | Selector::Recovered
        | Selector::LookedUp
        | Selector::ConflictResolved
        | Selector::ListedCaptured
        | Selector::Notification => false,
    }
}
