//! Why a till could not do what it was asked, as a value and in one sentence.

use crate::api::{Amount, Operation};
use std::fmt;

/// Why an act of the till came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// It was set up in a way that cannot work.
    Setup(String),
    /// No answer, or a 5xx, to the last send of a call.
    Lost {
        /// The call.
        operation: Operation,
        /// How often it was sent.
        sends: u32,
        /// The status of the last answer; `None`: there was none.
        status: Option<u16>,
        /// What became of the last send.
        why: String,
    },
    /// The backend refused a call with 4xx.
    Refused {
        /// The call.
        operation: Operation,
        /// The HTTP status.
        status: u16,
        /// The answer's `code`, where it has one.
        code: Option<u16>,
        /// The answer's `message`, where it has one.
        message: String,
    },
    /// An answer that is not what the documentation promises.
    Unreadable {
        /// The call.
        operation: Operation,
        /// What is wrong with it.
        what: String,
    },
    /// No token could be had.
    Token(String),
    /// The till has no PoS.
    NoPos,
    /// The till has no payment of which it could be meant.
    NoPayment,
    /// The till has no refund of which it could be meant.
    NoRefund,
    /// No payment of the till's has that much left to be given back.
    NothingTaken(Amount),
    /// Something is still owed at the PoS.
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
            ClientError::Lost { operation, sends, why, .. } => {
                write!(f, "{operation} was sent {sends} times in vain: {why}")
            }
            ClientError::Refused { operation, status, code, message } => {
                write!(f, "{operation} was refused with {status}")?;
                if let Some(code) = code {
                    write!(f, "/{code}")?;
                }
                if message.is_empty() { Ok(()) } else { write!(f, ": {message}") }
            }
            ClientError::Unreadable { operation, what } => {
                write!(f, "the answer to {operation} cannot be used: {what}")
            }
            ClientError::NoPos => f.write_str("the till has no PoS: onboard it first"),
            ClientError::NoPayment => f.write_str("the till knows of no open payment: start one first"),
            ClientError::NoRefund => f.write_str("the till knows of no refund that could be stopped"),
            ClientError::NothingTaken(amount) => {
                write!(
                    f,
                    "no payment that this till captured has {amount} left to give back: take a payment first, or name one"
                )
            }
            ClientError::StillHanging(count) => {
                write!(
                    f,
                    "{count} reservation(s) on this PoS are still to be captured or cancelled: do that before it is deleted"
                )
            }
        }
    }
}

impl std::error::Error for ClientError {}
