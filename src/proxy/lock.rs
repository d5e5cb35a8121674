//! Locking that survives a panic of the last holder.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks and ignores poisoning: the data under these locks is consistent at every step.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
