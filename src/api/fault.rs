//! The faults that a certification throws at a client.

use serde::{Deserialize, Serialize};

/// A fault put on one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The call is carried out at the backend and its answer withheld until the client goes away, 30 s at most.
    Timeout,
    /// The call is not forwarded and answered with 500 Internal Server Error.
    ServerError,
    /// The refund is not forwarded and answered 409/1368, as a backend does whose store cannot pay it.
    BalanceTooLow,
}

impl Fault {
    /// The fault as a step of a case names it.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Timeout => "timeout",
            Fault::ServerError => "500",
            Fault::BalanceTooLow => "1368",
        }
    }
}
