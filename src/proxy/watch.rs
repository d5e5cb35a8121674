//! Whoever looks on while calls are recorded.

use crate::capture::record::{Connection, Exchange};

/// Is told what was recorded, redacted as it is in the capture. Must not wait.
pub trait Watch: Send + Sync {
    /// An exchange is durable.
    fn exchange(&self, _exchange: &Exchange) {}

    /// A connection event is on its way into the capture.
    fn connection(&self, _connection: &Connection) {}
}

/// Nobody looks on.
pub struct Unwatched;

impl Watch for Unwatched {}
