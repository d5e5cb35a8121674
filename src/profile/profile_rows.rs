//! The tables of `profile.toml` as TOML has them, before their meaning is checked.

use super::at::At;
use super::field::Fold;
use super::id_form::IdForm;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

/// The content of `profile.toml`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    #[schemars(with = "String")]
    pub(super) name: Spanned<String>,
    pub(super) title: String,
    #[serde(default)]
    pub(super) hosts: Vec<String>,
    #[schemars(with = "Option<String>")]
    pub(super) base: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) token: String,
    pub(super) path: Option<String>,
    #[serde(default)]
    pub(super) simulation: String,
    #[serde(default)]
    pub(super) ids: IdForm,
    #[serde(default)]
    pub(super) headers: HeadersRow,
    #[schemars(with = "Option<String>")]
    pub(super) error_code: Option<Spanned<String>>,
    /// The Rust code that keeps the state of the resources; for the built-in profile.
    #[schemars(with = "Option<String>")]
    pub(super) native: Option<Spanned<String>>,
    #[schemars(with = "Vec<FeatureRow>")]
    pub(super) feature: Vec<Spanned<FeatureRow>>,
    #[serde(default)]
    pub(super) resource: Vec<ResourceRow>,
    pub(super) operation: Vec<OperationRow>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FeatureRow {
    #[schemars(with = "String")]
    pub(super) id: Spanned<String>,
    #[serde(default)]
    pub(super) mandatory: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ResourceRow {
    #[schemars(with = "String")]
    pub(super) name: Spanned<String>,
    pub(super) title: Option<String>,
    #[schemars(with = "Option<String>")]
    pub(super) within: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) field: Vec<FieldRow>,
}

/// The names of headers.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HeadersRow {
    #[serde(default)]
    pub(super) client_id: String,
    #[serde(default)]
    pub(super) version: String,
    #[serde(default)]
    pub(super) key: String,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FieldRow {
    #[schemars(with = "String")]
    pub(super) name: Spanned<String>,
    pub(super) fold: Fold,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub(super) on: Vec<Spanned<String>>,
    #[serde(default = "At::end")]
    pub(super) at: At,
    #[schemars(with = "Option<String>")]
    pub(super) when: Option<Spanned<String>>,
    #[schemars(with = "Option<String>")]
    pub(super) value: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) meaning: String,
}

/// A place in a request that names a resource.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReferenceRow {
    #[schemars(with = "String")]
    pub(super) resource: Spanned<String>,
    #[schemars(with = "Option<String>")]
    pub(super) body: Option<Spanned<String>>,
    pub(super) query: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OperationRow {
    #[schemars(with = "String")]
    pub(super) name: Spanned<String>,
    #[schemars(with = "String")]
    pub(super) method: Spanned<String>,
    #[schemars(with = "String")]
    pub(super) path: Spanned<String>,
    #[serde(default)]
    pub(super) query: Vec<String>,
    #[serde(default)]
    pub(super) body: bool,
    #[serde(default)]
    pub(super) no_content: bool,
    #[serde(default)]
    pub(super) polled: bool,
    #[serde(default)]
    pub(super) about: Vec<ReferenceRow>,
    pub(super) creates: Option<CreatesRow>,
    pub(super) lists: Option<ListsRow>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreatesRow {
    #[schemars(with = "String")]
    pub(super) resource: Spanned<String>,
    #[schemars(with = "String")]
    pub(super) id: Spanned<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ListsRow {
    #[schemars(with = "String")]
    pub(super) resource: Spanned<String>,
    #[schemars(with = "String")]
    pub(super) ids: Spanned<String>,
}
