//! Resources whose fields a profile describes as folds over exchanges.
//!
//! A field changes when an exchange about its resource is sent or has ended. What the capture does not show makes it
//! unknown: for a resource that is not identified, all fields of its kind.

use super::arena::Arena;
use super::attempt::Attempt;
use super::subjects::Subjects;
use crate::api::{ExactAmount, id};
use crate::profile::{Fold, IdPlace, MOST_RESOURCES, Operation, Profile, Reference, Resource};
use crate::rules::fold::FoldedField;
use crate::rules::{Uncertainty, Value};

const NOT_SHOWN: Value = Value::Unknown(Uncertainty::NotShown);

/// The resources of all kinds.
#[derive(Clone, Debug, Default)]
pub(crate) struct FoldedResources {
    kinds: [Kind; MOST_RESOURCES],
}

#[derive(Clone, Debug, Default)]
struct Kind {
    resources: Arena<Vec<Option<FieldState>>>,
    /// Whether an exchange was about one that the capture does not identify.
    has_unknown: bool,
}

/// The state of a field.
#[derive(Clone, Debug)]
struct FieldState {
    value: Value,
    /// The exact sum.
    total: ExactAmount,
    /// The different values so far.
    seen: Vec<Value>,
}

/// The maximum number of different values that are counted.
const MOST_DISTINCT: usize = 10_000;

impl FoldedResources {
    /// The resources that a request is about.
    pub(crate) fn open(&mut self, attempt: &Attempt, profile: &Profile) -> Subjects {
        let mut about = Subjects::default();
        let Some(operation) = attempt.operation else { return about };
        for reference in &operation.spec().about {
            match keyed(reference.resource, attempt, profile) {
                Named::Id(key) => about[reference.resource] = Some(self.place(reference.resource, &key)),
                Named::Nothing => {}
                Named::NotShown => self.kinds[reference.resource.index()].has_unknown = true,
            }
        }
        about
    }

    /// Adds the resource that a response names as created to its subjects. If it names none, nothing can be said about
    /// the resources of that kind any more.
    pub(crate) fn created(&mut self, attempt: &Attempt, about: &mut Subjects, profile: &Profile) {
        let Some(creates) = attempt.operation.and_then(|operation| operation.spec().creates.as_ref()) else { return };
        if !attempt.succeeded() {
            return;
        }
        let of_parent = parent(creates.resource, attempt, profile);
        match (&attempt.answer.created, of_parent) {
            (Some(id), Named::Id(parent)) if !attempt.answer_hidden => {
                let place = self.place(creates.resource, &joined(&parent, id));
                about[creates.resource] = Some(place);
            }
            _ => self.kinds[creates.resource.index()].has_unknown = true,
        }
    }

    fn place(&mut self, resource: Resource, key: &str) -> usize {
        self.kinds[resource.index()].resources.index_of_or_insert(key)
    }

    /// The value of a field of the resource that an event is about.
    pub(crate) fn value(&self, field: &FoldedField, about: &Subjects) -> Value {
        let kind = &self.kinds[field.resource.index()];
        if kind.has_unknown {
            return NOT_SHOWN;
        }
        let state = about[field.resource].and_then(|place| kind.resources.at(place).get(field.index)?.as_ref());
        state.map_or_else(|| initial(field.fold), |state| state.value.clone())
    }

    /// Processes an exchange that counts for a field of the resource at a place.
    pub(crate) fn apply(&mut self, field: &FoldedField, place: usize, value: Value) {
        let fields = self.kinds[field.resource.index()].resources.at_mut(place);
        if fields.len() <= field.index {
            fields.resize_with(field.index + 1, || None);
        }
        let new = FieldState { value: initial(field.fold), total: ExactAmount::default(), seen: Vec::new() };
        fields[field.index].get_or_insert(new).take(field.fold, value);
    }
}

/// The value of a field before any exchange.
fn initial(fold: Fold) -> Value {
    match fold {
        Fold::Count | Fold::Distinct => Value::Int(0),
        Fold::Sum => Value::Number(0.0),
        Fold::Flag => Value::Bool(false),
        Fold::First | Fold::Last | Fold::Min | Fold::Max => Value::Null,
    }
}

impl FieldState {
    fn take(&mut self, fold: Fold, value: Value) {
        let is_unknown = matches!(value, Value::Unknown(_) | Value::Between(_));
        let is_nothing = value == Value::Null;
        let old = std::mem::replace(&mut self.value, Value::Null);
        self.value = match (fold, old) {
            (Fold::Flag, Value::Bool(true)) => Value::Bool(true),
            (Fold::Flag, _) if !is_unknown => Value::Bool(true),
            (Fold::First, old) if old != Value::Null || is_nothing => old,
            (Fold::First, _) => value,
            (Fold::Last, old) if is_nothing => old,
            (Fold::Last, _) => value,
            (_, Value::Unknown(_)) => NOT_SHOWN,
            _ if is_unknown => NOT_SHOWN,
            (Fold::Count, Value::Int(count)) => Value::Int(count.saturating_add(1)),
            (_, old) if is_nothing => old,
            (Fold::Sum, _) => self.sum(&value),
            (Fold::Min, old) => smaller(old, value, std::cmp::Ordering::Less),
            (Fold::Max, old) => smaller(old, value, std::cmp::Ordering::Greater),
            (Fold::Distinct, _) => self.distinct(value),
            (_, old) => old,
        };
    }

    /// The sum with another number; unknown if that is not a number.
    fn sum(&mut self, value: &Value) -> Value {
        let amount = match value {
            Value::Int(whole) => ExactAmount::parse(&whole.to_string()),
            Value::Number(number) => ExactAmount::parse(&number.to_string()),
            Value::Money(amount) => Some(*amount),
            _ => None,
        };
        let Some(amount) = amount else { return NOT_SHOWN };
        self.total = self.total.plus(amount);
        self.total.to_string().parse().map_or(NOT_SHOWN, Value::Number)
    }

    fn distinct(&mut self, value: Value) -> Value {
        if !self.seen.contains(&value) {
            if self.seen.len() == MOST_DISTINCT {
                return NOT_SHOWN;
            }
            self.seen.push(value);
        }
        i64::try_from(self.seen.len()).map_or(NOT_SHOWN, Value::Int)
    }
}

/// The one of two values that is before (`Less`) or after (`Greater`) the other; unknown if they cannot be compared.
fn smaller(old: Value, new: Value, wanted: std::cmp::Ordering) -> Value {
    let order = match (&old, &new) {
        (Value::Null, _) => return new,
        (Value::Text(old), Value::Text(new)) => Some(new.cmp(old)),
        (old, new) => number(new).zip(number(old)).and_then(|(new, old)| new.partial_cmp(&old)),
    };
    match order {
        Some(order) if order == wanted => new,
        Some(_) => old,
        None => NOT_SHOWN,
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Int(whole) => Some(*whole as f64),
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

/// What a request has at the places of an id.
enum Named {
    Id(String),
    Nothing,
    /// The capture does not show it, or several places have different ids.
    NotShown,
}

/// The key of the resource of a kind that a request names: its id, after that of the resource that it is within.
fn keyed(resource: Resource, attempt: &Attempt, profile: &Profile) -> Named {
    let Some(operation) = attempt.operation else { return Named::Nothing };
    let mut own = Named::Nothing;
    for reference in operation.spec().about.iter().filter(|reference| reference.resource == resource) {
        own = match (own, named(attempt, reference)) {
            (Named::Id(one), Named::Id(other)) if one != other => return Named::NotShown,
            (_, Named::NotShown) => return Named::NotShown,
            (Named::Nothing, other) => other,
            (one, _) => one,
        };
    }
    match (own, parent(resource, attempt, profile)) {
        (Named::Id(id), Named::Id(parent)) => Named::Id(joined(&parent, &id)),
        (Named::Id(_), _) => Named::NotShown,
        (other, _) => other,
    }
}

/// The key of the resource that one of a kind is within; empty if its ids are unique.
fn parent(resource: Resource, attempt: &Attempt, profile: &Profile) -> Named {
    match profile.resource_spec(resource).and_then(|spec| spec.within) {
        None => Named::Id(String::new()),
        Some(within) => keyed(within, attempt, profile),
    }
}

fn joined(parent: &str, id: &str) -> String {
    if parent.is_empty() { id.to_owned() } else { format!("{parent}\n{id}") }
}

fn named(attempt: &Attempt, reference: &Reference) -> Named {
    let Some(raw) = &attempt.raw else { return Named::NotShown };
    match &reference.place {
        IdPlace::Path(_) if attempt.hides.path => Named::NotShown,
        IdPlace::Path(at) => attempt.path_ids.get(*at).cloned().map_or(Named::Nothing, Named::Id),
        IdPlace::Body(pointer) => match raw.request_json(pointer) {
            Err(()) => Named::NotShown,
            Ok(None | Some(serde_json::Value::Null)) => Named::Nothing,
            // Something else than an id: nobody knows which resource the backend takes it for.
            Ok(Some(value)) => id::of_json(value).map_or(Named::NotShown, Named::Id),
        },
        IdPlace::Query(name) => match raw.request_query(name).as_deref() {
            Err(()) => Named::NotShown,
            Ok([]) => Named::Nothing,
            Ok([value]) => Named::Id(id::canonical(value)),
            Ok(_) => Named::NotShown,
        },
    }
}

/// Whether a request or its response names a resource of this kind, and the capture does not show which one.
pub(crate) fn hides(resource: Resource, attempt: &Attempt, profile: &Profile) -> bool {
    let Some(operation) = attempt.operation else { return false };
    let creates = operation.spec().creates.as_ref().is_some_and(|creates| creates.resource == resource);
    let is_unnamed = creates && attempt.succeeded() && (attempt.answer_hidden || attempt.answer.created.is_none());
    is_unnamed || matches!(keyed(resource, attempt, profile), Named::NotShown)
}

/// Whether the response to one operation can show what another one has created.
pub(crate) fn looks_up(lost: Operation, now: Operation, profile: &Profile) -> bool {
    let (created, listed) = (&lost.spec().creates, &now.spec().lists);
    !profile.is_native && created.as_ref().zip(listed.as_ref()).is_some_and(|(c, l)| c.resource == l.resource)
}
