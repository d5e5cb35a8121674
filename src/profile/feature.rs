//! The features that a client can be certified in.

use super::builtin;
use super::registry::Registry;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// A feature of a profile. It is a number that stands for its description; features of one profile are in its order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Feature(u16);

/// The names of their profiles, with their ids.
static FEATURES: Registry<(String, String)> = Registry::new(builtin::features);

impl Feature {
    /// The feature at this index of the built-in profile.
    pub(crate) const fn builtin(index: u16) -> Feature {
        Feature(index)
    }

    /// The feature of a profile with this id; `None` if there are too many.
    pub(super) fn interned(profile: &str, id: &str) -> Option<Feature> {
        FEATURES.index((profile.to_owned(), id.to_owned())).map(Feature)
    }

    /// The id in options, rule files and verdicts.
    pub fn id(self) -> &'static str {
        &FEATURES.at(self.0).1
    }

    /// The feature of the built-in profile with this id.
    pub fn from_id(id: &str) -> Option<Feature> {
        FEATURES.builtin(|(_, known)| known == id).map(Feature)
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
