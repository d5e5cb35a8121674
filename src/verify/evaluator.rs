//! The evaluator: applies the rules to the records of a capture and builds the verdict.

use super::attempt::{Attempt, RunTime};
use super::attempt_context::Context;
use super::case::CaseState;
use super::checks::EventKind;
use super::clock::Clock;
use super::missing_bodies::Hidden;
use super::moment::Moment;
use super::outcomes::{outcome, overall};
use super::possibilities::{self, PossibleEvent};
use super::requirement_state::{RequirementResult, RequirementState, see_all};
use super::state::{DerivedEvent, ObservedState};
use super::target::{Options, Target};
use super::timeline::Timeline;
use super::verdict::{
    CaptureSummary, CaseStatus, FeatureVerdict, Finding, Level, Outcome, RulesSummary, SCHEMA, Verdict,
};
use crate::capture::record::{Connection, Exchange, Notification, Record, StepTimeout};
use crate::rules::model::{At, Requirement};
use crate::rules::predicate::PredicateError;
use crate::rules::{RuleSet, Truth, Value};
use std::collections::HashMap;

/// The properties of a capture that the verdict reports, apart from its records.
#[derive(Clone, Debug, Default)]
pub struct Input {
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
    /// Fingerprints of the keys that signed it.
    pub sealed_by: Vec<String>,
    /// Remarks that a reader must know, one sentence each.
    pub remarks: Vec<String>,
}

/// The evaluation state of all rules.
pub struct Evaluator<'r> {
    pub(super) rules: &'r RuleSet,
    pub(super) target: &'r Target,
    clock: Clock,
    pub(super) observed: ObservedState,
    timeline: Timeline,
    pub(super) requirement_states: Vec<RequirementState<'r>>,
    pub(super) cases: Vec<Vec<CaseState<'r>>>,
    pub(super) waits: Vec<StepTimeout>,
    /// Exchanges still to come whose response was not delivered, by run and number, with the time of the disconnect.
    undelivered: HashMap<(u32, u64), u64>,
    seen: u64,
    hidden: Hidden,
}

impl<'r> Evaluator<'r> {
    /// The state before any record.
    pub fn new(rules: &'r RuleSet, target: &'r Target, clock: Clock) -> Evaluator<'r> {
        let requirement_states =
            rules.requirements.iter().map(|requirement| RequirementState::new(requirement, target));
        let chosen = rules.features.iter().filter(|feature| target.features.contains(&feature.feature));
        Evaluator {
            rules,
            target,
            clock,
            observed: ObservedState::new(rules, clock),
            timeline: Timeline::new(clock.begin_us),
            requirement_states: requirement_states.collect(),
            cases: chosen.map(|feature| feature.cases.iter().map(CaseState::new).collect()).collect(),
            waits: Vec::new(),
            undelivered: HashMap::new(),
            seen: 0,
            hidden: Hidden::default(),
        }
    }

    /// The state before any record, for the same rules and client.
    pub fn fresh(&self) -> Evaluator<'r> {
        Evaluator { timeline: self.timeline.fresh(), ..Evaluator::new(self.rules, self.target, self.clock) }
    }

    /// The same evaluator for overlapping calls: a response precedes a request only if the clock says so.
    pub fn overlapping(self) -> Evaluator<'r> {
        Evaluator { timeline: Timeline::new(1), ..self }
    }

    /// Processes the next record; exchanges come in the order of their numbers.
    ///
    /// # Errors
    /// A predicate that cannot be evaluated.
    pub fn take(&mut self, record: &Record) -> Result<(), PredicateError> {
        match record {
            Record::Exchange(exchange) => self.exchange(exchange),
            Record::Connection(connection) => self.connection(connection),
            Record::Notification(notification) => self.notification(notification),
            Record::StepTimeout(wait) => {
                self.waits.push(wait.clone());
                Ok(())
            }
            Record::Attempt(_) => {
                *self = self.fresh();
                Ok(())
            }
            Record::RunStart(_) | Record::RunStop(_) | Record::Session(_) => Ok(()),
        }
    }

    fn exchange(&mut self, exchange: &Exchange) -> Result<(), PredicateError> {
        self.seen += 1;
        let mut attempt = if self.rules.raw {
            Attempt::with_raw(exchange, self.rules.profile)
        } else {
            Attempt::of(exchange, self.rules.profile)
        };
        if let Some(left) = self.undelivered.remove(&(exchange.run, exchange.number)) {
            attempt.undelivered(left);
        }
        self.hidden.observe(&attempt);
        self.ends_before(attempt.head)?;
        let context = self.observed.open(&attempt);
        self.look(EventKind::Request, &attempt, &context)?;
        self.fold(At::Request, &attempt, &context)?;
        let derived = self.observed.sent(&attempt, &context);
        self.observed.missing.request(&attempt, &context);
        self.derived(&derived, &attempt, &context, false)?;
        if attempt.is_loose() {
            self.possibly(&attempt, &context)?;
        }
        self.timeline.opened(attempt, context);
        Ok(())
    }

    /// A copy that evaluates the cases only, and no requirements.
    pub(super) fn looking_ahead(&self) -> Evaluator<'r> {
        Evaluator {
            rules: self.rules,
            target: self.target,
            clock: self.clock,
            observed: self.observed.clone(),
            timeline: self.timeline.clone(),
            requirement_states: Vec::new(),
            cases: self.cases.clone(),
            waits: self.waits.clone(),
            undelivered: self.undelivered.clone(),
            seen: self.seen,
            hidden: self.hidden.clone(),
        }
    }

    /// Ends all exchanges in flight.
    pub(super) fn end_all(&mut self) -> Result<(), PredicateError> {
        while let Some((attempt, context)) = self.timeline.ended() {
            self.end(attempt, context)?;
        }
        Ok(())
    }

    fn ends_before(&mut self, head: RunTime) -> Result<(), PredicateError> {
        while let Some((attempt, context)) = self.timeline.ended_before(head) {
            self.end(attempt, context)?;
        }
        Ok(())
    }

    fn end(&mut self, attempt: Attempt, mut context: Context) -> Result<(), PredicateError> {
        let derived = self.observed.answered(&attempt, &mut context);
        self.fold(At::Answer, &attempt, &context)?;
        self.observed.missing.answer(&attempt, &context);
        self.derived(&derived, &attempt, &context, attempt.answer_hidden)?;
        if attempt.answer_hidden || attempt.hides_request() {
            self.possibly(&attempt, &context)?;
        }
        self.look(EventKind::Answer, &attempt, &context)?;
        let moment = moment(&self.observed, self.target, &attempt, &context);
        for case in self.cases.iter_mut().flatten() {
            case.observe(&moment)?;
        }
        Ok(())
    }

    /// Updates the folded fields of the resources that an exchange is about, all from the state before it.
    fn fold(&mut self, at: At, attempt: &Attempt, context: &Context) -> Result<(), PredicateError> {
        let mut changes = Vec::new();
        for field in self.rules.folds.iter().filter(|field| field.at == at) {
            let Some(place) = context.about[field.resource] else { continue };
            if !field.on.is_empty() && !attempt.is(&field.on) {
                continue;
            }
            let moment = moment(&self.observed, self.target, attempt, context);
            let wrong = |error: PredicateError| PredicateError(format!("field {}: {error}", field.name));
            let counts = field.when.as_ref().map_or(Ok(Truth::Yes), |when| when.asks(&moment)).map_err(wrong)?;
            let value = match (counts, &field.value) {
                (Truth::No, _) => continue,
                (Truth::Unknown(doubt), _) => Value::Unknown(doubt),
                (Truth::Yes, Some(value)) => value.value(&moment).map_err(wrong)?,
                (Truth::Yes, None) => Value::Bool(true),
            };
            changes.push((field, place, value));
        }
        for (field, place, value) in changes {
            self.observed.folded.apply(field, place, value);
        }
        Ok(())
    }

    /// Evaluates derived events. `unseen`: they depend on a hidden response, and so are only possible.
    fn derived(
        &mut self,
        derived: &[DerivedEvent],
        attempt: &Attempt,
        context: &Context,
        unseen: bool,
    ) -> Result<(), PredicateError> {
        for what in derived {
            let happened = match *what {
                DerivedEvent::Recovered(call) | DerivedEvent::LookedUp(call) if unseen => {
                    EventKind::Possibly(PossibleEvent::Resolved(call))
                }
                DerivedEvent::ConflictResolved(call) if unseen || !self.observed.calls.at(call).content_known => {
                    EventKind::Possibly(PossibleEvent::ConflictResolved(call))
                }
                DerivedEvent::Recovered(call) => EventKind::Recovered(call),
                DerivedEvent::LookedUp(call) => EventKind::LookedUp(call),
                DerivedEvent::ConflictResolved(call) => EventKind::ConflictResolved(call),
                DerivedEvent::ListedCaptured(payment) => EventKind::ListedCaptured(payment),
            };
            self.look(happened, attempt, context)?;
        }
        Ok(())
    }

    /// Evaluates the events that may have happened in the hidden parts of an exchange.
    fn possibly(&mut self, attempt: &Attempt, context: &Context) -> Result<(), PredicateError> {
        for possible in possibilities::possible(&self.observed, attempt, context) {
            if let PossibleEvent::Resolved(call) = possible {
                self.observed.missing.maybe_resolved.insert(call);
            }
            self.look(EventKind::Possibly(possible), attempt, context)?;
        }
        Ok(())
    }

    fn look(&mut self, happened: EventKind, attempt: &Attempt, context: &Context) -> Result<(), PredicateError> {
        see_all(
            &mut self.requirement_states,
            self.rules,
            self.target,
            happened,
            &moment(&self.observed, self.target, attempt, context),
        )
    }

    fn connection(&mut self, connection: &Connection) -> Result<(), PredicateError> {
        if let Some(number) = connection.undelivered {
            match self.timeline.open(connection.run, number) {
                Some(attempt) => attempt.undelivered(connection.at_us),
                // In a HAR file this record comes before its exchange.
                None => drop(self.undelivered.insert((connection.run, number), connection.at_us)),
            }
        }
        let moment = Moment { connection: Some(connection), ..Moment::bare(&self.observed, self.target) };
        see_all(&mut self.requirement_states, self.rules, self.target, EventKind::Connection, &moment)
    }

    fn notification(&mut self, notification: &Notification) -> Result<(), PredicateError> {
        let moment = Moment { notification: Some(notification), ..Moment::bare(&self.observed, self.target) };
        see_all(&mut self.requirement_states, self.rules, self.target, EventKind::Notification, &moment)
    }

    /// The `must` requirements broken so far, with the findings of each; later records cannot change that.
    pub fn broken(&self) -> impl Iterator<Item = (&'r Requirement, &[Finding])> {
        let musts = self
            .requirement_states
            .iter()
            .filter(|requirement_state| requirement_state.requirement.level == Level::Must);
        musts
            .map(|requirement_state| (requirement_state.requirement, requirement_state.findings.as_slice()))
            .filter(|(_, found)| !found.is_empty())
    }

    /// The verdict if the capture ends here.
    ///
    /// # Errors
    /// A predicate that cannot be evaluated.
    pub fn finish(mut self, input: &Input, options: &Options) -> Result<Verdict, PredicateError> {
        self.end_all()?;
        for call in self.observed.nothing_found() {
            let moment = Moment::bare(&self.observed, self.target);
            for resolved in [EventKind::Recovered(call), EventKind::LookedUp(call)] {
                see_all(&mut self.requirement_states, self.rules, self.target, resolved, &moment)?;
            }
        }
        let goes_on = options.open || !input.complete;
        let mut requirements = Vec::new();
        for requirement_state in std::mem::take(&mut self.requirement_states) {
            requirements.push(requirement_state.settle(self.rules, self.target, goes_on));
        }
        // What the fields of built-in rules need is known before they are evaluated; what raw access needs, only now.
        let unknown = |requirement: &&RequirementResult| self.rules.raw && !requirement.hidden.is_empty();
        let unknown: Vec<&RequirementResult> = requirements.iter().filter(unknown).collect();
        let target = self.target;
        let mut features = Vec::new();
        let chosen: Vec<_> = self.rules.features.iter().filter(|f| target.features.contains(&f.feature)).collect();
        for (feature, watches) in chosen.into_iter().zip(&self.cases) {
            let mut cases = Vec::new();
            for (case, watch) in feature.cases.iter().zip(watches) {
                let needed = case.needed_with.is_none_or(|with| target.features.contains(&with));
                let optional = case.optional || !needed;
                let verdict = watch.verdict(&self.observed, target, &self.waits, goes_on, optional)?;
                cases.push(verdict);
            }
            if !options.open {
                // Only an open capture has cases in progress.
                for case in cases.iter_mut().filter(|case| case.status == CaseStatus::InProgress) {
                    case.status = CaseStatus::NotTested;
                }
            }
            features.push(FeatureVerdict {
                id: feature.feature.id(),
                title: feature.title.clone(),
                verdict: match outcome(feature.feature, &cases, &requirements) {
                    Outcome::Passed if self.is_hidden(feature) => Outcome::Incomplete,
                    Outcome::Passed if unknown.iter().any(|one| one.hidden.contains(&feature.feature)) => {
                        Outcome::Incomplete
                    }
                    other => other,
                },
                cases,
            });
        }
        let is_defined = target.undefined(self.rules).next().is_none();
        let complete = input.complete && self.seen > 0 && !self.hidden.any() && unknown.is_empty() && is_defined;
        let verdict = overall(&features, &requirements, complete);
        let mut remarks = input.remarks.clone();
        if !unknown.is_empty() {
            let ids: Vec<&str> = unknown.iter().map(|requirement| requirement.verdict.id.as_str()).collect();
            let why = "the capture does not show what it needs, or has a value of another type in its place";
            remarks.insert(0, format!("Not evaluated: {}; {why}.", ids.join(", ")));
        }
        Ok(Verdict {
            schema: SCHEMA,
            engine: env!("CARGO_PKG_VERSION"),
            verdict,
            profile: target.profile(),
            api_profile: self.rules.profile.id(),
            capture: CaptureSummary {
                kind: input.kind,
                digest: input.digest.clone(),
                exchanges: input.exchanges,
                attempts: input.attempts,
                complete: input.complete,
                // From the records, which the caller reads.
                recorded: None,
                sealed_by: input.sealed_by.clone(),
                trusted: Vec::new(),
            },
            rules: RulesSummary { digest: self.rules.digest.clone(), builtin: self.rules.builtin },
            features,
            requirements: requirements.into_iter().map(|settled| settled.verdict).collect(),
            remarks,
        })
    }
}

impl Evaluator<'_> {
    /// Whether the capture hides a part of a call that belongs to a feature.
    fn is_hidden(&self, feature: &crate::rules::Feature) -> bool {
        let beside = feature.feature == self.rules.profile.mandatory && self.hidden.any_beside(&self.target.operations);
        beside || self.hidden.any_of(&feature.operations)
    }
}

fn moment<'a>(
    observed: &'a ObservedState,
    target: &'a Target,
    attempt: &'a Attempt,
    context: &'a Context,
) -> Moment<'a> {
    Moment { attempt: Some((attempt, context)), about: context.about, ..Moment::bare(observed, target) }
}
