//! The names in an expression: fields, raw access and functions. A name that does not exist is found when the file is
//! loaded, with the most similar one that does.

use super::fields;
use super::raw::RawAccess;
use crate::profile::Profile;
use crate::profile::toml_text::distance;
use cel::common::ast::{EntryExpr, Expr, IdedExpr};

/// The functions of CEL that expressions can call.
const FUNCTIONS: [&str; 10] =
    ["size", "contains", "startsWith", "endsWith", "string", "int", "uint", "double", "min", "max"];

/// The maximum nesting of an expression: the evaluator is recursive. A chain of `+` is nested, a chain of `&&` is not.
const DEEPEST: usize = 100;

/// Checks that a full name is a field of the record.
///
/// # Errors
/// A message that suggests a similar field.
pub(crate) fn known_field(name: &str, profile: &Profile) -> Result<(), String> {
    if fields::of(profile).any(|field| field.name == name) || RawAccess::named(name).is_some() {
        return Ok(());
    }
    let nearest = fields::of(profile).map(|field| field.name).min_by_key(|known| distance(known, name));
    match nearest.filter(|known| distance(known, name) <= 3) {
        Some(known) => Err(format!("unknown field `{name}`; did you mean `{known}`?")),
        None => Err(format!("unknown field `{name}`; `poscert rules explain fields` lists all fields")),
    }
}

/// The name in an expression that only the end of an exchange shows, if there is one.
pub(super) fn known_at_the_end<'p>(source: &str, profile: &'p Profile) -> Option<&'p str> {
    let ends = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let mut late = fields::of(profile).filter(|field| field.at_end).map(|field| field.name);
    let field = late.find(|name| source.split(name).skip(1).any(ends));
    field.or_else(|| source.contains("response.").then_some("response"))
}

/// The full name of a chain of selections: `call.amount`.
fn spelled(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) if !select.test => Some(format!("{}.{}", spelled(&select.operand.expr)?, select.field)),
        _ => None,
    }
}

/// Checks that every name in an expression is a field, and every function one of CEL.
///
/// # Errors
/// A message about the first name that does not exist, or about too deep nesting.
pub(super) fn check_names(expr: &IdedExpr, profile: &Profile) -> Result<(), String> {
    check(expr, profile, 0)
}

fn check(expr: &IdedExpr, profile: &Profile, depth: usize) -> Result<(), String> {
    if depth > DEEPEST {
        return Err(format!("it is nested more than {DEEPEST} deep; split it into several checks"));
    }
    let all = |list: &mut dyn Iterator<Item = &IdedExpr>| {
        for one in list {
            check(one, profile, depth + 1)?;
        }
        Ok(())
    };
    match &expr.expr {
        Expr::Ident(_) | Expr::Select(_) => match spelled(&expr.expr) {
            Some(name) => known_field(&name, profile),
            None => Err("a field can be selected only on a root of the record, such as `call`".to_owned()),
        },
        Expr::Call(call) => {
            known_function(&call.func_name)?;
            all(&mut call.target.iter().map(|target| &**target).chain(&call.args))
        }
        Expr::List(list) => all(&mut list.elements.iter()),
        Expr::Literal(_) => Ok(()),
        Expr::Map(map) => all(&mut map.entries.iter().flat_map(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
            EntryExpr::StructField(field) => vec![&field.value],
        })),
        Expr::Comprehension(_) | Expr::Struct(_) | Expr::Unspecified => {
            Err("macros and structs are not supported in rules".to_owned())
        }
    }
}

/// Operators are functions with names such as `_==_` and `@in`.
fn known_function(name: &str) -> Result<(), String> {
    let is_operator = !name.starts_with(|c: char| c.is_ascii_alphabetic());
    if is_operator || FUNCTIONS.contains(&name) {
        return Ok(());
    }
    let nearest = FUNCTIONS.into_iter().min_by_key(|known| distance(known, name)).unwrap_or_default();
    if distance(nearest, name) <= 3 {
        return Err(format!("unknown function `{name}`; did you mean `{nearest}`?"));
    }
    Err(format!("unknown function `{name}`; there are {}", FUNCTIONS.join(", ")))
}
