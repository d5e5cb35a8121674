//! One moment of the timeline: what is known then, and what it is about.

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::state::ObservedState;
use super::subjects::Subjects;
use super::target::Target;
use crate::capture::record::{Connection, Notification};

/// A moment of the timeline: the state known then, and the event that it is about.
pub(crate) struct Moment<'a> {
    pub observed: &'a ObservedState,
    /// The client and features being certified.
    pub target: &'a Target,
    /// The attempt, if the event is about one.
    pub attempt: Option<(&'a Attempt, &'a Context)>,
    /// The payment, the PoS and the refund it is about.
    pub about: Subjects,
    /// The connection event, if it is one.
    pub connection: Option<&'a Connection>,
    pub notification: Option<&'a Notification>,
    /// A request by its content, if there is no attempt.
    pub request: Option<usize>,
}

impl<'a> Moment<'a> {
    /// A moment without an event.
    pub(crate) fn bare(observed: &'a ObservedState, target: &'a Target) -> Moment<'a> {
        let about = Subjects::default();
        Moment { observed, target, attempt: None, about, connection: None, notification: None, request: None }
    }
}
