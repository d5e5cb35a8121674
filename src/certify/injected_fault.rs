//! An injected fault of the step due, and the retry that it asks for.

use crate::api::{Fault, Operation};
use std::time::Instant;

/// A fault that the client met in the step due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InjectedFault {
    pub fault: Fault,
    pub operation: Operation,
    /// The number of the exchange with the fault.
    pub exchange: u64,
    /// The call that the exchange is an attempt of: the idempotency key of a create, otherwise the id in the path.
    pub call: String,
    /// When the client had met it: its request got status 500, or it gave up waiting.
    pub ended: Option<Instant>,
    /// The number of the next exchange of the call.
    pub retry: Option<u64>,
}

impl InjectedFault {
    /// Whether the client has met the fault and not yet retried.
    pub(crate) fn is_open(&self) -> bool {
        self.ended.is_some() && self.retry.is_none()
    }

    /// What the client got, as a phrase.
    pub(crate) fn result(&self) -> &'static str {
        match self.fault {
            Fault::Timeout => "no response",
            Fault::ServerError => "status 500",
            Fault::BalanceTooLow => "status 409",
        }
    }
}

/// The faults of the step due, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultLog(Vec<InjectedFault>);

impl FaultLog {
    /// The faults.
    pub(crate) fn all(&self) -> &[InjectedFault] {
        &self.0
    }

    /// A request has arrived: it is the retry of each open attempt of the same call.
    pub(crate) fn attempt(&mut self, exchange: u64, operation: Operation, call: &str) {
        let same = |one: &&mut InjectedFault| one.operation == operation && one.call == call && one.exchange < exchange;
        self.0.iter_mut().filter(same).for_each(|one| one.retry = one.retry.or(Some(exchange)));
    }

    /// A fault is injected into an exchange.
    pub(crate) fn inject(&mut self, fault: Fault, exchange: u64, operation: Operation, call: &str) {
        let call = call.to_owned();
        self.0.push(InjectedFault { fault, operation, exchange, call, ended: None, retry: None });
    }

    /// An exchange has ended.
    pub(crate) fn ended(&mut self, exchange: u64, now: Instant) {
        self.0.iter_mut().filter(|one| one.exchange == exchange).for_each(|one| one.ended = Some(now));
    }

    /// Another step is due.
    pub(crate) fn next_step(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_the_next_attempt_of_the_same_call() {
        let (mut log, create, now) = (FaultLog::default(), Operation::CREATE_POS, Instant::now());
        log.attempt(1, create, "key");
        log.inject(Fault::Timeout, 1, create, "key");
        assert!(!log.all()[0].is_open(), "it is in flight");
        log.ended(1, now);
        assert!(log.all()[0].is_open());
        log.attempt(2, create, "other key");
        log.attempt(3, Operation::GET_POS, "key");
        assert!(log.all()[0].is_open(), "another call is no retry");
        log.attempt(4, create, "key");
        log.attempt(5, create, "key");
        assert_eq!((log.all()[0].retry, log.all()[0].result()), (Some(4), "no response"));
    }
}
