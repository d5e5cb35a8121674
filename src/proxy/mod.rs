//! The recording proxy: listeners, connection taps, forwarding, fault injection, recording.
//!
//! The path of a request: `accept` (`handshake` for TLS) → `client_tap` (`request_reader` and `response_writer` around
//! [`h1`]) → hyper's server → `exchange` (one task per exchange) → `upstream_call` and `pool` → hyper's client →
//! `upstream_tap` → TLS → backend. hyper sees only skeleton heads (`forwarding_headers`); the taps replace them with
//! the real heads in the byte stream.

mod accept;
mod alert;
mod body;
mod body_encoder;
mod client_tap;
mod connect;
mod connection;
mod exchange;
mod exchange_state;
pub(crate) mod faults;
mod forwarding_headers;
pub mod h1;
mod handshake;
pub(crate) mod local_pages;
mod local_response;
mod lock;
mod loop_monitor;
pub(crate) mod observer;
mod own_address;
mod pool;
mod protocol;
mod recorder;
mod request_reader;
mod response_writer;
mod server;
pub(crate) mod upstream;
mod upstream_call;
mod upstream_request;
mod upstream_tap;

pub use faults::{FaultInjector, NoFaults, RequestHead, Script, ScriptedFaults};
pub use local_pages::{LocalPage, LocalPages};
pub use observer::{Fanout, NoopObserver, Observer};
pub use recorder::{Limits, RecorderConfig};
pub use server::{Listeners, ProxyHandle, can_listen, start, start_on};
pub use upstream::{ClientIdentity, Dialer, Outgoing, Trust, Upstream};
