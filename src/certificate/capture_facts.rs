//! Facts of a capture that its verdict lacks: client builds, recorders and backends, the end time, earlier attempts.

use super::date;
use super::identity_changes::Identity;
use super::statement::{Earlier, Recorder};
use crate::api::header::Version;
use crate::capture::record::Record;
use crate::profile::Profile;
use crate::verify::attempt::Attempt;
use std::collections::{BTreeMap, BTreeSet};

/// Facts collected from all records of a capture, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct CaptureFacts {
    builds: BTreeSet<Version>,
    earlier: Vec<Earlier>,
    recorders: Vec<Recorder>,
    challenges: Vec<String>,
    /// The wall clock at the start of each run, in microseconds.
    starts: BTreeMap<u32, i64>,
    /// The wall clock at the end of each run that stopped cleanly, in microseconds.
    stops: BTreeMap<u32, i64>,
    /// The run of the last exchange of the current attempt.
    last_run: Option<u32>,
    identity: Identity,
}

impl CaptureFacts {
    /// Processes the next record.
    pub(crate) fn take(&mut self, record: &Record, profile: &Profile) {
        match record {
            Record::Exchange(exchange) => {
                self.last_run = Some(exchange.run);
                self.identity.exchange(exchange.number);
                let send = Attempt::of(exchange, profile);
                if send.is_call {
                    self.builds.extend(Version::parse(&send.version));
                }
            }
            Record::Attempt(attempt) => {
                // Builds are those of the current attempt only.
                self.builds.clear();
                self.last_run = None;
                self.identity.attempt();
                let ended_as = attempt.ended_as.clone();
                self.earlier.push(Earlier { number: attempt.number.saturating_sub(1), ended_as });
            }
            Record::RunStart(start) => {
                self.starts.insert(start.run, start.wall_us);
                let recorder = Recorder { engine: start.engine.clone(), backend: start.upstream.clone() };
                self.challenges.extend(Some(start.challenge.clone()).filter(|words| !words.is_empty()));
                if !self.recorders.contains(&recorder) {
                    self.recorders.push(recorder);
                }
            }
            Record::RunStop(stop) => {
                let since = i64::try_from(stop.at_us).unwrap_or(i64::MAX);
                let end = self.starts.get(&stop.run).map(|start| (stop.run, start.saturating_add(since)));
                self.stops.extend(end);
            }
            Record::Session(session) => self.identity.session(session),
            Record::Connection(_) | Record::StepTimeout(_) | Record::Notification(_) => {}
        }
    }

    /// The client versions in well-formed headers of the current attempt, in ascending order.
    pub(crate) fn builds(&self) -> Vec<String> {
        self.builds.iter().map(Version::to_string).collect()
    }

    /// Earlier attempts with their recorded verdicts.
    pub(crate) fn earlier(&self) -> &[Earlier] {
        &self.earlier
    }

    /// The recorders, with their backends.
    pub(crate) fn recorders(&self) -> &[Recorder] {
        &self.recorders
    }

    /// The auditors' challenges, in the order of the runs.
    pub(crate) fn challenges(&self) -> &[String] {
        &self.challenges
    }

    /// The stop time of the run with the last exchange of the current attempt, by the recorder's wall clock. Later runs
    /// without exchanges do not change it.
    pub(crate) fn ended(&self) -> Option<String> {
        let stop = self.stops.get(&self.last_run?)?;
        date::of_micros(*stop)
    }

    /// A change of the client's identification after exchanges were recorded, as a clause.
    pub(crate) fn renamed(&self) -> Option<String> {
        self.identity.changed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::record::{AttemptStart, Exchange, Header, RunStart, RunStop};

    fn call(run: u32, version: &str) -> Record {
        let mut exchange = Exchange { run, ..Exchange::default() };
        exchange.request.method = "GET".into();
        exchange.request.target = "/pos/v10/stores".into();
        let header = |name: &str| Header { name: name.into(), value: version.into() };
        exchange.request.headers = vec![header(crate::api::header::VERSION)];
        Record::Exchange(Box::new(exchange))
    }

    fn start(run: u32, wall_us: i64) -> Record {
        let (engine, upstream) = ("0.1.0".into(), "https://api.example.com".into());
        Record::RunStart(RunStart { run, wall_us, engine, upstream, ..RunStart::default() })
    }

    #[test]
    fn facts_are_those_of_the_last_attempt() {
        let mut seen = CaptureFacts::default();
        let stop = |run, at_us| Record::RunStop(RunStop { run, at_us, next_number: 9 });
        let attempt = Record::Attempt(AttemptStart { number: 2, first_number: 2, ended_as: "failed".into() });
        let records = [
            start(1, 1_795_000_000_000_000),
            call(1, "9.9.9"),
            stop(1, 5_000_000),
            start(2, 1_795_000_100_000_000),
            attempt,
            call(2, "2.1.10"),
            call(2, "2.1.9"),
            call(2, "2.1"),
            stop(2, 61_000_000),
            start(3, 1_795_000_900_000_000),
            stop(3, 5_000_000),
        ];
        assert_eq!(seen.ended(), None);
        records.iter().for_each(|record| seen.take(record, crate::profile::pos_v10()));
        assert_eq!(seen.builds(), ["2.1.9", "2.1.10"]);
        assert_eq!(seen.earlier(), [Earlier { number: 1, ended_as: "failed".into() }]);
        assert_eq!(seen.recorders().len(), 1);
        assert_eq!(seen.ended().as_deref(), Some("2026-11-18T11:09:21Z"));
    }
}
