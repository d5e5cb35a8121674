//! The rules in memory: requirements with their checks, cases with their steps.

use super::predicate::{Predicate, Template};
use crate::api::{Fault, Operation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// How binding a requirement is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Breaking it fails the feature.
    Must,
    /// Breaking it is a warning.
    Should,
}

/// Against which features a broken requirement counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attribution {
    /// Against the feature whose file it stands in.
    Own,
    /// Against each chosen feature that the exchange belongs to; onboarding where that is none.
    Exchange,
}

/// A feature as its rule file describes it.
#[derive(Clone, Debug)]
pub struct Feature {
    /// Which one.
    pub feature: crate::api::Feature,
    /// For people.
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
    /// How binding.
    pub level: Level,
    /// In a sentence.
    pub title: String,
    /// The section of the API's documentation.
    pub source: String,
    /// Why it is required.
    pub why: String,
    /// How to mend a client that breaks it.
    pub remedy: String,
    /// Against which features it counts.
    pub counts: Attribution,
    /// It is judged where one of these features is chosen.
    pub judged_for: Vec<crate::api::Feature>,
    /// The file it stands in.
    pub file: String,
    /// What is looked at; one broken check breaks the requirement.
    pub checks: Vec<Check>,
}

/// One check of a requirement.
#[derive(Debug)]
pub struct Check {
    /// What a pattern counts, remembers and waits for is kept apart by this.
    pub scope: Scope,
    /// What is looked for.
    pub pattern: Pattern,
    /// What was expected and seen, with fields in braces.
    pub message: Template,
    /// Fields that hold exchange numbers to be shown beside the one that broke it.
    pub cite: Vec<String>,
}

/// What a pattern's state is kept apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// The whole client.
    Client,
    /// A connection of the client.
    Connection,
    /// One call: the sends with one idempotency key, or, where the operation creates nothing, with one method and path.
    Call,
    /// An idempotency key.
    Key,
    /// Requests of one method, target and body.
    Request,
    /// A token.
    Token,
    /// A point of sale.
    Pos,
    /// A payment.
    Payment,
    /// A refund.
    Refund,
}

/// What is looked for. The verifier's documentation has a paragraph of operational meaning for each.
#[derive(Debug)]
pub enum Pattern {
    /// At each event that matches the trigger, the predicate holds.
    Each {
        /// The events looked at.
        trigger: Event,
        /// What must hold.
        require: Predicate,
    },
    /// Among the events looked at, none is like this.
    Never {
        /// The events looked at.
        trigger: Event,
        /// What must not hold.
        forbid: Predicate,
    },
    /// No more than so many events since the last reset.
    AtMost {
        /// The events counted.
        trigger: Event,
        /// How many may be.
        limit: u32,
        /// Events that begin the count again.
        reset: Vec<Event>,
        /// A pause in ms, from the end of the last exchange counted, that begins it again; 0: none does.
        pause_ms: i64,
    },
    /// Before each trigger, one of these has happened since the last reset.
    Before {
        /// The events looked at.
        trigger: Event,
        /// One of these must have happened.
        need: Vec<Event>,
        /// From here on it must happen anew.
        reset: Vec<Event>,
    },
    /// After a trigger, one of these happens before the capture ends and before any of `until`.
    After {
        /// What begins the obligation; while one is open, no second begins.
        trigger: Event,
        /// One of these meets it.
        need: Vec<Event>,
        /// One of these breaks it.
        until: Vec<Event>,
        /// Whether an obligation that was met never begins again.
        once: bool,
    },
    /// Between the end of an event's exchange and the head of the next, so many ms lie.
    Gap {
        /// Where the gap begins (an answer).
        from: Event,
        /// Where it ends (the next such request).
        to: Event,
        /// The least it may be, in ms.
        at_least_ms: i64,
    },
}

/// Which events are meant.
#[derive(Debug)]
pub struct Event {
    /// What was called.
    pub on: Vec<Selector>,
    /// When.
    pub at: At,
    /// And only where this holds.
    pub when: Option<Predicate>,
}

/// At which moment of an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum At {
    /// When its head was complete.
    #[default]
    Request,
    /// When it was over, with an answer or without one.
    Answer,
}

/// What was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// An operation.
    Operation(Operation),
    /// Every call of the API, documented or not.
    Any,
    /// Every documented operation.
    Documented,
    /// The operations that create something.
    Creates,
    /// The operations that are polled.
    Polls,
    /// Every call that is not a poll.
    NotPolls,
    /// The token endpoint.
    Token,
    /// The customer simulation.
    Simulation,
    /// A connection event.
    Connection,
    /// The loss of a call was made good: it was sent again, or looked up and what was found was used.
    Recovered,
    /// A call was looked up and what was found was used.
    LookedUp,
    /// A name conflict on creating a PoS was looked into: the other PoS was looked up or deleted.
    ConflictResolved,
    /// A list of captured payments named the payment.
    ListedCaptured,
    /// A check-in notification was sent to the client.
    Notification,
}

impl Selector {
    /// The names that rule files use, beside those of operations.
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

    /// The selector of that name.
    pub fn from_name(name: &str) -> Option<Selector> {
        let special = Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, selector)| *selector);
        special.or_else(|| Operation::from_name(name).map(Selector::Operation))
    }
}

/// A case of a feature.
#[derive(Clone, Debug)]
pub struct Case {
    /// `payment/1`, ...
    pub id: String,
    /// For people.
    pub title: String,
    /// Whether the feature passes without it.
    pub optional: bool,
    /// It is needed only where this feature is chosen too; otherwise it is optional.
    pub needed_with: Option<crate::api::Feature>,
    /// What a witness is about: its exchanges are of one of these.
    pub about: Scope,
    /// Only things of which this holds can witness it, or break it.
    pub applies: Option<Arc<Predicate>>,
    /// A try that got past a turning point and no further has broken if this holds where the capture ends (always,
    /// where it is not given).
    pub broken_when: Option<Arc<Predicate>>,
    /// In order.
    pub steps: Vec<Step>,
}

/// A step of a case: one call the client has to make.
#[derive(Clone, Debug)]
pub struct Step {
    /// The operations that show it.
    pub calls: Vec<Operation>,
    /// The faults that the call has to meet and to be brought through.
    pub faults: Vec<Fault>,
    /// What has to hold when the exchange is over.
    pub when: Option<Arc<Predicate>>,
    /// Where this holds at the exchange that shows the next step, that one shows this step, too.
    pub unneeded_when: Option<Arc<Predicate>>,
    /// What shows it.
    pub kind: StepKind,
    /// Whether a try that got here and no further has broken.
    pub turning: bool,
    /// The step, from 1, whose payment this one's exchange is of.
    pub same_payment_as: Option<usize>,
    /// For people: the call and what it meets.
    pub title: String,
    /// What the guided certification does at this step.
    pub guide: Guidance,
}

/// What shows a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// One exchange.
    #[default]
    Send,
    /// A call that met its faults and was sent again until it succeeded, without a long pause.
    Call,
    /// Polls of the resource that met the faults.
    Polls,
    /// What holds where the capture ends.
    Ends,
}

/// What the guided certification does at a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Guidance {
    /// What the integrator does on the till.
    pub act: Option<String>,
    /// With this amount.
    pub amount: Option<String>,
    /// In words.
    pub text: Option<String>,
    /// What the simulated customer does once this step is due: `check-in`, `accept`, `cancel`.
    pub customer: Vec<String>,
    /// With which account.
    pub account: Option<String>,
    /// Less than the amount, to be captured.
    pub capture: Option<String>,
    /// Restrictions of the payment, as the API names them.
    pub restrictions: BTreeMap<String, bool>,
    /// The customer looks at the payment first, for so many answered polls of it.
    pub polls: u32,
    /// What the integrator does before, where no captured payment is there of which the amount could be given back; the
    /// customer's acts are then for that.
    pub first: Option<FollowUp>,
    /// What the integrator does before, where the client has a PoS already.
    pub clear: Option<FollowUp>,
    /// What the integrator does on the till once the customer has checked in.
    pub then: Option<FollowUp>,
    /// A payment is put in the way of the next one on the PoS before the act.
    pub obstruct: bool,
    /// What the store can refund while the case is under way.
    pub balance: Option<String>,
    /// The backend takes half of the wait to put a refund aside while the case is under way: there is time to stop one.
    pub hold_refunds: bool,
    /// The fault of every send of the step's call, from when the step is due until the call has rested for half a
    /// minute: `500`.
    pub every: Option<String>,
    /// The wait for this step, in seconds, where it has to be longer than that of others.
    pub wait_s: u64,
}

/// An act on the till that follows another one of the same step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FollowUp {
    /// What the integrator does.
    pub act: String,
    /// With this amount.
    pub amount: Option<String>,
    /// Restrictions of the payment.
    #[serde(default)]
    pub restrictions: BTreeMap<String, bool>,
    /// In words.
    pub text: String,
}

/// How long the guided certification waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timeouts {
    /// For a step, with a person at the till, in seconds.
    pub by_hand_s: u64,
    /// For a step, with nobody at the till, in seconds.
    pub unattended_s: u64,
    /// For the first call of all, with nobody at the till, in seconds: a till takes its time to start. Where it is left
    /// out, as for any step.
    #[serde(default)]
    pub first_call_s: u64,
    /// For what must not come any more, in ms.
    pub quiet_ms: u64,
}
