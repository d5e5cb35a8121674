//! The recorder's proxy: listeners, tap, forwarding, faults, recording.

pub mod framer;
