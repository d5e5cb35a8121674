//! The operations of an API.

use super::builtin;
use super::operation_spec::OperationSpec;
use super::registry::Registry;
use std::fmt;

/// An operation of an API. It is a number that stands for its description.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operation(u16);

static OPERATIONS: Registry<OperationSpec> = Registry::new(builtin::operations);

impl Operation {
    /// The operation at this index of the built-in profile.
    pub(crate) const fn builtin(index: u16) -> Operation {
        Operation(index)
    }

    /// The operation with this description; `None` if there are too many.
    pub(super) fn interned(spec: OperationSpec) -> Option<Operation> {
        OPERATIONS.index(spec).map(Operation)
    }

    /// Its description.
    pub fn spec(self) -> &'static OperationSpec {
        OPERATIONS.at(self.0)
    }

    /// Its name in the API's description.
    pub fn name(self) -> &'static str {
        &self.spec().name
    }

    /// The HTTP method.
    pub fn method(self) -> &'static str {
        &self.spec().method
    }

    /// The path after the base, with placeholders of ids in braces.
    pub fn template(self) -> &'static str {
        &self.spec().path
    }

    /// The documented query parameters.
    pub fn parameters(self) -> &'static [String] {
        &self.spec().query
    }

    /// Whether it creates a resource, so that its requests have an idempotency key.
    pub fn creates(self) -> bool {
        self.spec().creates.is_some()
    }

    /// Whether clients poll it.
    pub fn polled(self) -> bool {
        self.spec().polled
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
