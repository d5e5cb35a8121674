//! The capture: what was recorded, how it is kept, and how it is read back.
//!
//! [`record`] says what a record holds; [`redact`] keeps secrets out of it; [`writer`] makes a capture directory
//! durable, [`reader`] opens one, [`har`] reads HAR files of any maker into the same records. Nothing here knows
//! what a call means for a certification.

pub mod record;

pub use record::{Exchange, Record};
