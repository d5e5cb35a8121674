//! The JSON Schema of rule files, for completion and checks in editors.

use super::toml_rows::File;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};

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
