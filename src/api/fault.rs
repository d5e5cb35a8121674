//! The faults that a certification injects.

use serde::{Deserialize, Serialize};

/// A fault injected into one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The request is forwarded, but the response is withheld until the client disconnects, 30 s at most.
    Timeout,
    /// The request is not forwarded; the recorder returns 500 Internal Server Error.
    ServerError,
    /// The refund is not forwarded; the recorder returns 409/1368, as a backend does if the store's balance is too low.
    BalanceTooLow,
}

impl Fault {
    /// The fault's name in the steps of a case.
    pub fn name(self) -> &'static str {
        match self {
            Fault::Timeout => "timeout",
            Fault::ServerError => "500",
            Fault::BalanceTooLow => "1368",
        }
    }

    /// The fault with this name in a rule file. Only faults that need no particular operation have one.
    ///
    /// # Errors
    /// An unknown name; the message lists the known ones.
    pub fn from_name(name: &str) -> Result<Fault, String> {
        let known = [Fault::Timeout, Fault::ServerError].into_iter().find(|fault| fault.name() == name);
        known.ok_or_else(|| format!("unknown fault `{name}`; expected timeout or 500"))
    }
}
