//! Reordering of the log into exchange number order. An exchange waits only for lower numbers that are still to come,
//! so the buffer holds no more than was in progress at the same time.

use super::error::CaptureError;
use super::record::{Exchange, Record};
use std::collections::{BTreeMap, VecDeque};

/// Yields a log's records: exchanges in number order, other records at their position among them.
pub(super) struct ReorderBuffer<I> {
    log: I,
    /// Ranges of numbers that are not in the log, in order.
    absent: VecDeque<(u64, u64)>,
    next: u64,
    /// The first number of the current run; its records do not move before it.
    run_from: u64,
    exchanges: BTreeMap<u64, Box<Exchange>>,
    /// Other records, by the exchange number that they precede.
    others: BTreeMap<u64, VecDeque<Record>>,
    ended: bool,
}

impl<I: Iterator<Item = Result<Record, CaptureError>>> ReorderBuffer<I> {
    /// `absent`: numbers that the log does not contain, as ranges in order.
    pub(super) fn new(log: I, absent: Vec<(u64, u64)>) -> ReorderBuffer<I> {
        let (exchanges, others) = (BTreeMap::new(), BTreeMap::new());
        ReorderBuffer { log, absent: absent.into(), next: 1, run_from: 1, exchanges, others, ended: false }
    }

    fn take(&mut self, record: Record) {
        let place = match &record {
            Record::Exchange(_) => 0,
            Record::RunStart(start) => {
                self.run_from = start.first_number;
                start.first_number
            }
            Record::RunStop(stop) => stop.next_number,
            Record::Attempt(attempt) => attempt.first_number,
            Record::StepTimeout(wait) => wait.after_number.saturating_add(1),
            Record::Notification(sent) => sent.after_number.saturating_add(1),
            Record::Session(_) | Record::Connection(_) => self.next.max(self.run_from),
        };
        match record {
            Record::Exchange(exchange) => {
                self.exchanges.insert(exchange.number, exchange);
            }
            other => self.others.entry(place).or_default().push_back(other),
        }
    }

    fn ready(&mut self) -> Option<Record> {
        if let Some(mut first) = self.others.first_entry().filter(|first| *first.key() <= self.next) {
            let record = first.get_mut().pop_front();
            if first.get().is_empty() {
                first.remove();
            }
            return record;
        }
        // An exchange with a number below `next` is late; it must not stay in the buffer forever.
        let first = self.exchanges.first_entry().filter(|first| *first.key() <= self.next)?;
        let (number, exchange) = first.remove_entry();
        self.next = self.next.max(number.saturating_add(1));
        Some(Record::Exchange(exchange))
    }

    /// Skips absent numbers, up to the next record that belongs among them; returns whether `next` advanced.
    fn skip(&mut self) -> bool {
        while let Some(&(first, last)) = self.absent.front() {
            if first > self.next {
                return false;
            }
            if last >= self.next {
                let stop = self.others.keys().next().copied().unwrap_or(u64::MAX);
                let next = last.saturating_add(1).min(stop);
                let went = next > self.next;
                self.next = self.next.max(next);
                return went;
            }
            self.absent.pop_front();
        }
        false
    }

    /// After the end of the log: advances to the next buffered record, whatever its number. Returns whether there is
    /// one.
    fn jump(&mut self) -> bool {
        let places = [self.exchanges.keys().next(), self.others.keys().next()];
        match places.into_iter().flatten().min() {
            Some(&place) => {
                self.next = self.next.max(place);
                true
            }
            None => false,
        }
    }
}

impl<I: Iterator<Item = Result<Record, CaptureError>>> Iterator for ReorderBuffer<I> {
    type Item = Result<Record, CaptureError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(record) = self.ready() {
                return Some(Ok(record));
            }
            if self.skip() {
                continue;
            }
            if self.ended {
                if self.jump() {
                    continue;
                }
                return None;
            }
            match self.log.next() {
                Some(Ok(record)) => self.take(record),
                Some(Err(error)) => {
                    self.exchanges.clear();
                    self.others.clear();
                    self.ended = true;
                    return Some(Err(error));
                }
                None => self.ended = true,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::{AttemptStart, Connection, RunStart, RunStop};
    use super::*;
    use proptest::prelude::*;

    fn exchange(number: u64) -> Record {
        Record::Exchange(Box::new(Exchange { number, ..Exchange::default() }))
    }

    fn brief(record: &Record) -> String {
        match record {
            Record::Exchange(e) => e.number.to_string(),
            Record::RunStart(s) => format!("start{}", s.run),
            Record::RunStop(s) => format!("stop{}", s.run),
            Record::Attempt(a) => format!("attempt{}", a.number),
            Record::Connection(c) => format!("connection{}", c.connection),
            _ => "?".to_owned(),
        }
    }

    fn ordered(log: Vec<Record>, absent: Vec<(u64, u64)>) -> String {
        let records: Vec<String> =
            ReorderBuffer::new(log.into_iter().map(Ok), absent).map(|r| brief(&r.unwrap())).collect();
        records.join(" ")
    }

    #[test]
    fn other_records_keep_their_position() {
        let start = |run, first_number| Record::RunStart(RunStart { run, first_number, ..RunStart::default() });
        let log = vec![
            start(1, 1),
            exchange(2),
            Record::Attempt(AttemptStart { number: 2, first_number: 4, ..AttemptStart::default() }),
            exchange(1),
            exchange(4),
            exchange(3),
            start(2, 7),
            Record::Connection(Connection { connection: 9, ..Connection::default() }),
            exchange(7),
            Record::RunStop(RunStop { run: 2, at_us: 0, next_number: 9 }),
        ];
        let expected = "start1 1 2 3 attempt2 4 start2 connection9 7 stop2";
        assert_eq!(ordered(log.clone(), vec![(5, 6), (8, 8)]), expected);
        // The same without knowing which numbers are missing, only later.
        assert_eq!(ordered(log, vec![]), expected);
    }

    #[test]
    fn late_records_are_still_yielded() {
        let jumps = Record::RunStart(RunStart { run: 1, first_number: u64::MAX, ..RunStart::default() });
        let log = vec![exchange(2), exchange(0), exchange(u64::MAX), jumps, exchange(1)];
        assert_eq!(ordered(log.clone(), vec![]), "0 1 2 start1 18446744073709551615");
        assert_eq!(ordered(log, vec![(1, u64::MAX)]), "2 0 18446744073709551615 start1 1");
    }

    proptest! {
        #[test]
        fn ends_for_any_numbers(numbers in prop::collection::btree_set(prop_oneof![0_u64..9, u64::MAX - 3..], 0..9),
                                absent in prop::collection::vec((0_u64..9, any::<u64>()), 0..4)) {
            let count = numbers.len();
            let log = numbers.into_iter().rev().map(|number| Ok(exchange(number)));
            prop_assert_eq!(ReorderBuffer::new(log, absent).count(), count);
        }

        #[test]
        fn any_order_becomes_number_order(numbers in Just((1_u64..40).collect::<Vec<_>>()).prop_shuffle(),
                                          lost in prop::collection::btree_set(1_u64..40, 0..10)) {
            let log: Vec<Record> = numbers.iter().filter(|n| !lost.contains(n)).map(|&n| exchange(n)).collect();
            let there: Vec<String> = (1..40).filter(|n| !lost.contains(n)).map(|n: u64| n.to_string()).collect();
            prop_assert_eq!(ordered(log, lost.iter().map(|&n| (n, n)).collect()), there.join(" "));
        }

        #[test]
        fn absent_numbers_are_not_waited_for(count in 1_u64..200) {
            // Number 1 is lost; since that is known, nothing is buffered.
            let log = (2..=count).map(|n| Ok(exchange(n)));
            let mut ordered = ReorderBuffer::new(log, vec![(1, 1)]);
            while ordered.next().is_some() {
                prop_assert!(ordered.exchanges.is_empty());
            }
        }
    }
}
