//! Interned descriptions: those of the built-in profile, and those of profiles that were loaded.

use std::sync::{LazyLock, PoisonError, RwLock};

/// Descriptions by their index. Those of the built-in profile come first, so that code can name them. What was loaded
/// stays for the rest of the process, which certifies clients of one API or a few.
pub(super) struct Registry<T: 'static> {
    builtin: LazyLock<Vec<T>>,
    loaded: RwLock<Vec<&'static T>>,
}

impl<T: PartialEq> Registry<T> {
    pub(super) const fn new(builtin: fn() -> Vec<T>) -> Registry<T> {
        Registry { builtin: LazyLock::new(builtin), loaded: RwLock::new(Vec::new()) }
    }

    /// The description at an index. Indices come from [`Registry::index`] only.
    pub(super) fn at(&'static self, index: u16) -> &'static T {
        let index = usize::from(index);
        self.builtin
            .get(index)
            .unwrap_or_else(|| self.loaded.read().unwrap_or_else(PoisonError::into_inner)[index - self.builtin.len()])
    }

    /// The index of a description; an equal one has the same index.
    pub(super) fn index(&'static self, item: T) -> Option<u16> {
        let known = self.builtin.len();
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        let mut all = self.builtin.iter().chain(loaded.iter().copied());
        let index = all.position(|other| *other == item).unwrap_or_else(|| {
            loaded.push(Box::leak(Box::new(item)));
            known + loaded.len() - 1
        });
        u16::try_from(index).ok()
    }

    /// The index of the description of the built-in profile for which this holds.
    pub(super) fn builtin(&'static self, holds: impl Fn(&T) -> bool) -> Option<u16> {
        self.builtin.iter().position(holds).and_then(|index| u16::try_from(index).ok())
    }
}
