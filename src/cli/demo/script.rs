//! The script of the demo, `fixtures/demo.toml`.
//!
//! Scenes before the first case set up the tills; then the tills run concurrently, each its scenes in order.

use crate::api::customer::Account;
use crate::api::{Fault, Feature, Operation};
use crate::profile::pos_v10;
use crate::till::Restrictions;
use serde::Deserialize;

/// The whole script.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    pub till: Vec<TillSpec>,
    /// The scenes, in order.
    pub scene: Vec<Scene>,
}

/// A till of the script.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TillSpec {
    /// The name that scenes refer to.
    pub name: String,
    /// The `merchantPosId` of its PoS.
    pub merchant_pos_id: String,
    /// The feature that must be chosen for it to run.
    pub feature: Feature,
    /// The id of its own beacon.
    pub beacon_id: Option<String>,
    /// Whether it starts with a token that the backend no longer accepts.
    #[serde(default)]
    pub stale_token: bool,
}

/// One step of a till.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scene {
    /// The id of the case that it runs; empty for set-up scenes.
    #[serde(default)]
    pub case: String,
    /// A description.
    pub title: String,
    /// The name of the till.
    pub till: String,
    /// Another feature that must be chosen.
    pub with: Option<Feature>,
    pub does: Action,
    /// The amount of the sale or refund.
    pub amount: Option<String>,
    /// The amount to capture if partial capture is possible.
    pub capture: Option<String>,
    /// Whether the payment is prepared first.
    #[serde(default)]
    pub prepared: bool,
    /// Whether the customer checks in before the payment is started.
    #[serde(default)]
    pub member_first: bool,
    /// The kind of card that is refused: `debit` or `credit`.
    pub refuses: Option<Card>,
    /// The refundable balance of the store during the scene.
    pub store_balance: Option<String>,
    /// Faults for its calls, in order: operation and fault.
    #[serde(default)]
    pub faults: Vec<(String, String)>,
    /// A fault for every call of an operation.
    pub always: Option<(String, String)>,
    /// The simulated customer: account, and `accept` or `cancel`.
    pub customer: Option<(String, String)>,
}

/// An action of a till.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Action {
    /// Looks up or creates its PoS.
    Onboard,
    /// Deletes its PoS.
    Offboard,
    /// Restarts and looks up its PoS.
    Restart,
    /// Completes a sale.
    Pay,
    /// Starts a sale that the cashier cancels.
    Abandon,
    /// Starts a sale and loses its state.
    LosePower,
    /// Refunds a part of a captured payment.
    Refund,
    /// Creates a refund and cancels it.
    CancelRefund,
}

/// A kind of card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // The names are clear.
pub(super) enum Card {
    Debit,
    Credit,
}

impl Scene {
    /// The payment restrictions of its sale.
    pub(super) fn restrictions(&self) -> Option<Restrictions> {
        let refused = self.refuses?;
        Some(Restrictions {
            debit_card_disallowed: refused == Card::Debit,
            credit_card_disallowed: refused == Card::Credit,
        })
    }
}

impl Script {
    /// The built-in script.
    ///
    /// # Errors
    /// A syntax error.
    pub(super) fn builtin() -> Result<Script, String> {
        let text = include_str!("../../../fixtures/demo.toml");
        toml::from_str(text).map_err(|error| format!("fixtures/demo.toml: {error}"))
    }

    /// The part of it that runs with these features.
    pub(super) fn confined_to(mut self, features: &[Feature]) -> Script {
        self.till.retain(|spec| features.contains(&spec.feature));
        let runs = |scene: &Scene| self.till.iter().any(|spec| spec.name == scene.till);
        self.scene.retain(|scene| runs(scene) && scene.with.is_none_or(|with| features.contains(&with)));
        self
    }

    /// The scenes before the first case.
    pub(super) fn opening(&self) -> &[Scene] {
        self.scene.split_at(self.opens_with()).0
    }

    /// The other scenes, grouped by till, in order.
    pub(super) fn groups(&self) -> Vec<Vec<Scene>> {
        let mut groups: Vec<Vec<Scene>> = Vec::new();
        for scene in self.scene.split_at(self.opens_with()).1 {
            let same = |group: &&mut Vec<Scene>| group.first().is_some_and(|first| first.till == scene.till);
            match groups.iter_mut().find(same) {
                Some(group) => group.push(scene.clone()),
                None => groups.push(vec![scene.clone()]),
            }
        }
        groups
    }

    fn opens_with(&self) -> usize {
        self.scene.iter().take_while(|scene| scene.case.is_empty()).count()
    }

    /// The till of a scene.
    ///
    /// # Errors
    /// An unknown till.
    pub(super) fn till_spec(&self, scene: &Scene) -> Result<&TillSpec, String> {
        let found = self.till.iter().find(|spec| spec.name == scene.till);
        found.ok_or_else(|| format!("fixtures/demo.toml: unknown till {:?}", scene.till))
    }
}

/// Parses operation and fault of a pair in the script.
///
/// # Errors
/// An unknown operation or fault.
pub(super) fn fault(pair: &(String, String)) -> Result<(Operation, Fault), String> {
    let operation = pos_v10().operation(&pair.0).ok_or_else(|| format!("unknown operation {:?}", pair.0))?;
    Ok((operation, Fault::from_name(&pair.1)?))
}

/// The account of that name.
///
/// # Errors
/// An unknown name.
pub(super) fn account(name: &str) -> Result<Account, String> {
    let all = [Account::Credit, Account::Debit, Account::Loyalty, Account::PartialCapture];
    all.into_iter().find(|account| account.name() == name).ok_or_else(|| format!("unknown account {name:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::till::command::amount_of;

    #[test]
    fn builtin_script_is_consistent() {
        let script = Script::builtin().unwrap();
        for scene in &script.scene {
            assert!(script.till_spec(scene).is_ok(), "{}", scene.title);
            scene.faults.iter().chain(&scene.always).for_each(|pair| assert!(fault(pair).is_ok(), "{pair:?}"));
            let unpriced = scene.prepared && scene.does != Action::Pay;
            let priced = !unpriced && !matches!(scene.does, Action::Onboard | Action::Offboard | Action::Restart);
            assert_eq!(scene.amount.as_deref().map(amount_of).is_some_and(|amount| amount.is_ok()), priced);
            if let Some((name, act)) = &scene.customer {
                assert!(account(name).is_ok() && ["accept", "cancel"].contains(&act.as_str()), "{}", scene.title);
            }
        }
    }

    #[test]
    fn only_scenes_of_chosen_features_remain() {
        let onboarding = Script::builtin().unwrap().confined_to(&[Feature::ONBOARDING]);
        assert!(onboarding.scene.iter().all(|scene| scene.case.is_empty() || scene.case.starts_with("onboarding/")));
        let cards = [Feature::ONBOARDING, Feature::PAYMENT_RESTRICTIONS];
        let without = Script::builtin().unwrap().confined_to(&cards);
        assert!(without.scene.iter().all(|scene| !scene.prepared));
        let all = Script::builtin().unwrap();
        assert_eq!(all.clone().confined_to(&Feature::ALL).scene.len(), all.scene.len());
        let later: usize = all.groups().iter().map(Vec::len).sum();
        assert_eq!(all.opening().len() + later, all.scene.len());
        assert!(!all.opening().is_empty());
    }
}
