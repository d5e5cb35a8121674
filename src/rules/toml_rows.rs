//! The tables of a rule file as TOML has them, before their meaning is checked.

use super::model::{At, Attribution, Guidance, Level, Scope, StepKind, Timeouts};
use serde::Deserialize;
use toml::Spanned;

/// The content of a rule file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub feature: Option<FeatureRow>,
    pub limits: Option<LimitsRow>,
    pub guide: Option<Timeouts>,
    #[serde(default)]
    pub counts: Option<Attribution>,
    #[serde(default)]
    pub judged_for: Vec<Spanned<String>>,
    #[serde(default)]
    pub requirement: Vec<RequirementRow>,
    #[serde(default)]
    pub case: Vec<CaseRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeatureRow {
    pub id: Spanned<String>,
    pub title: String,
    pub operations: Vec<Spanned<String>>,
}

/// The `[limits]` table.
#[derive(Clone, Copy, Debug, Deserialize)]
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

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequirementRow {
    pub id: Spanned<String>,
    pub level: Level,
    pub title: String,
    pub source: String,
    pub why: String,
    pub remedy: String,
    pub check: Vec<CheckRow>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckRow {
    pub pattern: Spanned<String>,
    pub scope: Scope,
    #[serde(default)]
    pub on: Vec<Spanned<String>>,
    #[serde(default)]
    pub at: At,
    pub when: Option<Spanned<String>>,
    pub require: Option<Spanned<String>>,
    pub forbid: Option<Spanned<String>>,
    pub limit: Option<u32>,
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
    pub message: Spanned<String>,
    #[serde(default)]
    pub cite: Vec<Spanned<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventRow {
    pub on: Vec<Spanned<String>>,
    #[serde(default)]
    pub at: At,
    pub when: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseRow {
    pub id: Spanned<String>,
    pub title: String,
    #[serde(default)]
    pub optional: bool,
    pub needed_with: Option<Spanned<String>>,
    pub about: Scope,
    pub applies: Option<Spanned<String>>,
    pub broken_when: Option<Spanned<String>>,
    pub step: Vec<StepRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepRow {
    pub call: Vec<Spanned<String>>,
    #[serde(default)]
    pub faults: Vec<Spanned<String>>,
    pub when: Option<Spanned<String>>,
    pub unneeded_when: Option<Spanned<String>>,
    pub kind: Option<StepKind>,
    #[serde(default)]
    pub turning: bool,
    pub same_payment_as: Option<usize>,
    pub title: Option<String>,
    #[serde(default)]
    pub guide: Guidance,
}
