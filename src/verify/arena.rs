//! Entries by key.

use std::collections::HashMap;

/// Entries by key. A place is never reused for another key, even after its entry was dropped.
#[derive(Clone, Debug)]
pub(crate) struct Arena<T> {
    index: HashMap<String, usize>,
    items: Vec<Option<Box<T>>>,
    blank: T,
}

impl<T: Default> Default for Arena<T> {
    fn default() -> Self {
        Arena { index: HashMap::new(), items: Vec::new(), blank: T::default() }
    }
}

impl<T: Default> Arena<T> {
    /// The place of a key's entry, which is created if there is none.
    pub(crate) fn index_of_or_insert(&mut self, key: &str) -> usize {
        if let Some(&place) = self.index.get(key) {
            return place;
        }
        self.items.push(Some(Box::default()));
        self.index.insert(key.to_owned(), self.items.len() - 1);
        self.items.len() - 1
    }

    /// The place of a key's entry, if there is one.
    pub(crate) fn find(&self, key: &str) -> Option<usize> {
        self.index.get(key).copied()
    }

    /// The entry at a place; a blank one if it was dropped.
    pub(crate) fn at(&self, place: usize) -> &T {
        self.items.get(place).and_then(Option::as_deref).unwrap_or(&self.blank)
    }

    /// The entry at a place, mutable.
    pub(crate) fn at_mut(&mut self, place: usize) -> &mut T {
        if place >= self.items.len() {
            self.items.resize_with(place + 1, || None);
        }
        self.items[place].get_or_insert_default()
    }

    /// All entries with their places, oldest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.items.iter().enumerate().filter_map(|(place, entry)| Some((place, entry.as_deref()?)))
    }

    /// Drops the entries for which `keep` is false.
    pub(super) fn retain(&mut self, keep: impl Fn(&T) -> bool) {
        for entry in &mut self.items {
            if entry.as_deref().is_some_and(|entry| !keep(entry)) {
                *entry = None;
            }
        }
        let items = &self.items;
        self.index.retain(|_, place| items[*place].is_some());
    }
}
