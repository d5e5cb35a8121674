//! The capture: the recorded traffic, how it is stored, and how it is read back.
//!
//! [`record`] defines the records; [`redact`] keeps secrets out of them; [`writer`] makes a capture directory
//! durable, [`archive`] signs a capture as one file, [`reader`] opens either, and [`har`] reads HAR files of any
//! producer into the same records. Nothing here knows what a call means for a certification.

pub(crate) mod archive;
mod chain_search;
mod checkpoint;
pub mod codec;
mod committer;
pub(crate) mod content_encoding;
pub(crate) mod edit;
mod error;
mod exchange_numbers;
pub mod har;
mod har_source;
mod jwt_claims;
mod not_shown;
mod open;
mod options;
mod panic_guard;
mod private_fs;
pub(crate) mod reader;
pub mod record;
pub(crate) mod redact;
mod reorder;
mod run_validation;
mod salvage;
pub(crate) mod scratch;
mod segment;
mod store;
mod strip_bodies;
mod summary;
pub mod writer;

#[cfg(test)]
mod tests;

pub use error::{CaptureError, CaptureErrorKind};
pub use open::open;
pub(crate) use open::open_for;
pub use options::{Durability, WriterOptions};
pub use reader::{Capture, CaptureKind};
pub use record::{Exchange, Record};
pub use redact::Redactor;
pub(crate) use salvage::open_or_salvage;
pub use writer::Writer;
