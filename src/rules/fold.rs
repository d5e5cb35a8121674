//! Fields of resources that a profile describes as folds, with compiled expressions.

use super::RuleError;
use super::names::known_at_the_end;
use super::predicate::{Predicate, PredicateError};
use crate::profile::toml_text::{Mistake, fault};
use crate::profile::{At, Fold, Operation, Profile, Resource};
use toml::Spanned;

/// A field of a kind of resource.
#[derive(Debug)]
pub(crate) struct FoldedField {
    /// The kind of resource.
    pub resource: Resource,
    /// Its index among the fields of that kind.
    pub index: usize,
    /// Its full name.
    pub name: String,
    /// How it is computed.
    pub fold: Fold,
    /// The operations whose exchanges count; empty for all.
    pub on: Vec<Operation>,
    /// The moment of these exchanges.
    pub at: At,
    /// Whether an exchange counts.
    pub when: Option<Predicate>,
    /// The value of an exchange.
    pub value: Option<Predicate>,
}

/// The folded fields of a profile, in order.
///
/// # Errors
/// An expression that is not valid, with its place in the profile.
pub(super) fn of(profile: &Profile) -> Result<Vec<FoldedField>, RuleError> {
    let (path, text) = &profile.file;
    let mut all: Vec<FoldedField> = Vec::new();
    for (resource, field) in profile.fields() {
        let compiled = |source: &Option<Spanned<String>>| -> Result<Option<Predicate>, Mistake> {
            let compile = |source: &Spanned<String>| {
                Predicate::compile(source.as_ref(), profile).map_err(|PredicateError(message)| fault(source, message))
            };
            source.as_ref().map(compile).transpose()
        };
        let placed = |mistake: Mistake| RuleError::at(path, text, &mistake);
        if field.at == At::Request {
            let mut sources = field.when.iter().chain(&field.value);
            let early = sources.find_map(|source| Some((source, known_at_the_end(source.as_ref(), profile)?)));
            if let Some((source, name)) = early {
                let message = format!("`{name}` is known only when the exchange has ended; omit `at = \"request\"`");
                return Err(placed(fault(source, message)));
            }
        }
        all.push(FoldedField {
            resource,
            index: all.iter().filter(|other| other.resource == resource).count(),
            name: field.name.clone(),
            fold: field.fold,
            on: field.on.iter().filter_map(|name| profile.operation(name)).collect(),
            at: field.at,
            when: compiled(&field.when).map_err(placed)?,
            value: compiled(&field.value).map_err(placed)?,
        });
    }
    Ok(all)
}

impl FoldedField {
    /// Whether one of its expressions has raw access.
    pub(super) fn has_raw_access(&self) -> bool {
        self.when.iter().chain(&self.value).any(Predicate::is_raw)
    }
}
