//! Mistakes that real clients of the API make, and the findings that each must lead to.
//!
//! The expected findings are in `fixtures/misbehaviors.toml`, next to the title: they are a statement about the rules,
//! not about the till.

use crate::api::Feature;
use serde::Deserialize;

macro_rules! mistakes {
    ($($name:ident = $id:literal,)*) => {
        /// A mistake that the till can be configured to make.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs)] // Each has its title in `fixtures/misbehaviors.toml`.
        pub enum Misbehavior { $($name,)* }

        impl Misbehavior {
            /// All mistakes.
            pub const ALL: &[Misbehavior] = &[$(Misbehavior::$name,)*];

            /// The name used in options.
            pub fn id(self) -> &'static str {
                match self { $(Misbehavior::$name => $id,)* }
            }
        }
    };
}

mistakes! {
    NewKeyPerAttempt = "new-key-per-attempt",
    BodyChangesOnRetry = "body-changes-on-retry",
    NoKey = "no-key",
    NoRetry = "no-retry",
    NoTimeout = "no-timeout",
    TooManySends = "too-many-sends",
    HammersOnServerError = "hammers-on-server-error",
    HammersOnTakenBeacon = "hammers-on-taken-beacon",
    RepeatsRefused = "repeats-refused",
    PollsTooSoon = "polls-too-soon",
    FixedPollPace = "fixed-poll-pace",
    PollsAtOnceAfterFailure = "polls-at-once-after-failure",
    MinorUnits = "minor-units",
    TruncatesCapture = "truncates-capture",
    PartialWithoutFlag = "partial-without-flag",
    CapturesTooMuch = "captures-too-much",
    CapturesUnseen = "captures-unseen",
    CapturesAfterCancel = "captures-after-cancel",
    SuccessAfterLostCapture = "success-after-lost-capture",
    ForgetsHanging = "forgets-hanging",
    LeavesReserved = "leaves-reserved",
    LeavesActive = "leaves-active",
    IgnoresActive = "ignores-active",
    CleansUpOnAnyError = "cleans-up-on-any-error",
    NullId = "null-id",
    NoVersion = "no-version",
    MalformedVersion = "malformed-version",
    OtherVersion = "other-version",
    DoubledVatPrefix = "doubled-vat-prefix",
    BareVat = "bare-vat",
    TokenInUrl = "token-in-url",
    RefusedTokenAgain = "refused-token-again",
    UndocumentedCall = "undocumented-call",
    OutsideSelection = "outside-selection",
    SellsOnDeletedPos = "sells-on-deleted-pos",
    ReadiesInitiated = "readies-initiated",
    ReadiesTwice = "readies-twice",
    RefundsUnpaid = "refunds-unpaid",
    RefundsOtherCurrency = "refunds-other-currency",
    RefundsTooMuch = "refunds-too-much",
    RepeatsRefund = "repeats-refund",
    CapturesRefundUnseen = "captures-refund-unseen",
    ForgetsRefund = "forgets-refund",
    CapturesCancelledRefund = "captures-cancelled-refund",
    CancelsCapturedRefund = "cancels-captured-refund",
    ReadiesBeforeMembership = "readies-before-membership",
    InitiatesBeforeMembership = "initiates-before-membership",
    RestrictsInWords = "restricts-in-words",
    MisnamesRestriction = "misnames-restriction",
    CapturesRefused = "captures-refused",
    PollsRefused = "polls-refused",
}

/// The expected findings of a mistake.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFindings {
    /// The mistake's id.
    pub id: String,
    /// A one-sentence description.
    pub title: String,
    /// The ids of all musts that fail, sorted.
    pub fails: Vec<String>,
    /// The ids of the mandatory cases that do not pass.
    #[serde(default)]
    pub cases_not_passed: Vec<String>,
    /// The features that are selected and played besides the mandatory one; empty means all.
    #[serde(default)]
    pub features: Vec<Feature>,
    /// The `pollDelayInMs` that the backend returns, if not the default.
    pub poll_delay_ms: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    broken: Vec<ExpectedFindings>,
}

impl Misbehavior {
    /// The mistake with that id.
    pub fn from_id(id: &str) -> Option<Misbehavior> {
        Self::ALL.iter().copied().find(|mistake| mistake.id() == id)
    }

    /// The expected findings of this mistake.
    ///
    /// # Errors
    /// A message if the embedded catalogue has no entry for it.
    pub fn announced(self) -> Result<ExpectedFindings, String> {
        let found = catalogue()?.into_iter().find(|announced| announced.id == self.id());
        found.ok_or_else(|| format!("fixtures/misbehaviors.toml has no entry for {}", self.id()))
    }
}

/// The expected findings of all mistakes, in the order of the file.
///
/// # Errors
/// A message if the embedded catalogue cannot be parsed.
pub(crate) fn catalogue() -> Result<Vec<ExpectedFindings>, String> {
    let text = include_str!("../../fixtures/misbehaviors.toml");
    let catalogue: Catalogue = toml::from_str(text).map_err(|error| format!("fixtures/misbehaviors.toml: {error}"))?;
    Ok(catalogue.broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_has_an_entry_with_a_failed_must() {
        let announced: Vec<String> = catalogue().unwrap().into_iter().map(|announced| announced.id).collect();
        let known: Vec<&str> = Misbehavior::ALL.iter().map(|mistake| mistake.id()).collect();
        assert_eq!(announced, known);
        for announced in catalogue().unwrap() {
            assert!(!announced.fails.is_empty(), "{}", announced.id);
            let mut sorted = announced.fails.clone();
            sorted.sort();
            assert_eq!(announced.fails, sorted, "{}", announced.id);
            assert_eq!(Misbehavior::from_id(&announced.id).map(Misbehavior::id), Some(announced.id.as_str()));
        }
    }
}
