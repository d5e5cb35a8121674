//! Parser of the TOML form of rule files.
//!
//! An unknown key is an error with its line. Names in expressions and messages are checked here too, so that a rule
//! file that loads can be applied.

use super::guidance::Timeouts;
use super::model::{
    At, Attribution, Case, Check, Event, Feature, Pattern, Requirement, Scope, Selector, Step, StepKind,
};
use super::names;
use super::predicate::{Predicate, PredicateError};
use super::template::Template;
use super::toml_rows::{CaseRow, CheckRow, EventRow, FeatureRow, File, LimitsRow, RequirementRow, StepRow};
use super::vocabulary::PATTERNS;
use crate::api::Fault;
pub(super) use crate::profile::toml_text::{Mistake, fault, meant, table};
use crate::profile::{Feature as FeatureId, Operation, Profile};
use std::sync::Arc;
use toml::Spanned;

/// A parsed rule file.
#[derive(Debug, Default)]
pub struct Parsed {
    /// The feature it describes, if any.
    pub feature: Option<Feature>,
    /// Its `[limits]` table, if any.
    pub limits: Option<LimitsRow>,
    /// Its `[guide]` table, if any.
    pub waits: Option<Timeouts>,
    /// Its requirements.
    pub requirements: Vec<Requirement>,
}

type Outcome<T> = Result<T, Mistake>;

/// Parses a rule file, whose requirements get `name` as their file.
///
/// # Errors
/// The first mistake in it, with its position.
pub fn parse(name: &str, text: &str, profile: &Profile) -> Result<Parsed, Mistake> {
    let file: File = table(text)?;
    let judged_for = judged_for(&file, profile)?;
    let feature = file.feature.map(|row| feature(row, profile)).transpose()?;
    let counts = file.counts.unwrap_or(Attribution::Own);
    let requirement = |row| requirement(name, row, counts, &judged_for, profile);
    let requirements = file.requirement.into_iter().map(requirement).collect::<Outcome<Vec<_>>>()?;
    let cases = file.case.into_iter().map(|row| case(row, profile)).collect::<Outcome<Vec<_>>>()?;
    let feature = match (feature, cases.is_empty()) {
        (Some(feature), _) => Some(Feature { cases, ..feature }),
        (None, true) => None,
        (None, false) => {
            let message = "a file with cases needs a [feature] table".to_owned();
            return Err(Mistake { span: 0..0, message });
        }
    };
    Ok(Parsed { feature, limits: file.limits, waits: file.guide, requirements })
}

/// The features for which the requirements of a file are evaluated.
pub(super) fn judged_for(file: &File, profile: &Profile) -> Outcome<Vec<FeatureId>> {
    if let (true, None, Some(first)) = (file.judged_for.is_empty(), &file.feature, file.requirement.first()) {
        let message = "a file with requirements needs `judged_for`, the features for which they are evaluated, or a \
                       [feature] table";
        return Err(fault(&first.id, message.to_owned()));
    }
    if file.judged_for.is_empty() {
        return file.feature.iter().map(|row| feature_id(&row.id, profile)).collect();
    }
    file.judged_for.iter().map(|id| feature_id(id, profile)).collect()
}

pub(super) fn feature_id(id: &Spanned<String>, profile: &Profile) -> Outcome<FeatureId> {
    profile.feature(id.as_ref()).ok_or_else(|| {
        fault(id, format!("unknown feature `{}`{}", id.as_ref(), meant(id.as_ref(), &profile.feature_ids())))
    })
}

pub(super) fn operation(name: &Spanned<String>, profile: &Profile) -> Outcome<Operation> {
    profile.operation(name.as_ref()).ok_or_else(|| {
        fault(
            name,
            format!("unknown operation `{}`{}", name.as_ref(), meant(name.as_ref(), &profile.operation_names())),
        )
    })
}

fn scope(name: &Spanned<String>, profile: &Profile) -> Outcome<Scope> {
    Scope::from_name(name.as_ref(), profile).ok_or_else(|| {
        let resources = profile.resources.iter().map(|resource| resource.name.as_str());
        let known: Vec<&str> = Scope::NAMES.iter().map(|(name, _)| *name).chain(resources).collect();
        fault(name, format!("unknown scope `{}`{}", name.as_ref(), meant(name.as_ref(), &known)))
    })
}

fn selector(name: &Spanned<String>, profile: &Profile) -> Outcome<Selector> {
    Selector::from_name(name.as_ref(), profile).ok_or_else(|| {
        let known: Vec<&str> = Selector::names(profile).chain(profile.operation_names()).collect();
        fault(name, format!("unknown selector `{}`{}", name.as_ref(), meant(name.as_ref(), &known)))
    })
}

fn feature(row: FeatureRow, profile: &Profile) -> Outcome<Feature> {
    Ok(Feature {
        feature: feature_id(&row.id, profile)?,
        title: row.title,
        operations: row.operations.iter().map(|name| operation(name, profile)).collect::<Outcome<_>>()?,
        cases: Vec::new(),
    })
}

fn compiled(source: &Spanned<String>, profile: &Profile) -> Outcome<Predicate> {
    Predicate::compile(source.as_ref(), profile).map_err(|PredicateError(message)| fault(source, message))
}

fn maybe(source: Option<&Spanned<String>>, profile: &Profile) -> Outcome<Option<Predicate>> {
    source.map(|source| compiled(source, profile)).transpose()
}

fn event(on: &[Spanned<String>], at: At, when: Option<&Spanned<String>>, profile: &Profile) -> Outcome<Event> {
    let on: Vec<Selector> = on.iter().map(|name| selector(name, profile)).collect::<Outcome<_>>()?;
    let event = Event { on, at, when: maybe(when, profile)? };
    not_early(&event, when, profile)?;
    Ok(event)
}

/// Checks that an expression about the head of a request does not read the response, which is not there yet.
fn not_early<'s>(
    event: &Event,
    sources: impl IntoIterator<Item = &'s Spanned<String>>,
    profile: &Profile,
) -> Outcome<()> {
    if event.at == At::Answer || !event.on.iter().any(|selector| selector.is_call()) {
        return Ok(());
    }
    let early =
        sources.into_iter().find_map(|source| Some((source, names::known_at_the_end(source.as_ref(), profile)?)));
    early.map_or(Ok(()), |(source, name)| {
        let message = format!("`{name}` is known only when the exchange has ended; add `at = \"answer\"` to the event");
        Err(fault(source, message))
    })
}

fn events(rows: &[EventRow], profile: &Profile) -> Outcome<Vec<Event>> {
    rows.iter().map(|row| event(&row.on, row.at, row.when.as_ref(), profile)).collect()
}

/// A requirement of the file with this name.
pub(super) fn requirement(
    file: &str,
    row: RequirementRow,
    counts: Attribution,
    judged_for: &[FeatureId],
    profile: &Profile,
) -> Outcome<Requirement> {
    if row.check.is_empty() {
        return Err(fault(&row.id, format!("requirement {} has no check", row.id.as_ref())));
    }
    Ok(Requirement {
        checks: row.check.into_iter().map(|row| check(row, profile)).collect::<Outcome<_>>()?,
        id: row.id.into_inner(),
        level: row.level,
        title: row.title,
        source: row.source,
        why: row.why,
        remedy: row.remedy,
        counts,
        judged_for: judged_for.to_vec(),
        file: file.to_owned(),
    })
}

/// The keys of a check that only some patterns take, each with whether it is present.
fn given(row: &CheckRow) -> [(&'static str, bool); 12] {
    [
        ("when", row.when.is_some()),
        ("require", row.require.is_some()),
        ("forbid", row.forbid.is_some()),
        ("limit", row.limit.is_some()),
        ("add", row.add.is_some()),
        ("at_most", row.at_most.is_some()),
        ("reset", !row.reset.is_empty()),
        ("pause_ms", row.pause_ms.is_some()),
        ("need", !row.need.is_empty()),
        ("until", !row.until.is_empty()),
        ("once", row.once.is_some()),
        ("at_least_ms", row.at_least_ms.is_some()),
    ]
}

fn check(row: CheckRow, profile: &Profile) -> Outcome<Check> {
    let name = row.pattern.as_ref().as_str();
    let Some((_, needed, allowed)) = PATTERNS.iter().find(|(known, ..)| *known == name) else {
        let known = PATTERNS.map(|(name, ..)| name);
        return Err(fault(&row.pattern, format!("unknown pattern `{name}`{}", meant(name, &known))));
    };
    for (key, is_given) in given(&row) {
        if is_given && !needed.contains(&key) && !allowed.contains(&key) {
            return Err(fault(&row.pattern, format!("pattern `{name}` does not take `{key}`")));
        }
        if !is_given && needed.contains(&key) {
            return Err(fault(&row.pattern, format!("pattern `{name}` requires `{key}`")));
        }
    }
    if row.from.is_some() != (name == "gap") {
        let word = if name == "gap" { "requires" } else { "does not take" };
        return Err(fault(&row.pattern, format!("pattern `{name}` {word} `from`")));
    }
    if row.on.is_empty() {
        return Err(fault(&row.pattern, "a check requires `on`, the events that it looks at".to_owned()));
    }
    for field in &row.cite {
        names::known_field(field.as_ref(), profile).map_err(|message| fault(field, message))?;
    }
    let trigger = event(&row.on, row.at, row.when.as_ref(), profile)?;
    not_early(&trigger, [&row.require, &row.forbid, &row.add, &row.at_most].into_iter().flatten(), profile)?;
    let pattern = match name {
        "each" => Pattern::Each { trigger, require: required(row.require.as_ref(), profile)? },
        "never" => Pattern::Never { trigger, forbid: required(row.forbid.as_ref(), profile)? },
        "at-most" => Pattern::AtMost {
            trigger,
            limit: row.limit.unwrap_or(0),
            reset: events(&row.reset, profile)?,
            pause_ms: row.pause_ms.unwrap_or(0),
        },
        "before" => Pattern::Before { trigger, need: events(&row.need, profile)?, reset: events(&row.reset, profile)? },
        "after" => Pattern::After {
            trigger,
            need: events(&row.need, profile)?,
            until: events(&row.until, profile)?,
            once: row.once.unwrap_or(false),
        },
        "sum" => Pattern::Sum {
            trigger,
            add: required(row.add.as_ref(), profile)?,
            at_most: required(row.at_most.as_ref(), profile)?,
            reset: events(&row.reset, profile)?,
        },
        _ => {
            let from = row.from.as_ref().ok_or_else(lost)?;
            let from = event(&from.on, from.at, from.when.as_ref(), profile)?;
            Pattern::Gap { from, to: trigger, at_least_ms: row.at_least_ms.unwrap_or(0) }
        }
    };
    let message = Template::parse(row.message.as_ref(), profile)
        .map_err(|PredicateError(message)| fault(&row.message, message))?;
    let cite = row.cite.into_iter().map(Spanned::into_inner).collect();
    Ok(Check { scope: scope(&row.scope, profile)?, pattern, message, cite })
}

/// A required expression, whose presence was checked before.
fn required(source: Option<&Spanned<String>>, profile: &Profile) -> Outcome<Predicate> {
    compiled(source.ok_or_else(lost)?, profile)
}

/// The error for a required key that is missing although it was checked before.
fn lost() -> Mistake {
    Mistake { span: 0..0, message: "a key of the pattern is missing".to_owned() }
}

fn case(row: CaseRow, profile: &Profile) -> Outcome<Case> {
    if row.step.is_empty() {
        return Err(fault(&row.id, format!("case {} has no step", row.id.as_ref())));
    }
    let shared = |source: Option<&Spanned<String>>| -> Outcome<Option<Arc<Predicate>>> {
        Ok(maybe(source, profile)?.map(Arc::new))
    };
    Ok(Case {
        applies: shared(row.applies.as_ref())?,
        broken_when: shared(row.broken_when.as_ref())?,
        needed_with: row.needed_with.as_ref().map(|id| feature_id(id, profile)).transpose()?,
        steps: row.step.into_iter().map(|row| step(row, profile)).collect::<Outcome<_>>()?,
        id: row.id.into_inner(),
        title: row.title,
        optional: row.optional,
        about: scope(&row.about, profile)?,
    })
}

fn step(row: StepRow, profile: &Profile) -> Outcome<Step> {
    let faults = row.faults.iter().map(|name| Fault::from_name(name.as_ref()).map_err(|message| fault(name, message)));
    let faults = faults.collect::<Outcome<Vec<_>>>()?;
    let kind = row.kind.unwrap_or(if faults.is_empty() { StepKind::Send } else { StepKind::Call });
    let calls = row.call.iter().map(|name| operation(name, profile)).collect::<Outcome<Vec<_>>>()?;
    let names: Vec<&str> = calls.iter().map(|call| call.name()).collect();
    let marks: String = faults.iter().map(|fault| format!(" ({})", fault.name())).collect();
    Ok(Step {
        calls,
        faults,
        when: maybe(row.when.as_ref(), profile)?.map(Arc::new),
        unneeded_when: maybe(row.unneeded_when.as_ref(), profile)?.map(Arc::new),
        kind,
        turning: row.turning,
        same_payment_as: row.same_payment_as,
        title: row.title.unwrap_or_else(|| format!("{}{marks}", names.join(" or "))),
        guide: row.guide,
    })
}
