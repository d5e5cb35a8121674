//! Rows found by id and listed in the order in which they were made.

use crate::api::Guid;
use std::collections::HashMap;

/// Rows with ids.
#[derive(Debug)]
pub struct Table<Row> {
    rows: Vec<Row>,
    places: HashMap<Guid, usize>,
}

impl<Row> Default for Table<Row> {
    fn default() -> Self {
        Table { rows: Vec::new(), places: HashMap::new() }
    }
}

impl<Row> Table<Row> {
    /// Adds a row; an id is given once.
    pub fn add(&mut self, id: Guid, row: Row) {
        self.places.insert(id, self.rows.len());
        self.rows.push(row);
    }

    /// The row of that id.
    pub fn get(&self, id: &Guid) -> Option<&Row> {
        self.rows.get(*self.places.get(id)?)
    }

    /// The row of that id, to be changed.
    pub fn get_mut(&mut self, id: &Guid) -> Option<&mut Row> {
        self.rows.get_mut(*self.places.get(id)?)
    }

    /// All rows, oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.rows.iter()
    }

    /// All rows, oldest first, to be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Row> {
        self.rows.iter_mut()
    }
}

/// A new random id.
pub fn new_id() -> Guid {
    loop {
        if let Some(id) = Guid::parse(&uuid::Uuid::new_v4().to_string()) {
            return id;
        }
    }
}
