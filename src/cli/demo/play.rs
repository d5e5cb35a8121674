//! Playing the script: tills and customer act on the stage, a line for each scene.

use super::script::{Does, Role, Scene, Script, account};
use super::stage::Stage;
use crate::api::Operation;
use crate::api::customer::{Account, CustomerAct};
use crate::till::drive::{amount_of, tell_jobs, tell_paid};
use crate::till::sale::Abort;
use crate::till::{Mistake, Sale, Till, TillConfig, Trouble};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a till waits for the customer: the simulated one comes at once or not at all.
const CUSTOMER: Duration = Duration::from_secs(20);
/// A poll is answered once more after the faults on polls are over, before the customer acts.
const HESITATION: Duration = Duration::from_millis(1300);
/// How often a hanging payment is tried again at the end.
const LAST_TRIES: u32 = 2;

/// A play that is under way.
pub struct Play<'a> {
    stage: &'a Stage,
    script: &'a Script,
    mistake: Option<Mistake>,
    tills: HashMap<String, Till>,
    start: Instant,
    say: &'a dyn Fn(&str),
}

impl<'a> Play<'a> {
    /// Before the first scene. `say` is told a line for each scene.
    pub fn new(stage: &'a Stage, script: &'a Script, mistake: Option<Mistake>, say: &'a dyn Fn(&str)) -> Play<'a> {
        Play { stage, script, mistake, tills: HashMap::new(), start: Instant::now(), say }
    }

    /// Plays all scenes, and what is due after them.
    ///
    /// # Errors
    /// A sentence where the play cannot go on; what goes wrong between till and backend is part of it.
    pub async fn run(&mut self) -> Result<(), String> {
        for scene in &self.script.scene {
            self.jobs().await?;
            self.stage.faults.arm(scene)?;
            let told = match self.scene(scene).await {
                Err(Trouble::Setup(what)) => return Err(what),
                outcome => outcome.unwrap_or_else(|trouble| trouble.to_string()),
            };
            self.stage.faults.clear();
            self.line(&scene.case, &format!("{}: {told}", scene.title));
        }
        for _ in 0..LAST_TRIES {
            let Some(due) = self.tills.values().filter_map(Till::next_job).min() else { break };
            if !due.is_zero() {
                self.line("", &format!("waiting {:.0} s for the periodic job", due.as_secs_f64()));
            }
            tokio::time::sleep(due).await;
            self.jobs().await?;
        }
        Ok(())
    }

    fn line(&self, case: &str, text: &str) {
        (self.say)(&format!("{:5.1} s  {case:<13} {text}", self.start.elapsed().as_secs_f64()));
    }

    /// The periodic job of every till.
    async fn jobs(&mut self) -> Result<(), String> {
        let mut told = Vec::new();
        for till in self.tills.values_mut() {
            told.extend(tell_jobs(till.resume_hanging().await.map_err(|trouble| trouble.to_string())?));
        }
        told.iter().for_each(|line| self.line("", line));
        Ok(())
    }

    async fn scene(&mut self, scene: &Scene) -> Result<String, Trouble> {
        let role = self.role(scene)?;
        let config = self.config(role);
        let mut till = match self.tills.remove(&role.name) {
            Some(till) => till,
            None => Till::new(config.clone())?,
        };
        let outcome = self.act(&mut till, scene, role, config).await;
        self.tills.insert(role.name.clone(), till);
        outcome
    }

    async fn act(&self, till: &mut Till, scene: &Scene, role: &Role, config: TillConfig) -> Result<String, Trouble> {
        let pos = &role.merchant_pos_id;
        match scene.does {
            Does::Onboard => till.onboard(pos).await.map(|pos| format!("PoS {}", pos.pos_id)),
            Does::Offboard => till.offboard().await.map(|()| "deleted".to_owned()),
            Does::Restart => {
                self.twin(till, pos, config).await.map(|_| "the PoS was found by its merchantPosId".to_owned())
            }
            Does::LosePower => {
                let mut twin = self.twin(till, pos, config).await?;
                let payment = twin.initiate(&sale(scene)?).await?;
                Ok(format!("payment {} is active", payment.id))
            }
            Does::Abandon => {
                let payment = till.initiate(&sale(scene)?).await?;
                till.abandon(payment).await.map(|paid| tell_paid(&paid))
            }
            Does::Pay => self.pay(till, scene).await,
        }
    }

    /// The same till after a power cut: it knows what it was set up with, and nothing else.
    async fn twin(&self, till: &Till, pos: &str, config: TillConfig) -> Result<Till, Trouble> {
        if till.memory().pos.is_none() {
            return Err(Trouble::NoPos);
        }
        let first_token = till.token_at_hand().map(str::to_owned);
        let mut twin = Till::new(TillConfig { first_token, ..config })?;
        twin.onboard(pos).await?;
        Ok(twin)
    }

    async fn pay(&self, till: &mut Till, scene: &Scene) -> Result<String, Trouble> {
        let sale = sale(scene)?;
        let payment = till.initiate(&sale).await?;
        let beacon = till.memory().pos.as_ref().map(|pos| pos.beacon_id.clone()).unwrap_or_default();
        let customer = match &scene.customer {
            Some((name, act)) => {
                let account = account(name).map_err(Trouble::Setup)?;
                let act = if act == "cancel" { CustomerAct::Cancel } else { CustomerAct::Accept };
                // A till that never polls meets no faults on polls that could be waited for.
                let hesitates = self.mistake != Some(Mistake::CapturesUnseen);
                Some(tokio::spawn(customer(self.stage.actors(), beacon, account, act, hesitates)))
            }
            None => None,
        };
        let paid = till.see_through(payment, &sale, &Abort::default()).await;
        if let Some(customer) = customer {
            customer.abort();
        }
        paid.map(|paid| tell_paid(&paid))
    }

    fn role(&self, scene: &Scene) -> Result<&'a Role, Trouble> {
        let found = self.script.till.iter().find(|role| role.name == scene.till);
        found.ok_or_else(|| Trouble::Setup(format!("fixtures/demo.toml: there is no till {:?}", scene.till)))
    }

    fn config(&self, role: &Role) -> TillConfig {
        let mut config = self.stage.till.clone();
        config.beacon_id = role.beacon_id.clone();
        // Tills of one integrator share their token.
        let shared = self.tills.values().find_map(Till::token_at_hand).map(str::to_owned);
        config.first_token = if role.stale_token { Some("a.stale.token".to_owned()) } else { shared };
        config.mistake = self.mistake;
        config.pace.customer = CUSTOMER;
        config
    }
}

fn sale(scene: &Scene) -> Result<Sale, Trouble> {
    let amount = |text: &Option<String>| text.as_deref().map(amount_of).transpose().map_err(Trouble::Setup);
    let missing = || Trouble::Setup(format!("fixtures/demo.toml: the scene {:?} has no amount", scene.title));
    Ok(Sale { capture: amount(&scene.capture)?, ..Sale::of(amount(&scene.amount)?.ok_or_else(missing)?) })
}

/// The simulated customer: checks in, waits until the polls have met their faults, and decides.
async fn customer(
    actors: (crate::sandbox::Sandbox, Arc<super::faults::SceneFaults>),
    beacon: String,
    account: Account,
    act: CustomerAct,
    hesitates: bool,
) {
    let (sandbox, faults) = actors;
    let moment = Duration::from_millis(50);
    while sandbox.customer(&beacon, CustomerAct::CheckIn(account)).is_err() {
        tokio::time::sleep(moment).await;
    }
    if hesitates && faults.left(Operation::QueryPayment) > 0 {
        while faults.left(Operation::QueryPayment) > 0 {
            tokio::time::sleep(moment).await;
        }
        tokio::time::sleep(HESITATION).await;
    }
    while sandbox.customer(&beacon, act).is_err() {
        tokio::time::sleep(moment).await;
    }
}
