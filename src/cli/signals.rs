//! Signals that request a clean shutdown.

use super::CliError;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGINT, SIGTERM and SIGHUP: closing the terminal ends a run as Ctrl-C does.
///
/// SIGQUIT keeps its default, so that a user can end the process at once.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` if SIGHUP was ignored at start, as with `nohup`; it then stays ignored.
    hangup: Option<Signal>,
    asked: bool,
}

impl Signals {
    pub(super) fn new() -> Result<Signals, CliError> {
        let listen = |kind| signal(kind).map_err(|e| CliError::new(format!("cannot listen for signals: {e}")));
        let hangup = SignalKind::hangup();
        Ok(Signals {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: if is_ignored(hangup) { None } else { Some(listen(hangup)?) },
            asked: false,
        })
    }

    /// Waits for one of them.
    pub(super) async fn stop(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
        self.asked = true;
    }

    /// Whether a signal was received.
    pub(super) fn asked(&self) -> bool {
        self.asked
    }
}

/// Whether this process ignores a signal (proc(5), `SigIgn`); `false` if that cannot be read.
fn is_ignored(kind: SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    let bit = kind.as_raw_value().checked_sub(1).and_then(|bit| u32::try_from(bit).ok());
    bit.and_then(|bit| mask.checked_shr(bit)).is_some_and(|shifted| shifted & 1 == 1)
}
