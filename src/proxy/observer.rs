//! Observers of recorded exchanges and connection events.

use crate::capture::record::{Connection, Exchange};
use std::sync::Arc;

/// Receives the records, redacted as in the capture. The methods must not block.
pub trait Observer: Send + Sync {
    /// Called when an exchange is durable.
    fn exchange(&self, _exchange: &Exchange) {}

    /// Called before a connection event is written to the capture.
    fn connection(&self, _connection: &Connection) {}
}

/// Forwards to several observers.
pub struct Fanout(pub Vec<Arc<dyn Observer>>);

impl Observer for Fanout {
    fn exchange(&self, exchange: &Exchange) {
        self.0.iter().for_each(|one| one.exchange(exchange));
    }

    fn connection(&self, connection: &Connection) {
        self.0.iter().for_each(|one| one.connection(connection));
    }
}

/// Ignores all records.
pub struct NoopObserver;

impl Observer for NoopObserver {}
