//! The recorder's proxy: listeners, tap, forwarding, faults, recording.
//!
//! A client's connection: `serve` (`handshake`: TLS) → `front` (the tap: `intake` and `outlet` around the [`framer`]) → hyper's
//! server → `exchange` (a task for each) → `forward` and `pool` → hyper's client → `back` (the other tap) → TLS →
//! backend. hyper sees skeleton heads (`heads`); the real ones are put in and out of the bytes by the taps.

mod alert;
mod back;
mod body;
mod call;
mod course;
mod exchange;
pub mod faults;
mod forward;
pub mod framer;
mod front;
mod handshake;
mod heads;
mod intake;
mod outlet;
mod own;
mod pool;
mod protocol;
mod pulse;
mod recorder;
mod rewrite;
mod running;
mod seat;
mod serve;
mod tunnel;
pub mod upstream;
pub mod watch;

pub use faults::{Faults, HeadView, NoFaults, Script, ScriptedFaults};
pub use recorder::{Limits, RecorderConfig};
pub use running::{Listeners, Running, can_listen, start, start_on};
pub use upstream::{ClientIdentity, Dialer, Outgoing, Trust, Upstream};
pub use watch::{Each, Unwatched, Watch};
