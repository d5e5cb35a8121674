//! What a capture holds that a certification goes on with.

use crate::capture::reader::Capture;
use crate::capture::record::{Attempt, RunStart, RunStop};
use crate::capture::{self, Record};
use crate::certify::Identification;
use crate::cli::Failure;
use crate::rules::RuleSet;
use crate::verify::verdict::Outcome;
use crate::verify::{Options, run};
use std::path::Path;

/// A capture's past; empty where there was none.
pub struct Past {
    capture: Option<Capture>,
    next_number: u64,
}

fn failure(error: capture::CaptureError) -> Failure {
    Failure::new(error.to_string())
}

impl Past {
    /// Reads what stands in a folder.
    ///
    /// # Errors
    /// A capture that is damaged or that another recorder writes.
    pub fn read(dir: &Path) -> Result<Past, Failure> {
        let empty = !dir.exists() || dir.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        if empty {
            return Ok(Past { capture: None, next_number: 1 });
        }
        let capture = capture::open(dir).map_err(failure)?;
        if capture.live {
            let shown = dir.display();
            return Err(Failure::new(format!("{shown}: another recorder writes it; choose another with --capture")));
        }
        let mut next_number = 1;
        for record in capture.records().map_err(failure)? {
            let next = match record.map_err(failure)? {
                Record::Exchange(exchange) => exchange.number.saturating_add(1),
                Record::RunStart(RunStart { first_number, .. }) => first_number,
                Record::RunStop(RunStop { next_number, .. }) => next_number,
                _ => 0,
            };
            next_number = next_number.max(next);
        }
        Ok(Past { capture: Some(capture), next_number })
    }

    /// Whether anything was recorded before.
    pub fn is_there(&self) -> bool {
        self.capture.is_some()
    }

    /// The number of the next exchange.
    pub fn next_number(&self) -> u64 {
        self.next_number
    }

    /// Who was certified for what.
    pub fn identification(&self) -> Identification {
        let session = self.capture.as_ref().and_then(|capture| capture.session.as_ref());
        session.map(Identification::of).unwrap_or_default()
    }

    /// The records, in the order in which they are judged.
    ///
    /// # Errors
    /// A capture that cannot be read.
    pub fn records(&self) -> Result<impl Iterator<Item = Result<Record, Failure>>, Failure> {
        let records = self.capture.as_ref().map(|capture| capture.records()).transpose().map_err(failure)?;
        Ok(records.into_iter().flatten().map(|record| record.map_err(failure)))
    }

    /// How the attempt so far ends.
    ///
    /// # Errors
    /// A capture that cannot be judged.
    pub fn ended_as(&self, rules: &RuleSet) -> Result<String, Failure> {
        let Some(capture) = &self.capture else { return Ok(String::new()) };
        let verdict = run::judge(capture, rules, &Options::default()).map_err(|e| Failure::new(e.to_string()))?;
        let word = match verdict.verdict {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Incomplete => "incomplete",
        };
        Ok(word.to_owned())
    }

    /// The record that begins the next attempt.
    pub fn next_attempt(&self, ended_as: String) -> Attempt {
        let attempts = self.capture.as_ref().map_or(1, |capture| capture.attempts);
        Attempt { number: attempts.saturating_add(1), first_number: self.next_number, ended_as }
    }
}
