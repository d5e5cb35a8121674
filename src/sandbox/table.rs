//! A table of rows, found by id and listed in order of creation.

use crate::api::Guid;
use std::collections::HashMap;

/// Rows indexed by id.
#[derive(Debug)]
pub(super) struct Table<Row> {
    rows: Vec<Row>,
    places: HashMap<Guid, usize>,
}

impl<Row> Default for Table<Row> {
    fn default() -> Self {
        Table { rows: Vec::new(), places: HashMap::new() }
    }
}

impl<Row> Table<Row> {
    /// Adds a row; the id must be new.
    pub(super) fn add(&mut self, id: Guid, row: Row) {
        self.places.insert(id, self.rows.len());
        self.rows.push(row);
    }

    pub(super) fn get(&self, id: &Guid) -> Option<&Row> {
        self.rows.get(*self.places.get(id)?)
    }

    /// The row with that id, mutable.
    pub(super) fn get_mut(&mut self, id: &Guid) -> Option<&mut Row> {
        self.rows.get_mut(*self.places.get(id)?)
    }

    /// All rows, oldest first.
    pub(super) fn iter(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.iter()
    }

    /// All rows, oldest first, mutable.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.iter_mut()
    }
}

/// A new random id.
pub(super) fn new_id() -> Guid {
    loop {
        if let Some(id) = Guid::parse(&uuid::Uuid::new_v4().to_string()) {
            return id;
        }
    }
}
