//! Who decides which call meets a fault.

use super::lock::lock;
use crate::api::{Fault, Operation, Route};
use crate::capture::record::{Connection, Exchange, Header};
use std::collections::VecDeque;
use std::sync::Mutex;

/// A request's head, as far as a fault can depend on it.
pub struct RequestHead<'a> {
    /// The exchange's number.
    pub number: u64,
    /// The method.
    pub method: &'a str,
    /// The target as sent.
    pub target: &'a str,
    /// In order.
    pub headers: &'a [Header],
}

impl RequestHead<'_> {
    /// What is asked for.
    pub fn route(&self) -> Route {
        Route::of(self.method, self.target)
    }
}

/// Decides on faults. Both functions are called while exchanges are under way: they must not wait.
pub trait FaultInjector: Send + Sync {
    /// The fault of a call, decided when its head has arrived.
    fn decide(&self, head: &RequestHead<'_>) -> Option<Fault>;

    /// An exchange is durable, and its answer about to go out: what the client does next comes after this.
    fn recorded(&self, _exchange: &Exchange) {}

    /// The client left before the response of a recorded exchange was out: it has none.
    fn undelivered(&self, _connection: &Connection) {}

    /// The response of a recorded exchange is out, or its client is gone.
    fn delivered(&self, _number: u64) {}
}

/// No faults at all.
pub struct NoFaults;

impl FaultInjector for NoFaults {
    fn decide(&self, _head: &RequestHead<'_>) -> Option<Fault> {
        None
    }
}

/// What a scripted entry asks of a call's head beside its operation.
pub type Predicate = Box<dyn Fn(&RequestHead<'_>) -> bool + Send + Sync>;

/// Faults for the next calls of an operation.
pub struct Script {
    /// The operation.
    pub operation: Operation,
    /// What the id in the path has to contain, without regard to letter case.
    pub id: Option<String>,
    /// What else has to hold of the head.
    pub predicate: Option<Predicate>,
    /// One for each matching call, in order.
    pub faults: VecDeque<Fault>,
}

impl Script {
    /// Faults for the next calls of an operation, whatever they are about.
    pub fn new(operation: Operation, faults: impl IntoIterator<Item = Fault>) -> Script {
        Script { operation, id: None, predicate: None, faults: faults.into_iter().collect() }
    }

    fn fits(&self, route: &Route, head: &RequestHead<'_>) -> bool {
        let contains = |wanted: &String| {
            route.id.as_ref().is_some_and(|id| id.to_ascii_lowercase().contains(&wanted.to_ascii_lowercase()))
        };
        route.operation() == Some(self.operation)
            && self.id.as_ref().is_none_or(contains)
            && self.predicate.as_ref().is_none_or(|predicate| predicate(head))
    }
}

/// Faults that a test or the demo arms ahead: a call takes the first fault of the first script that fits it.
#[derive(Default)]
pub struct ScriptedFaults {
    scripts: Mutex<Vec<Script>>,
}

impl ScriptedFaults {
    /// Adds a script behind the others.
    pub fn arm(&self, script: Script) {
        lock(&self.scripts).push(script);
    }

    /// Forgets all scripts.
    pub fn clear(&self) {
        lock(&self.scripts).clear();
    }

    /// How many faults are still to come.
    pub fn left(&self) -> usize {
        lock(&self.scripts).iter().map(|script| script.faults.len()).sum()
    }
}

impl FaultInjector for ScriptedFaults {
    fn decide(&self, head: &RequestHead<'_>) -> Option<Fault> {
        let route = head.route();
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
    fn scripts_are_used_up_in_order() {
        let faults = ScriptedFaults::default();
        faults.arm(Script::new(Operation::CreatePos, [Fault::Timeout, Fault::ServerError]));
        faults.arm(Script { id: Some("AB".into()), ..Script::new(Operation::QueryPayment, [Fault::ServerError]) });
        let decide = |method, target| faults.decide(&RequestHead { number: 1, method, target, headers: &[] });
        assert_eq!(decide("GET", "/pos/v10/payments/cd"), None);
        assert_eq!(decide("POST", "/pos/v10/pointofsales"), Some(Fault::Timeout));
        assert_eq!(decide("GET", "/pos/v10/payments/xaby"), Some(Fault::ServerError));
        assert_eq!(decide("POST", "/pos/v10/pointofsales"), Some(Fault::ServerError));
        assert_eq!((decide("POST", "/pos/v10/pointofsales"), faults.left()), (None, 0));
    }
}
