//! `poscert demo`: sandbox, recorder, reference client and verdict in one process, over real sockets and real TLS.

mod customer;
mod environment;
mod faults;
mod runner;
mod script;
mod summary;

use super::terminal::tell;
use super::{CliError, Exit};
use crate::api::Feature;
use crate::pki::word;
use crate::profile::pos_v10;
use crate::report::text;
use crate::sandbox::SandboxOptions;
use crate::till::misbehavior::{ExpectedFindings, catalogue};
use environment::DemoEnvironment;
use runner::DemoRun;
use script::Script;
use std::path::PathBuf;

/// Arguments of `poscert demo`.
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  poscert demo\n  poscert demo --broken list\n  poscert demo --broken polls-too-soon"
)]
pub(super) struct Args {
    /// Misbehavior of the reference client; `list` prints all, with the requirements that each breaks
    #[arg(long, value_name = "MISBEHAVIOR")]
    broken: Option<String>,
    /// Directory for the capture [default: a new temporary directory]
    #[arg(long, value_name = "DIR")]
    capture: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    if args.broken.as_deref() == Some("list") {
        print!("{}", summary::list(&catalogue().map_err(CliError::new)?));
        return Ok(Exit::Passed);
    }
    let announced = match args.broken.as_deref() {
        Some(id) => Some(super::till::mistake_of(id)?.announced().map_err(CliError::new)?),
        None => None,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CliError::new(format!("cannot start the async runtime: {error}")))?;
    let dir = capture_dir(args.capture)?;
    runtime.block_on(record(&dir, announced.as_ref()))?;
    let verdict = super::verify::verify_capture(&dir, pos_v10())?;
    tell("\n");
    print!("{}", text::render(&verdict, super::terminal::stdout_style(), Some(&word(&dir))));
    print!("{}", summary::lines(&verdict, &dir, announced.as_ref()));
    Ok(super::verify::exit(&verdict))
}

/// Runs the whole script through a recorder.
async fn record(dir: &std::path::Path, announced: Option<&ExpectedFindings>) -> Result<(), CliError> {
    let mistake = announced.map(|announced| super::till::mistake_of(&announced.id)).transpose()?;
    let script = Script::builtin().map_err(CliError::new)?;
    let features = features(announced);
    let usual = SandboxOptions::default();
    let delay = announced.and_then(|announced| announced.poll_delay_ms);
    let backend = SandboxOptions { poll_delay_ms: delay.unwrap_or(usual.poll_delay_ms), ..usual };
    let environment = DemoEnvironment::set(dir, &features, backend).await?;
    tell(&format!("Sandbox, recorder and reference client run on this machine; capture in {}\n", dir.display()));
    if let Some(announced) = announced {
        tell(&format!("The client misbehaves: {}.\n", announced.title));
    }
    let played = DemoRun::new(&environment, script, &features, mistake).run().await;
    environment.clear().await?;
    played.map_err(CliError::new)
}

/// The features to run: all, or those that a misbehavior concerns and onboarding.
fn features(announced: Option<&ExpectedFindings>) -> Vec<Feature> {
    let chosen = announced.map(|announced| announced.features.as_slice()).unwrap_or_default();
    let plays = |feature: &Feature| chosen.is_empty() || *feature == Feature::ONBOARDING || chosen.contains(feature);
    Feature::ALL.into_iter().filter(plays).collect()
}

fn capture_dir(wanted: Option<PathBuf>) -> Result<PathBuf, CliError> {
    match wanted {
        Some(dir) if dir.read_dir().is_ok_and(|mut entries| entries.next().is_some()) => {
            Err(CliError::new(format!("{} is not empty: pass a new directory for the demo's capture", dir.display())))
        }
        Some(dir) => Ok(dir),
        None => {
            let made = tempfile::Builder::new().prefix("poscert-demo-").tempdir();
            let made =
                made.map_err(|error| CliError::new(format!("cannot create a directory for the capture: {error}")))?;
            // The capture is kept, so that it can be shown and verified again.
            Ok(made.keep())
        }
    }
}
