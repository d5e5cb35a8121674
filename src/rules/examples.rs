//! An example of each requirement: a certification that passes it, and a change that fails it.
//!
//! The examples are the fixtures of the test suite, built in for people to read; see `fixtures/README.md`.

use serde::Deserialize;

/// A certification that passes, and a change to it that breaks one requirement.
#[derive(Clone, Debug)]
pub(crate) struct Example {
    /// The name of the certification.
    pub passes: String,
    /// Its text: one call per line.
    pub walk: &'static str,
    /// A sentence that says what the client does wrong.
    pub shows: String,
    /// The change, as written in its file.
    pub change: String,
}

const EDITS: [&str; 4] = [
    include_str!("../../fixtures/mutations/common.toml"),
    include_str!("../../fixtures/mutations/common-more.toml"),
    include_str!("../../fixtures/mutations/onboarding-and-payment.toml"),
    include_str!("../../fixtures/mutations/others.toml"),
];

const WALKS: [(&str, &str); 6] = [
    ("onboarding", include_str!("../../fixtures/passing/onboarding.scenario")),
    ("payment", include_str!("../../fixtures/passing/payment.scenario")),
    ("prepared-payment", include_str!("../../fixtures/passing/prepared-payment.scenario")),
    ("refund", include_str!("../../fixtures/passing/refund.scenario")),
    ("loyalty", include_str!("../../fixtures/passing/loyalty.scenario")),
    ("payment-restrictions", include_str!("../../fixtures/passing/payment-restrictions.scenario")),
];

#[derive(Deserialize)]
struct File {
    edit: Vec<Edit>,
}

#[derive(Deserialize)]
struct Edit {
    requirement: String,
    shows: String,
    of: String,
    #[serde(rename = "do")]
    acts: toml::Spanned<toml::Value>,
}

/// The example of a requirement; `None` if it has none.
pub(crate) fn of(requirement: &str) -> Option<Example> {
    EDITS.iter().find_map(|text| {
        let file: File = toml::from_str(text).ok()?;
        let edit = file.edit.into_iter().find(|edit| edit.requirement == requirement)?;
        let (_, walk) = WALKS.iter().find(|(name, _)| *name == edit.of)?;
        let change = text.get(edit.acts.span()).unwrap_or_default().to_owned();
        Some(Example { passes: edit.of, walk, shows: edit.shows, change })
    })
}
