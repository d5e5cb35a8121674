//! The vocabulary of the PoS API v10: operations, headers, bodies, error codes and states.
//!
//! No I/O and no state. Sandbox, recorder, verifier and reference client share these definitions, so that each name
//! and limit of the API is defined once.
//!
//! References such as (api_principles#error_handling) name a page and section of the API's documentation.

pub mod customer;
pub mod error;
pub mod fault;
pub mod feature;
pub mod form;
pub mod header;
pub mod id;
pub mod json;
pub mod money;
pub mod operation;
pub mod route;
pub mod shape;
pub mod state;
pub mod text;

pub use error::ErrorCode;
pub use fault::Fault;
pub use feature::Feature;
pub use id::Guid;
pub use money::{Amount, ExactAmount};
pub use operation::Operation;
pub use route::{HOSTS, Place, Route};
pub use state::{PaymentStatus, RefundStatus};
