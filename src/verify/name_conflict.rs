//! Name conflicts when a PoS is created, and how often the client repeats the create without a look-up.

use super::bodies::RequestBody;

/// A name conflict when a PoS was created.
#[derive(Clone, Debug)]
pub(crate) struct Conflict {
    /// The call that got the conflict.
    pub call: usize,
    /// Its `merchantPosId`.
    pub merchant_pos_id: String,
    /// Its `beaconId`.
    pub beacon_id: String,
    /// Its `storeId`.
    pub store_id: String,
    /// How often a PoS of that name was created again without a look-up.
    pub repeats: i64,
}

impl Conflict {
    /// Whether a create asks for the same name or the same beacon again.
    pub(crate) fn is_of(&self, body: &RequestBody) -> bool {
        // A hidden body has no names.
        let same = |one: &str, other: &str| !one.is_empty() && one == other;
        same(&self.beacon_id, &body.beacon_id) || same(&self.merchant_pos_id, &body.merchant_pos_id)
    }
}
