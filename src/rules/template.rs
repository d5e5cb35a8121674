//! The messages of findings, with the values of fields in braces.

use super::names::known_field;
use super::predicate::{Facts, PredicateError, Value};
use super::raw::{self, RawAccess};
use crate::profile::Profile;
use cel::common::ast::Expr;

const UNKNOWN: &str = "an unknown value";

/// A message with fields in braces: `captured {call.amount} of {payment.amount}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A field, and what stands for `null`.
    Field(String, &'static str),
}

impl Template {
    /// Parses a message; every name in braces must be a field of the record.
    ///
    /// # Errors
    /// An unclosed brace or an unknown field.
    pub fn parse(source: &str, profile: &Profile) -> Result<Template, PredicateError> {
        let mut parts = Vec::new();
        let mut rest = source;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) =
                after.split_once('}').ok_or_else(|| PredicateError(format!("unclosed brace in message `{source}`")))?;
            let name = field_name(name, profile)
                .map_err(|problem| PredicateError(format!("in message `{source}`: {problem}")))?;
            parts.push(Part::Text(before.to_owned()));
            // `null` of a part of an exchange, or of a fold, means that there is none.
            let is_absent = name.ends_with(')') || profile.fields().any(|(_, field)| field.name == name);
            parts.push(Part::Field(name, if is_absent { "nothing" } else { UNKNOWN }));
            rest = tail;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Template { parts })
    }

    /// Whether a name in it is raw access.
    pub(super) fn is_raw(&self) -> bool {
        self.parts.iter().any(|part| matches!(part, Part::Field(name, _) if RawAccess::named(name).is_some()))
    }

    /// The message with the values of a moment.
    pub fn render(&self, facts: &dyn Facts) -> String {
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Field(name, null) => match facts.value(name) {
                None => UNKNOWN.to_owned(),
                Some(Value::Null) => (*null).to_owned(),
                Some(Value::Int(0)) if name == "call.status" => "no response".to_owned(),
                Some(Value::Text(value)) if value.is_empty() => "none".to_owned(),
                Some(value) => shown(&value),
            },
        };
        self.parts.iter().map(text).collect()
    }
}

/// A value in a message.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => UNKNOWN.to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Money(value) => value.to_string(),
        Value::Number(value) => value.to_string(),
        Value::Text(value) => value.clone(),
        Value::List(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Between(range) => range.seen.to_string(),
        Value::Unknown(_) => "a value missing from the capture".to_owned(),
    }
}

/// The name of the field or of the raw access between the braces of a message.
fn field_name(text: &str, profile: &Profile) -> Result<String, String> {
    if !text.contains('(') {
        return known_field(text, profile).map(|()| text.to_owned());
    }
    let program = cel::Program::compile(text).map_err(|_| format!("`{text}` is not a field"))?;
    let mut expression = program.expression().clone();
    raw::resolve(&mut expression)?;
    match expression.expr {
        Expr::Ident(name) if RawAccess::named(&name).is_some() => Ok(name),
        _ => Err(format!("`{text}` is not a field; a message has fields and raw access, and no other expressions")),
    }
}
