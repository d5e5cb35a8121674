//! The six features that a client can be certified in (self_certification).

use crate::profile::Feature;

#[allow(missing_docs)] // The names are the API documentation's own.
impl Feature {
    pub const ONBOARDING: Feature = Feature::builtin(0);
    pub const PAYMENT: Feature = Feature::builtin(1);
    pub const PREPARED_PAYMENT: Feature = Feature::builtin(2);
    pub const REFUND: Feature = Feature::builtin(3);
    pub const LOYALTY: Feature = Feature::builtin(4);
    pub const PAYMENT_RESTRICTIONS: Feature = Feature::builtin(5);

    /// All features of the PoS API v10, in the order of its documentation.
    pub const ALL: [Feature; 6] = [
        Feature::ONBOARDING,
        Feature::PAYMENT,
        Feature::PREPARED_PAYMENT,
        Feature::REFUND,
        Feature::LOYALTY,
        Feature::PAYMENT_RESTRICTIONS,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::pos_v10;

    #[test]
    fn constants_are_in_the_order_of_the_profile() {
        assert_eq!(pos_v10().features, Feature::ALL);
        let ids = ["onboarding", "payment", "prepared-payment", "refund", "loyalty", "payment-restrictions"];
        assert_eq!(Feature::ALL.map(Feature::id), ids);
    }
}
