//! The time of a recording, from its records.

use super::verdict::RecordingPeriod;
use crate::capture::record::Record;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The times of the exchanges of the last attempt.
#[derive(Debug, Default)]
pub(super) struct PeriodBuilder {
    /// The wall clock at the start of each run, in microseconds.
    starts: BTreeMap<u32, i64>,
    /// The first and the last moment, in microseconds.
    span: Option<(i64, i64)>,
}

impl PeriodBuilder {
    /// Processes the next record.
    pub(super) fn take(&mut self, record: &Record) {
        match record {
            Record::RunStart(start) => drop(self.starts.insert(start.run, start.wall_us)),
            Record::Attempt(_) => self.span = None,
            Record::Exchange(exchange) => {
                // A HAR file has the time of each entry instead of a start of the run.
                let since = |us: u64| i64::try_from(us).unwrap_or(i64::MAX);
                let head = since(exchange.times.request_head);
                let start = self.starts.get(&exchange.run).copied();
                let start = start.unwrap_or_else(|| exchange.wall_us.saturating_sub(head));
                if start > 0 {
                    let (from, to) = (start.saturating_add(head), start.saturating_add(since(exchange.times.end)));
                    let (first, last) = self.span.unwrap_or((from, to));
                    self.span = Some((first.min(from), last.max(to)));
                }
            }
            _ => {}
        }
    }

    /// The period, if there is one.
    pub(super) fn finish(self) -> Option<RecordingPeriod> {
        let (from, to) = self.span?;
        Some(RecordingPeriod { from: timestamp(from)?, to: timestamp(to)? })
    }
}

/// The timestamp of a wall-clock time in microseconds since the Unix epoch, RFC 3339 in UTC; `None` if it is out of
/// range.
pub(crate) fn timestamp(wall_us: i64) -> Option<String> {
    Timestamp::from_second(wall_us.div_euclid(1_000_000)).ok().map(|moment| moment.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::record::{AttemptStart, Exchange, RunStart, Times};

    #[test]
    fn period_is_that_of_the_last_attempt() {
        let start = |run, wall_us| Record::RunStart(RunStart { run, wall_us, ..RunStart::default() });
        let exchange = |run, request_head, end| {
            let times = Times { request_head, end, ..Times::default() };
            Record::Exchange(Box::new(Exchange { run, times, ..Exchange::default() }))
        };
        let attempt = Record::Attempt(AttemptStart { number: 2, first_number: 2, ended_as: "failed".into() });
        let mut period = PeriodBuilder::default();
        assert_eq!(PeriodBuilder::default().finish(), None);
        let records = [
            start(1, 1_795_000_000_000_000),
            exchange(1, 0, 1),
            attempt,
            exchange(1, 5_000_000, 9_000_000),
            start(2, 1_795_000_100_000_000),
            exchange(2, 3_000_000, 4_000_000),
        ];
        records.iter().for_each(|record| period.take(record));
        let period = period.finish().unwrap();
        assert_eq!((period.from.as_str(), period.to.as_str()), ("2026-11-18T11:06:45Z", "2026-11-18T11:08:24Z"));
    }
}
