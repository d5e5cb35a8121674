//! The capture: what was recorded, how it is kept, and how it is read back.
//!
//! [`record`] says what a record holds; [`redact`] keeps secrets out of it; [`writer`] makes a capture directory
//! durable, [`archive`] seals one as one file, [`reader`] opens either, [`har`] reads HAR files of any maker into the same records. Nothing here knows
//! what a call means for a certification.

pub mod archive;
mod claims;
pub mod codec;
pub mod coding;
mod commit;
mod error;
mod files;
mod guard;
pub mod har;
mod har_source;
mod head;
mod not_shown;
mod numbers;
mod options;
mod order;
mod part;
pub mod reader;
pub mod record;
pub mod redact;
mod runs;
mod salvage;
mod store;
mod strip;
mod summary;
mod trail;
pub mod writer;

#[cfg(test)]
mod tests;

pub use error::{CaptureError, Trouble};
pub use options::{Durability, WriterOptions};
pub use reader::{Capture, CaptureKind, open};
pub use record::{Exchange, Record};
pub use redact::Redactor;
pub use salvage::open_or_salvage;
pub use writer::Writer;
