//! A sample certificate for the tests of this module.

use super::statement::Statement;
use super::{CaptureFacts, Certificate};
use crate::capture::record::{AttemptStart, Exchange, Header, Record, RunStart, RunStop, Session};
use crate::report::test_verdicts as verdicts;
use crate::seal::{Fingerprint, SigningKey};
use crate::verify::Verdict;
use crate::verify::verdict::{Level, Status};

/// A passed verdict on a signed capture.
pub(crate) fn verdict() -> Verdict {
    let mut verdict = verdicts::passed();
    verdict.capture.kind = "archive";
    verdict.capture.attempts = 2;
    let late = "a call times out after 2 s, a GET after 0.5 s";
    let source = "api_principles#error_handling";
    let late = verdicts::requirement("ALL-15", Level::Should, Status::Warning, late, source, Vec::new());
    let polls = "the next poll is sent no sooner than pollDelayInMs after the last response";
    let polls = verdicts::requirement("ALL-16", Level::Must, Status::Passed, polls, source, Vec::new());
    verdict.requirements.splice(2..2, [late, polls]);
    verdict
}

/// The session.
pub(crate) fn session() -> Session {
    Session {
        integrator_id: Some("Acme Oy".into()),
        client_id: Some("2b8c3a52-7a4e-4f0e-9d7e-0d5f5f0f8b11".into()),
        client_version: Some("2.1.10".into()),
        system_name: Some("Acme Till".into()),
        features: vec!["onboarding".into(), "payment".into()],
        ..Session::default()
    }
}

/// The records of the capture.
pub(crate) fn records() -> Vec<Record> {
    let call = |version: &str| {
        let mut exchange = Exchange { run: 1, ..Exchange::default() };
        exchange.request.target = "/pos/v10/stores".into();
        exchange.request.headers = vec![Header { name: crate::api::header::VERSION.into(), value: version.to_owned() }];
        Record::Exchange(Box::new(exchange))
    };
    let upstream = "https://api.sandbox.example.com".to_owned();
    let start =
        RunStart { run: 1, wall_us: 1_795_000_000_000_000, engine: "0.1.0".into(), upstream, ..Default::default() };
    vec![
        Record::RunStart(start),
        Record::Session(session()),
        call("2.1.9"),
        Record::Attempt(AttemptStart { number: 2, first_number: 2, ended_as: "failed".into() }),
        call("2.1.10"),
        call("2.1.11"),
        Record::RunStop(RunStop { run: 1, at_us: 1_000_000, next_number: 4 }),
    ]
}

/// The facts of the capture.
pub(crate) fn seen() -> CaptureFacts {
    let mut seen = CaptureFacts::default();
    records().iter().for_each(|record| seen.take(record, crate::profile::pos_v10()));
    seen
}

/// The statement.
pub(crate) fn statement() -> Statement {
    Statement::of(&verdict(), &seen(), Some(&session()))
}

/// The certificate, signed by a new key.
pub(crate) fn certificate() -> (Certificate, Fingerprint) {
    let key = SigningKey::random().unwrap();
    (Certificate::give(&statement(), &key).unwrap(), key.public().fingerprint())
}
