//! What the demo plays, as data: `fixtures/demo.toml`.
//!
//! What comes before the first case sets the stage; then the tills play side by side, each its scenes in order.

use crate::api::customer::Account;
use crate::api::{Fault, Feature, Operation};
use crate::till::Restrictions;
use serde::Deserialize;

/// The whole play.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Who plays.
    pub till: Vec<Role>,
    /// In order.
    pub scene: Vec<Snapshot>,
}

/// A till of the play.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// By which scenes name it.
    pub name: String,
    /// The merchant's id of its PoS.
    pub merchant_pos_id: String,
    /// It plays where this feature is chosen.
    pub feature: Feature,
    /// Its own beacon's id.
    pub beacon_id: Option<String>,
    /// Whether it starts with a token that the backend no longer takes.
    #[serde(default)]
    pub stale_token: bool,
}

/// One thing that a till does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshot {
    /// The id of the case it plays; none where it only sets the stage.
    #[serde(default)]
    pub case: String,
    /// In words.
    pub title: String,
    /// Which till.
    pub till: String,
    /// A feature that has to be chosen too.
    pub with: Option<Feature>,
    /// What it does.
    pub does: Action,
    /// For a sale.
    pub amount: Option<String>,
    /// What is to be captured where less can be.
    pub capture: Option<String>,
    /// Whether the payment is prepared first.
    #[serde(default)]
    pub prepared: bool,
    /// Whether the customer checks in before the payment is started.
    #[serde(default)]
    pub member_first: bool,
    /// The kind of card that is not taken: `debit` or `credit`.
    pub refuses: Option<Card>,
    /// What the store can refund while the scene is played.
    pub store_balance: Option<String>,
    /// Faults that meet its calls, in order: operation and fault.
    #[serde(default)]
    pub faults: Vec<(String, String)>,
    /// The fault that meets every call of an operation.
    pub always: Option<(String, String)>,
    /// The simulated customer: account, and `accept` or `cancel`.
    pub customer: Option<(String, String)>,
}

/// What a till can do in a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Has a PoS looked up or created.
    Onboard,
    /// Has it deleted.
    Offboard,
    /// Is started anew and has to find its PoS.
    Restart,
    /// Sells something.
    Pay,
    /// Starts a sale that the cashier gives up.
    Abandon,
    /// Starts a sale and forgets it.
    LosePower,
    /// Gives something back of what it took.
    Refund,
    /// Begins to, and does not.
    CancelRefund,
}

/// A kind of card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)] // The words say it.
pub enum Card {
    Debit,
    Credit,
}

impl Snapshot {
    /// The restrictions of its sale.
    pub fn restrictions(&self) -> Option<Restrictions> {
        let refused = self.refuses?;
        Some(Restrictions {
            debit_card_disallowed: refused == Card::Debit,
            credit_card_disallowed: refused == Card::Credit,
        })
    }
}

impl Script {
    /// The play that is built in.
    ///
    /// # Errors
    /// A sentence on what is wrong with it.
    pub fn builtin() -> Result<Script, String> {
        let text = include_str!("../../../fixtures/demo.toml");
        toml::from_str(text).map_err(|error| format!("fixtures/demo.toml: {error}"))
    }

    /// What of it is played where those features are chosen.
    pub fn confined_to(mut self, features: &[Feature]) -> Script {
        self.till.retain(|role| features.contains(&role.feature));
        let plays = |scene: &Snapshot| self.till.iter().any(|role| role.name == scene.till);
        self.scene.retain(|scene| plays(scene) && scene.with.is_none_or(|with| features.contains(&with)));
        self
    }

    /// The scenes before the first case.
    pub fn opening(&self) -> &[Snapshot] {
        self.scene.split_at(self.opens_with()).0
    }

    /// The other scenes, those of each till in order.
    pub fn strands(&self) -> Vec<Vec<Snapshot>> {
        let mut strands: Vec<Vec<Snapshot>> = Vec::new();
        for scene in self.scene.split_at(self.opens_with()).1 {
            let same = |strand: &&mut Vec<Snapshot>| strand.first().is_some_and(|first| first.till == scene.till);
            match strands.iter_mut().find(same) {
                Some(strand) => strand.push(scene.clone()),
                None => strands.push(vec![scene.clone()]),
            }
        }
        strands
    }

    fn opens_with(&self) -> usize {
        self.scene.iter().take_while(|scene| scene.case.is_empty()).count()
    }

    /// The till of a scene.
    ///
    /// # Errors
    /// A sentence where there is none of that name.
    pub fn role(&self, scene: &Snapshot) -> Result<&Role, String> {
        let found = self.till.iter().find(|role| role.name == scene.till);
        found.ok_or_else(|| format!("fixtures/demo.toml: there is no till {:?}", scene.till))
    }
}

/// Operation and fault of a pair in the script.
///
/// # Errors
/// The word that is neither.
pub fn fault(pair: &(String, String)) -> Result<(Operation, Fault), String> {
    let operation = Operation::from_name(&pair.0).ok_or_else(|| format!("there is no operation {:?}", pair.0))?;
    let fault = [Fault::Timeout, Fault::ServerError].into_iter().find(|fault| fault.name() == pair.1);
    Ok((operation, fault.ok_or_else(|| format!("there is no fault {:?}", pair.1))?))
}

/// The account of that name.
///
/// # Errors
/// The name, if there is none.
pub fn account(name: &str) -> Result<Account, String> {
    let all = [Account::Credit, Account::Debit, Account::Loyalty, Account::PartialCapture];
    all.into_iter().find(|account| account.name() == name).ok_or_else(|| format!("there is no account {name:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::till::command::amount_of;

    #[test]
    fn the_play_can_be_played() {
        let script = Script::builtin().unwrap();
        for scene in &script.scene {
            assert!(script.role(scene).is_ok(), "{}", scene.title);
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
    fn features_that_are_not_chosen_are_not_played() {
        let onboarding = Script::builtin().unwrap().confined_to(&[Feature::Onboarding]);
        assert!(onboarding.scene.iter().all(|scene| scene.case.is_empty() || scene.case.starts_with("onboarding/")));
        let cards = [Feature::Onboarding, Feature::PaymentRestrictions];
        let without = Script::builtin().unwrap().confined_to(&cards);
        assert!(without.scene.iter().all(|scene| !scene.prepared));
        let all = Script::builtin().unwrap();
        assert_eq!(all.clone().confined_to(&Feature::ALL).scene.len(), all.scene.len());
        let later: usize = all.strands().iter().map(Vec::len).sum();
        assert_eq!(all.opening().len() + later, all.scene.len());
        assert!(!all.opening().is_empty());
    }
}
