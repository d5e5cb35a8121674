//! The verdict. It serialises to `poscert.verdict/1`, as described in `docs/verdict.schema.json`.
//!
//! It depends only on capture, rules, profile and engine version, and identifies all four.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

use crate::capture::record::{StepTimeout, StepTimeoutReason};
use crate::profile::ProfileId;
pub use crate::rules::model::Level;

/// The name of the format.
pub const SCHEMA: &str = "poscert.verdict/1";

/// The result of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of the engine.
    pub engine: &'static str,
    /// The overall outcome.
    pub verdict: Outcome,
    /// The client and features being certified.
    pub profile: Profile,
    /// The API that the client is certified for.
    pub api_profile: ProfileId,
    /// The evaluated capture.
    pub capture: CaptureSummary,
    /// The applied rules.
    pub rules: RulesSummary,
    /// The chosen features, in the order of [`crate::api::Feature`].
    pub features: Vec<FeatureVerdict>,
    /// All requirements, exercised or not, in the order of the rule files.
    pub requirements: Vec<RequirementVerdict>,
    /// What a reader must know first, one sentence each (rules that are not built in, fewer features than in the
    /// session, an unsigned capture, ...).
    pub remarks: Vec<String>,
}

/// The outcome of a feature, or the overall outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// All mandatory cases passed, and no requirement was broken.
    Passed,
    /// A requirement was broken or a case failed.
    Failed,
    /// Something is untested, undecided or hidden.
    Incomplete,
}

/// The client and features being certified.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// The id of the integrator; empty if unknown.
    pub integrator_id: String,
    /// The client id; empty if neither options, session nor traffic have it.
    pub client_id: String,
    /// `Major.Minor.Build`; empty if unknown.
    pub client_version: String,
    /// The ids of the chosen features.
    pub features: Vec<&'static str>,
    /// The digest of the fields above.
    pub digest: String,
}

impl Verdict {
    /// The ids of the requirements that apply to the chosen features.
    pub fn evaluated_ids(&self) -> BTreeSet<&str> {
        self.requirements.iter().filter(|one| one.judged).map(|one| one.id.as_str()).collect()
    }
}

/// The time of a recording, by the recorder's clock: RFC 3339, in UTC, to the second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecordingPeriod {
    /// The request head of the first exchange.
    pub from: String,
    /// The end of the last exchange.
    pub to: String,
}

/// The evaluated capture.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaptureSummary {
    /// `directory`, `archive` or `har`.
    pub kind: &'static str,
    /// The digest of its content.
    pub digest: String,
    /// The number of exchanges.
    pub exchanges: u64,
    /// The number of certification attempts.
    pub attempts: u32,
    /// Whether every run stopped cleanly and no exchange is missing.
    pub complete: bool,
    /// When the exchanges of the attempt were recorded; `None` if there are none, or the capture has no clock times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<RecordingPeriod>,
    /// Fingerprints of the keys that signed it.
    pub sealed_by: Vec<String>,
    /// The trusted keys among them. Trust is the reader's choice, so it is not part of the JSON.
    #[serde(skip)]
    pub trusted: Vec<String>,
}

/// The applied rules.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulesSummary {
    /// The digest of the rule files.
    pub digest: String,
    /// Whether they are the rules built into this engine.
    pub builtin: bool,
}

/// The verdict on a feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureVerdict {
    /// `payment`, ...
    pub id: &'static str,
    /// Its title, for people.
    pub title: String,
    /// Its outcome.
    pub verdict: Outcome,
    /// Its cases, in the order of the rule file.
    pub cases: Vec<CaseVerdict>,
}

/// The status of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseStatus {
    /// There is a witness.
    Passed,
    /// There is no witness, and an attempt at it failed.
    Failed,
    /// Neither passed nor failed.
    NotTested,
    /// An attempt at it is in progress in an open capture.
    InProgress,
}

/// The verdict on a case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseVerdict {
    /// `payment/1`, ...
    pub id: String,
    /// Its title, for people.
    pub title: String,
    /// Whether the feature passes without it.
    pub optional: bool,
    /// Its status.
    pub status: CaseStatus,
    /// The steps of the witness, or else of the attempt that got furthest.
    pub steps: Vec<StepVerdict>,
    /// The exchanges that pass the case, in order; empty if it did not pass.
    pub witness: Vec<u64>,
    /// The step timeout of the guided certification that decided that it failed; `None` if none did, or if its record
    /// has no details.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<WaitVerdict>,
}

impl CaseVerdict {
    /// Whether it failed only by a step timeout, before the client made any call of its first step.
    pub fn is_untried(&self) -> bool {
        self.status == CaseStatus::Failed && self.wait.is_some_and(|wait| wait.is_untried())
    }
}

/// A step of a case that timed out in the guided certification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WaitVerdict {
    /// The step, from 1.
    pub step: u64,
    /// The wait since the last activity, in ms.
    pub waited_ms: u64,
    /// The number of calls that arrived while the step was due.
    pub calls: u64,
    /// The number of calls of the step among them.
    pub step_calls: u64,
    /// Why the wait ended.
    pub ended: StepTimeoutReason,
}

impl WaitVerdict {
    /// The wait of a record; `None` if the record has no details.
    pub fn of(record: &StepTimeout) -> Option<WaitVerdict> {
        Some(WaitVerdict {
            step: u64::from(record.step.max(1)),
            waited_ms: record.waited_ms,
            calls: record.calls?,
            step_calls: record.step_calls?,
            ended: record.ended?,
        })
    }

    /// Why the wait ended, as part of a sentence; `None` if it neither timed out nor was skipped.
    pub fn message(&self) -> Option<String> {
        let seconds = format!("{} s", self.waited_ms / 1000);
        let calls = |n: u64| if n == 1 { "1 call".to_owned() } else { format!("{n} calls") };
        Some(match (self.ended, self.step_calls, self.calls) {
            (StepTimeoutReason::TimedOut, _, 0) => format!("no call arrived within {seconds}"),
            (StepTimeoutReason::TimedOut, 0, all) => {
                format!("no call of this step arrived within {seconds} ({} of other steps did)", calls(all))
            }
            (StepTimeoutReason::TimedOut, n, _) => {
                format!("its timeout of {seconds} expired ({} of this step arrived)", calls(n))
            }
            (StepTimeoutReason::Skipped, _, 0) => {
                format!("the operator skipped it after {seconds}, before any call arrived")
            }
            (StepTimeoutReason::Skipped, ..) => format!("the operator skipped it after {seconds}"),
            (StepTimeoutReason::Contradicted | StepTimeoutReason::Other, ..) => return None,
        })
    }

    /// Whether the client did not try the case: no call of its first step came.
    pub fn is_untried(&self) -> bool {
        self.step == 1
            && self.step_calls == 0
            && matches!(self.ended, StepTimeoutReason::TimedOut | StepTimeoutReason::Skipped)
    }
}

/// The status of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    /// The step passed.
    Passed,
    /// The attempt failed at this step.
    Failed,
    /// The step has not passed.
    Pending,
}

/// The verdict on a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepVerdict {
    /// The call that the client has to make, with its faults: `CreatePos (timeout) (500)`.
    pub call: String,
    /// Its status.
    pub status: StepStatus,
    /// The exchange that passed it, or at which it failed.
    pub exchange: Option<u64>,
    /// Why the wait for it ended, if a step timeout decided that it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The status of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Exercised, and not broken.
    Passed,
    /// A broken `must`.
    Failed,
    /// A broken `should`.
    Warning,
    /// No event of the capture exercised it.
    NotExercised,
    /// An obligation is open at the end of a capture that is incomplete or in progress.
    Inconclusive,
}

/// The verdict on a requirement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequirementVerdict {
    /// `PAY-01`, ...
    pub id: String,
    /// How binding it is.
    pub level: Level,
    /// Its status.
    pub status: Status,
    /// Its title, as a sentence.
    pub title: String,
    /// The section of the API's documentation.
    pub source: String,
    /// Its findings, in the order of the exchanges.
    pub findings: Vec<Finding>,
    /// Whether it applies to a chosen feature; if not, it is never exercised.
    #[serde(skip)]
    pub judged: bool,
}

/// A broken requirement with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The exchanges that are the evidence, in order; empty for a finding on a connection.
    pub exchanges: Vec<u64>,
    /// What was expected and what was seen.
    pub message: String,
    /// How to fix the client.
    pub remedy: String,
    /// The ids of the chosen features that it counts against.
    pub features: Vec<&'static str>,
    /// Whether an expected call did not follow; for diagrams.
    #[serde(skip)]
    pub is_missing: bool,
}
