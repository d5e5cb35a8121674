//! The integration tests: behaviour through the built binary and over real sockets, one file a subject.

mod crash;
mod ends;
mod fidelity;
mod normal;
mod raw;
mod record;
mod sandbox;
mod show;
mod ways;
