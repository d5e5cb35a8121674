//! What an operation answers: an [`Answer`], or a [`Refusal`] with the documented code. No HTTP library in here.

use crate::api::{ErrorCode, Operation};
use serde_json::{Value, json};

/// A successful answer: 200, with a body or an empty one.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// 200 with this JSON.
    Body(Value),
    /// 200 with `Content-Length: 0`.
    Empty,
}

/// Why a call was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 401 without a body; the text says why, for the `WWW-Authenticate` header.
    Unauthorized(&'static str),
    /// 404 without a body: the documentation gives it no code.
    NotFound,
    /// A documented code, with what was wrong in particular (may be empty).
    Code(ErrorCode, String),
}

impl Refusal {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Refusal::Unauthorized(_) => 401,
            Refusal::NotFound => 404,
            Refusal::Code(code, _) => code.status,
        }
    }

    /// The error code, where there is one.
    pub fn code(&self) -> Option<u16> {
        match self {
            Refusal::Code(code, _) => Some(code.code),
            _ => None,
        }
    }

    /// The JSON of the answer, where there is one. Those of refunds also name an `origin`.
    pub fn body(&self, operation: Option<Operation>, correlation_id: &str) -> Option<Value> {
        let Refusal::Code(code, detail) = self else { return None };
        let message = if detail.is_empty() { code.message.to_owned() } else { format!("{}: {detail}", code.message) };
        let mut body = json!({"code": code.code.to_string(), "message": message, "correlationId": correlation_id});
        if operation.is_some_and(is_refund) {
            body["origin"] = "PoS".into();
        }
        Some(body)
    }
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Refusal {
        Refusal::Code(code, String::new())
    }
}

/// Whether the operation's error answers name an `origin`.
pub fn is_refund(operation: Operation) -> bool {
    use Operation::*;
    matches!(operation, CreateRefund | GetRefund | QueryRefundIds | CaptureRefund | CancelRefund)
}
