//! `poscert record`: the recorder; with a command, also the verdict on its calls.

use super::addresses::{hosts, nearby};
use super::ca::Folder;
use super::child::CommandError;
use super::limits::LimitArgs;
use super::signals::Signals;
use super::startup_message::{StartupInfo, ready_file};
use super::terminal::{print, tell};
use super::traffic_log::Lines;
use super::unrecorded::{BYPASSED, ConnectionFailures};
use super::upstream::{WayArgs, certificates};
use super::verify::{self, ProfileArgs};
use super::{CliError, Exit, recorded_command};
use crate::api::HOSTS;
use crate::capture::{Durability, Record, Writer, WriterOptions};
use crate::pki::{Authority, ClientCertificate, Name, word};
use crate::proxy::{
    ClientIdentity, Fanout, Listeners, NoFaults, Observer, ProxyHandle, RecorderConfig, Trust, Upstream, start_on,
};
use crate::sandbox::{Gate, Sandbox, SandboxOptions};
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

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
        default_value = "127.0.0.1:8443",
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
    pub(super) ca: Folder,
    /// Command to start when the recorder is ready; when it exits, the capture is verified
    #[arg(last = true, value_name = "CMD")]
    pub(super) command: Vec<OsString>,
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| CliError::new(format!("cannot start the async runtime: {e}")))?;
    let result = runtime.block_on(record(&args));
    // Do not wait for threads that block in a system call.
    runtime.shutdown_timeout(Duration::from_secs(1));
    let Recorded { error, nothing } = result?;
    if args.command.is_empty() {
        return Ok(Exit::Passed);
    }
    let exit = verify::verify_after_recording(&args.capture)?;
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
            limits,
        })
    }

    /// The options of the capture writer.
    pub(super) fn writer_options(&self, upstream: &Upstream) -> (Durability, WriterOptions) {
        let durability = Durability::from_name(&self.durability).unwrap_or_default();
        let challenge = self.challenge.clone().unwrap_or_default();
        let options = WriterOptions { durability, upstream: upstream.origin(), challenge, ..WriterOptions::default() };
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
async fn record(args: &Args) -> Result<Recorded, CliError> {
    let mut signals = Signals::new()?;
    let authority = Arc::new(args.ca.open()?);
    let listeners = Listeners::bind(args.listen, args.proxy_listen).await.map_err(CliError::new)?;
    let mut backend = Backend::of(args, &authority, args.profile.client_id.as_deref(), &listeners).await?;
    let config = args.recorder_config(&backend.upstream)?;
    listeners.check(&config).await.map_err(CliError::new)?;
    let (durability, options) = args.writer_options(&backend.upstream);
    let session = args.profile.session()?;
    let is_new = !args.capture.exists();
    let writer = Writer::open(&args.capture, options).map_err(|e| CliError::new(e.to_string()))?;
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
    };
    out(&if args.command.is_empty() { info.text() } else { info.brief() });
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
        out(&format!("Next: poscert verify {}\n", word(&args.capture)));
    }
    Ok(Recorded { error, nothing: nothing.is_some() })
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

/// The backend: an upstream or the embedded sandbox.
pub(super) struct Backend {
    pub(super) upstream: Upstream,
    pub(super) sandbox: Option<Sandbox>,
    /// The sandbox's gate, which rejects requests that do not come from the recorder.
    pub(super) gate: Option<Arc<Gate>>,
    events: Option<mpsc::Receiver<String>>,
    serving: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl Backend {
    /// Opens the backend. `client`: the client id, which the embedded sandbox will accept. `listeners`: the recorder's.
    pub(super) async fn of(
        args: &Args,
        authority: &Authority,
        client: Option<&str>,
        listeners: &Listeners,
    ) -> Result<Backend, CliError> {
        match args.elsewhere()? {
            Some(upstream) => Ok(Backend { upstream, sandbox: None, gate: None, events: None, serving: None }),
            None => {
                let backend = Backend::embedded(args.poll_delay, authority, client, listeners).await?;
                // The sandbox requires the client certificate that was generated for it, not that of --upstream-cert.
                let identity = backend.upstream.identity.clone();
                Ok(Backend { upstream: Upstream { identity, ..args.on_its_way(backend.upstream)? }, ..backend })
            }
        }
    }

    async fn embedded(
        poll_delay_ms: u64,
        authority: &Authority,
        client: Option<&str>,
        listeners: &Listeners,
    ) -> Result<Backend, CliError> {
        let failed = |why: String| CliError::new(format!("cannot start the embedded sandbox: {why}"));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|e| failed(e.to_string()))?;
        let address = listener.local_addr().map_err(|e| failed(e.to_string()))?;
        let tls = authority.server_config_asking_clients(&[Name::Ip(address.ip())]).map_err(|e| failed(e.0))?;
        let ClientCertificate { chain, key } = ClientCertificate::generate().map_err(|e| failed(e.0))?;
        let recorder = chain.first().cloned().unwrap_or_else(|| Vec::new().into());
        let identity = ClientIdentity::new(chain, key).map_err(|e| failed(e.to_string()))?;
        let trust = Trust::Roots(vec![authority.certificate().clone()]);
        let upstream = Upstream::parse(&format!("https://{address}/pos/v10"), trust).map_err(failed)?;
        let also = HOSTS.map(str::to_owned).to_vec();
        let upstream = Upstream { identity: Arc::new(identity), also, ..upstream };
        // Clients that reach the sandbox's port are on this machine.
        let here = |address| nearby(address).to_string();
        let base_url = format!("https://{}/pos/v10", here(listeners.base_addr));
        let (gate, events) = Gate::new(recorder, base_url, format!("http://{}", here(listeners.proxy_addr)));
        let gate = Arc::new(gate);
        let options = SandboxOptions { poll_delay_ms, ..SandboxOptions::default() };
        let sandbox = Sandbox::new(match client {
            Some(client) => options.with_client(client),
            None => options,
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let (serving, behind) = (sandbox.clone(), gate.clone());
        let serving = tokio::spawn(async move {
            let stopped = async {
                let _ = stopped.await;
            };
            serving.serve_behind(listener, tls, Some(behind), stopped).await;
        });
        let (gate, serving) = (Some(gate), Some((stop, serving)));
        Ok(Backend { upstream, sandbox: Some(sandbox), gate, events: Some(events), serving })
    }

    /// Lets the recorder record requests that reached the sandbox directly.
    pub(super) fn tell(&mut self, running: &ProxyHandle) {
        if let Some(events) = self.events.take() {
            running.record_events(BYPASSED, events);
        }
    }

    pub(super) async fn stop(self) {
        if let Some((stop, serving)) = self.serving {
            let _ = stop.send(());
            let _ = serving.await;
        }
    }
}
