//! The JSON Schema of rule files, for completion and checks in editors.

use super::model::Selector;
use super::toml_file::PATTERNS;
use super::toml_rows::File;
use crate::api::{Fault, Feature, Operation};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// The schema of a rule file (draft 7, which editors know).
pub(crate) fn of_rule_file() -> Schema {
    titled::<File>("Rule file of poscert")
}

/// The schema of a type, with a title.
pub(crate) fn titled<T: JsonSchema>(title: &str) -> Schema {
    let mut schema = SchemaSettings::draft07().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema
}

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

pub(super) fn fault(_: &mut SchemaGenerator) -> Schema {
    one_of(&FAULTS.map(Fault::name))
}

pub(super) fn faults(_: &mut SchemaGenerator) -> Schema {
    list_of(&FAULTS.map(Fault::name))
}

fn operation_names() -> impl Iterator<Item = &'static str> {
    Operation::ALL.iter().map(|operation| operation.name())
}
