//! The kinds of resources of an API: what its operations create, read and end.

use super::field::FieldSpec;

/// The maximum number of kinds of resources in a profile.
pub(crate) const MOST_RESOURCES: usize = 8;

/// A kind of resource, by its index in the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource(u8);

/// The description of a kind of resource.
#[derive(Clone, Debug)]
pub struct ResourceSpec {
    /// Its name in rules: the root of its fields, and a scope.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// The kind of resource that it is a part of; its ids are unique only there.
    pub within: Option<Resource>,
    /// Its fields that are folds over exchanges.
    pub fields: Vec<FieldSpec>,
}

impl Resource {
    /// The resource at this index of a profile, which has at most [`MOST_RESOURCES`].
    pub(crate) const fn at(index: usize) -> Resource {
        #[allow(clippy::cast_possible_truncation)] // Loading checks the number.
        Resource(index as u8)
    }

    /// Its index in the profile.
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}
