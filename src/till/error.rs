//! The reasons why a till could not carry out an action, each with a one-sentence message.

use crate::api::{Amount, Operation};
use std::fmt;

/// The reason why an action failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// The configuration cannot be used.
    Setup(String),
    /// The last attempt of a call got no response, or a 5xx.
    Lost {
        /// The call.
        operation: Operation,
        /// The number of attempts.
        attempts: u32,
        /// The status of the last response; `None` without one.
        status: Option<u16>,
        /// What happened to the last attempt.
        why: String,
    },
    /// The backend refused a call with 4xx.
    Refused {
        /// The call.
        operation: Operation,
        /// The HTTP status.
        status: u16,
        /// The response's `code`, if any.
        code: Option<u16>,
        /// The response's `message`, if any.
        message: String,
    },
    /// A response that differs from the documentation.
    Unreadable {
        /// The call.
        operation: Operation,
        /// What is wrong with the response.
        what: String,
    },
    /// No token could be obtained.
    Token(String),
    /// The till has no PoS.
    NoPos,
    /// The till has no payment for this action.
    NoPayment,
    /// The till has no refund for this action.
    NoRefund,
    /// None of the till's payments has that much left to refund.
    NothingTaken(Amount),
    /// Reservations on the PoS are still open.
    StillHanging(usize),
}

impl ClientError {
    /// Whether it is a refusal with that error code.
    pub fn has_code(&self, wanted: u16) -> bool {
        matches!(self, ClientError::Refused { code: Some(code), .. } if *code == wanted)
    }

    /// Whether it is a refusal with that HTTP status.
    pub fn has_status(&self, wanted: u16) -> bool {
        matches!(self, ClientError::Refused { status, .. } if *status == wanted)
    }

    /// Whether the call's outcome is unknown.
    pub fn is_loss(&self) -> bool {
        matches!(self, ClientError::Lost { .. } | ClientError::Unreadable { .. })
    }
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Setup(what) | ClientError::Token(what) => f.write_str(what),
            ClientError::Lost { operation, attempts, why, .. } => {
                let noun = if *attempts == 1 { "attempt" } else { "attempts" };
                write!(f, "{operation} failed after {attempts} {noun}: {why}")
            }
            ClientError::Refused { operation, status, code, message } => {
                write!(f, "{operation} was refused with {status}")?;
                if let Some(code) = code {
                    write!(f, "/{code}")?;
                }
                if message.is_empty() { Ok(()) } else { write!(f, ": {message}") }
            }
            ClientError::Unreadable { operation, what } => {
                write!(f, "invalid response to {operation}: {what}")
            }
            ClientError::NoPos => f.write_str("the till has no PoS: onboard it first"),
            ClientError::NoPayment => f.write_str("the till has no open payment: start one first"),
            ClientError::NoRefund => f.write_str("the till has no refund that can be cancelled"),
            ClientError::NothingTaken(amount) => {
                write!(
                    f,
                    "no payment captured by this till has {amount} left to refund: capture a payment first, or pass --payment ID"
                )
            }
            ClientError::StillHanging(count) => {
                let are = if *count == 1 { "reservation on this PoS is" } else { "reservations on this PoS are" };
                write!(f, "{count} {are} not settled: capture or cancel them before you delete it")
            }
        }
    }
}

impl std::error::Error for ClientError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_of_attempts_is_in_the_message() {
        let lost = |attempts| {
            let why = "status 500".to_owned();
            ClientError::Lost { operation: Operation::CAPTURE_PAYMENT, attempts, status: Some(500), why }.to_string()
        };
        assert_eq!(lost(1), "CapturePayment failed after 1 attempt: status 500");
        assert_eq!(lost(6), "CapturePayment failed after 6 attempts: status 500");
    }
}
