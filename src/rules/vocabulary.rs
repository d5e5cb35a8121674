//! The words that rule files use for patterns, events, operations, features and faults, as JSON Schemas.

use super::model::{Scope, Selector};
use crate::api::{Fault, Feature};
use crate::profile::pos_v10;
use schemars::{Schema, SchemaGenerator, json_schema};

/// The name of each pattern, its required keys, and its optional keys.
pub(super) const PATTERNS: [(&str, &[&str], &[&str]); 7] = [
    ("each", &["require"], &["when"]),
    ("never", &["forbid"], &["when"]),
    ("at-most", &["limit"], &["when", "reset", "pause_ms"]),
    ("before", &["need"], &["when", "reset"]),
    ("after", &["need"], &["when", "until", "once"]),
    ("sum", &["add", "at_most"], &["when", "reset"]),
    ("gap", &["at_least_ms"], &["when"]),
];

fn one_of(names: &[&str]) -> Schema {
    json_schema!({"type": "string", "enum": names})
}

fn list_of(names: &[&str]) -> Schema {
    json_schema!({"type": "array", "items": one_of(names)})
}

pub(super) fn patterns(_: &mut SchemaGenerator) -> Schema {
    one_of(&PATTERNS.map(|(name, ..)| name))
}

pub(super) fn selectors(_: &mut SchemaGenerator) -> Schema {
    let special = Selector::NAMES.iter().map(|(name, _)| *name);
    list_of(&special.chain(operation_names()).collect::<Vec<_>>())
}

pub(super) fn scopes(_: &mut SchemaGenerator) -> Schema {
    let resources = pos_v10().resources.iter().map(|resource| resource.name.as_str());
    one_of(&Scope::NAMES.iter().map(|(name, _)| *name).chain(resources).collect::<Vec<_>>())
}

pub(super) fn operations(_: &mut SchemaGenerator) -> Schema {
    list_of(&operation_names().collect::<Vec<_>>())
}

pub(super) fn feature(_: &mut SchemaGenerator) -> Schema {
    one_of(&Feature::ALL.map(Feature::id))
}

pub(super) fn features(_: &mut SchemaGenerator) -> Schema {
    list_of(&Feature::ALL.map(Feature::id))
}

/// The faults that a rule file can name.
const FAULTS: [Fault; 2] = [Fault::Timeout, Fault::ServerError];

pub(super) fn faults(_: &mut SchemaGenerator) -> Schema {
    list_of(&FAULTS.map(Fault::name))
}

fn operation_names() -> impl Iterator<Item = &'static str> {
    pos_v10().operation_names().into_iter()
}
