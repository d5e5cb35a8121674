//! Fault injection: which request gets which fault.

use super::lock::lock;
use crate::api::{Fault, Operation, Route};
use crate::capture::record::{Connection, Exchange, Header};
use crate::profile::{Profile, pos_v10};
use std::collections::VecDeque;
use std::sync::Mutex;

/// The parts of a request's head that a fault can depend on.
pub struct RequestHead<'a> {
    /// The exchange's number.
    pub number: u64,
    pub method: &'a str,
    /// The target as sent.
    pub target: &'a str,
    /// The headers, in order.
    pub headers: &'a [Header],
}

impl RequestHead<'_> {
    /// Its route in an API.
    pub fn route(&self, profile: &Profile) -> Route {
        profile.route(self.method, self.target)
    }
}

/// Decides on faults and follows the exchanges. The methods are called while exchanges are in flight and must not
/// block.
pub trait FaultInjector: Send + Sync {
    /// Returns the fault for a request, when its head has arrived.
    fn decide(&self, head: &RequestHead<'_>) -> Option<Fault>;

    /// Called when an exchange is durable and before its response is released: the client's next action comes later.
    fn recorded(&self, _exchange: &Exchange) {}

    /// Called if the client disconnected before it received the response of a recorded exchange.
    fn undelivered(&self, _connection: &Connection) {}

    /// Called when the response of a recorded exchange was sent or its client has disconnected.
    fn delivered(&self, _number: u64) {}
}

/// Injects no faults.
pub struct NoFaults;

impl FaultInjector for NoFaults {
    fn decide(&self, _head: &RequestHead<'_>) -> Option<Fault> {
        None
    }
}

/// A condition on the head of a request.
pub(crate) type Predicate = Box<dyn Fn(&RequestHead<'_>) -> bool + Send + Sync>;

/// Faults for the next requests of an operation.
pub struct Script {
    pub operation: Operation,
    /// A part of the id in the path, compared without regard to letter case.
    pub id: Option<String>,
    /// A further condition on the head.
    pub predicate: Option<Predicate>,
    /// The faults, one for each matching request, in order.
    pub faults: VecDeque<Fault>,
}

impl Script {
    /// Faults for the next requests of an operation, with any id.
    pub fn new(operation: Operation, faults: impl IntoIterator<Item = Fault>) -> Script {
        Script { operation, id: None, predicate: None, faults: faults.into_iter().collect() }
    }

    fn fits(&self, route: &Route, head: &RequestHead<'_>) -> bool {
        let contains = |wanted: &String| {
            route.id().is_some_and(|id| id.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase()))
        };
        route.operation() == Some(self.operation)
            && self.id.as_ref().is_none_or(contains)
            && self.predicate.as_ref().is_none_or(|predicate| predicate(head))
    }
}

/// Faults scripted by tests and the demo: a request gets the next fault of the first script that matches it.
#[derive(Default)]
pub struct ScriptedFaults {
    scripts: Mutex<Vec<Script>>,
}

impl ScriptedFaults {
    /// Adds a script after the others.
    pub fn arm(&self, script: Script) {
        lock(&self.scripts).push(script);
    }

    /// Removes all scripts.
    pub fn clear(&self) {
        lock(&self.scripts).clear();
    }

    /// The number of pending faults.
    pub fn left(&self) -> usize {
        lock(&self.scripts).iter().map(|script| script.faults.len()).sum()
    }
}

impl FaultInjector for ScriptedFaults {
    fn decide(&self, head: &RequestHead<'_>) -> Option<Fault> {
        let route = head.route(pos_v10());
        let mut scripts = lock(&self.scripts);
        let fault = scripts.iter_mut().find(|script| script.fits(&route, head))?.faults.pop_front();
        scripts.retain(|script| !script.faults.is_empty());
        fault
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripted_faults_are_used_in_order() {
        let faults = ScriptedFaults::default();
        faults.arm(Script::new(Operation::CREATE_POS, [Fault::Timeout, Fault::ServerError]));
        faults.arm(Script { id: Some("AB".into()), ..Script::new(Operation::QUERY_PAYMENT, [Fault::ServerError]) });
        let decide = |method, target| faults.decide(&RequestHead { number: 1, method, target, headers: &[] });
        assert_eq!(decide("GET", "/pos/v10/payments/cd"), None);
        assert_eq!(decide("POST", "/pos/v10/pointofsales"), Some(Fault::Timeout));
        assert_eq!(decide("GET", "/pos/v10/payments/xaby"), Some(Fault::ServerError));
        assert_eq!(decide("POST", "/pos/v10/pointofsales"), Some(Fault::ServerError));
        assert_eq!((decide("POST", "/pos/v10/pointofsales"), faults.left()), (None, 0));
    }
}
