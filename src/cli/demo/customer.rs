//! The simulated customer of a scene: checks in once the till polls, and decides once the till has seen the check-in.

use super::faults::SceneFaults;
use crate::api::customer::{Account, CustomerAct};
use crate::sandbox::Sandbox;
use std::sync::Arc;
use std::time::Duration;

/// Polling interval of the customer.
const MOMENT: Duration = Duration::from_millis(25);

/// A customer and their conditions.
pub(super) struct Customer {
    /// The backend.
    pub sandbox: Sandbox,
    /// Counts the till's polls.
    pub faults: Arc<SceneFaults>,
    /// The till's `User-Agent`.
    pub agent: String,
    /// The beacon of its PoS.
    pub beacon: String,
    /// Their account.
    pub account: Account,
    /// Their decision.
    pub act: CustomerAct,
    /// Whether they check in before the payment is started.
    pub comes_first: bool,
    /// Number of polls that must be answered, after all faults on polls, before they check in.
    pub comes_after: u32,
    /// Number of further polls before they decide.
    pub decides_after: u32,
}

impl Customer {
    /// Checks in and decides, each as soon as its condition is met.
    pub(super) async fn visit(self) {
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
