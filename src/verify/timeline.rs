//! The order of events: which responses the client had received when it sent a request.
//!
//! Exchanges arrive in the order of their request heads; responses may come much later. An exchange has two moments,
//! its head and its end. The timeline puts the ends of earlier exchanges before the next head. If the clock of a
//! capture is coarse, a response that may have arrived before the next request counts as arrived.

use super::attempt::{Attempt, RunTime};
use super::attempt_context::Context;

/// The exchanges in flight.
#[derive(Clone, Default)]
pub(crate) struct Timeline {
    open: Vec<(Attempt, Context)>,
    /// The resolution of the capture's clock in microseconds.
    resolution_us: u64,
}

impl Timeline {
    /// An empty timeline for a clock of this resolution.
    pub(crate) fn new(resolution_us: u64) -> Timeline {
        Timeline { open: Vec::new(), resolution_us }
    }

    /// An empty timeline for the same clock.
    pub(crate) fn fresh(&self) -> Timeline {
        Timeline::new(self.resolution_us)
    }

    /// Removes the earliest exchange that ends before a head at this time. A restart of the recorder ends all of them.
    pub(crate) fn ended_before(&mut self, head: RunTime) -> Option<(Attempt, Context)> {
        // An end less than one step after the head may have come before it.
        let within = self.resolution_us.saturating_sub(1);
        let due = |end: RunTime| end.run != head.run || end.us <= head.us.saturating_add(within);
        self.take(due)
    }

    /// Removes the earliest exchange to end, when no more heads come.
    pub(crate) fn ended(&mut self) -> Option<(Attempt, Context)> {
        self.take(|_| true)
    }

    /// Adds an exchange whose head has arrived.
    pub(crate) fn opened(&mut self, attempt: Attempt, context: Context) {
        self.open.push((attempt, context));
    }

    /// The attempt of an exchange in flight, by its run and number.
    pub(crate) fn open(&mut self, run: u32, number: u64) -> Option<&mut Attempt> {
        let mut open = self.open.iter_mut().map(|(attempt, _)| attempt);
        open.find(|attempt| attempt.head.run == run && attempt.n == number)
    }

    fn take(&mut self, due: impl Fn(RunTime) -> bool) -> Option<(Attempt, Context)> {
        let next = self.open.iter().enumerate().filter(|(_, (attempt, _))| due(attempt.end));
        let next =
            next.min_by_key(|(_, (attempt, _))| (attempt.end.run, attempt.end.us, attempt.n)).map(|(at, _)| at)?;
        Some(self.open.remove(next))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn attempt(n: u64, run: u32, head: u64, end: u64) -> Attempt {
        Attempt { n, head: RunTime { run, us: head }, end: RunTime { run, us: end }, ..Attempt::default() }
    }

    fn ends(timeline: &mut Timeline, head: RunTime) -> Vec<u64> {
        std::iter::from_fn(|| timeline.ended_before(head)).map(|(attempt, _)| attempt.n).collect()
    }

    #[test]
    fn ends_are_ordered_by_time_and_precede_later_heads() {
        let mut timeline = Timeline::new(1);
        for (n, end) in [(1, 900), (2, 300), (3, 500)] {
            timeline.opened(attempt(n, 1, n, end), Context::default());
        }
        assert_eq!(ends(&mut timeline, RunTime { run: 1, us: 500 }), [2, 3]);
        assert_eq!(ends(&mut timeline, RunTime { run: 1, us: 899 }), [0; 0]);
        assert_eq!(ends(&mut timeline, RunTime { run: 2, us: 0 }), [1]);
    }

    #[test]
    fn a_clock_of_whole_seconds_does_not_make_sequential_calls_overlap() {
        let mut timeline = Timeline::new(1_000_000);
        timeline.opened(attempt(1, 0, 0, 800_000), Context::default());
        assert_eq!(ends(&mut timeline, RunTime { run: 0, us: 0 }), [1]);
    }

    proptest! {
        /// For any overlaps, each exchange ends once, no end precedes an earlier head, and ends are in order of time.
        #[test]
        fn each_exchange_ends_once_and_in_the_order_of_time(
            spans in prop::collection::vec((0_u64..1000, 0_u64..400), 0..30),
        ) {
            let mut spans = spans;
            spans.sort_unstable();
            let mut timeline = Timeline::new(1);
            let mut seen: Vec<(u64, u64)> = Vec::new();
            for (n, &(head, lasts)) in (1_u64..).zip(&spans) {
                while let Some((ended, _)) = timeline.ended_before(RunTime { run: 1, us: head }) {
                    prop_assert!(ended.end.us <= head);
                    seen.push((ended.end.us, ended.n));
                }
                timeline.opened(attempt(n, 1, head, head + lasts), Context::default());
            }
            while let Some((ended, _)) = timeline.ended() {
                seen.push((ended.end.us, ended.n));
            }
            prop_assert!(seen.windows(2).all(|pair| pair[0].0 <= pair[1].0));
            let mut numbers: Vec<u64> = seen.iter().map(|(_, n)| *n).collect();
            numbers.sort_unstable();
            prop_assert_eq!(numbers, (1..=spans.len() as u64).collect::<Vec<_>>());
        }

        /// A capture's clock may start at any value.
        #[test]
        fn shifting_all_times_keeps_the_order(
            spans in prop::collection::vec((0_u64..1000, 0_u64..400), 1..20),
            shift in 0_u64..1_000_000_000,
        ) {
            let order = |shift: u64| {
                let mut timeline = Timeline::new(1);
                for (n, (head, lasts)) in (1_u64..).zip(&spans) {
                    timeline.opened(attempt(n, 1, head + shift, head + lasts + shift), Context::default());
                }
                std::iter::from_fn(|| timeline.ended()).map(|(attempt, _)| attempt.n).collect::<Vec<_>>()
            };
            prop_assert_eq!(order(0), order(shift));
        }
    }
}
