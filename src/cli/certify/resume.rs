//! The existing capture that a certification resumes.

use crate::capture::reader::Capture;
use crate::capture::{self, Record, scratch};
use crate::certify::Identification;
use crate::cli::CliError;
use crate::rules::RuleSet;
use crate::verify::verdict::{Outcome, Status};
use crate::verify::{Options, Verdict, verify_capture};
use std::path::Path;

/// An existing capture, if there is one.
pub(super) struct PreviousRuns {
    capture: Option<Capture>,
}

fn failure(error: capture::CaptureError) -> CliError {
    CliError::new(error.to_string())
}

impl PreviousRuns {
    /// Opens the capture of a directory; none if it is missing or empty.
    ///
    /// # Errors
    /// A capture that is damaged, or that another recorder is writing into.
    pub(super) fn read(dir: &Path) -> Result<PreviousRuns, CliError> {
        let empty = !dir.exists() || dir.read_dir().is_ok_and(|mut entries| entries.next().is_none());
        if empty {
            return Ok(PreviousRuns { capture: None });
        }
        scratch::refuse(dir).map_err(CliError::new)?;
        let capture = capture::open(dir).map_err(failure)?;
        if capture.live {
            let shown = dir.display();
            return Err(CliError::new(format!(
                "another recorder is writing into {shown}: stop it, or choose another --capture directory"
            )));
        }
        Ok(PreviousRuns { capture: Some(capture) })
    }

    /// Whether there is an existing capture.
    pub(super) fn is_there(&self) -> bool {
        self.capture.is_some()
    }

    /// The identification of its session.
    pub(super) fn identification(&self) -> Identification {
        let session = self.capture.as_ref().and_then(|capture| capture.session.as_ref());
        session.map(Identification::of).unwrap_or_default()
    }

    /// The records, in evaluation order.
    ///
    /// # Errors
    /// A capture that cannot be read.
    pub(super) fn records(&self) -> Result<impl Iterator<Item = Result<Record, CliError>>, CliError> {
        let records =
            self.capture.as_ref().map(crate::capture::reader::Capture::records).transpose().map_err(failure)?;
        Ok(records.into_iter().flatten().map(|record| record.map_err(failure)))
    }

    /// The verdict on the attempt so far; empty without a capture.
    ///
    /// # Errors
    /// A capture that cannot be evaluated.
    pub(super) fn ended_as(&self, rules: &RuleSet) -> Result<String, CliError> {
        let word = self.verdict(rules)?.map(|verdict| match verdict.verdict {
            Outcome::Passed => "passed",
            Outcome::Failed => "failed",
            Outcome::Incomplete => "incomplete",
        });
        Ok(word.unwrap_or_default().to_owned())
    }

    /// A warning if the attempt so far fails: operations that were open when the recorder stopped can hardly be
    /// completed any more.
    ///
    /// # Errors
    /// A capture that cannot be evaluated.
    pub(super) fn warning(&self, rules: &RuleSet) -> Result<Option<String>, CliError> {
        let Some(verdict) = self.verdict(rules)?.filter(|verdict| verdict.verdict == Outcome::Failed) else {
            return Ok(None);
        };
        let broken = verdict.requirements.iter().filter(|one| one.status == Status::Failed).map(|one| one.id.as_str());
        let broken: Vec<&str> = broken.collect();
        let what = if broken.is_empty() { String::new() } else { format!(" ({})", broken.join(", ")) };
        Ok(Some(format!(
            "the recording so far already fails{what}; unless the till can still correct that, start over with \
             --new-attempt (a payment that was open when the embedded sandbox stopped cannot be completed)"
        )))
    }

    fn verdict(&self, rules: &RuleSet) -> Result<Option<Verdict>, CliError> {
        let evaluator = |capture| {
            verify_capture::evaluate(capture, rules, &Options::default()).map_err(|e| CliError::new(e.to_string()))
        };
        self.capture.as_ref().map(evaluator).transpose()
    }

    /// The number of attempts.
    pub(super) fn attempts(&self) -> u32 {
        self.capture.as_ref().map_or(1, |capture| capture.attempts)
    }

    /// The number of exchanges.
    pub(super) fn exchanges(&self) -> u64 {
        self.capture.as_ref().map_or(0, |capture| capture.exchanges)
    }

    /// Whether every run was closed and nothing is lost.
    pub(super) fn is_complete(&self) -> bool {
        self.capture.as_ref().is_none_or(|capture| capture.complete)
    }
}
