//! One moment of the timeline: what is known then, and what it is about.

use super::attempt::Attempt;
use super::attempt_context::Context;
use super::profile::Target;
use super::resources::Subjects;
use super::state::ObservedState;
use crate::capture::record::{Connection, Notification};

/// What is known at one moment of the timeline, and what the moment is about.
pub struct Moment<'a> {
    /// The things that traffic is about.
    pub observed: &'a ObservedState,
    /// Who is certified for what.
    pub target: &'a Target,
    /// The send, where it is about one.
    pub attempt: Option<(&'a Attempt, &'a Context)>,
    /// The payment, the PoS and the refund it is about.
    pub about: Subjects,
    /// A connection event, where it is one.
    pub connection: Option<&'a Connection>,
    /// A notification, where it is one.
    pub notification: Option<&'a Notification>,
    /// A request by its content, where no send is at hand.
    pub request: Option<usize>,
}

impl<'a> Moment<'a> {
    /// A moment that is about nothing.
    pub fn bare(observed: &'a ObservedState, target: &'a Target) -> Moment<'a> {
        let about = Subjects::default();
        Moment { observed, target, attempt: None, about, connection: None, notification: None, request: None }
    }
}
