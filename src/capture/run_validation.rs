//! Validation of a recorder's runs: the exchange numbers of each run, the order of records, and the numbers that are
//! missing.

use super::exchange_numbers::Ranges;
use super::record::{Record, RunStart};

/// A run of the recorder.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub run: u32,
    pub wall_us: i64,
    pub challenge: String,
    pub first_number: u64,
    /// The lost numbers between the previous run, which was interrupted, and this one are unknown.
    loss_unknown: bool,
    /// Identifies its key.
    key_check: String,
    /// The next number at its clean shutdown.
    pub stopped: Option<u64>,
}

/// All runs, in the order of their starts.
#[derive(Clone, Debug, Default)]
pub(super) struct Runs(pub Vec<Run>);

impl Runs {
    /// Checks whether this record can follow the records so far, of which `last` is the highest exchange number (0 if
    /// there is none): runs follow one another, and each exchange's number is in the range of the active run.
    ///
    /// # Errors
    /// The reason why it cannot.
    pub(super) fn fits(&self, record: &Record, last: u64) -> Result<(), String> {
        let taken = last.saturating_add(1);
        match record {
            Record::RunStart(start) => {
                let before = self.0.last();
                let from = before.map_or(1, |run| run.stopped.unwrap_or(run.first_number)).max(taken);
                let (run, first) = (start.run, start.first_number);
                if run <= before.map_or(0, |before| before.run) {
                    return Err(format!("run {run} is repeated or out of order"));
                }
                let other = |before: &Run| !before.key_check.is_empty() && before.key_check != start.key_check;
                if !start.key_check.is_empty() && self.0.iter().any(other) {
                    return Err(format!("run {run} was recorded with a different key than earlier runs"));
                }
                if first < from {
                    Err(format!("run {run} begins with exchange {first}, expected {from} or higher"))
                } else {
                    Ok(())
                }
            }
            Record::RunStop(stop) => {
                let goes_on = self.0.last().filter(|run| run.run == stop.run && run.stopped.is_none());
                let run = goes_on.ok_or_else(|| format!("unexpected run-stop: run {} is not active", stop.run))?;
                if stop.next_number < run.first_number.max(taken) {
                    Err(format!("run {}: `next_number` {} is not above its last exchange", run.run, stop.next_number))
                } else {
                    Ok(())
                }
            }
            Record::Exchange(exchange) => {
                let (number, run) = (exchange.number, exchange.run);
                let outside = || format!("exchange {number} is outside the number range of run {run}");
                let goes_on = self.0.last().filter(|started| started.run == run).ok_or_else(outside)?;
                let end = goes_on.stopped.unwrap_or(u64::MAX);
                if (goes_on.first_number..end).contains(&number) { Ok(()) } else { Err(outside()) }
            }
            _ => Ok(()),
        }
    }

    /// Adds a run.
    pub(super) fn start(&mut self, start: &RunStart) {
        let RunStart { run, wall_us, first_number, loss_unknown, .. } = *start;
        let (challenge, key_check) = (start.challenge.clone(), start.key_check.clone());
        self.0.push(Run { run, wall_us, challenge, first_number, loss_unknown, key_check, stopped: None });
    }

    /// The last run with this number.
    pub(super) fn find(&mut self, number: u32) -> Option<&mut Run> {
        self.0.iter_mut().rev().find(|run| run.run == number)
    }

    /// Allocated numbers that are not `accounted` for. `taken_to`: see [`super::summary::Summary::gaps`].
    pub(super) fn gaps(&self, accounted: &Ranges, taken_to: u64, live: bool) -> Vec<(u64, u64)> {
        let recorded_to = |below: u64| accounted.last_below(below).map_or(1, |last| last.saturating_add(1));
        let mut gaps = Vec::new();
        let mut from = 1;
        for (at, run) in self.0.iter().enumerate() {
            // If a run begins above the end of the previous one, numbers were allocated that no record mentions.
            if !run.loss_unknown {
                gaps.extend(accounted.missing(from, run.first_number));
            }
            from = match (run.stopped, self.0.get(at.saturating_add(1))) {
                (Some(next), _) => next,
                (None, Some(next)) if next.loss_unknown => recorded_to(next.first_number),
                (None, Some(next)) => next.first_number,
                (None, None) if live => run.first_number,
                (None, None) => taken_to.max(recorded_to(u64::MAX)),
            };
            gaps.extend(accounted.missing(run.first_number, from));
        }
        if self.0.is_empty() {
            gaps.extend(accounted.missing(1, taken_to));
        }
        gaps
    }

    /// The next exchange number: from the last run's stop, or, if that run was interrupted, from what is known
    /// outside the log.
    pub(super) fn next_number(&self, last: u64, taken_to: u64) -> u64 {
        match self.0.last() {
            Some(Run { stopped: Some(next), .. }) => *next,
            Some(run) => taken_to.max(run.first_number).max(last.saturating_add(1)),
            None => taken_to,
        }
    }

    /// Whether the start of any run says that the losses before it are unknown.
    pub(super) fn loss_unknown(&self) -> bool {
        self.0.iter().any(|run| run.loss_unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{Exchange, RunStop};
    use super::super::summary::Summary;
    use super::*;

    fn exchange(number: u64, run: u32) -> Record {
        Record::Exchange(Box::new(Exchange { number, run, ..Exchange::default() }))
    }

    fn start(run: u32, first_number: u64) -> Record {
        Record::RunStart(RunStart { run, first_number, ..RunStart::default() })
    }

    fn stop(run: u32, next_number: u64) -> Record {
        Record::RunStop(RunStop { run, at_us: 0, next_number })
    }

    /// The gaps of a log, or why it is invalid.
    fn gaps(log: &[Record]) -> Result<Vec<(u64, u64)>, String> {
        let mut summary = Summary::default();
        log.iter().try_for_each(|record| summary.take_next(record))?;
        Ok(summary.gaps(0, false))
    }

    #[test]
    fn valid_log_is_accepted() {
        // Exchanges end in any order, even after the stop; an interrupted run is followed by another.
        let log =
            [start(1, 1), exchange(2, 1), exchange(1, 1), start(3, 5), exchange(6, 3), stop(3, 7), exchange(5, 3)];
        assert_eq!(gaps(&log), Ok(vec![(3, 4)]));
        assert_eq!(gaps(&[start(1, 1), stop(1, 1), start(2, 1), exchange(1, 2), stop(2, 2)]), Ok(vec![]));
    }

    #[test]
    fn numbers_outside_their_run_are_damage() {
        for (log, words) in [
            (vec![exchange(1, 1)], "exchange 1 is outside the number range of run 1"),
            (vec![start(1, 1), exchange(0, 1)], "exchange 0 is outside"),
            (vec![start(1, 5), exchange(4, 1)], "exchange 4 is outside"),
            (vec![start(1, 1), stop(1, 3), exchange(3, 1)], "exchange 3 is outside"),
            (vec![start(1, 1), exchange(1, 2)], "exchange 1 is outside the number range of run 2"),
            (vec![start(1, 1), start(2, 4), exchange(2, 1)], "exchange 2 is outside"),
            (vec![start(1, 1), exchange(1, 1), exchange(1, 1)], "exchange 1 is recorded twice"),
        ] {
            let why = gaps(&log).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn runs_out_of_order_are_damage() {
        for (log, words) in [
            (vec![start(1, 0)], "run 1 begins with exchange 0, expected 1 or higher"),
            (vec![start(0, 1)], "run 0 is repeated or out of order"),
            (vec![start(1, 1), start(1, 1)], "run 1 is repeated or out of order"),
            (vec![start(2, 1), start(1, 1)], "run 1 is repeated or out of order"),
            (vec![start(1, 1), exchange(4, 1), start(2, 4)], "expected 5 or higher"),
            (vec![start(1, 1), stop(1, 9), start(2, 8)], "expected 9 or higher"),
            (vec![start(1, 1), stop(2, 1)], "run 2 is not active"),
            (vec![start(1, 1), stop(1, 1), stop(1, 1)], "run 1 is not active"),
            (vec![start(1, 1), exchange(4, 1), stop(1, 4)], "run 1: `next_number` 4 is not above its last exchange"),
        ] {
            let why = gaps(&log).unwrap_err();
            assert!(why.contains(words), "{why}");
        }
    }

    #[test]
    fn all_runs_have_one_key() {
        let keyed = |run, key: &str| {
            Record::RunStart(RunStart { run, first_number: 1, key_check: key.to_owned(), ..RunStart::default() })
        };
        assert_eq!(gaps(&[start(1, 1), stop(1, 1), keyed(2, "a"), stop(2, 1), keyed(3, "a")]), Ok(vec![]));
        let why = gaps(&[keyed(1, "a"), stop(1, 1), keyed(2, "b")]).unwrap_err();
        assert!(why.contains("run 2 was recorded with a different key"), "{why}");
    }

    #[test]
    fn a_jump_between_runs_is_a_gap() {
        assert_eq!(gaps(&[start(1, 101), exchange(101, 1), stop(1, 102)]), Ok(vec![(1, 100)]));
        let log = [start(1, 1), exchange(1, 1), stop(1, 2), start(2, 1 << 63), stop(2, 1 << 63)];
        assert_eq!(gaps(&log), Ok(vec![(2, (1 << 63) - 1)]));
    }

    #[test]
    fn unknown_losses_are_not_reported_as_gaps() {
        let blind = |run, first_number| {
            Record::RunStart(RunStart { run, first_number, loss_unknown: true, ..RunStart::default() })
        };
        let log = [start(1, 1), exchange(1, 1), exchange(3, 1), blind(2, 1_000), exchange(1_001, 2), stop(2, 1_002)];
        assert_eq!(gaps(&log), Ok(vec![(2, 2), (1_000, 1_000)]));
    }
}
