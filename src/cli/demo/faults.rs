//! The fault injector of the demo: the faults of the current scene of each till. Tills run concurrently and are told
//! apart by their `User-Agent`.

use super::script::{self, Scene};
use crate::api::{Fault, Operation};
use crate::capture::record::{Exchange, Header};
use crate::profile::pos_v10;
use crate::proxy::faults::{FaultInjector, RequestHead};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Faults for the tills' calls: some once, in order; one on every call.
#[derive(Default)]
pub(super) struct SceneFaults {
    armed: Mutex<HashMap<String, Armed>>,
}

#[derive(Default)]
struct Armed {
    once: Vec<(Operation, Fault)>,
    always: Option<(Operation, Fault)>,
    started: bool,
    polls: u32,
}

impl Armed {
    fn awaits_polls(&self) -> bool {
        self.once.iter().any(|(operation, _)| operation.polled())
    }
}

impl SceneFaults {
    /// Arms the faults of a scene; replaces those of the till's previous scene.
    ///
    /// # Errors
    /// An unknown operation or fault in the script.
    pub(super) fn arm(&self, agent: &str, scene: &Scene) -> Result<(), String> {
        let once = scene.faults.iter().map(script::fault).collect::<Result<Vec<_>, _>>()?;
        let always = scene.always.as_ref().map(script::fault).transpose()?;
        self.armed().insert(agent.to_owned(), Armed { once, always, ..Armed::default() });
        Ok(())
    }

    /// Disarms the faults of a till.
    pub(super) fn clear(&self, agent: &str) {
        self.armed().remove(agent);
    }

    /// Whether the till has started a payment in this scene.
    pub(super) fn started(&self, agent: &str) -> bool {
        self.armed().get(agent).is_some_and(|armed| armed.started)
    }

    /// Number of answered polls of the till since it started a payment and since the last fault on polls.
    pub(super) fn polls(&self, agent: &str) -> u32 {
        self.armed().get(agent).map_or(0, |armed| armed.polls)
    }

    fn armed(&self) -> MutexGuard<'_, HashMap<String, Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The `User-Agent` of a request, which identifies the till.
fn agent(headers: &[Header]) -> Option<&str> {
    let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case("user-agent"))?;
    Some(header.value.as_str())
}

impl FaultInjector for SceneFaults {
    fn decide(&self, head: &RequestHead<'_>) -> Option<Fault> {
        let operation = head.route(pos_v10()).operation()?;
        let mut all = self.armed();
        let armed = all.get_mut(agent(head.headers)?)?;
        if let Some(at) = armed.once.iter().position(|(wanted, _)| *wanted == operation) {
            return Some(armed.once.remove(at).1);
        }
        armed.always.filter(|(wanted, _)| *wanted == operation).map(|(_, fault)| fault)
    }

    fn recorded(&self, exchange: &Exchange) {
        let request = &exchange.request;
        let answered = exchange.fault.is_none() && exchange.answer.as_ref().is_some_and(|answer| answer.status == 200);
        let operation = pos_v10().route(&request.method, &request.target).operation().filter(|_| answered);
        let mut all = self.armed();
        let Some(armed) = agent(&request.headers).and_then(|agent| all.get_mut(agent)) else { return };
        match operation {
            Some(Operation::INITIATE_PAYMENT | Operation::PREPARE_PAYMENT) => (armed.started, armed.polls) = (true, 0),
            Some(operation) if operation.polled() && !armed.awaits_polls() => {
                armed.polls = armed.polls.saturating_add(1);
            }
            _ => {}
        }
    }
}
