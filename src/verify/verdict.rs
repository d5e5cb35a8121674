//! The verdict, in the shape that `contract.md` promises; it serialises to `poscert.verdict/1` as it stands.
//!
//! It depends on capture, rules, profile and engine version alone, and names the four.

use serde::{Deserialize, Serialize};

use crate::capture::record::{StepTimeout, WaitEnd};
pub use crate::rules::model::Level;

/// The name of this shape.
pub const SCHEMA: &str = "poscert.verdict/1";

/// What the verifier found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// The version of the engine.
    pub engine: &'static str,
    /// Of the whole.
    pub verdict: Outcome,
    /// Who was certified for what.
    pub profile: Profile,
    /// What was judged.
    pub capture: CaptureSummary,
    /// By which rules.
    pub rules: RulesSummary,
    /// In the order of the seed document.
    pub features: Vec<FeatureVerdict>,
    /// In the order of the rule files, also those not exercised.
    pub requirements: Vec<RequirementVerdict>,
    /// What a reader must know before anything else, a sentence each (rules that are not the built-in ones, features
    /// fewer than the session's own, input that nobody sealed, ...).
    pub remarks: Vec<String>,
}

/// The outcome of a feature, or of the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything that had to be shown was, and nothing broke.
    Passed,
    /// Something broke.
    Failed,
    /// Something was not shown.
    Incomplete,
}

/// Who was certified for what.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Profile {
    /// Who makes the client; empty where nobody said.
    pub integrator_id: String,
    /// The client id; empty where neither options, session nor traffic tell.
    pub client_id: String,
    /// `Major.Minor.Build`, likewise.
    pub client_version: String,
    /// Ids of the chosen features.
    pub features: Vec<&'static str>,
    /// Of the fields above.
    pub digest: String,
}

/// What was judged.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaptureSummary {
    /// `directory`, `archive` or `har`.
    pub kind: &'static str,
    /// Of its content.
    pub digest: String,
    /// How many exchanges it holds.
    pub exchanges: u64,
    /// How many attempts.
    pub attempts: u32,
    /// Whether nothing is missing: every run stopped cleanly and no number is lost.
    pub complete: bool,
    /// Fingerprints of the keys that sealed it.
    pub sealed_by: Vec<String>,
    /// Those of them that the reader trusts. It is the reader's, not the capture's, and so no part of the JSON.
    #[serde(skip)]
    pub trusted: Vec<String>,
}

/// The rules that were applied.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RulesSummary {
    /// Of the rule files.
    pub digest: String,
    /// Whether they are those built into this engine.
    pub builtin: bool,
}

/// The verdict on a feature.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureVerdict {
    /// `payment`, ...
    pub id: &'static str,
    /// For people.
    pub title: String,
    /// Its outcome.
    pub verdict: Outcome,
    /// In the order of the rule file.
    pub cases: Vec<CaseVerdict>,
}

/// The status of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaseStatus {
    /// There is a witness.
    Passed,
    /// There is none, and a try at it broke.
    Failed,
    /// Neither.
    NotTested,
    /// A try is under way in a capture that goes on.
    InProgress,
}

/// The verdict on a case.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CaseVerdict {
    /// `payment/1`, ...
    pub id: String,
    /// For people.
    pub title: String,
    /// Whether the feature passes without it.
    pub optional: bool,
    /// Its status.
    pub status: CaseStatus,
    /// Of the witness, else of the try that came furthest.
    pub steps: Vec<StepVerdict>,
    /// The exchanges that show the case, in order; empty where it was not passed.
    pub witness: Vec<u64>,
    /// The guided certification's wait that decided that it failed; `None` where none did, or where its record tells no more
    /// than that there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<WaitVerdict>,
}

impl CaseVerdict {
    /// Whether it failed by a wait alone, in which the client did not even try it.
    pub fn is_untried(&self) -> bool {
        self.status == CaseStatus::Failed && self.wait.is_some_and(|wait| wait.is_untried())
    }
}

/// A step of a case that the guided certification waited for in vain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct WaitVerdict {
    /// The step, from 1.
    pub step: u64,
    /// How long it was waited for since the last sign of life, in ms.
    pub waited_ms: u64,
    /// How many calls arrived while the step was due.
    pub calls: u64,
    /// How many of them were calls of the step.
    pub step_calls: u64,
    /// Why the wait ended.
    pub ended: WaitEnd,
}

impl WaitVerdict {
    /// Of a record; `None` where it does not say more than that there was a wait.
    pub fn of(record: &StepTimeout) -> Option<WaitVerdict> {
        Some(WaitVerdict {
            step: u64::from(record.step.max(1)),
            waited_ms: record.waited_ms,
            calls: record.calls?,
            step_calls: record.step_calls?,
            ended: record.ended?,
        })
    }

    /// What ended the wait, in part of a sentence; `None` where it was not the time and not the operator.
    pub fn message(&self) -> Option<String> {
        let seconds = format!("{} s", self.waited_ms / 1000);
        let calls = |n: u64| if n == 1 { "1 call".to_owned() } else { format!("{n} calls") };
        Some(match (self.ended, self.step_calls, self.calls) {
            (WaitEnd::TimedOut, _, 0) => format!("no call came within {seconds}"),
            (WaitEnd::TimedOut, 0, all) => {
                format!("no call of this step came within {seconds} ({} of other steps did)", calls(all))
            }
            (WaitEnd::TimedOut, n, _) => format!("its wait of {seconds} ran out ({} of this step came)", calls(n)),
            (WaitEnd::Skipped, _, 0) => format!("the operator skipped it after {seconds}, and no call had come"),
            (WaitEnd::Skipped, ..) => format!("the operator skipped it after {seconds}"),
            (WaitEnd::Contradicted | WaitEnd::Other, ..) => return None,
        })
    }

    /// Whether the client did not even try the case: no call of its first step came.
    pub fn is_untried(&self) -> bool {
        self.step == 1 && self.step_calls == 0 && matches!(self.ended, WaitEnd::TimedOut | WaitEnd::Skipped)
    }
}

/// The status of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepStatus {
    /// Shown.
    Passed,
    /// Here the try broke.
    Failed,
    /// Not shown.
    Pending,
}

/// The verdict on a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepVerdict {
    /// The call the client has to make, with its faults: `CreatePos (timeout) (500)`.
    pub call: String,
    /// Its status.
    pub status: StepStatus,
    /// The exchange that showed it.
    pub exchange: Option<u64>,
    /// What ended the wait for it, where a wait decided that it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The status of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Exercised, and it held.
    Passed,
    /// A must that was broken.
    Failed,
    /// A should that was broken.
    Warning,
    /// Nothing in the capture touches it.
    NotExercised,
    /// Still open where a capture ends that is not complete, or goes on.
    Inconclusive,
}

/// The verdict on a requirement.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RequirementVerdict {
    /// `PAY-01`, ...
    pub id: String,
    /// How binding.
    pub level: Level,
    /// Its status.
    pub status: Status,
    /// In a sentence.
    pub title: String,
    /// The section of the API's documentation.
    pub source: String,
    /// Each time it was broken, in the order of the exchanges.
    pub findings: Vec<Finding>,
    /// Whether it is judged for a chosen feature; one that is not is never exercised.
    #[serde(skip)]
    pub judged: bool,
}

/// A broken requirement with its evidence.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The exchanges that show it, in order; empty for a finding on a connection.
    pub exchanges: Vec<u64>,
    /// What was expected and what was seen.
    pub message: String,
    /// How to mend the client.
    pub remedy: String,
    /// Ids of the chosen features it counts against.
    pub features: Vec<&'static str>,
}
