//! Summary of a capture's records: the number of exchanges, the session, and missing exchange numbers.

use super::exchange_numbers::Ranges;
use super::record::{Record, Session};
use super::run_validation::Runs;

/// Collected from all records, in any order of the exchanges.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary {
    pub session: Option<Session>,
    pub exchanges: u64,
    attempts: u32,
    numbers: Ranges,
    /// Recorded numbers, and numbers left out on purpose.
    accounted: Ranges,
    runs: Runs,
    ended_us: Option<i64>,
}

impl Summary {
    /// Adds the next record of a recorder's log.
    ///
    /// # Errors
    /// If it cannot follow the records so far: an exchange's number is outside its run, or a run is out of order.
    pub(super) fn take_next(&mut self, record: &Record) -> Result<(), String> {
        self.runs.fits(record, self.last())?;
        self.take(record)
    }

    /// Adds a record, in any order.
    ///
    /// # Errors
    /// If it cannot belong to this log.
    pub(super) fn take(&mut self, record: &Record) -> Result<(), String> {
        match record {
            Record::RunStart(start) => {
                self.runs.start(start);
                self.see(start.run, 0);
            }
            Record::RunStop(stop) => {
                let run = self.runs.find(stop.run);
                let run = run.ok_or_else(|| format!("unexpected run-stop: run {} was never started", stop.run))?;
                run.stopped = Some(stop.next_number);
                self.see(stop.run, stop.at_us);
            }
            Record::Session(session) => self.session = Some(session.clone()),
            Record::Attempt(attempt) => self.attempts = self.attempts.max(attempt.number),
            Record::Exchange(exchange) => {
                if !self.numbers.insert(exchange.number) {
                    return Err(format!("exchange {} is recorded twice", exchange.number));
                }
                self.accounted.insert(exchange.number);
                self.exchanges += 1;
                self.see(exchange.run, exchange.times.end);
            }
            Record::Connection(connection) => self.see(connection.run, connection.at_us),
            Record::StepTimeout(_) | Record::Notification(_) => {}
        }
        Ok(())
    }

    /// Extends the end time by an event of a run, `at_us` after the run's start.
    fn see(&mut self, run: u32, at_us: u64) {
        let Some(run) = self.runs.find(run) else { return };
        let moment = run.wall_us.saturating_add(i64::try_from(at_us).unwrap_or(i64::MAX));
        self.ended_us = self.ended_us.max(Some(moment));
    }

    /// Wall clock at the start of the first run.
    pub(super) fn started_us(&self) -> Option<i64> {
        self.runs.0.first().map(|run| run.wall_us)
    }

    /// The time of the latest event of any run.
    pub(super) fn ended_us(&self) -> Option<i64> {
        self.ended_us
    }

    /// The number of runs.
    pub(super) fn runs(&self) -> u32 {
        u32::try_from(self.runs.0.len()).unwrap_or(u32::MAX)
    }

    /// The auditor's challenges, one for each run that has one.
    pub(super) fn challenges(&self) -> Vec<String> {
        self.runs.0.iter().map(|run| run.challenge.clone()).filter(|challenge| !challenge.is_empty()).collect()
    }

    /// Marks a number that was left out on purpose.
    pub(super) fn leave_out(&mut self, number: u64) {
        self.accounted.insert(number);
    }

    /// The number of attempts; the first has no record.
    pub(super) fn attempts(&self) -> u32 {
        self.attempts.max(1)
    }

    /// Numbers that the log does not contain, as ranges; a reader need not wait for them.
    pub(super) fn absent(&self) -> Vec<(u64, u64)> {
        self.numbers.missing(1, self.last())
    }

    /// Allocated numbers without a record. `taken_to`: the next number as known from outside the log. The last run
    /// counts only as far as it has ended; with `live`, it has not ended.
    pub(super) fn gaps(&self, taken_to: u64, live: bool) -> Vec<(u64, u64)> {
        self.runs.gaps(&self.accounted, taken_to, live)
    }

    /// The next exchange number: from the records if they say, else from `taken_to`.
    pub(super) fn next_number(&self, taken_to: u64) -> u64 {
        self.runs.next_number(self.last(), taken_to)
    }

    /// Whether a run was interrupted and its last losses are unknown.
    pub(super) fn loss_unknown(&self) -> bool {
        self.runs.loss_unknown()
    }

    /// The highest exchange number; 0 if there is none.
    fn last(&self) -> u64 {
        self.numbers.last().unwrap_or(0)
    }

    /// Numbers below `taken_to` without a record, regardless of runs; for logs that are not complete.
    pub(super) fn lost_of_all(&self, taken_to: u64) -> Vec<(u64, u64)> {
        self.accounted.missing(1, taken_to.max(self.last().saturating_add(1)))
    }

    /// Number of exchanges of the active run that have begun and not ended.
    pub(super) fn under_way(&self, taken_to: u64) -> u64 {
        let Some(run) = self.runs.0.last().filter(|run| run.stopped.is_none()) else { return 0 };
        count(&self.numbers.missing(run.first_number, taken_to))
    }

    /// Whether every run was shut down cleanly.
    pub(super) fn all_stopped(&self) -> bool {
        self.runs.0.iter().all(|run| run.stopped.is_some())
    }

    /// Whether the last run was not shut down cleanly.
    pub(super) fn ends_cut(&self) -> bool {
        self.runs.0.last().is_some_and(|run| run.stopped.is_none())
    }

    /// Whether the last run was shut down cleanly with a next number below this one.
    pub(super) fn ends_before(&self, next_number: u64) -> bool {
        self.runs.0.last().and_then(|run| run.stopped).is_some_and(|next| next < next_number)
    }

    /// Runs that were interrupted.
    pub(super) fn cut_runs(&self, live: bool) -> Vec<u32> {
        let ended = if live { self.runs.0.len().saturating_sub(1) } else { self.runs.0.len() };
        self.runs.0.iter().take(ended).filter(|run| run.stopped.is_none()).map(|run| run.run).collect()
    }
}

/// The total length of ranges.
fn count(ranges: &[(u64, u64)]) -> u64 {
    ranges.iter().fold(0, |sum, (first, last)| sum.saturating_add(last.saturating_sub(*first)).saturating_add(1))
}

/// Describes gaps: `3 exchanges are lost: numbers 7 and 9 to 10`.
pub(super) fn gaps_in_words(gaps: &[(u64, u64)]) -> Option<String> {
    let count = count(gaps);
    let range =
        |&(first, last): &(u64, u64)| if first == last { first.to_string() } else { format!("{first} to {last}") };
    let ranges: Vec<String> = gaps.iter().map(range).collect();
    match (count, ranges.split_last()) {
        (1, _) => Some(format!("1 exchange is lost: number {}", ranges.concat())),
        (_, Some((last, []))) => Some(format!("{count} exchanges are lost: numbers {last}")),
        (_, Some((last, before))) => {
            Some(format!("{count} exchanges are lost: numbers {} and {last}", before.join(", ")))
        }
        (_, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Exchange, RunStart, RunStop};
    use super::*;

    fn summary(records: &[Record]) -> Summary {
        let mut summary = Summary::default();
        records.iter().for_each(|record| summary.take(record).unwrap());
        summary
    }

    fn exchange(number: u64) -> Record {
        Record::Exchange(Box::new(Exchange { number, ..Exchange::default() }))
    }

    fn start(run: u32, first_number: u64) -> Record {
        Record::RunStart(RunStart { run, first_number, ..RunStart::default() })
    }

    #[test]
    fn allocated_numbers_without_a_record_are_gaps() {
        let cut = [start(1, 1), exchange(2), exchange(4)];
        assert_eq!(summary(&cut).gaps(0, false), [(1, 1), (3, 3)]);
        assert_eq!(summary(&cut).gaps(7, false), [(1, 1), (3, 3), (5, 6)]);
        assert_eq!(summary(&cut).gaps(7, true), []);
        assert_eq!(summary(&cut).under_way(7), 4);
        assert_eq!((summary(&cut).all_stopped(), summary(&cut).cut_runs(false)), (false, vec![1]));

        let stop = Record::RunStop(RunStop { run: 2, at_us: 0, next_number: 10 });
        let two = [start(1, 1), exchange(1), start(2, 4), exchange(5), stop, exchange(4)];
        assert_eq!(summary(&two).gaps(99, false), [(2, 3), (6, 9)]);
        assert_eq!((summary(&two).all_stopped(), summary(&two).cut_runs(false)), (false, vec![1]));
    }

    #[test]
    fn gaps_read_as_a_sentence() {
        assert_eq!(gaps_in_words(&[]), None);
        assert_eq!(gaps_in_words(&[(7, 7)]).unwrap(), "1 exchange is lost: number 7");
        assert_eq!(gaps_in_words(&[(7, 7), (9, 10)]).unwrap(), "3 exchanges are lost: numbers 7 and 9 to 10");
    }

    #[test]
    fn duplicate_exchange_is_an_error() {
        let mut twice = summary(&[exchange(1)]);
        assert!(twice.take(&exchange(1)).is_err());
        assert!(twice.take(&Record::RunStop(RunStop::default())).is_err());
    }
}
