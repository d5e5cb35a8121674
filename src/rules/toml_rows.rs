//! The tables of a rule file as TOML has them, before their meaning is checked.

use super::guidance::{Guidance, Timeouts};
use super::model::{At, Attribution, Level, StepKind};
use super::vocabulary;
use schemars::JsonSchema;
use serde::Deserialize;
use toml::Spanned;

/// The content of a rule file.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub feature: Option<FeatureRow>,
    pub limits: Option<LimitsRow>,
    pub guide: Option<Timeouts>,
    #[serde(default)]
    pub counts: Option<Attribution>,
    #[serde(default)]
    #[schemars(schema_with = "vocabulary::features")]
    pub judged_for: Vec<Spanned<String>>,
    #[serde(default)]
    pub requirement: Vec<RequirementRow>,
    #[serde(default)]
    pub case: Vec<CaseRow>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct FeatureRow {
    #[schemars(schema_with = "vocabulary::feature")]
    pub id: Spanned<String>,
    pub title: String,
    #[schemars(schema_with = "vocabulary::operations")]
    pub operations: Vec<Spanned<String>>,
}

/// The `[limits]` table.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsRow {
    /// See [`super::load::Limits`].
    pub timeout_ms: i64,
    /// See [`super::load::Limits`].
    pub go_pause_ms: i64,
    /// See [`super::load::Limits`].
    pub retry_window_ms: i64,
    /// See [`super::load::Limits`].
    pub token_worn_percent: i64,
    /// See [`super::load::Limits`].
    pub token_few_calls: i64,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RequirementRow {
    #[schemars(with = "String")]
    pub id: Spanned<String>,
    pub level: Level,
    pub title: String,
    pub source: String,
    pub why: String,
    pub remedy: String,
    pub check: Vec<CheckRow>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckRow {
    #[schemars(schema_with = "vocabulary::patterns")]
    pub pattern: Spanned<String>,
    #[schemars(schema_with = "vocabulary::scopes")]
    pub scope: Spanned<String>,
    #[serde(default)]
    #[schemars(schema_with = "vocabulary::selectors")]
    pub on: Vec<Spanned<String>>,
    #[serde(default)]
    pub at: At,
    #[schemars(with = "Option<String>")]
    pub when: Option<Spanned<String>>,
    #[schemars(with = "Option<String>")]
    pub require: Option<Spanned<String>>,
    #[schemars(with = "Option<String>")]
    pub forbid: Option<Spanned<String>>,
    pub limit: Option<u32>,
    #[schemars(with = "Option<String>")]
    pub add: Option<Spanned<String>>,
    #[schemars(with = "Option<String>")]
    pub at_most: Option<Spanned<String>>,
    #[serde(default)]
    pub reset: Vec<EventRow>,
    pub pause_ms: Option<i64>,
    #[serde(default)]
    pub need: Vec<EventRow>,
    #[serde(default)]
    pub until: Vec<EventRow>,
    pub once: Option<bool>,
    pub from: Option<EventRow>,
    pub at_least_ms: Option<i64>,
    #[schemars(with = "String")]
    pub message: Spanned<String>,
    #[serde(default)]
    #[schemars(with = "Vec<String>")]
    pub cite: Vec<Spanned<String>>,
}

#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventRow {
    #[schemars(schema_with = "vocabulary::selectors")]
    pub on: Vec<Spanned<String>>,
    #[serde(default)]
    pub at: At,
    #[schemars(with = "Option<String>")]
    pub when: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseRow {
    #[schemars(with = "String")]
    pub id: Spanned<String>,
    pub title: String,
    #[serde(default)]
    pub optional: bool,
    #[serde(default)]
    #[schemars(schema_with = "vocabulary::feature")]
    pub needed_with: Option<Spanned<String>>,
    #[schemars(schema_with = "vocabulary::scopes")]
    pub about: Spanned<String>,
    #[schemars(with = "Option<String>")]
    pub applies: Option<Spanned<String>>,
    #[schemars(with = "Option<String>")]
    pub broken_when: Option<Spanned<String>>,
    pub step: Vec<StepRow>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StepRow {
    #[schemars(schema_with = "vocabulary::operations")]
    pub call: Vec<Spanned<String>>,
    #[serde(default)]
    #[schemars(schema_with = "vocabulary::faults")]
    pub faults: Vec<Spanned<String>>,
    #[schemars(with = "Option<String>")]
    pub when: Option<Spanned<String>>,
    #[schemars(with = "Option<String>")]
    pub unneeded_when: Option<Spanned<String>>,
    pub kind: Option<StepKind>,
    #[serde(default)]
    pub turning: bool,
    pub same_payment_as: Option<usize>,
    pub title: Option<String>,
    #[serde(default)]
    pub guide: Guidance,
}
