//! The six features that a client can be certified in (self_certification).

use serde::{Deserialize, Serialize};
use std::fmt;

/// A feature of the certification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // The names are the API documentation's own.
pub enum Feature {
    Onboarding,
    Payment,
    PreparedPayment,
    Refund,
    Loyalty,
    PaymentRestrictions,
}

impl Feature {
    /// All features, in the order of the API's documentation.
    pub const ALL: [Feature; 6] = [
        Feature::Onboarding,
        Feature::Payment,
        Feature::PreparedPayment,
        Feature::Refund,
        Feature::Loyalty,
        Feature::PaymentRestrictions,
    ];

    /// The id in options, rule files and verdicts.
    pub fn id(self) -> &'static str {
        match self {
            Feature::Onboarding => "onboarding",
            Feature::Payment => "payment",
            Feature::PreparedPayment => "prepared-payment",
            Feature::Refund => "refund",
            Feature::Loyalty => "loyalty",
            Feature::PaymentRestrictions => "payment-restrictions",
        }
    }

    /// Finds a feature by its id.
    pub fn from_id(id: &str) -> Option<Feature> {
        Self::ALL.into_iter().find(|feature| feature.id() == id)
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
