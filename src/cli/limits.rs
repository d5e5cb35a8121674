//! The bounds of a recorder: options of `record` and `certify`, and how many connections the file handles allow.

use super::CliError;
use crate::capture::WriterOptions;
use crate::proxy::Limits;
use clap::value_parser;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::Duration;

/// Handles that have nothing to do with connections: the capture's, the listeners', those of a command.
const OTHER_HANDLES: u64 = 64;
/// Idle connections to the backend that are kept, with both ends where the backend is embedded.
const KEPT_HANDLES: u64 = 128;
/// Handles of one client's connection: its own, its call's, and the other end of that where the backend is embedded.
const HANDLES_EACH: u64 = 3;

/// What one client may take.
#[derive(clap::Args)]
pub struct LimitArgs {
    /// The longest head of a request or an answer, in bytes; a longer one is refused and recorded
    #[arg(long, help_heading = "Limits", value_name = "BYTES", default_value_t = 64 * 1024, env = "POSCERT_MAX_HEAD",
          value_parser = value_parser!(u32).range(1024..=16 * 1024 * 1024))]
    max_head: u32,
    /// How much of a body is kept in the capture, in bytes; the rest goes by and is counted in length and digest
    #[arg(long, help_heading = "Limits", value_name = "BYTES", default_value_t = 256 * 1024, env = "POSCERT_MAX_BODY_KEPT",
          value_parser = value_parser!(u32).range(..=64 * 1024 * 1024))]
    max_body_kept: u32,
    /// How many connections of clients are open at once; more wait until one ends
    #[arg(long, help_heading = "Limits", value_name = "N", default_value_t = 1024, env = "POSCERT_MAX_CONNECTIONS",
          value_parser = value_parser!(u32).range(1..=100_000))]
    max_connections: u32,
    /// How long a client may take for a request's head, and before it for TLS and CONNECT
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", default_value_t = 10, env = "POSCERT_HEAD_TIMEOUT",
          value_parser = value_parser!(u32).range(1..=86_400))]
    head_timeout: u32,
    /// How long a connection may be idle: without a request, or with a client that stops sending or reading
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", default_value_t = 120, env = "POSCERT_IDLE_TIMEOUT",
          value_parser = value_parser!(u32).range(1..=86_400))]
    idle_timeout: u32,
    /// How long the backend may take to answer, and between two pieces of its answer
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", default_value_t = 60, env = "POSCERT_BACKEND_TIMEOUT",
          value_parser = value_parser!(u32).range(1..=86_400))]
    backend_timeout: u32,
    /// How long calls under way may take when the recorder is asked to stop
    #[arg(long, help_heading = "Limits", value_name = "SECONDS", default_value_t = 10, env = "POSCERT_DRAIN_TIMEOUT",
          value_parser = value_parser!(u32).range(..=86_400))]
    drain_timeout: u32,
    /// How many exchanges a part of the capture holds
    #[arg(long, help_heading = "Limits", value_name = "N", default_value_t = 20_000, env = "POSCERT_PART_EXCHANGES", hide = true,
          value_parser = value_parser!(u32).range(1..=1_000_000))]
    part_exchanges: u32,
}

impl LimitArgs {
    /// The proxy's limits; with a sentence where there are fewer connections than was asked for.
    pub fn limits(&self) -> Result<(Limits, Option<String>), CliError> {
        let asked = u64::from(self.max_connections);
        let handles = handles(needed(asked));
        let fit = connections(asked, handles).ok_or_else(|| {
            CliError::new(format!(
                "this process may open only {handles} files, and needs {} for one connection: raise the limit with `ulimit -n`",
                needed(1)
            ))
        })?;
        let said = (fit < asked).then(|| {
            format!("At most {fit} connections at once: this process may open only {handles} files (`ulimit -n`).\n")
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

    /// The same for what is written.
    pub fn apply(&self, options: WriterOptions) -> WriterOptions {
        let body_limit = size(self.max_body_kept);
        WriterOptions { body_limit, part_exchanges: self.part_exchanges.into(), ..options }
    }
}

fn size(bytes: u32) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// How many handles so many connections need.
fn needed(connections: u64) -> u64 {
    connections.saturating_mul(HANDLES_EACH).saturating_add(OTHER_HANDLES + KEPT_HANDLES)
}

/// How many of the connections that were asked for so many handles allow. Where they are few, fewer connections to the
/// backend are kept than could be.
fn connections(asked: u64, handles: u64) -> Option<u64> {
    if needed(asked) <= handles {
        return Some(asked);
    }
    let fit = handles.saturating_sub(OTHER_HANDLES) / (HANDLES_EACH + 2);
    Some(fit.min(asked)).filter(|&fit| fit > 0)
}

/// How many handles this process may have; raised as far as it may be where that is fewer than are wanted.
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
    fn connections_fit_into_the_handles() {
        assert_eq!(connections(1024, needed(1024)), Some(1024));
        assert_eq!(connections(1024, 564), Some(100));
        assert_eq!(connections(2, 564), Some(2));
        assert_eq!(connections(1024, OTHER_HANDLES + 4), None);
    }
}
