//! What a capture holds that a certification goes on with.

use crate::capture::reader::Capture;
use crate::capture::{self, Record};
use crate::certify::Identification;
use crate::cli::CliError;
use crate::rules::RuleSet;
use crate::verify::verdict::{Outcome, Status};
use crate::verify::{Options, Verdict, verify_capture};
use std::path::Path;

/// A capture's past; empty where there was none.
pub struct Past {
    capture: Option<Capture>,
}

fn failure(error: capture::CaptureError) -> CliError {
    CliError::new(error.to_string())
}

impl Past {
    /// Reads what stands in a folder.
    ///
    /// # Errors
    /// A capture that is damaged or that another recorder writes.
    pub fn read(dir: &Path) -> Result<Past, CliError> {
        let empty = !dir.exists() || dir.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        if empty {
            return Ok(Past { capture: None });
        }
        let capture = capture::open(dir).map_err(failure)?;
        if capture.live {
            let shown = dir.display();
            return Err(CliError::new(format!("{shown}: another recorder writes it; choose another with --capture")));
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
    pub fn records(&self) -> Result<impl Iterator<Item = Result<Record, CliError>>, CliError> {
        let records = self.capture.as_ref().map(|capture| capture.records()).transpose().map_err(failure)?;
        Ok(records.into_iter().flatten().map(|record| record.map_err(failure)))
    }

    /// How the attempt so far ends.
    ///
    /// # Errors
    /// A capture that cannot be judged.
    pub fn ended_as(&self, rules: &RuleSet) -> Result<String, CliError> {
        let word = self.verdict(rules)?.map(|verdict| match verdict.verdict {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Incomplete => "incomplete",
        });
        Ok(word.unwrap_or_default().to_owned())
    }

    /// That the attempt so far has failed as it stands, in a sentence for who goes on with it: what was open when its recorder
    /// stopped can hardly be brought to an end any more.
    ///
    /// # Errors
    /// A capture that cannot be judged.
    pub fn warning(&self, rules: &RuleSet) -> Result<Option<String>, CliError> {
        let Some(verdict) = self.verdict(rules)?.filter(|verdict| verdict.verdict == Outcome::Failed) else {
            return Ok(None);
        };
        let broken = verdict.requirements.iter().filter(|one| one.status == Status::Failed).map(|one| one.id.as_str());
        let broken: Vec<&str> = broken.collect();
        let what = if broken.is_empty() { String::new() } else { format!(" ({})", broken.join(", ")) };
        Ok(Some(format!(
            "what was recorded before fails as it stands{what}: if your till cannot mend that any more, as where a payment was \
             open when the embedded sandbox stopped, only a new attempt passes (--new-attempt)"
        )))
    }

    fn verdict(&self, rules: &RuleSet) -> Result<Option<Verdict>, CliError> {
        let evaluator = |capture| {
            verify_capture::evaluate(capture, rules, &Options::default()).map_err(|e| CliError::new(e.to_string()))
        };
        self.capture.as_ref().map(evaluator).transpose()
    }

    /// How many attempts there were.
    pub fn attempts(&self) -> u32 {
        self.capture.as_ref().map_or(1, |capture| capture.attempts)
    }

    /// How many exchanges it holds.
    pub fn exchanges(&self) -> u64 {
        self.capture.as_ref().map_or(0, |capture| capture.exchanges)
    }

    /// Whether every run stopped in good order and nothing is lost.
    pub fn is_complete(&self) -> bool {
        self.capture.as_ref().is_none_or(|capture| capture.complete)
    }
}
