//! What stands in front: what an archive holds, for those who want to know before they read it. A reader makes it again
//! from the records, and what differs is damage.

use crate::capture::record::Session;
use crate::capture::summary::Summary;
use serde::{Deserialize, Serialize};

/// What a capture holds, in brief.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the records' format ([`crate::capture::record::FORMAT`]).
    pub records_format: u32,
    /// Who is certified for what, where the capture says so.
    pub session: Option<Session>,
    /// Wall clock at the start of the first run, in microseconds since the Unix epoch; `None` in a HAR.
    pub started_us: Option<i64>,
    /// The last moment that a record tells of, likewise: a run's start by the wall clock, and from there by its
    /// monotonic one.
    pub ended_us: Option<i64>,
    /// How often the recorder was started.
    pub runs: u32,
    /// How many attempts, from 1.
    pub attempts: u32,
    /// How many exchanges.
    pub exchanges: u64,
    /// No exchange number from here on was taken.
    pub next_number: u64,
    /// Exchange numbers that were taken and have no record: first and last of each range.
    pub gaps: Vec<(u64, u64)>,
    /// A run was cut off, and which exchanges it lost last cannot be told: the note of the numbers is gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub loss_unknown: bool,
    /// Every run stopped in good order, and no number is lost.
    pub complete: bool,
    /// What an auditor gave the recorder to say at the start of its runs, in order.
    pub challenges: Vec<String>,
}

impl Header {
    /// What records say of themselves; `taken_to`: no number from there on was taken, as far as is known from outside
    /// them; `live`: a recorder goes on.
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

    /// The same where `unknown` says that nobody knows which numbers the last run had taken: it matters where that run was
    /// cut off.
    pub(in crate::capture) fn with_loss_unknown(self, unknown: bool, summary: &Summary) -> Header {
        let loss_unknown = self.loss_unknown || (unknown && summary.ends_cut());
        Header { loss_unknown, complete: self.complete && !loss_unknown, ..self }
    }
}
