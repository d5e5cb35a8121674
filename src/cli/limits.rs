//! Limit options of `record` and `certify`, and the number of connections that the file descriptors allow.

use super::CliError;
use crate::capture::WriterOptions;
use crate::proxy::Limits;
use clap::value_parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::Duration;

/// File descriptors for other uses than connections: the capture, the listeners, a command.
const OTHER_HANDLES: u64 = 64;
/// File descriptors of idle backend connections, both ends if the backend is embedded.
const KEPT_HANDLES: u64 = 128;
/// File descriptors per client connection: its own, the upstream one, and the other end of that if the backend is
/// embedded.
const HANDLES_EACH: u64 = 3;

/// Limit options.
#[derive(clap::Args)]
pub(super) struct LimitArgs {
    /// Maximum size of a request or response head, in bytes; a larger one is rejected and recorded
    #[arg(long, help_heading = "Limits", value_name = "BYTES", default_value_t = 64 * 1024, env = "POSCERT_MAX_HEAD",
          value_parser = value_parser!(u32).range(1024..=16 * 1024 * 1024))]
    max_head: u32,
    /// Maximum bytes of a body to keep in the capture; the rest is forwarded and counts in length and digest
    #[arg(long, help_heading = "Limits", value_name = "BYTES", default_value_t = 256 * 1024, env = "POSCERT_MAX_BODY_KEPT",
          value_parser = value_parser!(u32).range(..=64 * 1024 * 1024))]
    max_body_kept: u32,
    /// Maximum number of client connections; further ones wait until one closes
    #[arg(long, help_heading = "Limits", value_name = "N", default_value_t = 1024, env = "POSCERT_MAX_CONNECTIONS",
          value_parser = value_parser!(u32).range(1..=100_000))]
    max_connections: u32,
    /// Timeout for a client to send a request head, and before that for TLS and CONNECT
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", default_value_t = 10, env = "POSCERT_HEAD_TIMEOUT",
          value_parser = value_parser!(u32).range(1..=86_400))]
    head_timeout: u32,
    /// Idle timeout of a connection without a request, or whose client stops sending or reading
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", default_value_t = 120, env = "POSCERT_IDLE_TIMEOUT",
          value_parser = value_parser!(u32).range(1..=86_400))]
    idle_timeout: u32,
    /// Timeout for the backend to respond, and between two parts of a response
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", default_value_t = 60, env = "POSCERT_BACKEND_TIMEOUT",
          value_parser = value_parser!(u32).range(1..=86_400))]
    backend_timeout: u32,
    /// Time for open requests to finish when the recorder stops
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", default_value_t = 10, env = "POSCERT_DRAIN_TIMEOUT",
          value_parser = value_parser!(u32).range(..=86_400))]
    drain_timeout: u32,
    /// Number of exchanges per part of the capture
    #[arg(long, help_heading = "Limits", value_name = "N", default_value_t = 20_000, env = "POSCERT_PART_EXCHANGES", hide = true,
          value_parser = value_parser!(u32).range(1..=1_000_000))]
    part_exchanges: u32,
}

impl LimitArgs {
    /// The proxy's limits, and a message if they allow fewer connections than requested.
    pub(super) fn limits(&self) -> Result<(Limits, Option<String>), CliError> {
        let asked = u64::from(self.max_connections);
        let handles = handles(needed(asked));
        let fit = connections(asked, handles).ok_or_else(|| {
            CliError::new(format!(
                "this process may open only {handles} files but needs {} for one connection: raise the limit with \
                 `ulimit -n`",
                needed(1)
            ))
        })?;
        let said = (fit < asked).then(|| {
            format!("Limited to {fit} connections: this process may open only {handles} files (`ulimit -n`).\n")
        });
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        let limits = Limits {
            head: size(self.max_head),
            connections: usize::try_from(fit).unwrap_or(usize::MAX),
            idle: seconds(self.idle_timeout),
            head_time: seconds(self.head_timeout),
            backend: seconds(self.backend_timeout),
            drain: seconds(self.drain_timeout),
            ..Limits::default()
        };
        Ok((limits, said))
    }

    /// Applies the limits of the capture.
    pub(super) fn apply(&self, options: WriterOptions) -> WriterOptions {
        let body_limit = size(self.max_body_kept);
        WriterOptions { body_limit, part_exchanges: self.part_exchanges.into(), ..options }
    }
}

fn size(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Number of file descriptors for this number of connections.
fn needed(connections: u64) -> u64 {
    connections.saturating_mul(HANDLES_EACH).saturating_add(OTHER_HANDLES + KEPT_HANDLES)
}

/// Number of requested connections that the file descriptors allow. If there are too few, fewer idle backend
/// connections are kept.
fn connections(asked: u64, handles: u64) -> Option<u64> {
    if needed(asked) <= handles {
        return Some(asked);
    }
    let fit = handles.saturating_sub(OTHER_HANDLES) / (HANDLES_EACH + 2);
    Some(fit.min(asked)).filter(|&fit| fit > 0)
}

/// Number of file descriptors that this process may open; raises the soft limit as far as needed and allowed.
fn handles(wanted: u64) -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let (Some(now), most) = (current, maximum.unwrap_or(u64::MAX)) else { return u64::MAX };
    let raised = wanted.min(most);
    if now >= raised || setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }).is_err() {
        return now;
    }
    raised
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_fit_into_the_file_descriptors() {
        assert_eq!(connections(1024, needed(1024)), Some(1024));
        assert_eq!(connections(1024, 564), Some(100));
        assert_eq!(connections(2, 564), Some(2));
        assert_eq!(connections(1024, OTHER_HANDLES + 4), None);
    }
}
