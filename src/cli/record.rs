//! `poscert record`: the recorder; with a command, also the verdict on its calls.

use super::addresses::{DEFAULT_LISTEN, hosts};
use super::api_arg::ApiArg;
use super::backend::Backend;
use super::ca::Folder;
use super::child::CommandError;
use super::limits::LimitArgs;
use super::local_pages;
use super::signals::Signals;
use super::startup_message::{StartupInfo, base_url, ready_file};
use super::terminal::{print, tell};
use super::traffic_log::Lines;
use super::unrecorded::ConnectionFailures;
use super::upstream::{WayArgs, certificates};
use super::verify::{self, ProfileArgs};
use super::{CliError, Exit, recorded_command};
use crate::capture::{Durability, Record, Writer, WriterOptions, scratch};
use crate::pki::{Authority, word};
use crate::profile::Profile;
use crate::proxy::{Fanout, Listeners, LocalPages, NoFaults, Observer, RecorderConfig, Trust, Upstream, start_on};
use crate::seal::io_reason;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Maximum length of a challenge, in characters.
const CHALLENGE_LIMIT: usize = 1000;

/// Arguments of `poscert record`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  poscert record --features onboarding,payment -- ./my-till --self-test")]
#[command(after_long_help = "\
Examples:
  poscert record                       uses an embedded sandbox as the backend
  poscert record --upstream https://api.sandbox.mobilepay.dk/pos-self-certification-api/pos/v10
  poscert record --listen 0.0.0.0:8443 --name till-host.local
  poscert record --features onboarding,payment -- ./my-till --self-test
                                       records one command; the verdict sets the exit code

The path of a request is forwarded unchanged. A path in --upstream only appears in the base URL
that is shown.

Exit codes with a command: 0 passed, 1 failed, 3 incomplete, 2 error in the recorder, 4 passed but
the command failed. Without a command: 0, or 2 on an error.")]
pub(super) struct Args {
    /// URL of the backend that calls are forwarded to [default: an embedded sandbox]
    #[arg(long, help_heading = "Connection", value_name = "URL", env = "POSCERT_UPSTREAM")]
    pub(super) upstream: Option<String>,
    /// Root certificates (PEM) to trust at the upstream, in addition to the system's
    #[arg(
        long,
        help_heading = "Connection",
        hide_short_help = true,
        value_name = "FILE",
        env = "POSCERT_UPSTREAM_CA",
        requires = "upstream"
    )]
    upstream_ca: Option<PathBuf>,
    /// Accept any certificate at the upstream; calls can then be intercepted
    #[arg(
        long,
        help_heading = "Connection",
        hide_short_help = true,
        env = "POSCERT_UPSTREAM_INSECURE",
        requires = "upstream",
        conflicts_with = "upstream_ca"
    )]
    upstream_insecure: bool,
    #[command(flatten)]
    way: WayArgs,
    /// Directory of the capture; an existing capture is continued
    #[arg(
        long,
        help_heading = "Recording",
        value_name = "DIR",
        default_value = "poscert-capture",
        env = "POSCERT_CAPTURE"
    )]
    pub(super) capture: PathBuf,
    /// Address to listen on for base URL clients; port 0 picks a free port
    #[arg(
        long,
        help_heading = "Connection",
        value_name = "ADDRESS:PORT",
        default_value = DEFAULT_LISTEN,
        env = "POSCERT_LISTEN"
    )]
    pub(super) listen: SocketAddr,
    /// Address to listen on for HTTPS proxy clients; port 0 picks a free port
    #[arg(
        long,
        help_heading = "Connection",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8080",
        env = "POSCERT_PROXY_LISTEN"
    )]
    pub(super) proxy_listen: SocketAddr,
    /// Host name under which clients reach the recorder; included in its certificate, and CONNECT to it is intercepted
    #[arg(
        long = "name",
        help_heading = "Connection",
        value_name = "HOST",
        env = "POSCERT_NAME",
        value_delimiter = ','
    )]
    names: Vec<String>,
    /// Host to which CONNECT is tunneled without interception or recording
    #[arg(
        long,
        help_heading = "Connection",
        hide_short_help = true,
        value_name = "HOST",
        env = "POSCERT_TUNNEL",
        value_delimiter = ','
    )]
    tunnel: Vec<String>,
    /// Auditor's text, stored in the first record of this run; proves that the run is not older than the text
    #[arg(long, help_heading = "Recording", hide_short_help = true, value_name = "TEXT", env = "POSCERT_CHALLENGE", value_parser = challenge)]
    challenge: Option<String>,
    /// What recorded exchanges survive: `process` a killed recorder, `power` also a power failure, `off` neither
    #[arg(long, help_heading = "Recording", hide_short_help = true, value_name = "process|power|off", default_value = "process", env = "POSCERT_DURABILITY",
          value_parser = clap::builder::PossibleValuesParser::new(["process", "power", "off"]))]
    durability: String,
    /// File to write when ready: addresses and path of the CA, as JSON
    #[arg(long, help_heading = "Output", value_name = "FILE", env = "POSCERT_READY_FILE")]
    pub(super) ready_file: Option<PathBuf>,
    /// Do not print a line per exchange
    #[arg(long, help_heading = "Output", short, env = "POSCERT_QUIET")]
    pub(super) quiet: bool,
    /// `pollDelayInMs` of the embedded sandbox, in milliseconds
    #[arg(long, help_heading = "Sandbox", value_name = "MS", default_value_t = 1000, env = "POSCERT_POLL_DELAY",
          value_parser = clap::value_parser!(u64).range(..=i32::MAX as u64))]
    poll_delay: u64,
    #[command(flatten)]
    limits: LimitArgs,
    #[command(flatten)]
    pub(super) profile: ProfileArgs,
    #[command(flatten)]
    pub(super) api: ApiArg,
    #[command(flatten)]
    pub(super) ca: Folder,
    /// Command to start when the recorder is ready; when it exits, the capture is verified
    #[arg(last = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,
}

/// Arguments of `poscert record` that no other command has.
#[derive(clap::Args)]
pub(super) struct RecordArgs {
    #[command(flatten)]
    args: Args,
    /// Record a scratch capture, to look at the traffic: it is never verified, exported or certified
    #[arg(long, help_heading = "Recording", env = "POSCERT_SCRATCH")]
    scratch: bool,
}

pub(super) fn run(RecordArgs { args, scratch }: RecordArgs) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| CliError::new(format!("cannot start the async runtime: {e}")))?;
    let result = runtime.block_on(record(&args, scratch));
    // Do not wait for threads that block in a system call.
    runtime.shutdown_timeout(Duration::from_secs(1));
    let Recorded { error, nothing } = result?;
    if scratch {
        return Ok(error.map_or(Exit::Passed, |error| error.exit(Exit::Passed)));
    }
    if args.command.is_empty() {
        return Ok(Exit::Passed);
    }
    let exit = verify::verify_after_recording(&args.capture, args.api.profile()?)?;
    // Exchanges of earlier runs say nothing about this run's command.
    let exit = if nothing { verify::worse(exit, Exit::Incomplete) } else { exit };
    Ok(error.map_or(exit, |error| error.exit(exit)))
}

impl Args {
    /// The backend of `--upstream`; `None`: the embedded sandbox.
    pub(super) fn elsewhere(&self) -> Result<Option<Upstream>, CliError> {
        let Some(url) = &self.upstream else { return Ok(None) };
        let trust = match &self.upstream_ca {
            _ if self.upstream_insecure => Trust::Anyone,
            Some(file) => Trust::Roots(certificates(file, "--upstream-ca")?),
            None => Trust::Roots(Vec::new()),
        };
        self.on_its_way(Upstream::parse(url, trust).map_err(CliError::new)?).map(Some)
    }

    /// Opens the backend. `client`: the client id, which the embedded sandbox will accept. `listeners`: the recorder's.
    pub(super) async fn backend(
        &self,
        authority: &Authority,
        client: Option<&str>,
        listeners: &Listeners,
    ) -> Result<Backend, CliError> {
        if let Some(upstream) = self.elsewhere()? {
            return Ok(Backend::elsewhere(upstream.or_path(&self.api.profile()?.path)));
        }
        let mut backend = Backend::embedded(self.poll_delay, authority, client, listeners).await?;
        // The sandbox requires the client certificate that was generated for it, not that of --upstream-cert.
        let identity = backend.upstream.identity.clone();
        backend.upstream = Upstream { identity, ..self.on_its_way(backend.upstream)? };
        Ok(backend)
    }

    /// Adds outgoing proxy and client certificate to an upstream.
    fn on_its_way(&self, upstream: Upstream) -> Result<Upstream, CliError> {
        self.way.apply(upstream, &[self.listen, self.proxy_listen])
    }

    /// The recorder's configuration. Prints notes about limits and proxy.
    pub(super) fn recorder_config(&self, upstream: &Upstream) -> Result<RecorderConfig, CliError> {
        let (limits, fewer) = self.limits.limits()?;
        if let Some(sentence) = fewer {
            tell(&sentence);
        }
        if let Some(note) = self.way.note(&[self.listen, self.proxy_listen]) {
            tell(&format!("poscert: {note}\n"));
        }
        Ok(RecorderConfig {
            listen: self.listen,
            proxy_listen: self.proxy_listen,
            upstream: upstream.clone(),
            names: hosts(&self.names, "--name")?,
            tunnel: hosts(&self.tunnel, "--tunnel")?,
            private: Vec::new(),
            pages: LocalPages::default(),
            limits,
        })
    }

    /// The profile of the recorded API. The embedded sandbox is a backend of the built-in one only.
    ///
    /// # Errors
    /// An invalid profile, or one without a backend.
    pub(super) fn api(&self) -> Result<&'static Profile, CliError> {
        let api = self.api.profile()?;
        if api.directory.is_some() && self.upstream.is_none() {
            return Err(CliError::new(format!(
                "there is no simulated backend for the profile {}; pass the URL of a backend with --upstream",
                api.name
            )));
        }
        Ok(api)
    }

    /// The options of the capture writer.
    pub(super) fn writer_options(&self, upstream: &Upstream, api: &Profile) -> (Durability, WriterOptions) {
        let durability = Durability::from_name(&self.durability).unwrap_or_default();
        let challenge = self.challenge.clone().unwrap_or_default();
        let options = WriterOptions {
            durability,
            upstream: upstream.origin(),
            challenge,
            api_profile: api.id(),
            ..WriterOptions::default()
        };
        (durability, self.limits.apply(options))
    }
}

/// The result of a run of the recorder.
struct Recorded {
    /// The error of the command, if it failed.
    error: Option<CommandError>,
    /// Whether no exchange was recorded.
    nothing: bool,
}

/// Records until it is stopped or the command exits.
async fn record(args: &Args, is_scratch: bool) -> Result<Recorded, CliError> {
    check_purpose(&args.capture, is_scratch)?;
    let mut signals = Signals::new()?;
    let api = args.api()?;
    let authority = Arc::new(args.ca.open()?);
    let listeners = Listeners::bind(args.listen, args.proxy_listen).await.map_err(CliError::new)?;
    let mut backend = args.backend(&authority, args.profile.client_id.as_deref(), &listeners).await?;
    let mut config = args.recorder_config(&backend.upstream)?;
    let version = args.profile.client_version.as_deref();
    let base_url = base_url(&config, listeners.base_addr);
    config.pages = local_pages::pages(&base_url, authority.files(), backend.sandbox.as_ref(), version);
    listeners.check(&config).await.map_err(CliError::new)?;
    let (durability, options) = args.writer_options(&backend.upstream, api);
    let session = args.profile.session(api)?;
    let is_new = !args.capture.exists();
    let writer = Writer::open(&args.capture, options).map_err(|e| CliError::new(e.to_string()))?;
    if is_scratch && let Err(error) = scratch::mark(&args.capture) {
        let _ = writer.close().await;
        return Err(CliError::new(format!("cannot mark the capture as scratch: {}", io_reason(&error))));
    }
    if let Some(session) = session {
        writer.append(Record::Session(session)).await.map_err(|e| CliError::new(e.to_string()))?;
    }
    let out = if args.command.is_empty() { print } else { tell };
    let failures = Arc::new(ConnectionFailures::default());
    let lines: Arc<dyn Observer> = Arc::new(Lines { out, quiet: args.quiet });
    let watch = Arc::new(Fanout(vec![lines, failures.clone()]));
    let faults = Arc::new(NoFaults);
    let started = start_on(listeners, config.clone(), authority.clone(), writer.clone(), faults, watch);
    let running = match started {
        Ok(running) => running,
        Err(sentence) => {
            // The run is closed as complete: nothing was lost in it.
            let _ = writer.close().await;
            return Err(CliError::new(sentence));
        }
    };
    backend.tell(&running);
    let info = StartupInfo {
        files: authority.files(),
        config: &config,
        base_addr: running.base_addr,
        proxy_addr: running.proxy_addr,
        capture: &args.capture,
        durability,
        sandbox: backend.sandbox.as_ref(),
        page: None,
        client_version: version.map(str::to_owned),
    };
    out(&if args.command.is_empty() { info.text() } else { info.brief() });
    if is_scratch {
        out("This is a scratch capture: it is never verified, exported or certified.\n");
    }
    let ready = args.ready_file.as_deref().map_or(Ok(()), |file| ready_file(file, &info));
    let begun = ready.and_then(|()| recorded_command::start(&args.command, &info));
    let not_begun = begun.is_err();
    let worked = match begun {
        Ok(command) => recorded_command::work(command, &running, &mut signals).await,
        Err(failure) => Err(failure),
    };
    let stopped = running.stop().await.map_err(CliError::new);
    let nothing = failures.nothing(&info, backend.gate.as_deref());
    backend.stop().await;
    if not_begun && is_new && stopped.is_ok() && nothing.is_some() {
        // It was just created and contains only start and stop of this run.
        let _ = std::fs::remove_dir_all(&args.capture);
    }
    let error = worked.and_then(|error| stopped.map(|()| error))?;
    out(&stop_message(&args.capture, &writer));
    out(nothing.as_deref().unwrap_or_default());
    // With a command, the verdict follows.
    if args.command.is_empty() && nothing.is_none() {
        let next = if is_scratch { "show" } else { "verify" };
        out(&format!("Next: poscert {next} {}\n", word(&args.capture)));
    }
    Ok(Recorded { error, nothing: nothing.is_some() })
}

/// Checks that a capture is not continued for another purpose: neither a scratch capture as evidence, nor evidence as a
/// scratch capture.
fn check_purpose(capture: &Path, is_scratch: bool) -> Result<(), CliError> {
    let is_new = capture.read_dir().map_or(true, |mut entries| entries.next().is_none());
    if is_new || is_scratch == scratch::is_scratch(capture) {
        return Ok(());
    }
    let shown = capture.display();
    Err(CliError::new(if is_scratch {
        format!("{shown} is a capture that can be verified; choose another --capture for --scratch")
    } else {
        format!("{shown} is a scratch capture; continue it with --scratch, or choose another --capture")
    }))
}

/// The message after the recorder has stopped. The chain head commits to every record: a noted head later identifies
/// the capture (`verify --witnessed`).
pub(super) fn stop_message(capture: &Path, writer: &Writer) -> String {
    format!("Stopped. The capture is {}\n  chain head {}\n", capture.display(), writer.head())
}

fn challenge(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("the challenge is empty; pass the auditor's text".to_owned()),
        text if text.chars().count() > CHALLENGE_LIMIT => {
            Err(format!("the challenge is longer than {CHALLENGE_LIMIT} characters"))
        }
        text => Ok(text.to_owned()),
    }
}
