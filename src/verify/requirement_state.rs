//! The evaluation state of one requirement.

use super::checks::{CheckState, EventKind, Violation};
use super::moment::Moment;
use super::target::Target;
use super::verdict::{Finding, Level, RequirementVerdict, Status};
use crate::api::{Feature, Operation};
use crate::rules::RuleSet;
use crate::rules::model::{Attribution, Requirement};
use crate::rules::predicate::PredicateError;

/// The maximum number of findings of one requirement in a verdict.
const MOST_FINDINGS: usize = 500;

/// The evaluation state of one requirement.
#[derive(Clone)]
pub(super) struct RequirementState<'r> {
    pub(super) requirement: &'r Requirement,
    watches: Vec<CheckState<'r>>,
    /// Whether it applies to a chosen feature.
    judged: bool,
    pub(super) findings: Vec<Finding>,
    left_out: u64,
}

impl<'r> RequirementState<'r> {
    /// The state before any event.
    pub(super) fn new(requirement: &'r Requirement, target: &Target) -> RequirementState<'r> {
        RequirementState {
            requirement,
            watches: requirement.checks.iter().map(CheckState::new).collect(),
            judged: requirement.judged_for.iter().any(|feature| target.features.contains(feature)),
            findings: Vec::new(),
            left_out: 0,
        }
    }

    fn add(&mut self, found: Violation, rules: &RuleSet, target: &Target) {
        let features = counts_against(self.requirement, found.operation, rules, target);
        let alike =
            self.findings.iter_mut().find(|finding| finding.message == found.message && finding.features == features);
        if let Some(alike) = alike {
            alike.exchanges.extend(found.exchanges);
            alike.exchanges.sort_unstable();
            alike.exchanges.dedup();
        } else if self.findings.len() < MOST_FINDINGS {
            let remedy = self.requirement.remedy.clone();
            let Violation { exchanges, message, is_missing, .. } = found;
            self.findings.push(Finding { exchanges, message, remedy, features, is_missing });
        } else {
            self.left_out += 1;
        }
    }

    /// The result at the end of the capture; `goes_on` leaves open obligations undecided.
    pub(super) fn settle(mut self, rules: &RuleSet, target: &Target, goes_on: bool) -> RequirementResult {
        let exercised = self.watches.iter().any(|watch| watch.exercised);
        let unsure = self.watches.iter().any(|watch| watch.unsure);
        let exercised = exercised && !unsure;
        let owed: Vec<Violation> =
            std::mem::take(&mut self.watches).into_iter().flat_map(CheckState::open_obligations).collect();
        let mut undecided = Vec::new();
        for found in owed {
            if goes_on {
                undecided.extend(counts_against(self.requirement, found.operation, rules, target));
            } else {
                self.add(found, rules, target);
            }
        }
        undecided.sort_unstable();
        undecided.dedup();
        self.findings.sort_by(|a, b| a.exchanges.cmp(&b.exchanges));
        if self.left_out > 0
            && let Some(last) = self.findings.last_mut()
        {
            last.message = format!("{} (and {} more findings like these)", last.message, self.left_out);
        }
        let level = self.requirement.level;
        let status = match (self.findings.is_empty(), level) {
            (false, Level::Must) => Status::Failed,
            (false, Level::Should) => Status::Warning,
            (true, _) if !undecided.is_empty() => Status::Inconclusive,
            (true, _) if exercised => Status::Passed,
            (true, _) => Status::NotExercised,
        };
        let verdict = RequirementVerdict {
            id: self.requirement.id.clone(),
            level,
            status,
            title: self.requirement.title.clone(),
            source: self.requirement.source.clone(),
            judged: self.judged,
            findings: self.findings,
        };
        let hides = unsure && level == Level::Must && self.judged;
        let hidden = if hides { self.requirement.judged_for.clone() } else { Vec::new() };
        RequirementResult { verdict, undecided, hidden }
    }
}

/// The ids of the chosen features that a broken requirement counts against.
fn counts_against(
    requirement: &Requirement,
    operation: Option<Operation>,
    rules: &RuleSet,
    target: &Target,
) -> Vec<&'static str> {
    let chosen = |feature: &Feature| target.features.contains(feature);
    if requirement.counts == Attribution::Own {
        return requirement.judged_for.iter().copied().filter(|f| chosen(f)).map(Feature::id).collect();
    }
    let owners = rules.features.iter().filter(|feature| chosen(&feature.feature));
    let owners = owners.filter(|feature| operation.is_some_and(|operation| feature.operations.contains(&operation)));
    let owners: Vec<&'static str> = owners.map(|feature| feature.feature.id()).collect();
    if owners.is_empty() { vec![rules.profile.mandatory.id()] } else { owners }
}

/// A requirement's verdict, with the ids of the features for which it is undecided.
pub(super) struct RequirementResult {
    pub(super) verdict: RequirementVerdict,
    pub(super) undecided: Vec<&'static str>,
    /// The features for which it is a `must` that depends on something that the capture does not show.
    pub(super) hidden: Vec<Feature>,
}

/// Processes an event for all requirements that apply.
pub(super) fn see_all(
    requirement_states: &mut [RequirementState],
    rules: &RuleSet,
    target: &Target,
    happened: EventKind,
    moment: &Moment,
) -> Result<(), PredicateError> {
    for requirement_state in requirement_states.iter_mut().filter(|requirement_state| requirement_state.judged) {
        for at in 0..requirement_state.watches.len() {
            let found = requirement_state.watches[at].observe(happened, moment).map_err(|error| {
                PredicateError(format!(
                    "{}: requirement {}: {error}",
                    requirement_state.requirement.file, requirement_state.requirement.id
                ))
            })?;
            for found in found {
                requirement_state.add(found, rules, target);
            }
        }
    }
    Ok(())
}
