//! What the guided certification does at a step of a case, and how long it waits.

use crate::api::Fault;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use std::collections::BTreeMap;

/// The actions of the guided certification at a step.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Guidance {
    /// The operator's action on the till.
    pub act: Option<String>,
    /// The amount of the action.
    pub amount: Option<String>,
    /// The instruction for the operator.
    pub text: Option<String>,
    /// The simulated customer's actions once this step is due: `check-in`, `accept`, `cancel`.
    pub customer: Vec<String>,
    /// The simulated customer's account.
    pub account: Option<String>,
    /// The amount to capture, if it is smaller than the payment's amount.
    pub capture: Option<String>,
    /// Restrictions of the payment, by their names in the API.
    pub restrictions: BTreeMap<String, bool>,
    /// The number of polls with a response before the customer acts.
    pub polls: u32,
    /// The operator's action before this one if there is no captured payment large enough to refund; the customer's
    /// actions then belong to it.
    pub first: Option<FollowUp>,
    /// The operator's action before this one if the client already has a PoS.
    pub clear: Option<FollowUp>,
    /// The operator's action after the customer has checked in.
    pub then: Option<FollowUp>,
    /// Whether another payment is started on the PoS before the action, so that it blocks the next one.
    pub obstruct: bool,
    /// The balance that the store can refund while the case is in progress.
    pub balance: Option<String>,
    /// Whether the backend takes half of the step's wait to reserve a refund, so that there is time to cancel it.
    pub hold_refunds: bool,
    /// The fault injected into every attempt of the step's call, from when the step is due until the call has paused
    /// for half a minute.
    #[serde(deserialize_with = "fault_by_name")]
    #[schemars(with = "Option<String>")]
    pub every: Option<Fault>,
    /// The wait for this step in seconds, if it is longer than for other steps.
    pub wait_s: u64,
}

fn fault_by_name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Fault>, D::Error> {
    Fault::from_name(&String::deserialize(deserializer)?).map(Some).map_err(D::Error::custom)
}

/// An additional action on the till in the same step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct FollowUp {
    /// The operator's action.
    pub act: String,
    /// The amount of the action.
    pub amount: Option<String>,
    /// Restrictions of the payment.
    #[serde(default)]
    pub restrictions: BTreeMap<String, bool>,
    /// The instruction for the operator.
    pub text: String,
}

/// The timeouts of the guided certification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Timeouts {
    /// For a step with an operator at the till, in seconds.
    pub by_hand_s: u64,
    /// For a step without an operator, in seconds.
    pub unattended_s: u64,
    /// For the very first call without an operator, in seconds, because the till needs time to start. The same as for
    /// any step if it is omitted.
    #[serde(default)]
    pub first_call_s: u64,
    /// For a step that requires that no more calls come, in ms.
    pub quiet_ms: u64,
}

impl Default for Timeouts {
    /// The timeouts where no file has a `[guide]` table.
    fn default() -> Timeouts {
        Timeouts { by_hand_s: 300, unattended_s: 20, first_call_s: 120, quiet_ms: 3000 }
    }
}
