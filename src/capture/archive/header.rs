//! The header of an archive: a summary of its content that can be read first. A reader computes it again from the
//! records; a difference is damage.

use crate::capture::record::Session;
use crate::capture::summary::Summary;
use serde::{Deserialize, Serialize};

/// A summary of a capture's content.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the records' format ([`crate::capture::record::FORMAT`]).
    pub records_format: u32,
    /// The client and the features being certified, if recorded.
    pub session: Option<Session>,
    /// Wall clock at the start of the first run, in microseconds since the Unix epoch; `None` for HAR files.
    pub started_us: Option<i64>,
    /// The time of the latest event, likewise: the run's start by the wall clock plus the event's time by the run's
    /// monotonic clock.
    pub ended_us: Option<i64>,
    /// The number of runs.
    pub runs: u32,
    /// The number of certification attempts, at least 1.
    pub attempts: u32,
    /// The number of exchanges.
    pub exchanges: u64,
    /// The next exchange number.
    pub next_number: u64,
    /// Allocated exchange numbers without a record, as inclusive ranges.
    pub gaps: Vec<(u64, u64)>,
    /// A run was interrupted and its last losses are unknown, because the `numbers` file is missing or damaged.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub loss_unknown: bool,
    /// Every run was shut down cleanly, and no exchange is lost.
    pub complete: bool,
    /// The auditor's challenges of the runs, in order.
    pub challenges: Vec<String>,
}

impl Header {
    /// The header for these records. `taken_to`: the next exchange number as known from outside the log; `live`: a
    /// recorder is still writing.
    pub(in crate::capture) fn of(summary: &Summary, taken_to: u64, live: bool) -> Header {
        let gaps = summary.gaps(taken_to, live);
        let loss_unknown = summary.loss_unknown();
        Header {
            records_format: crate::capture::record::FORMAT,
            session: summary.session.clone(),
            started_us: summary.started_us(),
            ended_us: summary.ended_us(),
            runs: summary.runs(),
            attempts: summary.attempts(),
            exchanges: summary.exchanges,
            next_number: summary.next_number(taken_to),
            complete: summary.all_stopped() && gaps.is_empty() && !loss_unknown,
            loss_unknown,
            gaps,
            challenges: summary.challenges(),
        }
    }

    /// Sets `loss_unknown` if `unknown` (the numbers that the last run allocated are unknown) and that run was
    /// interrupted.
    pub(in crate::capture) fn with_loss_unknown(self, unknown: bool, summary: &Summary) -> Header {
        let loss_unknown = self.loss_unknown || (unknown && summary.ends_cut());
        Header { loss_unknown, complete: self.complete && !loss_unknown, ..self }
    }
}
