//! The message for a run that recorded nothing: observed causes and what to check.

use super::startup_message::StartupInfo;
use crate::capture::record::{Connection, Exchange};
use crate::proxy::Observer;
use crate::sandbox::Gate;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// The event name of a request that reached the embedded sandbox directly.
pub(super) const BYPASSED: &str = "bypassed";

/// Counts the exchanges of a run.
#[derive(Default)]
pub(super) struct ConnectionFailures {
    exchanges: AtomicU64,
    /// The number of failed connections, and the detail of the last one.
    failed: Mutex<(u64, String)>,
}

impl Observer for ConnectionFailures {
    fn exchange(&self, _: &Exchange) {
        self.exchanges.fetch_add(1, Ordering::Relaxed);
    }

    fn connection(&self, connection: &Connection) {
        if connection.event != BYPASSED {
            let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
            let count = failed.0.saturating_add(1);
            *failed = (count, connection.detail.clone());
        }
    }
}

impl ConnectionFailures {
    /// Whether no exchange was recorded.
    pub(super) fn is_empty(&self) -> bool {
        self.exchanges.load(Ordering::Relaxed) == 0
    }

    /// The message if the run recorded nothing. `gate`: that of the embedded sandbox.
    pub(super) fn nothing(&self, info: &StartupInfo<'_>, gate: Option<&Gate>) -> Option<String> {
        if !self.is_empty() {
            return None;
        }
        let mut text = "Nothing was recorded in this run: no request reached the recorder.\n".to_owned();
        let mut line = |args: std::fmt::Arguments| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  {args}");
        };
        let past = gate.map_or(0, Gate::refused);
        let (failed, last) = self.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match past {
            0 => {}
            1 => line(format_args!("1 request bypassed the recorder; the embedded sandbox rejected it")),
            _ => line(format_args!("{past} requests bypassed the recorder; the embedded sandbox rejected them")),
        }
        match failed {
            0 if past == 0 => line(format_args!("no client connected to it")),
            0 => {}
            1 => line(format_args!("1 connection failed: {}", super::terminal::printable(&last))),
            _ => line(format_args!("{failed} connections failed; the last: {}", super::terminal::printable(&last))),
        }
        line(format_args!("check that the client calls the base URL {}", info.base_url()));
        line(format_args!(
            "or that it uses {} as its HTTPS proxy for {}: some clients ignore HTTPS_PROXY, and some do not use it for \
             addresses of this machine (docs/clients.md)",
            info.proxy_url(),
            info.proxied().join(", ")
        ));
        Some(text)
    }
}
