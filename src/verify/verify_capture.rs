//! Evaluation of an opened capture, from its first record to its last.

use super::clock::Clock;
use super::recording_period::PeriodBuilder;
use super::{ClientInference, Evaluator, Input, Options, Target, Verdict, possible_orders};
use crate::api::Feature;
use crate::capture::record::Record;
use crate::capture::{CaptureError, reader::Capture};
use crate::profile::{ProfileId, pos_v10};
use crate::rules::RuleSet;
use std::fmt;

/// The error of an evaluation.
#[derive(Debug)]
pub enum RunError {
    /// The capture could not be read.
    Capture(CaptureError),
    /// A rule could not be evaluated.
    Rule(String),
    /// The capture has calls of another API than the rules are about.
    OtherApi {
        /// The profile under which it was recorded.
        recorded: String,
        /// The profile of the rules.
        rules: String,
    },
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::Capture(error) => error.fmt(f),
            RunError::Rule(error) => write!(f, "{error}; fix the rule file, or omit --rules"),
            RunError::OtherApi { recorded, rules } => write!(
                f,
                "the capture was recorded with the profile {recorded}, not with {rules}; pass that profile with --profile"
            ),
        }
    }
}

impl std::error::Error for RunError {}

impl From<CaptureError> for RunError {
    fn from(error: CaptureError) -> Self {
        RunError::Capture(error)
    }
}

/// Evaluates a capture. It is read once, or twice if neither the options nor its session identify the client, so that
/// client id and version have to be inferred from the traffic.
///
/// # Errors
/// A capture that cannot be read to its end, or a rule that cannot be applied.
pub fn evaluate(capture: &Capture, rules: &RuleSet, options: &Options) -> Result<Verdict, RunError> {
    let session = capture.session.as_ref();
    let is_given = |option: bool, session: Option<bool>| option || session.unwrap_or(false);
    let version_given = is_given(options.client_version.is_some(), session.map(|s| s.client_version.is_some()));
    let id_given = is_given(options.client_id.is_some(), session.map(|s| s.client_id.is_some()));
    let mut inference = ClientInference::default();
    if !(version_given && id_given) {
        for record in capture.records()? {
            inference.count(&record?, rules.profile);
        }
    }
    let target = Target::settle(options, session, &inference, rules);
    let clock = Clock { begin_us: capture.resolution_us, lasted_us: capture.lasted_us };
    let mut evaluator = Evaluator::new(rules, &target, clock);
    let mut earlier = Vec::new();
    let mut period = PeriodBuilder::default();
    for record in capture.records()? {
        let record: Record = record?;
        if let Record::RunStart(start) = &record {
            check_api(start.api_profile.as_ref(), rules)?;
        }
        if let Record::Attempt(attempt) = &record {
            earlier.push((attempt.number.saturating_sub(1), attempt.ended_as.clone()));
        }
        period.take(&record);
        evaluator.take(&record).map_err(|error| RunError::Rule(error.to_string()))?;
    }
    let input = Input {
        kind: capture.kind.name(),
        digest: capture.digest.clone(),
        exchanges: capture.exchanges,
        attempts: capture.attempts,
        complete: capture.complete,
        sealed_by: capture.sealed_by.clone(),
        remarks: remarks(capture, rules, options, &target, &earlier),
    };
    let mut verdict = evaluator.finish(&input, options).map_err(|error| RunError::Rule(error.to_string()))?;
    let again = |order: Option<&[usize]>, overlapping: bool| -> Result<Verdict, RunError> {
        let evaluator = Evaluator::new(rules, &target, clock);
        let mut evaluator = if overlapping { evaluator.overlapping() } else { evaluator };
        for record in capture.records_in(order)? {
            evaluator.take(&record?).map_err(|error| RunError::Rule(error.to_string()))?;
        }
        evaluator.finish(&input, options).map_err(|error| RunError::Rule(error.to_string()))
    };
    if clock.begin_us > 1 && possible_orders::breaks_something(&verdict) {
        possible_orders::keep_common(&mut verdict, &again(None, true)?, true);
    }
    if !capture.ties.is_empty() {
        let exchanges = usize::try_from(capture.exchanges).unwrap_or(usize::MAX);
        verdict = possible_orders::in_all_orders(verdict, exchanges, &capture.ties, |order| again(Some(order), false))?;
    }
    verdict.capture.recorded = period.finish();
    Ok(verdict)
}

/// Rules about one API say nothing about the calls of another one.
fn check_api(recorded: Option<&ProfileId>, rules: &RuleSet) -> Result<(), RunError> {
    // There was one API before captures named it.
    let recorded = recorded.map_or(&pos_v10().name, |recorded| &recorded.name);
    if *recorded == rules.profile.name {
        return Ok(());
    }
    Err(RunError::OtherApi { recorded: recorded.clone(), rules: rules.profile.name.clone() })
}

/// What a reader of the verdict must know first.
fn remarks(
    capture: &Capture,
    rules: &RuleSet,
    options: &Options,
    target: &Target,
    earlier: &[(u32, String)],
) -> Vec<String> {
    let mut remarks = capture.remarks.clone();
    remarks.extend(earlier.iter().map(|(number, ended)| {
        format!("Certification attempt {number} ended with verdict {ended}; it no longer counts.")
    }));
    if rules.profile.directory.is_some() {
        let name = &rules.profile.name;
        remarks.push(format!("The API profile {name} is not built in; no certificate can be issued for this verdict."));
    } else if !rules.builtin {
        remarks.push("The rules are not the built-in ones; no certificate can be issued for this verdict.".to_owned());
    }
    let session = capture.session.as_ref().map_or(&[][..], |session| &session.features);
    let left_out: Vec<&str> = session
        .iter()
        .map(String::as_str)
        .filter(|id| !target.features.iter().any(|feature| feature.id() == *id))
        .collect();
    if !left_out.is_empty() {
        remarks.push(format!("The session also selected {}, which this verdict does not cover.", left_out.join(", ")));
    }
    let undefined: Vec<&str> = target.undefined(rules).map(Feature::id).collect();
    if !undefined.is_empty() {
        remarks.push(format!("The rules do not define {}: nothing in it is evaluated.", undefined.join(", ")));
    }
    if options.open {
        remarks.push("Evaluated as unfinished (--open): operations still open at the end are not decided.".to_owned());
    }
    remarks
}
