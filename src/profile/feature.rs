//! The features that a client can be certified in.

use super::builtin;
use super::registry::Registry;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A feature of the certification. It is a number that stands for its id; features of one profile are in its order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Feature(u16);

static FEATURES: Registry<String> = Registry::new(builtin::features);

impl Feature {
    /// The feature at this index of the built-in profile.
    pub(crate) const fn builtin(index: u16) -> Feature {
        Feature(index)
    }

    /// The feature with this id; `None` if there are too many.
    pub(super) fn interned(id: &str) -> Option<Feature> {
        FEATURES.index(id.to_owned()).map(Feature)
    }

    /// The id in options, rule files and verdicts.
    pub fn id(self) -> &'static str {
        FEATURES.at(self.0)
    }

    /// The feature of any loaded profile with this id.
    pub fn from_id(id: &str) -> Option<Feature> {
        FEATURES.find(|known| known == id).map(Feature)
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl fmt::Debug for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}

impl Serialize for Feature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.id())
    }
}

impl<'de> Deserialize<'de> for Feature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let id = String::deserialize(deserializer)?;
        Feature::from_id(&id).ok_or_else(|| D::Error::custom(format!("unknown feature `{id}`")))
    }
}
