//! A verdict sorted by what its reader has to do about it; the same for every format.

use super::wording;
use crate::capture::record::WaitEnd;
use crate::verify::verdict::{CaseStatus, CaseVerdict, Level, Outcome, RequirementVerdict, Status, Verdict};

/// A verdict sorted by what its reader has to do about it.
pub struct Tally<'a> {
    verdict: &'a Verdict,
    /// Broken musts.
    pub failed: Vec<&'a RequirementVerdict>,
    /// Broken shoulds.
    pub warnings: Vec<&'a RequirementVerdict>,
    /// Open obligations.
    pub inconclusive: Vec<&'a RequirementVerdict>,
    /// What nothing in the capture touches, of what is judged for a chosen feature.
    pub not_exercised: Vec<&'a RequirementVerdict>,
    /// Mandatory cases that broke.
    pub failed_cases: Vec<&'a CaseVerdict>,
    /// Optional cases that broke.
    pub broken_optional_cases: Vec<&'a CaseVerdict>,
    /// Mandatory cases that were not shown.
    pub missing_cases: Vec<&'a CaseVerdict>,
}

impl<'a> Tally<'a> {
    /// Sorts a verdict.
    pub fn of(verdict: &'a Verdict) -> Tally<'a> {
        let with = |status| verdict.requirements.iter().filter(|r| r.status == status).collect();
        let judged = |status| verdict.requirements.iter().filter(|r| r.status == status && r.judged).collect();
        let cases = |optional: bool, statuses: &[CaseStatus]| {
            let all = verdict.features.iter().flat_map(|feature| &feature.cases);
            all.filter(|case| case.optional == optional && statuses.contains(&case.status)).collect()
        };
        Tally {
            verdict,
            failed: with(Status::Failed),
            warnings: with(Status::Warning),
            inconclusive: with(Status::Inconclusive),
            not_exercised: judged(Status::NotExercised),
            failed_cases: cases(false, &[CaseStatus::Failed]),
            broken_optional_cases: cases(true, &[CaseStatus::Failed]),
            missing_cases: cases(false, &[CaseStatus::NotTested, CaseStatus::InProgress]),
        }
    }

    /// Musts that were not exercised: a certificate has to name them.
    pub fn musts_not_exercised(&self) -> impl Iterator<Item = &'a RequirementVerdict> {
        self.not_exercised.iter().copied().filter(|requirement| requirement.level == Level::Must)
    }

    /// The exchange to look at first: that of the first broken must, else of the first broken case, else of the
    /// first warning.
    pub fn worst(&self) -> Option<u64> {
        let of = |requirements: &[&RequirementVerdict]| {
            let mut findings = requirements.iter().flat_map(|requirement| &requirement.findings);
            findings.find_map(|finding| finding.exchanges.first().copied())
        };
        let case = || {
            let mut steps = self.failed_cases.iter().flat_map(|case| case.steps.iter().rev());
            steps.find_map(|step| step.exchange)
        };
        of(&self.failed).or_else(case).or_else(|| of(&self.warnings))
    }

    /// Why the verdict is what it is, in part of a sentence.
    pub fn reason(&self) -> String {
        let outcome = self.verdict.verdict;
        let mut parts = Vec::new();
        let mut part = |n: usize, noun: &str, verb: &str| {
            if n > 0 {
                parts.push(format!("{} {verb}", wording::count(n, noun)));
            }
        };
        if outcome == Outcome::Failed {
            part(self.failed.len(), "requirement", "broken");
            part(self.failed_cases.len(), "case", "failed");
        }
        if outcome != Outcome::Passed {
            part(self.missing_cases.len(), "case", "not shown");
            part(self.inconclusive.len(), "requirement", "inconclusive");
        }
        part(self.warnings.len() + self.broken_optional_cases.len(), "warning", "to look at");
        if outcome == Outcome::Incomplete && self.verdict.capture.exchanges == 0 {
            parts.push("the capture holds no exchange".to_owned());
        } else if outcome != Outcome::Passed && !self.verdict.capture.complete {
            parts.push("the capture is not complete".to_owned());
        }
        if parts.is_empty() {
            "everything that had to be shown was, and nothing broke".to_owned()
        } else {
            wording::list(&parts)
        }
    }

    /// What to do next, in a sentence.
    pub fn next_step(&self) -> String {
        let look = match self.worst() {
            Some(number) => format!("`poscert show CAPTURE {number}` shows the exchange to look at first"),
            None => "`poscert show CAPTURE` lists the exchanges".to_owned(),
        };
        match self.verdict.verdict {
            Outcome::Passed if self.warnings.is_empty() => "keep the capture, this verdict rests on it.".to_owned(),
            Outcome::Passed => format!("keep the capture, this verdict rests on it; {look}."),
            Outcome::Failed if self.failed.is_empty() && self.failed_cases.iter().all(|case| case.is_untried()) => {
                "the cases that failed were not tried: see that the till calls the recorder and acts sooner, or give it \
                 more time with `poscert certify --wait SECONDS`, and record it anew."
                    .to_owned()
            }
            Outcome::Failed => format!("mend the client and record it anew; {look}."),
            Outcome::Incomplete if self.verdict.capture.exchanges == 0 => {
                "send the client's calls through the recorder (`poscert record --help` shows how to point a client at it).".to_owned()
            }
            Outcome::Incomplete if !self.verdict.capture.complete => {
                "record the client again, into a new capture, and stop the recorder in good order.".to_owned()
            }
            Outcome::Incomplete if self.missing_cases.is_empty() => {
                "bring what is open to its end, recording on into the same capture, and verify it again.".to_owned()
            }
            Outcome::Incomplete => {
                let ids: Vec<String> = self.missing_cases.iter().map(|case| wording::safe(&case.id)).collect();
                format!(
                    "do {} on the till, recording on into the same capture, and verify it again.",
                    wording::list(&ids)
                )
            }
        }
    }

    /// What to do about a case that failed, in a sentence: first what was broken in the same exchanges.
    pub fn advice(&self, case: &CaseVerdict) -> String {
        let ended = case.wait.map(|wait| wait.ended);
        if case.is_untried() {
            let advice = match ended {
                Some(WaitEnd::Skipped) => "Do the case on the till; nothing of it was recorded.",
                _ if self.verdict.capture.exchanges == 0 => {
                    "Check that the till calls the recorder and trusts its CA; if it only takes longer to start, give it more \
                     time with --wait SECONDS (POSCERT_WAIT)."
                }
                _ => {
                    "Have the till do this step sooner, or give it more time with --wait SECONDS (POSCERT_WAIT); nothing was \
                     recorded that the client did wrong in this case."
                }
            };
            return advice.to_owned();
        }
        let more_time = match ended {
            Some(WaitEnd::TimedOut) => " If the till only needs more time, give it more with --wait SECONDS.",
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
                format!("{id} was broken there too, and comes first: {}", wording::safe(remedy))
            }
            (None, Some(number)) => {
                format!(
                    "Bring this step through on the till; `poscert show CAPTURE {number}` shows how far it came.{more_time}"
                )
            }
            (None, None) => format!("Do the case on the till from its first step on.{more_time}"),
        }
    }

    /// Who was judged, in part of a sentence: `C, version 1.2.3, of I`.
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

    /// By whom the capture is sealed and whether the reader trusts them, in a sentence.
    pub fn seal(&self) -> String {
        let capture = &self.verdict.capture;
        let (trusted, others): (Vec<&String>, Vec<&String>) =
            capture.sealed_by.iter().partition(|key| capture.trusted.contains(key));
        let names = |keys: &[&String]| wording::list(&keys.iter().map(|key| wording::safe(key)).collect::<Vec<_>>());
        let these = if others.len() == 1 { "this key" } else { "these keys" };
        match (trusted.is_empty(), others.is_empty()) {
            (true, true) => "Nobody sealed this capture.".to_owned(),
            (true, false) => format!(
                "Sealed by {}; nobody vouches for {these} (--trusted-key names those you trust).",
                names(&others)
            ),
            (false, true) => format!("Sealed by {}, as --trusted-key asks.", names(&trusted)),
            (false, false) => format!(
                "Sealed by {}, as --trusted-key asks; also by {}, and nobody vouches for {these}.",
                names(&trusted),
                names(&others)
            ),
        }
    }

    /// What was judged, in part of a sentence.
    pub fn capture(&self) -> String {
        let capture = &self.verdict.capture;
        let complete = if capture.complete { "complete" } else { "NOT complete" };
        let exchanges = usize::try_from(capture.exchanges).unwrap_or(usize::MAX);
        format!(
            "{}, {} in {}, {complete}; digest {}",
            if capture.kind == "har" { "HAR" } else { capture.kind },
            wording::count(exchanges, "exchange"),
            wording::count(capture.attempts as usize, "attempt"),
            wording::safe(&capture.digest)
        )
    }

    /// By which rules, in part of a sentence.
    pub fn rules(&self) -> String {
        let rules = &self.verdict.rules;
        let which = if rules.builtin { "the built-in ones" } else { "NOT the built-in ones" };
        format!("{which} of engine {}; digest {}", self.verdict.engine, wording::safe(&rules.digest))
    }
}
