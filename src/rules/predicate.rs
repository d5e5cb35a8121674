//! Predicates: CEL expressions over the record of [`super::fields`].
//!
//! A predicate is parsed and checked once, when its file is loaded. Every name in it must be a field of the record, so
//! that a typing error is found before any traffic is evaluated. An error during evaluation, such as a comparison with
//! `null`, is an error of the run, never a pass. With raw access ([`super::raw`]), the traffic decides the types: such
//! an error is unknown instead, and what is required does not hold.

use super::names::check_names;
use super::raw;
use crate::api::ExactAmount;
use crate::profile::Profile;
use cel::common::ast::IdedExpr;
use cel::common::types::{CelBool, CelDouble, CelInt, CelString};
use cel::common::value::CowVal;
use cel::context::VariableResolver;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Not known, or nonexistent.
    Null,
    /// True or false.
    Bool(bool),
    /// A count, a time in ms, or an exchange number.
    Int(i64),
    /// An amount.
    Money(ExactAmount),
    /// A number in a body, or a number of headers.
    Number(f64),
    /// Text.
    Text(String),
    /// An array in a body.
    List(Vec<Value>),
    /// There is a value, but it is unknown.
    Unknown(Uncertainty),
    /// A whole number that is known only to lie in a range.
    Between(Range),
}

/// Why a value is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uncertainty {
    /// The capture does not show it.
    NotShown,
    /// The clock of the capture is too coarse.
    Clock,
}

/// A whole number in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The minimum.
    pub low: i64,
    /// The measured or counted value.
    pub seen: i64,
    /// The maximum.
    pub high: i64,
    /// Why the value is not exact.
    pub doubt: Uncertainty,
    /// Ranges with the same source are correlated: their values are at the same end.
    pub source: &'static str,
}

/// The result of a predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    Yes,
    /// It does not.
    No,
    /// It depends on an unknown value.
    Unknown(Uncertainty),
}

/// The number that an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quantity {
    /// This number, exactly as a decimal.
    Known(ExactAmount),
    /// `null`.
    Nothing,
    /// The capture does not show it, or the traffic has something else in its place.
    Unknown,
}

/// The values of the record's fields at one moment of the traffic.
pub trait Facts: Send + Sync {
    /// The value of a field by its full name (`call.amount`); `None` if there is no such field.
    fn value(&self, name: &str) -> Option<Value>;
}

/// The maximum length of an expression, in bytes.
const LONGEST: usize = 4096;

/// A compiled predicate.
pub struct Predicate {
    source: String,
    expression: IdedExpr,
    /// Whether it has raw access. What it reads then has any type, so an error is no error of the rule.
    is_raw: bool,
}

/// The message of a predicate that could not be compiled or evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PredicateError(pub String);

impl fmt::Display for PredicateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Predicate({})", self.source)
    }
}

impl Predicate {
    /// Parses a predicate and checks every name in it.
    ///
    /// # Errors
    /// An expression that is too long, is not CEL, or uses an unknown field.
    pub fn compile(source: &str, profile: &Profile) -> Result<Predicate, PredicateError> {
        if source.len() > LONGEST {
            let start: String = source.chars().take(40).collect();
            let length = source.len();
            return Err(PredicateError(format!(
                "expression `{start}...` is too long: {length} bytes, at most {LONGEST}; split it into several checks"
            )));
        }
        let program = cel::Program::compile(source).map_err(|errors| {
            let first = errors.errors.first();
            let (column, text) = first.map_or((1, "syntax error".to_owned()), |e| (e.pos.1, e.msg.clone()));
            PredicateError(format!("`{source}` is not a CEL expression: {text} (column {column})"))
        })?;
        let mut expression = program.expression().clone();
        let is_raw = raw::resolve(&mut expression)
            .and_then(|is_raw| check_names(&expression, profile).map(|()| is_raw))
            .map_err(|problem| PredicateError(format!("in expression `{source}`: {problem}")))?;
        // The traffic decides the types of folds, too.
        let is_raw = is_raw || profile.fields().any(|(_, field)| source.contains(&field.name));
        Ok(Predicate { source: source.to_owned(), expression, is_raw })
    }

    /// Whether it has raw access.
    pub(super) fn is_raw(&self) -> bool {
        self.is_raw
    }

    /// The expression as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Evaluates it at a moment. An unknown value makes the result unknown only if the result depends on it. So does a
    /// comparison of raw access with `null` or with a value of another type.
    ///
    /// # Errors
    /// An expression that cannot be evaluated.
    pub fn asks(&self, facts: &dyn Facts) -> Result<Truth, PredicateError> {
        self.evaluated(facts, Truth::Unknown(Uncertainty::NotShown))
    }

    /// As [`Predicate::asks`], for what has to hold: with raw access, a comparison with `null` or with a value of another
    /// type does not hold.
    ///
    /// # Errors
    /// As for [`Predicate::asks`].
    pub(crate) fn requires(&self, facts: &dyn Facts) -> Result<Truth, PredicateError> {
        self.evaluated(facts, Truth::No)
    }

    /// Evaluates it; `mistyped` is the result if it has raw access and its values have types that it cannot compare.
    fn evaluated(&self, facts: &dyn Facts, mistyped: Truth) -> Result<Truth, PredicateError> {
        let mut ranges: Vec<Range> = Vec::new();
        let mut first: Option<bool> = None;
        let mut corner = 0;
        // Predicates are comparisons: if they agree at all ends of the ranges, they agree in between.
        while corner < 1_usize << ranges.len() {
            let resolver = Resolver { facts, corner, uncertain: Mutex::new(UncertainValues { ranges, unknown: None }) };
            let value = self.evaluate(&resolver);
            let uncertain = resolver.uncertain.into_inner().unwrap_or_else(PoisonError::into_inner);
            ranges = uncertain.ranges;
            let holds = match (value, uncertain.unknown) {
                (Ok(cel::Value::Bool(value)), _) => value,
                (_, Some(doubt)) => return Ok(Truth::Unknown(doubt)),
                (Ok(_) | Err(_), None) if self.is_raw => return Ok(mistyped),
                (Ok(other), None) => return Err(self.error(&format!("returns {other:?} instead of true or false"))),
                (Err(error), None) => return Err(error),
            };
            if *first.get_or_insert(holds) != holds || ranges.len() > MOST_RANGES {
                let not_shown = ranges.iter().any(|range| range.doubt == Uncertainty::NotShown);
                return Ok(Truth::Unknown(if not_shown { Uncertainty::NotShown } else { Uncertainty::Clock }));
            }
            corner += 1;
        }
        Ok(if first == Some(true) { Truth::Yes } else { Truth::No })
    }

    /// The number that it is at a moment: in minor units for the amounts of fields, as written for numbers of a body.
    ///
    /// # Errors
    /// An expression that cannot be evaluated, or is no number; with raw access, that is [`Quantity::Unknown`].
    pub(crate) fn number(&self, facts: &dyn Facts) -> Result<Quantity, PredicateError> {
        let resolver =
            Resolver { facts, corner: 0, uncertain: Mutex::new(UncertainValues { ranges: Vec::new(), unknown: None }) };
        let value = self.evaluate(&resolver);
        let uncertain = resolver.uncertain.into_inner().unwrap_or_else(PoisonError::into_inner);
        let digits = match (value, uncertain.unknown) {
            (_, Some(_)) => return Ok(Quantity::Unknown),
            _ if !uncertain.ranges.is_empty() => return Ok(Quantity::Unknown),
            (Ok(cel::Value::Int(whole)), None) => whole.to_string(),
            (Ok(cel::Value::Float(number)), None) => number.to_string(),
            (Ok(cel::Value::Null), None) => return Ok(Quantity::Nothing),
            (Ok(_) | Err(_), None) if self.is_raw => return Ok(Quantity::Unknown),
            (Ok(other), None) => return Err(self.error(&format!("returns {other:?} instead of a number"))),
            (Err(error), None) => return Err(error),
        };
        Ok(ExactAmount::parse(&digits).map_or(Quantity::Unknown, Quantity::Known))
    }

    /// The value that it has at a moment. An expression with raw access that cannot be evaluated has an unknown value.
    ///
    /// # Errors
    /// An expression without raw access that cannot be evaluated.
    pub(crate) fn value(&self, facts: &dyn Facts) -> Result<Value, PredicateError> {
        let resolver =
            Resolver { facts, corner: 0, uncertain: Mutex::new(UncertainValues { ranges: Vec::new(), unknown: None }) };
        let value = self.evaluate(&resolver);
        let uncertain = resolver.uncertain.into_inner().unwrap_or_else(PoisonError::into_inner);
        let not_shown = Value::Unknown(Uncertainty::NotShown);
        match (value, uncertain.unknown.or(uncertain.ranges.first().map(|range| range.doubt))) {
            (_, Some(doubt)) => Ok(Value::Unknown(doubt)),
            (Ok(value), None) => Ok(of_cel(&value).unwrap_or(not_shown)),
            (Err(_), None) if self.is_raw => Ok(not_shown),
            (Err(error), None) => Err(error),
        }
    }

    /// Whether it certainly holds at a moment.
    ///
    /// # Errors
    /// As for [`Predicate::asks`].
    pub fn holds(&self, facts: &dyn Facts) -> Result<bool, PredicateError> {
        Ok(self.asks(facts)? == Truth::Yes)
    }

    fn evaluate(&self, resolver: &Resolver) -> Result<cel::Value, PredicateError> {
        ROOT.with(|root| {
            let mut context = root.new_inner_scope();
            context.set_variable_resolver(resolver);
            cel::Value::resolve(&self.expression, &context)
                .map_err(|error| self.error(&format!("cannot be evaluated: {error}")))
        })
    }

    fn error(&self, what: &str) -> PredicateError {
        PredicateError(format!("the expression `{}` {what}", self.source))
    }
}

thread_local! {
    /// The standard functions. Building them for each evaluation would cost sixty times as much as the evaluation.
    static ROOT: cel::Context<'static, 'static> = cel::Context::default();
}

/// The maximum number of ranges in one predicate.
const MOST_RANGES: usize = 6;

struct Resolver<'a> {
    facts: &'a dyn Facts,
    /// A bit for each range: whether its high end is used.
    corner: usize,
    uncertain: Mutex<UncertainValues>,
}

/// The uncertain values that a predicate has used.
struct UncertainValues {
    ranges: Vec<Range>,
    unknown: Option<Uncertainty>,
}

impl Resolver<'_> {
    /// The end of a range in this corner.
    fn end(&self, range: Range) -> i64 {
        let mut uncertain = self.uncertain.lock().unwrap_or_else(PoisonError::into_inner);
        let known = uncertain.ranges.iter().position(|other| other.source == range.source);
        let place = known.unwrap_or_else(|| {
            uncertain.ranges.push(range);
            uncertain.ranges.len() - 1
        });
        let is_high =
            self.corner.checked_shr(u32::try_from(place).unwrap_or(u32::MAX)).is_some_and(|bits| bits & 1 == 1);
        if is_high { range.high } else { range.low }
    }
}

impl VariableResolver for Resolver<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        Some(match self.facts.value(name)? {
            Value::Null => cel::Value::Null.try_into().ok().map(CowVal::Owned)?,
            Value::Bool(value) => CowVal::owned(CelBool::from(value)),
            Value::Int(value) => CowVal::owned(CelInt::from(value)),
            // Minor units; a fraction only if a client sent more decimals than the currency has.
            Value::Money(value) => match value.minor() {
                Some(minor) => CowVal::owned(CelInt::from(minor)),
                None => CowVal::owned(CelDouble::from(value.approximate())),
            },
            Value::Number(value) => CowVal::owned(CelDouble::from(value)),
            Value::Text(value) => CowVal::owned(CelString::from(value)),
            Value::List(items) => {
                cel::Value::from(items.iter().map(listed).collect::<Vec<_>>()).try_into().ok().map(CowVal::Owned)?
            }
            Value::Between(range) => CowVal::owned(CelInt::from(self.end(range))),
            // An error for CEL, which continues if the other side of `&&` or `||` decides the result.
            Value::Unknown(doubt) => {
                let mut uncertain = self.uncertain.lock().unwrap_or_else(PoisonError::into_inner);
                uncertain.unknown = uncertain.unknown.filter(|other| *other == Uncertainty::NotShown).or(Some(doubt));
                return None;
            }
        })
    }
}

/// A value of CEL that the traffic can have.
fn of_cel(value: &cel::Value) -> Option<Value> {
    Some(match value {
        cel::Value::Null => Value::Null,
        cel::Value::Bool(value) => Value::Bool(*value),
        cel::Value::Int(value) => Value::Int(*value),
        cel::Value::UInt(value) => Value::Int(i64::try_from(*value).ok()?),
        cel::Value::Float(value) => Value::Number(*value),
        cel::Value::String(value) => Value::Text(value.to_string()),
        cel::Value::List(items) => Value::List(items.iter().map(of_cel).collect::<Option<_>>()?),
        _ => return None,
    })
}

/// An item of an array. Unknown values are never in one.
fn listed(item: &Value) -> cel::Value {
    match item {
        Value::Null | Value::Unknown(_) => cel::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Between(range) => range.seen.into(),
        Value::Money(value) => value.approximate().into(),
        Value::Number(value) => (*value).into(),
        Value::Text(value) => value.as_str().into(),
        Value::List(items) => items.iter().map(listed).collect::<Vec<_>>().into(),
    }
}
