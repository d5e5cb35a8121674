//! The kinds of resources of the API, in the order of its profile.

use crate::profile::Resource;

/// A point of sale.
pub(crate) const POS: Resource = Resource::at(0);
/// A payment.
pub(crate) const PAYMENT: Resource = Resource::at(1);
/// A refund.
pub(crate) const REFUND: Resource = Resource::at(2);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::pos_v10;

    #[test]
    fn constants_are_in_the_order_of_the_profile() {
        let named = ["pos", "payment", "refund"].map(|name| pos_v10().resource(name));
        assert_eq!(named, [Some(POS), Some(PAYMENT), Some(REFUND)]);
    }
}
