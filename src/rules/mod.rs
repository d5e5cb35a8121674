//! Rule files: their model, how they are loaded, and the predicates in them.
