//! The recorder's proxy: listeners, tap, forwarding, faults, recording.
//!
//! A client's connection: `serve` (`handshake`: TLS) → `front` (the tap: `request_reader` and `response_writer` around the [`framer`]) → hyper's
//! server → `exchange` (a task for each) → `forward` and `pool` → hyper's client → `back` (the other tap) → TLS →
//! backend. hyper sees skeleton heads (`heads`); the real ones are put in and out of the bytes by the taps.

mod accept;
mod alert;
mod body;
mod body_encoder;
mod client_tap;
mod connect;
mod connection;
mod exchange;
mod exchange_state;
pub mod faults;
mod forwarding_headers;
pub mod h1;
mod handshake;
mod local_response;
mod lock;
pub mod observer;
mod own_address;
mod pool;
mod protocol;
mod pulse;
mod recorder;
mod request_reader;
mod response_writer;
mod server;
pub mod upstream;
mod upstream_call;
mod upstream_request;
mod upstream_tap;

pub use faults::{FaultInjector, NoFaults, RequestHead, Script, ScriptedFaults};
pub use observer::{Fanout, NoopObserver, Observer};
pub use recorder::{Limits, RecorderConfig};
pub use server::{Listeners, ProxyHandle, can_listen, start, start_on};
pub use upstream::{ClientIdentity, Dialer, Outgoing, Trust, Upstream};
