//! A name that is taken when a PoS is created, and whether the client looks into it before it tries again.

use super::bodies::RequestBody;

/// A name conflict when a PoS was created.
#[derive(Clone, Debug)]
pub struct Conflict {
    /// The call that met it.
    pub call: usize,
    /// The merchant's name for the PoS.
    pub merchant_pos_id: String,
    /// Its beacon.
    pub beacon_id: String,
    /// Its store.
    pub store_id: String,
    /// How often a PoS of that name was created again without a look.
    pub repeats: i64,
}

impl Conflict {
    /// Whether a create asks for the same name or the same beacon again.
    pub fn is_of(&self, body: &RequestBody) -> bool {
        // A body that is not shown names nothing.
        let same = |one: &str, other: &str| !one.is_empty() && one == other;
        same(&self.beacon_id, &body.beacon_id) || same(&self.merchant_pos_id, &body.merchant_pos_id)
    }
}
