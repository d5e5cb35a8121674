//! The vocabulary of the PoS API v10: what both ends of a call say, and nothing of who says it.
//!
//! No I/O and no state. Sandbox, recorder, verifier and reference client all speak with these words,
//! so a name or a limit of the API stands in one place.

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
