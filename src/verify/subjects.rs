//! The resources that an event is about: for each kind, the place of one.

use crate::profile::{MOST_RESOURCES, Resource};
use std::ops::{Index, IndexMut};

/// For each kind of resource: the place of the one that an event is about, if there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Subjects([Option<usize>; MOST_RESOURCES]);

impl Subjects {
    /// These, with those of a later event where there are none.
    pub(crate) fn or(mut self, later: Subjects) -> Subjects {
        for (place, other) in self.0.iter_mut().zip(later.0) {
            *place = place.or(other);
        }
        self
    }
}

impl Index<Resource> for Subjects {
    type Output = Option<usize>;

    fn index(&self, resource: Resource) -> &Option<usize> {
        &self.0[resource.index()]
    }
}

impl IndexMut<Resource> for Subjects {
    fn index_mut(&mut self, resource: Resource) -> &mut Option<usize> {
        &mut self.0[resource.index()]
    }
}
