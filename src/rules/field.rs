//! A field that expressions can use.

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Bool,
    /// A whole number.
    Int,
    /// An amount in minor units.
    Money,
    /// Text; empty if there is none.
    Text,
    /// What the traffic has there.
    Any,
}

impl Kind {
    /// Its name in lists of fields.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Money => "money",
            Kind::Text => "text",
            Kind::Any => "any",
        }
    }
}

/// A field that expressions can use.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field<'a> {
    /// Its full name, with the root: `call.status`.
    pub name: &'a str,
    /// Its type.
    pub kind: Kind,
    /// Whether it can be `null`.
    pub nullable: bool,
    /// Whether only the end of an exchange shows it.
    pub at_end: bool,
    /// Its meaning, as `poscert rules explain fields` prints it.
    pub meaning: &'a str,
}

pub(super) const fn f(name: &'static str, kind: Kind, nullable: bool, meaning: &'static str) -> Field<'static> {
    Field { name, kind, nullable, at_end: false, meaning }
}

/// A field that only the end of an exchange shows.
pub(super) const fn end(name: &'static str, kind: Kind, nullable: bool, meaning: &'static str) -> Field<'static> {
    Field { at_end: true, ..f(name, kind, nullable, meaning) }
}
