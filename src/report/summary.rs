//! The summary of a verdict that all formats share: failures, warnings, open items, next step.

use super::wording;
use crate::capture::record::StepTimeoutReason;
use crate::verify::verdict::{CaseStatus, CaseVerdict, Level, Outcome, RequirementVerdict, Status, Verdict};

/// The number of digits of a digest in texts for people; JSON has all.
pub(super) const DIGEST_DIGITS: usize = 12;

/// The first digits of a digest.
fn shortened(digest: &str, digits: usize) -> String {
    wording::safe(&digest.chars().take(digits).collect::<String>())
}

/// A verdict, sorted by what the reader has to act on.
pub struct VerdictSummary<'a> {
    verdict: &'a Verdict,
    /// The capture as an argument of a command.
    argument: Option<String>,
    /// Failed requirements of level must.
    pub failed: Vec<&'a RequirementVerdict>,
    /// Failed requirements of level should.
    pub warnings: Vec<&'a RequirementVerdict>,
    /// Inconclusive requirements.
    pub inconclusive: Vec<&'a RequirementVerdict>,
    /// Requirements of chosen features that no exchange exercises.
    pub not_exercised: Vec<&'a RequirementVerdict>,
    /// Failed mandatory cases.
    pub failed_cases: Vec<&'a CaseVerdict>,
    /// Failed optional cases.
    pub broken_optional_cases: Vec<&'a CaseVerdict>,
    /// Mandatory cases that are not tested or in progress.
    pub missing_cases: Vec<&'a CaseVerdict>,
}

impl<'a> VerdictSummary<'a> {
    /// Summarizes a verdict.
    pub fn of(verdict: &'a Verdict) -> VerdictSummary<'a> {
        let with = |status| verdict.requirements.iter().filter(|r| r.status == status).collect();
        let judged = |status| verdict.requirements.iter().filter(|r| r.status == status && r.judged).collect();
        let cases = |optional: bool, statuses: &[CaseStatus]| {
            let all = verdict.features.iter().flat_map(|feature| &feature.cases);
            all.filter(|case| case.optional == optional && statuses.contains(&case.status)).collect()
        };
        VerdictSummary {
            verdict,
            argument: None,
            failed: with(Status::Failed),
            warnings: with(Status::Warning),
            inconclusive: with(Status::Inconclusive),
            not_exercised: judged(Status::NotExercised),
            failed_cases: cases(false, &[CaseStatus::Failed]),
            broken_optional_cases: cases(true, &[CaseStatus::Failed]),
            missing_cases: cases(false, &[CaseStatus::NotTested, CaseStatus::InProgress]),
        }
    }

    /// The same, with commands for the capture at this place. Without a place, the summary is the same on any machine,
    /// and names exchanges instead of commands.
    pub fn in_capture(self, argument: &str) -> VerdictSummary<'a> {
        VerdictSummary { argument: Some(wording::safe(argument)), ..self }
    }

    /// Requirements of level must that were not exercised; a certificate lists them.
    pub fn musts_not_exercised(&self) -> impl Iterator<Item = &'a RequirementVerdict> {
        self.not_exercised.iter().copied().filter(|requirement| requirement.level == Level::Must)
    }

    /// The exchange to look at first, with the id of its requirement or case: that of the first failed must, else of
    /// the first failed case, else of the first warning.
    pub fn worst(&self) -> Option<(&'a str, u64)> {
        let of = |requirements: &[&'a RequirementVerdict]| {
            requirements.iter().find_map(|requirement| {
                let number = requirement.findings.iter().find_map(|finding| finding.exchanges.first())?;
                Some((requirement.id.as_str(), *number))
            })
        };
        let case = || {
            self.failed_cases.iter().find_map(|case| {
                let number = case.steps.iter().rev().find_map(|step| step.exchange)?;
                Some((case.id.as_str(), number))
            })
        };
        of(&self.failed).or_else(case).or_else(|| of(&self.warnings))
    }

    /// The reason for the verdict, as a clause.
    pub fn reason(&self) -> String {
        let outcome = self.verdict.verdict;
        let mut parts = Vec::new();
        let mut part = |n: usize, noun: &str, verb: &str| {
            if n > 0 {
                parts.push(format!("{} {verb}", wording::count(n, noun)));
            }
        };
        if outcome == Outcome::Failed {
            part(self.failed.len(), "requirement", "failed");
            part(self.failed_cases.len(), "case", "failed");
        }
        if outcome != Outcome::Passed {
            part(self.missing_cases.len(), "case", "missing");
            part(self.inconclusive.len(), "requirement", "inconclusive");
        }
        part(self.warnings.len() + self.broken_optional_cases.len(), "warning", "to review");
        if outcome == Outcome::Incomplete && self.verdict.capture.exchanges == 0 {
            parts.push("the capture contains no exchanges".to_owned());
        } else if outcome != Outcome::Passed && !self.verdict.capture.complete {
            parts.push("the capture is not complete".to_owned());
        }
        if parts.is_empty() {
            "all mandatory cases passed and no requirement failed".to_owned()
        } else {
            wording::list(&parts)
        }
    }

    /// The next step, as a sentence.
    pub fn next_step(&self) -> String {
        let look = match (self.worst(), &self.argument) {
            (Some((_, number)), Some(capture)) => {
                format!("; `poscert show {capture} {number}` shows the exchange to look at first")
            }
            (Some((_, number)), None) => format!("; look at exchange {number} first"),
            (None, Some(capture)) => format!("; `poscert show {capture}` lists the exchanges"),
            (None, None) => String::new(),
        };
        match self.verdict.verdict {
            Outcome::Passed if self.warnings.is_empty() => "keep the capture as evidence for this verdict.".to_owned(),
            Outcome::Passed => format!("keep the capture as evidence for this verdict{look}."),
            Outcome::Failed if self.failed.is_empty() && self.failed_cases.iter().all(|case| case.is_untried()) => {
                "the failed cases were not tried: check that the till calls the recorder, perform the actions sooner \
                 or allow more time with `poscert certify --wait SECONDS`, and record again."
                    .to_owned()
            }
            Outcome::Failed => format!("fix the client and record again{look}."),
            Outcome::Incomplete if self.verdict.capture.exchanges == 0 => {
                "route the client's calls through the recorder (see `poscert record --help`).".to_owned()
            }
            Outcome::Incomplete if !self.verdict.capture.complete => {
                "record again into a new capture, and let the recorder shut down cleanly.".to_owned()
            }
            Outcome::Incomplete if self.missing_cases.is_empty() => {
                "complete the open operations while recording into the same capture, and verify it again.".to_owned()
            }
            Outcome::Incomplete => {
                let ids: Vec<&str> = self.missing_cases.iter().map(|case| case.id.as_str()).collect();
                let cases = wording::case_ranges(&ids);
                match self.argument.as_ref().filter(|_| self.verdict.capture.kind == "directory") {
                    Some(capture) => format!(
                        "`poscert certify --capture {capture}` continues this capture: it injects the faults and guides \
                         through {cases}."
                    ),
                    None => format!("record {cases} with `poscert certify`, which injects the faults that they need."),
                }
            }
        }
    }

    /// The remedy for a failed case, as a sentence; a failed requirement in the same exchanges comes first.
    pub fn advice(&self, case: &CaseVerdict) -> String {
        let ended = case.wait.map(|wait| wait.ended);
        if case.is_untried() {
            let advice = match ended {
                Some(StepTimeoutReason::Skipped) => "Perform the case on the till; none of its calls was recorded.",
                _ if self.verdict.capture.exchanges == 0 => {
                    "Check that the till calls the recorder and trusts its CA; if it only takes longer to start, \
                     allow more time with --wait SECONDS (POSCERT_WAIT)."
                }
                _ => {
                    "Perform this step sooner, or allow more time with --wait SECONDS (POSCERT_WAIT); no error of the \
                     client was recorded in this case."
                }
            };
            return advice.to_owned();
        }
        let more_time = match ended {
            Some(StepTimeoutReason::TimedOut) => " If the till only needs more time, use --wait SECONDS.",
            _ => "",
        };
        let exchanges = || case.steps.iter().filter_map(|step| step.exchange);
        let there = |requirement: &&&RequirementVerdict| {
            requirement.findings.iter().any(|finding| exchanges().any(|number| finding.exchanges.contains(&number)))
        };
        match (self.failed.iter().find(there), exchanges().next_back()) {
            (Some(requirement), _) => {
                let remedy = requirement.findings.first().map_or("", |finding| finding.remedy.as_str());
                let id = wording::safe(&requirement.id);
                format!("{id} failed in the same exchanges; fix it first: {}", wording::safe(remedy))
            }
            (None, Some(number)) => {
                let last = match &self.argument {
                    Some(capture) => format!("`poscert show {capture} {number}` shows its last exchange"),
                    None => format!("its last exchange is {number}"),
                };
                format!("Complete this step on the till; {last}.{more_time}")
            }
            (None, None) => format!("Perform the case on the till from its first step.{more_time}"),
        }
    }

    /// The client, as a phrase: `C, version 1.2.3, of I`.
    pub fn who(&self) -> String {
        let profile = &self.verdict.profile;
        let or = |text: &str, none: &str| if text.is_empty() { none.to_owned() } else { wording::safe(text) };
        let of = if profile.integrator_id.is_empty() {
            String::new()
        } else {
            format!(", of {}", wording::safe(&profile.integrator_id))
        };
        format!("{}, version {}{of}", or(&profile.client_id, "unknown"), or(&profile.client_version, "unknown"))
    }

    /// The signers of the capture and whether they are trusted, as a sentence.
    pub fn seal(&self) -> String {
        let capture = &self.verdict.capture;
        let (trusted, others): (Vec<&String>, Vec<&String>) =
            capture.sealed_by.iter().partition(|key| capture.trusted.contains(key));
        let names = |keys: &[&String]| wording::list(&keys.iter().map(|key| wording::safe(key)).collect::<Vec<_>>());
        let these = if others.len() == 1 { "this key is" } else { "these keys are" };
        match (trusted.is_empty(), others.is_empty()) {
            (true, true) => "Not signed.".to_owned(),
            (true, false) => {
                format!("Signed by {}; {these} not trusted (pass trusted keys with --trusted-key).", names(&others))
            }
            (false, true) => format!("Signed by {} (trusted key).", names(&trusted)),
            (false, false) => format!(
                "Signed by {} (trusted key); also signed by {} ({these} not trusted).",
                names(&trusted),
                names(&others)
            ),
        }
    }

    /// The capture, as a phrase with the first digits of its digest.
    pub fn capture(&self, digits: usize) -> String {
        let capture = &self.verdict.capture;
        let complete = if capture.complete { "complete" } else { "NOT complete" };
        let exchanges = usize::try_from(capture.exchanges).unwrap_or(usize::MAX);
        format!(
            "{}, {}, {}, {complete}; digest {}",
            if capture.kind == "har" { "HAR" } else { capture.kind },
            wording::count(exchanges, "exchange"),
            wording::count(capture.attempts as usize, "certification attempt"),
            shortened(&capture.digest, digits)
        )
    }

    /// The rules, as a phrase with the first digits of their digest.
    pub fn rules(&self, digits: usize) -> String {
        let rules = &self.verdict.rules;
        let which = if rules.builtin { "built-in" } else { "NOT built-in" };
        format!("{which}, engine {}; digest {}", self.verdict.engine, shortened(&rules.digest, digits))
    }
}
