//! Whoever looks on while calls are recorded.

use crate::capture::record::{Connection, Exchange};
use std::sync::Arc;

/// Is told what was recorded, redacted as it is in the capture. Must not wait.
pub trait Observer: Send + Sync {
    /// An exchange is durable.
    fn exchange(&self, _exchange: &Exchange) {}

    /// A connection event is on its way into the capture.
    fn connection(&self, _connection: &Connection) {}
}

/// Several look on.
pub struct Fanout(pub Vec<Arc<dyn Observer>>);

impl Observer for Fanout {
    fn exchange(&self, exchange: &Exchange) {
        self.0.iter().for_each(|one| one.exchange(exchange));
    }

    fn connection(&self, connection: &Connection) {
        self.0.iter().for_each(|one| one.connection(connection));
    }
}

/// Nobody looks on.
pub struct NoopObserver;

impl Observer for NoopObserver {}
