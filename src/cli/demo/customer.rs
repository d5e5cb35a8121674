//! The simulated customer of a scene: comes once the till has looked for them, and decides once it has seen them.

use super::faults::SceneFaults;
use crate::api::customer::{Account, CustomerAct};
use crate::sandbox::Sandbox;
use std::sync::Arc;
use std::time::Duration;

/// How often the customer looks whether it is their turn.
const MOMENT: Duration = Duration::from_millis(25);

/// A customer, and what they wait for.
pub struct Customer {
    /// Where they act.
    pub sandbox: Sandbox,
    /// What is known of the till's polls.
    pub faults: Arc<SceneFaults>,
    /// The till, as it calls itself.
    pub agent: String,
    /// The beacon of its PoS.
    pub beacon: String,
    /// Their account.
    pub account: Account,
    /// What they decide.
    pub act: CustomerAct,
    /// Whether they come before a payment is started.
    pub comes_first: bool,
    /// How many polls of the till have to be answered, after all faults on polls, before they check in.
    pub comes_after: u32,
    /// How many more before they decide.
    pub decides_after: u32,
}

impl Customer {
    /// Checks in and decides, each as soon as the till lets them.
    pub async fn visit(self) {
        while !self.comes_first && !self.faults.started(&self.agent) {
            tokio::time::sleep(MOMENT).await;
        }
        self.polled(self.comes_after).await;
        self.until_done(CustomerAct::CheckIn(self.account)).await;
        let seen = self.faults.polls(&self.agent);
        self.polled(seen.saturating_add(self.decides_after)).await;
        self.until_done(self.act).await;
    }

    async fn polled(&self, polls: u32) {
        while self.faults.polls(&self.agent) < polls {
            tokio::time::sleep(MOMENT).await;
        }
    }

    async fn until_done(&self, act: CustomerAct) {
        while self.sandbox.customer(&self.beacon, act).is_err() {
            tokio::time::sleep(MOMENT).await;
        }
    }
}
