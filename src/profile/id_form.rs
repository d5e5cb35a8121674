//! The form of ids.

use schemars::JsonSchema;
use serde::Deserialize;

/// The form of the ids of resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdForm {
    /// Any text that is not empty, or a whole number.
    #[default]
    Any,
    /// A GUID, compared without regard to letter case.
    Guid,
}
