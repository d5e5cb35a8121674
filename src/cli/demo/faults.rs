//! The faults of the scene that is being played.

use super::script::{self, Scene};
use crate::api::{Fault, Operation};
use crate::proxy::faults::{Faults, HeadView};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Faults that meet the till's calls: some once, in order; one on every call.
#[derive(Default)]
pub struct SceneFaults {
    armed: Mutex<Armed>,
}

#[derive(Default)]
struct Armed {
    once: Vec<(Operation, Fault)>,
    always: Option<(Operation, Fault)>,
}

impl SceneFaults {
    /// Arms the faults of a scene in place of those of the one before.
    ///
    /// # Errors
    /// A word of the script that is no operation or no fault.
    pub fn arm(&self, scene: &Scene) -> Result<(), String> {
        let once = scene.faults.iter().map(script::fault).collect::<Result<Vec<_>, _>>()?;
        let always = scene.always.as_ref().map(script::fault).transpose()?;
        *self.armed() = Armed { once, always };
        Ok(())
    }

    /// Takes back what was armed.
    pub fn clear(&self) {
        *self.armed() = Armed::default();
    }

    /// How many faults are still to meet calls of an operation.
    pub fn left(&self, operation: Operation) -> usize {
        self.armed().once.iter().filter(|(armed, _)| *armed == operation).count()
    }

    fn armed(&self) -> MutexGuard<'_, Armed> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Faults for SceneFaults {
    fn decide(&self, head: &HeadView<'_>) -> Option<Fault> {
        let operation = head.route().operation()?;
        let mut armed = self.armed();
        if let Some(at) = armed.once.iter().position(|(wanted, _)| *wanted == operation) {
            return Some(armed.once.remove(at).1);
        }
        armed.always.filter(|(wanted, _)| *wanted == operation).map(|(_, fault)| fault)
    }
}
