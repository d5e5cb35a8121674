//! The vocabulary of the PoS API v10: operations, headers, bodies, error codes and states.
//!
//! No I/O and no state. Sandbox, recorder, verifier and reference client share these definitions, so that each name
//! and limit of the API is defined once.
//!
//! References such as (api_principles#error_handling) name a page and section of the API's documentation.

pub mod customer;
pub(crate) mod error;
pub(crate) mod fault;
pub(crate) mod feature;
pub(crate) mod form;
pub(crate) mod header;
pub(crate) mod id;
pub(crate) mod json;
pub(crate) mod money;
pub(crate) mod operation;
pub(crate) mod resource;
pub(crate) mod shape;
pub(crate) mod state;
pub(crate) mod text;

pub use crate::profile::{Feature, Operation, Place, Route};
pub use error::ErrorCode;
pub use fault::Fault;
pub use id::Guid;
pub use money::{Amount, ExactAmount};
pub use state::{PaymentStatus, RefundStatus};
