//! What the demo plays, as data: `fixtures/demo.toml`.

use crate::api::customer::Account;
use crate::api::{Fault, Operation};
use serde::Deserialize;

/// The whole play.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Who plays.
    pub till: Vec<Role>,
    /// In order.
    pub scene: Vec<Scene>,
}

/// A till of the play.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    /// By which scenes name it.
    pub name: String,
    /// The merchant's id of its PoS.
    pub merchant_pos_id: String,
    /// Its own beacon's id.
    pub beacon_id: Option<String>,
    /// Whether it starts with a token that the backend no longer takes.
    #[serde(default)]
    pub stale_token: bool,
}

/// One thing that a till does.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scene {
    /// The id of the case it plays; none where it only sets the stage.
    #[serde(default)]
    pub case: String,
    /// In words.
    pub title: String,
    /// Which till.
    pub till: String,
    /// What it does.
    pub does: Does,
    /// For a sale.
    pub amount: Option<String>,
    /// What is to be captured where less can be.
    pub capture: Option<String>,
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
pub enum Does {
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
    use crate::till::drive::amount_of;

    #[test]
    fn the_play_can_be_played() {
        let script = Script::builtin().unwrap();
        for scene in &script.scene {
            assert!(script.till.iter().any(|till| till.name == scene.till), "{}", scene.title);
            scene.faults.iter().chain(&scene.always).for_each(|pair| assert!(fault(pair).is_ok(), "{pair:?}"));
            let sells = matches!(scene.does, Does::Pay | Does::Abandon | Does::LosePower);
            assert_eq!(scene.amount.as_deref().map(amount_of).is_some_and(|amount| amount.is_ok()), sells);
            if let Some((name, act)) = &scene.customer {
                assert!(account(name).is_ok() && ["accept", "cancel"].contains(&act.as_str()), "{}", scene.title);
            }
        }
    }
}
