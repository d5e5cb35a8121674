//! `poscert till`: the reference client, one action per command or driven by JSON lines.

use super::{CliError, Exit};
use crate::api::Amount;
use crate::pki::{self, CaFiles};
use crate::till::command::amount_of;
use crate::till::config::token_url;
use crate::till::driver::{drive, ready, stop_refund, tell_jobs, tell_paid, tell_refunded, tell_settled};
use crate::till::follow_lock::{Following, take_over};
use crate::till::prepared::due;
use crate::till::sale::CancelSignal;
use crate::till::{ClientError, Misbehavior, Paid, Refunded, Restrictions, Sale, StateFile, Till, TillConfig};
use clap::Subcommand;
use std::io::BufRead as _;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Arguments of `poscert till`.
#[derive(clap::Args)]
#[command(after_help = "Example, against `poscert record` or `poscert sandbox` on this machine:\n  \
    poscert till onboard\n  poscert till pay 12.50\n  poscert till refund 12.50\n  poscert till prepare\n  \
    poscert till ready 8.00 --no-debit\n  poscert till offboard\n\n\
    Calls without a response are retried as the API documentation requires. Captures and cancels that did not succeed \
    are remembered; `poscert till job` retries them.")]
pub(super) struct Args {
    #[command(subcommand)]
    command: TillCommand,
    /// Base URL of the API, including /v10
    #[arg(
        long,
        help_heading = "Connection",
        global = true,
        value_name = "URL",
        env = "POSCERT_BASE_URL",
        default_value = "https://127.0.0.1:8443/pos/v10"
    )]
    base_url: String,
    /// URL of the token endpoint [default: at the host of the base URL]
    #[arg(long, help_heading = "Connection", global = true, value_name = "URL", env = "POSCERT_TOKEN_URL")]
    token_url: Option<String>,
    /// Root certificates (PEM) to trust [default: those of SSL_CERT_FILE or the system, and the local CA]
    #[arg(long, help_heading = "Connection", global = true, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Client id
    #[arg(long, help_heading = "Identity", global = true, value_name = "GUID", env = "POSCERT_CLIENT_ID", default_value = crate::sandbox::TEST_CLIENT)]
    client_id: String,
    /// Client secret
    #[arg(
        long,
        help_heading = "Identity",
        global = true,
        value_name = "TEXT",
        env = "POSCERT_CLIENT_SECRET",
        default_value = "sandbox-secret-one",
        hide_env_values = true
    )]
    client_secret: String,
    /// VAT number of the merchant
    #[arg(long, help_heading = "Identity", global = true, env = "POSCERT_VAT", default_value = "DK90000028")]
    vat: String,
    /// Version of the client, Major.Minor.Build
    #[arg(
        long,
        help_heading = "Identity",
        global = true,
        value_name = "VERSION",
        env = "POSCERT_CLIENT_VERSION",
        default_value = "2.1.0"
    )]
    client_version: String,
    /// merchantPosId of the PoS
    #[arg(
        long,
        help_heading = "Till",
        global = true,
        value_name = "TEXT",
        env = "POSCERT_MERCHANT_POS_ID",
        default_value = "poscert-till"
    )]
    pos: String,
    /// Id of the till's own beacon: a GUID or 15 digits
    #[arg(long, help_heading = "Till", global = true)]
    beacon: Option<String>,
    /// State file with the till's PoS and open operations [default: till.json next to the directory of the local CA]
    #[arg(
        long = "state-file",
        help_heading = "Till",
        visible_alias = "memory",
        global = true,
        value_name = "FILE",
        env = "POSCERT_TILL_MEMORY"
    )]
    memory: Option<PathBuf>,
    /// Directory of the local CA
    #[arg(long, help_heading = "Connection", global = true, value_name = "DIR", env = "POSCERT_CA_DIR")]
    ca_dir: Option<PathBuf>,
    /// Do not wait for the customer's loyalty status before setting the amount
    #[arg(long, help_heading = "Till", global = true)]
    no_loyalty: bool,
    /// Misbehavior; `poscert demo --broken list` prints all
    #[arg(long, help_heading = "Till", global = true, value_name = "MISBEHAVIOR")]
    broken: Option<String>,
}

#[derive(Subcommand)]
enum TillCommand {
    /// Look up the PoS, or create it
    Onboard,
    /// Delete the PoS
    Offboard,
    /// Start a payment and complete it; Ctrl-C cancels it as the cashier would
    Pay {
        #[command(flatten)]
        terms: Terms,
        /// Wait for the customer's check-in and loyalty status before starting the payment
        #[arg(long)]
        check_in: bool,
    },
    /// Prepare a payment whose amount `ready` sets later; with an amount, make it ready and complete it at once
    Prepare {
        /// Amount, for example 12.50
        #[arg(value_parser = amount_of)]
        amount: Option<Amount>,
        /// Follow the payment until it ends or `ready` in another terminal takes over; Ctrl-C cancels it
        #[arg(long, conflicts_with = "amount")]
        wait: bool,
    },
    /// Make the prepared payment ready and complete it; Ctrl-C cancels it
    Ready {
        #[command(flatten)]
        terms: Terms,
    },
    /// Refund a payment; Ctrl-C cancels the refund while that is possible
    Refund {
        /// Amount, for example 12.50
        #[arg(value_parser = amount_of)]
        amount: Amount,
        /// Id of the payment [default: the latest captured payment with enough left to refund]
        #[arg(long, value_name = "ID")]
        payment: Option<String>,
    },
    /// Cancel the refund that is created but not captured
    CancelRefund,
    /// Cancel the open payment
    #[command(alias = "cancel")]
    Abort,
    /// Simulate a restart after a power failure: look up the PoS
    Restart,
    /// Retry captures and cancels that did not succeed, 30 seconds after the last attempt
    Job,
    /// Print the till's state as JSON
    Status,
    /// Perform actions read as JSON lines from standard input: {"act": "pay", "amount": "12.50"}
    Drive,
}

/// The terms of a payment.
#[derive(clap::Args)]
struct Terms {
    /// Amount, for example 12.50
    #[arg(value_parser = amount_of)]
    amount: Amount,
    /// Amount to capture, if partial capture is possible
    #[arg(long, value_name = "AMOUNT", value_parser = amount_of)]
    capture: Option<Amount>,
    /// Text that the customer sees
    #[arg(long, value_name = "TEXT")]
    label: Option<String>,
    /// Refuse debit cards
    #[arg(long)]
    no_debit: bool,
    /// Refuse credit cards
    #[arg(long)]
    no_credit: bool,
}

impl Terms {
    fn sale(&self) -> Sale {
        let restrictions =
            Restrictions { debit_card_disallowed: self.no_debit, credit_card_disallowed: self.no_credit };
        Sale {
            capture: self.capture,
            label: self.label.clone(),
            restrictions: (self.no_debit || self.no_credit).then_some(restrictions),
            ..Sale::of(self.amount)
        }
    }
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    let config = config(&args)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CliError::new(format!("cannot start the async runtime: {error}")))?;
    runtime.block_on(act(config, &args)).map_err(|error| CliError::new(error.to_string()))
}

fn config(args: &Args) -> Result<TillConfig, CliError> {
    let ca_dir = args.ca_dir.clone().map_or_else(pki::default_dir, Ok).ok();
    let local_ca = ca_dir.as_ref().map(|dir| CaFiles::within(dir).pem).filter(|pem| pem.exists());
    let beside_ca = || Some(ca_dir.as_ref()?.parent()?.join("till.json"));
    let memory = args.memory.clone().or_else(beside_ca);
    let nowhere = "no location for the state file: no home directory; pass --state-file FILE";
    let mistake = args.broken.as_deref().map(mistake_of).transpose()?;
    Ok(TillConfig {
        token_url: args.token_url.clone().unwrap_or_else(|| token_url(&args.base_url)),
        vat: args.vat.clone(),
        version: args.client_version.clone(),
        ca_file: args.ca_file.clone(),
        extra_ca: local_ca,
        beacon_id: args.beacon.clone(),
        memory: Some(memory.ok_or_else(|| CliError::new(nowhere))?),
        members: !args.no_loyalty,
        mistake,
        ..TillConfig::certification(&args.base_url, &args.client_id, &args.client_secret)
    })
}

/// The misbehavior with this id.
pub(super) fn mistake_of(id: &str) -> Result<Misbehavior, CliError> {
    Misbehavior::from_id(id)
        .ok_or_else(|| CliError::new(format!("unknown misbehavior {id:?}; `poscert demo --broken list` lists all")))
}

async fn act(config: TillConfig, args: &Args) -> Result<Exit, ClientError> {
    if let TillCommand::Drive = args.command {
        drive(&config, &args.pos, lines_of_stdin(), |line| eprintln!("{line}")).await?;
        return Ok(Exit::Passed);
    }
    if let Some(memory) = config.memory.as_deref().filter(|_| !matches!(args.command, TillCommand::Status)) {
        take_over(memory).await?;
    }
    let mut till = Till::new(config)?;
    match &args.command {
        TillCommand::Onboard | TillCommand::Restart => {
            let pos = till.onboard(&args.pos).await?;
            println!(
                "PoS {} is onboarded; its QR code contains mobilepaypos://pos?id={}&source=qr",
                pos.pos_id, pos.beacon_id
            );
            Ok(Exit::Passed)
        }
        TillCommand::Offboard => {
            till.offboard().await?;
            println!("The PoS is deleted.");
            Ok(Exit::Passed)
        }
        TillCommand::Pay { terms, check_in } => {
            let sale = Sale { member_first: *check_in, ..terms.sale() };
            let abort = abort_by_key();
            Ok(report_paid(&till.pay(&sale, &abort).await?))
        }
        TillCommand::Prepare { wait: true, .. } => prepare_and_wait(&mut till).await,
        TillCommand::Prepare { amount, .. } => prepare(&mut till, *amount).await,
        TillCommand::Ready { terms } => Ok(report_paid(&ready(&mut till, terms.sale(), &abort_by_key()).await?)),
        TillCommand::Refund { amount, payment } => {
            let refunded = till.refund(*amount, payment.as_deref(), &abort_by_key()).await?;
            println!("{}", tell_refunded(&refunded));
            Ok(if matches!(refunded, Refunded::Captured(..)) { Exit::Passed } else { Exit::Failed })
        }
        TillCommand::CancelRefund => {
            println!("{}", stop_refund(&mut till).await?);
            Ok(Exit::Passed)
        }
        TillCommand::Abort => {
            let open = till.memory().open.clone().ok_or(ClientError::NoPayment)?;
            println!("payment {open}: {}", tell_settled(&till.cancel(&open).await?));
            Ok(Exit::Passed)
        }
        TillCommand::Job => job(&mut till).await,
        TillCommand::Status => {
            println!("{}", status(till.memory()));
            Ok(Exit::Passed)
        }
        TillCommand::Drive => Ok(Exit::Passed),
    }
}

/// A cancel signal on Ctrl-C, as if the cashier cancelled the sale or refund.
fn abort_by_key() -> CancelSignal {
    let abort = CancelSignal::default();
    let key = abort.clone();
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            key.press();
        }
    });
    abort
}

fn report_paid(paid: &Paid) -> Exit {
    println!("{}", tell_paid(paid));
    if matches!(paid, Paid::Captured(..)) { Exit::Passed } else { Exit::Failed }
}

/// Prepares a payment whose amount is set now or later; queries it once, so that the cashier sees that it exists.
async fn prepare(till: &mut Till, amount: Option<Amount>) -> Result<Exit, ClientError> {
    let prepared = till.prepare().await?;
    if let Some(amount) = amount {
        let paid = till.pay_prepared(prepared, &due(Sale::of(amount)), &abort_by_key()).await?;
        return Ok(report_paid(&paid));
    }
    let state = till.query(&prepared.id).await.ok().and_then(|view| view.state);
    let state = state.map_or("in an unknown state", |state| state.name());
    println!("payment {} is {state}: set the amount with `poscert till ready`", prepared.id);
    Ok(Exit::Passed)
}

/// Prepares a payment and follows it until `ready` in another terminal sets its amount.
async fn prepare_and_wait(till: &mut Till) -> Result<Exit, ClientError> {
    let memory = till.config().memory.clone().unwrap_or_default();
    let following = Arc::new(Following::begin(&memory)?);
    let prepared = till.prepare().await?;
    let ready = "set the amount with `poscert till ready` in another terminal; Ctrl-C cancels it";
    println!("payment {} is prepared: {ready}", prepared.id);
    let (said_here, due) = watch::channel(None);
    let waiting = Arc::clone(&following);
    tokio::spawn(async move {
        waiting.wanted().await;
        drop(said_here);
    });
    let paid = till.pay_prepared(prepared, &due, &abort_by_key()).await?;
    let exit = report_paid(&paid);
    Ok(if matches!(paid, Paid::Left(_)) { Exit::Passed } else { exit })
}

/// The periodic job: waits until a retry is due, and retries.
async fn job(till: &mut Till) -> Result<Exit, ClientError> {
    let Some(due) = till.next_job() else {
        println!("Nothing to do.");
        return Ok(Exit::Passed);
    };
    tokio::time::sleep(due).await;
    for line in tell_jobs(till.resume_hanging().await?) {
        println!("{line}");
    }
    Ok(if till.memory().hanging.is_empty() { Exit::Passed } else { Exit::Failed })
}

fn status(memory: &StateFile) -> String {
    serde_json::to_string_pretty(memory).unwrap_or_default()
}

/// Lines of standard input, read on a dedicated thread: a blocking read cannot be cancelled.
fn lines_of_stdin() -> mpsc::UnboundedReceiver<String> {
    let (sender, lines) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}
