//! The run of the script: tills run concurrently, each its scenes in order, with one output line per scene.

use super::customer::Customer;
use super::environment::DemoEnvironment;
use super::faults::SceneFaults;
use super::script::{Action, Scene, Script, TillSpec, account};
use crate::api::customer::CustomerAct;
use crate::api::{Amount, Feature};
use crate::cli::terminal::tell;
use crate::sandbox::Sandbox;
use crate::till::command::amount_of;
use crate::till::driver::{tell_jobs, tell_paid, tell_refunded, tell_settled};
use crate::till::prepared::due;
use crate::till::sale::CancelSignal;
use crate::till::{ClientError, Misbehavior, Paid, Sale, Till, TillConfig};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// How long a till waits for the customer. The simulated customer checks in at once or not at all.
const CUSTOMER: Duration = Duration::from_secs(20);
/// How often the periodic job runs again at the end.
const LAST_TRIES: u32 = 2;

/// State shared by all tills.
pub(super) struct DemoRun {
    script: Script,
    till: TillConfig,
    faults: Arc<SceneFaults>,
    sandbox: Sandbox,
    mistake: Option<Misbehavior>,
    start: Instant,
}

/// Tills whose scenes run in sequence, and the token that they share, as tills of one integrator do.
struct TillGroup {
    run: Arc<DemoRun>,
    tills: HashMap<String, Till>,
    token: Option<String>,
}

impl DemoRun {
    /// Restricts the script to the chosen features.
    pub(super) fn new(
        environment: &DemoEnvironment,
        script: Script,
        features: &[Feature],
        mistake: Option<Misbehavior>,
    ) -> Arc<DemoRun> {
        let (sandbox, faults) = environment.actors();
        let (till, script) = (environment.till.clone(), script.confined_to(features));
        Arc::new(DemoRun { script, till, faults, sandbox, mistake, start: Instant::now() })
    }

    /// Runs the opening scenes, then all others and the periodic jobs after them.
    ///
    /// # Errors
    /// A broken script or set-up. Errors between till and backend are expected and only printed.
    pub(super) async fn run(self: Arc<DemoRun>) -> Result<(), String> {
        let mut opening = TillGroup { run: self.clone(), tills: HashMap::new(), token: None };
        opening.run(self.script.opening()).await?;
        let mut playing = JoinSet::new();
        for scenes in self.script.groups() {
            let name = scenes.first().map(|scene| scene.till.clone()).unwrap_or_default();
            let token = opening.token.clone();
            let tills = opening.tills.remove_entry(&name).into_iter().collect();
            let mut group = TillGroup { run: self.clone(), tills, token };
            playing.spawn(async move { group.run_all(&scenes).await });
        }
        while let Some(played) = playing.join_next().await {
            played.map_err(|error| format!("internal error in the demo: {error}"))??;
        }
        Ok(())
    }

    fn line(&self, case: &str, text: &str) {
        tell(&format!("{:5.1} s  {case:<22} {text}\n", self.start.elapsed().as_secs_f64()));
    }
}

impl TillGroup {
    async fn run(&mut self, scenes: &[Scene]) -> Result<(), String> {
        for scene in scenes {
            self.jobs().await?;
            let spec = self.run.script.till_spec(scene)?.clone();
            let config = self.config(&spec);
            self.run.faults.arm(&config.agent, scene)?;
            let result = match self.scene(scene, &spec, &config).await {
                Err(ClientError::Setup(what)) => return Err(what),
                outcome => outcome.unwrap_or_else(|error| error.to_string()),
            };
            self.run.faults.clear(&config.agent);
            let fresh = || self.tills.values().find_map(Till::token_at_hand).map(str::to_owned);
            self.token = self.token.take().or_else(fresh);
            self.run.line(&scene.case, &format!("{}: {result}", scene.title));
        }
        Ok(())
    }

    /// Runs the scenes, then the periodic jobs that are due after them.
    async fn run_all(&mut self, scenes: &[Scene]) -> Result<(), String> {
        self.run(scenes).await?;
        for _ in 0..LAST_TRIES {
            let Some(due) = self.tills.values().filter_map(Till::next_job).min() else { break };
            if !due.is_zero() {
                self.run.line(
                    "",
                    &format!("waiting {:.0} s before retrying pending captures and cancels", due.as_secs_f64()),
                );
            }
            tokio::time::sleep(due).await;
            self.jobs().await?;
        }
        Ok(())
    }

    /// Runs the periodic job of every till.
    async fn jobs(&mut self) -> Result<(), String> {
        for till in self.tills.values_mut() {
            let done = till.resume_hanging().await.map_err(|error| error.to_string())?;
            tell_jobs(done).iter().for_each(|line| self.run.line("", line));
        }
        Ok(())
    }

    async fn scene(&mut self, scene: &Scene, spec: &TillSpec, config: &TillConfig) -> Result<String, ClientError> {
        let mut till = match self.tills.remove(&spec.name) {
            Some(till) => till,
            None => Till::new(config.clone())?,
        };
        let balance = self.run.set_balance(&till, scene)?;
        let outcome = self.run.act(&mut till, scene, spec, config).await;
        if let Some(store) = balance {
            self.run.sandbox.store_balance(&store, None);
        }
        self.tills.insert(spec.name.clone(), till);
        outcome
    }

    fn config(&self, spec: &TillSpec) -> TillConfig {
        let mut config = self.run.till.clone();
        config.beacon_id.clone_from(&spec.beacon_id);
        config.agent = format!("{} ({})", config.agent, spec.merchant_pos_id);
        config.first_token = if spec.stale_token { Some("a.stale.token".to_owned()) } else { self.token.clone() };
        config.mistake = self.run.mistake;
        config.pace.customer = CUSTOMER;
        config.pace.arrival = CUSTOMER;
        config.pace.cancel_delay = Duration::ZERO;
        config
    }
}

impl DemoRun {
    /// Sets the refundable balance of the till's store if the scene has one; returns the store.
    fn set_balance(&self, till: &Till, scene: &Scene) -> Result<Option<String>, ClientError> {
        let Some(balance) = scene.store_balance.as_deref() else { return Ok(None) };
        let store = till.memory().pos.as_ref().and_then(|pos| self.sandbox.store_of(&pos.pos_id));
        let balance = amount_of(balance).map_err(ClientError::Setup)?;
        Ok(store.filter(|store| self.sandbox.store_balance(store, Some(balance))))
    }

    async fn act(
        &self,
        till: &mut Till,
        scene: &Scene,
        spec: &TillSpec,
        config: &TillConfig,
    ) -> Result<String, ClientError> {
        let pos = &spec.merchant_pos_id;
        match scene.does {
            Action::Onboard => till.onboard(pos).await.map(|pos| format!("PoS {}", pos.pos_id)),
            Action::Offboard => till.offboard().await.map(|()| "deleted".to_owned()),
            Action::Restart => {
                twin(till, pos, config).await.map(|_| "the PoS was found by its merchantPosId".to_owned())
            }
            Action::LosePower => {
                let mut twin = twin(till, pos, config).await?;
                let id = if scene.prepared { twin.prepare().await?.id } else { twin.initiate(&sale(scene)?).await?.id };
                Ok(format!("payment {id} is active"))
            }
            Action::Abandon if scene.prepared => {
                let prepared = till.prepare().await?;
                let settled = till.cancel(&prepared.id).await?;
                Ok(format!("payment {}: {}", prepared.id, tell_settled(&settled)))
            }
            Action::Abandon => {
                let payment = till.initiate(&sale(scene)?).await?;
                till.abandon(payment).await.map(|paid| tell_paid(&paid))
            }
            Action::Pay => self.pay(till, scene, config).await.map(|paid| tell_paid(&paid)),
            Action::Refund => {
                let refunded = till.refund(amount(scene)?, None, &CancelSignal::default()).await?;
                Ok(tell_refunded(&refunded))
            }
            Action::CancelRefund => {
                let refund = till.create_refund(amount(scene)?, None).await?;
                till.await_refund(&refund.id).await?;
                let settled = till.cancel_refund(&refund.id).await?;
                Ok(format!("refund {}: {}", refund.id, tell_settled(&settled)))
            }
        }
    }

    /// Runs a sale with its customer.
    async fn pay(&self, till: &mut Till, scene: &Scene, config: &TillConfig) -> Result<Paid, ClientError> {
        let sale = sale(scene)?;
        let customer = self.customer(till, scene, config)?.map(|customer| tokio::spawn(customer.visit()));
        let abort = CancelSignal::default();
        let paid = if scene.prepared {
            match till.prepare().await {
                Ok(prepared) => till.pay_prepared(prepared, &due(sale), &abort).await,
                Err(error) => Err(error),
            }
        } else {
            till.pay(&sale, &abort).await
        };
        if let Some(customer) = customer {
            customer.abort();
        }
        paid
    }

    fn customer(&self, till: &Till, scene: &Scene, config: &TillConfig) -> Result<Option<Customer>, ClientError> {
        let Some((name, act)) = &scene.customer else { return Ok(None) };
        // This misbehavior never polls, so the customer does not wait for polls.
        let waits = u32::from(self.mistake != Some(Misbehavior::CapturesUnseen));
        Ok(Some(Customer {
            sandbox: self.sandbox.clone(),
            faults: self.faults.clone(),
            agent: config.agent.clone(),
            beacon: till.memory().pos.as_ref().map(|pos| pos.beacon_id.clone()).unwrap_or_default(),
            account: account(name).map_err(ClientError::Setup)?,
            act: if act == "cancel" { CustomerAct::Cancel } else { CustomerAct::Accept },
            comes_first: scene.member_first,
            comes_after: waits,
            // The till must see a prepared payment as paired; a check-in is polled before there is a payment to accept.
            decides_after: if scene.prepared { waits } else { 0 },
        }))
    }
}

/// The same till after a power cut: it has its configuration and no state.
async fn twin(till: &Till, pos: &str, config: &TillConfig) -> Result<Till, ClientError> {
    if till.memory().pos.is_none() {
        return Err(ClientError::NoPos);
    }
    let first_token = till.token_at_hand().map(str::to_owned);
    let mut twin = Till::new(TillConfig { first_token, ..config.clone() })?;
    twin.onboard(pos).await?;
    Ok(twin)
}

fn amount(scene: &Scene) -> Result<Amount, ClientError> {
    let missing = || format!("fixtures/demo.toml: scene {:?} has no amount", scene.title);
    amount_of(scene.amount.as_deref().ok_or_else(missing).map_err(ClientError::Setup)?).map_err(ClientError::Setup)
}

fn sale(scene: &Scene) -> Result<Sale, ClientError> {
    let capture = scene.capture.as_deref().map(amount_of).transpose().map_err(ClientError::Setup)?;
    Ok(Sale {
        capture,
        restrictions: scene.restrictions(),
        member_first: scene.member_first,
        ..Sale::of(amount(scene)?)
    })
}
