//! The integration tests: behaviour through the built binary and over real sockets, one file a subject.

mod show;
