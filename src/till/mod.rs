//! The reference client, and the mistakes that clients make.
