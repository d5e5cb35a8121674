//! What a capture holds that a certification goes on with.

use crate::capture::reader::Capture;
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
            return Ok(Past { capture: None });
        }
        let capture = capture::open(dir).map_err(failure)?;
        if capture.live {
            let shown = dir.display();
            return Err(Failure::new(format!("{shown}: another recorder writes it; choose another with --capture")));
        }
        Ok(Past { capture: Some(capture) })
    }

    /// Whether anything was recorded before.
    pub fn is_there(&self) -> bool {
        self.capture.is_some()
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

    /// How many attempts there were.
    pub fn attempts(&self) -> u32 {
        self.capture.as_ref().map_or(1, |capture| capture.attempts)
    }

    /// Whether every run stopped in good order and nothing is lost.
    pub fn is_complete(&self) -> bool {
        self.capture.as_ref().is_none_or(|capture| capture.complete)
    }
}
