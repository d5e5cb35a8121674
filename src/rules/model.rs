//! Rules in memory: requirements with their checks, cases with their steps.

use super::guidance::Guidance;
use super::predicate::Predicate;
use super::template::Template;
use crate::api::Fault;
pub use crate::profile::At;
use crate::profile::{Operation, Profile, Resource};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How binding a requirement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Breaking it fails the feature.
    Must,
    /// Breaking it is a warning.
    Should,
}

/// The features that a broken requirement counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Attribution {
    /// The feature of the rule file that contains it.
    Own,
    /// Each chosen feature that the exchange belongs to; onboarding if there is none.
    Exchange,
}

/// A feature, as described by its rule file.
#[derive(Clone, Debug)]
pub struct Feature {
    /// Its id.
    pub feature: crate::profile::Feature,
    /// Its title, for people.
    pub title: String,
    /// The operations that belong to it.
    pub operations: Vec<Operation>,
    /// Its cases, in order.
    pub cases: Vec<Case>,
}

/// A requirement.
#[derive(Debug)]
pub struct Requirement {
    /// Its id.
    pub id: String,
    /// How binding it is.
    pub level: Level,
    /// Its title, as a sentence.
    pub title: String,
    /// The section of the API's documentation.
    pub source: String,
    /// Why it is required.
    pub why: String,
    /// How to fix a client that breaks it.
    pub remedy: String,
    /// The features that it counts against when broken.
    pub counts: Attribution,
    /// It is evaluated if one of these features is chosen.
    pub judged_for: Vec<crate::profile::Feature>,
    /// The name of its rule file.
    pub file: String,
    /// Its checks; one broken check breaks the requirement.
    pub checks: Vec<Check>,
}

/// One check of a requirement.
#[derive(Debug)]
pub struct Check {
    /// The pattern has separate state for each thing of this scope.
    pub scope: Scope,
    /// The pattern to look for.
    pub pattern: Pattern,
    /// The message of a violation: expected and seen, with fields in braces.
    pub message: Template,
    /// Fields with the numbers of further exchanges to show as evidence.
    pub cite: Vec<String>,
}

/// The kind of thing for which a pattern has separate state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The whole client.
    Client,
    /// A connection of the client.
    Connection,
    /// One call: the attempts with one idempotency key or, if the operation creates nothing, with one method and path.
    Call,
    /// An idempotency key.
    Key,
    /// Requests of one method, target and body.
    Request,
    /// A token.
    Token,
    /// A resource of this kind.
    Resource(Resource),
}

impl Scope {
    /// The scopes that are no kind of resource, by their names in rule files.
    pub const NAMES: [(&'static str, Scope); 6] = [
        ("client", Scope::Client),
        ("connection", Scope::Connection),
        ("call", Scope::Call),
        ("key", Scope::Key),
        ("request", Scope::Request),
        ("token", Scope::Token),
    ];

    /// The scope with this name, in rules about this API.
    pub fn from_name(name: &str, profile: &Profile) -> Option<Scope> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, scope)| *scope);
        known.or_else(|| profile.resource(name).map(Scope::Resource))
    }

    /// Its name in rule files about this API.
    pub fn name(self, profile: &Profile) -> &str {
        let known = Self::NAMES.iter().find(|(_, scope)| *scope == self).map(|(name, _)| *name);
        known.unwrap_or_else(|| match self {
            Scope::Resource(resource) => profile.resource_spec(resource).map_or("", |spec| &spec.name),
            _ => "",
        })
    }
}

/// A temporal pattern. The documentation of the verifier's module `checks` defines each of them.
#[derive(Debug)]
pub enum Pattern {
    /// The predicate holds at each event that matches the trigger.
    Each {
        /// The events to check.
        trigger: Event,
        /// What must hold.
        require: Predicate,
    },
    /// The predicate holds at no event that matches the trigger.
    Never {
        /// The events to check.
        trigger: Event,
        /// What must not hold.
        forbid: Predicate,
    },
    /// At most `limit` matching events since the last reset.
    AtMost {
        /// The events to count.
        trigger: Event,
        /// The maximum number.
        limit: u32,
        /// Events that restart the count.
        reset: Vec<Event>,
        /// A pause in ms, since the end of the last counted exchange, that restarts the count; 0 for none.
        pause_ms: i64,
    },
    /// Before each trigger, one of `need` has happened since the last reset.
    Before {
        /// The events to check.
        trigger: Event,
        /// One of these must have happened.
        need: Vec<Event>,
        /// After one of these, it must happen again.
        reset: Vec<Event>,
    },
    /// After a trigger, one of `need` happens before the capture ends and before any of `until`.
    After {
        /// The events that open an obligation; while one is open, no second one opens.
        trigger: Event,
        /// One of these fulfils it.
        need: Vec<Event>,
        /// One of these breaks it.
        until: Vec<Event>,
        /// Whether a fulfilled obligation never opens again.
        once: bool,
    },
    /// The sum of a number over the matching events since the last reset has a maximum.
    Sum {
        /// The events to add up.
        trigger: Event,
        /// The number to add; `null` adds nothing.
        add: Predicate,
        /// The maximum, as it is at each event.
        at_most: Predicate,
        /// Events that restart the sum.
        reset: Vec<Event>,
    },
    /// A minimum time between the end of one exchange and the head of the next.
    Gap {
        /// The start of the gap (the end of an exchange).
        from: Event,
        /// The end of the gap (the next such request).
        to: Event,
        /// The minimum, in ms.
        at_least_ms: i64,
    },
}

/// A description of events.
#[derive(Debug)]
pub struct Event {
    /// The calls or events.
    pub on: Vec<Selector>,
    /// The moment of the exchange.
    pub at: At,
    /// A condition that holds for the event.
    pub when: Option<Predicate>,
}

/// A kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// An operation.
    Operation(Operation),
    /// Any call of the API, documented or not.
    Any,
    /// Any documented operation.
    Documented,
    /// The operations that create something.
    Creates,
    /// The operations that are polled.
    Polls,
    /// Any call that is not a poll.
    NotPolls,
    /// The token endpoint.
    Token,
    /// The customer simulation.
    Simulation,
    /// A connection event.
    Connection,
    /// An unresolved call was resolved: it was retried, or looked up and the result was used.
    Recovered,
    /// An unresolved call was looked up and the result was used.
    LookedUp,
    /// A name conflict on creating a PoS was resolved: the other PoS was looked up or deleted.
    ConflictResolved,
    /// A list of captured payments contains the payment.
    ListedCaptured,
    /// A check-in notification was sent to the client.
    Notification,
}

impl Selector {
    /// The names of selectors in rule files, apart from those of operations.
    pub const NAMES: [(&'static str, Selector); 13] = [
        ("any", Selector::Any),
        ("documented", Selector::Documented),
        ("creates", Selector::Creates),
        ("polls", Selector::Polls),
        ("not-polls", Selector::NotPolls),
        ("token", Selector::Token),
        ("simulation", Selector::Simulation),
        ("connection", Selector::Connection),
        ("recovered", Selector::Recovered),
        ("looked-up", Selector::LookedUp),
        ("conflict-resolved", Selector::ConflictResolved),
        ("listed-captured", Selector::ListedCaptured),
        ("notification", Selector::Notification),
    ];

    /// Whether it selects calls, which have a head and an end.
    pub(super) fn is_call(self) -> bool {
        !matches!(
            self,
            Selector::Connection
                | Selector::Recovered
                | Selector::LookedUp
                | Selector::ConflictResolved
                | Selector::ListedCaptured
                | Selector::Notification
        )
    }

    /// Whether only native code makes such events.
    fn is_native(self) -> bool {
        matches!(self, Selector::ConflictResolved | Selector::ListedCaptured | Selector::Notification)
    }

    /// The names of selectors in rules about this API, apart from those of operations.
    pub fn names(profile: &Profile) -> impl Iterator<Item = &'static str> {
        let all = Self::NAMES.iter().filter(|(_, selector)| profile.is_native || !selector.is_native());
        all.map(|(name, _)| *name)
    }

    /// The selector with this name, in rules about this API.
    pub fn from_name(name: &str, profile: &Profile) -> Option<Selector> {
        let special = Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, selector)| *selector);
        let special = special.filter(|selector| profile.is_native || !selector.is_native());
        special.or_else(|| profile.operation(name).map(Selector::Operation))
    }
}

/// A case of a feature.
#[derive(Clone, Debug)]
pub struct Case {
    /// `payment/1`, ...
    pub id: String,
    /// Its title, for people.
    pub title: String,
    /// Whether the feature passes without it.
    pub optional: bool,
    /// It is mandatory only if this feature is chosen too; otherwise it is optional.
    pub needed_with: Option<crate::profile::Feature>,
    /// All exchanges of an attempt at the case are about one thing of this scope.
    pub about: Scope,
    /// Only things for which this holds can pass or fail the case.
    pub applies: Option<Arc<Predicate>>,
    /// An attempt that got past a turning step and no further fails the case if this holds at the end of the capture;
    /// `None`: it always fails.
    pub broken_when: Option<Arc<Predicate>>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
}

/// A step of a case: one call that the client has to make.
#[derive(Clone, Debug)]
pub struct Step {
    /// The operations that can pass it.
    pub calls: Vec<Operation>,
    /// The faults that the call has to meet before it succeeds.
    pub faults: Vec<Fault>,
    /// A condition on the exchange when it has ended.
    pub when: Option<Arc<Predicate>>,
    /// If this holds at the exchange that passes the next step, that exchange passes this step too.
    pub unneeded_when: Option<Arc<Predicate>>,
    /// The kind of evidence that passes it.
    pub kind: StepKind,
    /// Whether an attempt that ends after this step fails the case.
    pub turning: bool,
    /// The number, from 1, of the step that is about the same payment.
    pub same_payment_as: Option<usize>,
    /// Its title, for people: the call and its faults.
    pub title: String,
    /// The actions of the guided certification at this step.
    pub guide: Guidance,
}

/// The kind of evidence that passes a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// One exchange.
    #[default]
    Send,
    /// A call that met its faults and was retried until it succeeded, without a long pause.
    Call,
    /// Polls of the resource that met the faults.
    Polls,
    /// A condition that holds at the end of the capture.
    Ends,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_operation_has_the_name_of_another_selector() {
        assert_eq!(crate::profile::SELECTORS, Selector::NAMES.map(|(name, _)| name));
    }
}
