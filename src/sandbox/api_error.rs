//! The result of an operation: an [`Answer`], or a [`Refusal`] with the documented error code. Independent of HTTP
//! libraries.

use crate::api::{ErrorCode, Operation};
use serde_json::{Value, json};

/// A successful response: status 200, with or without a body.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Answer {
    /// 200 with this JSON.
    Body(Value),
    /// 200 with `Content-Length: 0`.
    Empty,
}

/// Why a request was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 401 without a body; the text goes into the `WWW-Authenticate` header.
    Unauthorized(&'static str),
    /// 404 without a body: the documentation lists no code for it.
    NotFound,
    /// A documented error code, with details (may be empty).
    Code(ErrorCode, String),
}

impl Refusal {
    /// The HTTP status.
    pub(crate) fn status(&self) -> u16 {
        match self {
            Refusal::Unauthorized(_) => 401,
            Refusal::NotFound => 404,
            Refusal::Code(code, _) => code.status,
        }
    }

    #[cfg(test)]
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Refusal::Code(code, _) => Some(code.code),
            _ => None,
        }
    }

    /// The JSON body of the error response, if any. Refund operations also have an `origin`.
    pub(crate) fn body(&self, operation: Option<Operation>, correlation_id: &str) -> Option<Value> {
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

/// Whether the operation's error responses have an `origin` field.
pub(super) fn is_refund(operation: Operation) -> bool {
    use crate::api::operation::names::{CANCEL_REFUND, CAPTURE_REFUND, CREATE_REFUND, GET_REFUND, QUERY_REFUND_IDS};
    matches!(operation, CREATE_REFUND | GET_REFUND | QUERY_REFUND_IDS | CAPTURE_REFUND | CANCEL_REFUND)
}
