//! The outcome of a feature, and that of a capture.

use super::requirement_state::RequirementResult;
use super::verdict::{CaseStatus, CaseVerdict, FeatureVerdict, Level, Outcome, Status};
use crate::api::Feature;

/// The outcome of a feature.
pub(super) fn outcome(feature: Feature, cases: &[CaseVerdict], requirements: &[RequirementResult]) -> Outcome {
    let id = feature.id();
    let musts = || requirements.iter().filter(|settled| settled.verdict.level == Level::Must);
    let failed = musts().any(|settled| settled.verdict.findings.iter().any(|finding| finding.features.contains(&id)));
    let mandatory = || cases.iter().filter(|case| !case.optional);
    if failed || mandatory().any(|case| case.status == CaseStatus::Failed) {
        return Outcome::Failed;
    }
    let undecided =
        musts().any(|settled| settled.verdict.status == Status::Inconclusive && settled.undecided.contains(&id));
    if undecided || mandatory().any(|case| case.status != CaseStatus::Passed) {
        return Outcome::Incomplete;
    }
    Outcome::Passed
}

/// The outcome of a capture. `complete`: it shows everything.
pub(super) fn overall(features: &[FeatureVerdict], requirements: &[RequirementResult], complete: bool) -> Outcome {
    let must_failed = requirements.iter().any(|settled| settled.verdict.status == Status::Failed);
    if must_failed || features.iter().any(|feature| feature.verdict == Outcome::Failed) {
        Outcome::Failed
    } else if !complete || features.iter().any(|feature| feature.verdict == Outcome::Incomplete) {
        Outcome::Incomplete
    } else {
        Outcome::Passed
    }
}
