//! `poscert certify`: a guided certification, from identification through the cases to verdict and certificate.

mod console;
mod driver;
mod finish;
mod identification_args;
mod page;
mod resume;
mod session_run;

use super::child::CommandError;
use super::local_pages;
use super::record;
use super::signals::Signals;
use super::startup_message::{StartupInfo, base_url, ready_file};
use super::terminal::tell;
use super::traffic_log::Lines;
use super::unrecorded::ConnectionFailures;
use super::{CliError, Exit, ledger, verify_input};
use crate::capture::record::{AttemptStart, Session};
use crate::capture::{Record, Writer};
use crate::certify::action::Planned;
use crate::certify::credentials::Secrets;
use crate::certify::director::ResumeState;
use crate::certify::identification::{kept, missing_fields};
use crate::certify::issue::CUT_OFF;
use crate::certify::notify::Notifier;
use crate::certify::page::page_state::ActiveCertification;
use crate::certify::pos_registry::PosRegistry;
use crate::certify::schedule::{Schedule, StepTimeouts};
use crate::certify::{Director, Identification, Page};
use crate::proxy::{self, Fanout, Listeners, Observer};
use crate::rules::RuleSet;
use crate::rules::guidance::Timeouts;
use crate::verify::clock::Clock;
use crate::verify::verdict::Outcome;
use crate::verify::{ClientInference, Evaluator, Options, Target};
use identification_args::{IdentificationArgs, access};
use resume::PreviousRuns;
use session_run::SessionRun;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Arguments of `poscert certify`.
#[derive(clap::Args)]
#[group(id = "certify")]
#[command(after_help = "Example:\n  poscert certify --features onboarding,payment --capture my-till")]
#[command(after_long_help = "\
Examples:
  poscert certify                      with an operator, the web page and an embedded sandbox
  poscert certify --session session.toml --capture my-till
  poscert certify --unattended --features onboarding,payment -- poscert till drive
                                       the command reads actions as JSON lines
  poscert certify --unattended --wait 60 -- ./drive-my-slow-till
                                       waits 60 s for each step, 360 s for the first call

Keys of a session file: integrator-id, client-id, production-client-id, client-version, system-name,
features, token-file, client-secret-file, merchant-vat, callback-alias, callback-url and wait. Each
means the same as its flag.
An existing capture is resumed at the first case that has not passed.
With an operator, the web page guides through the cases. It first asks for what flags, file and
capture do not provide.
Commands on standard input, one per line: again CASE, skip, start over, notify, end.
If the verdict is passed, the signed archive, the certificate and its page are written to a
directory next to the capture, and the certificate is added to the ledger.

Exit codes: 0 passed, 1 failed, 3 incomplete, 2 error in poscert, 4 passed but the driver command
failed (then no certificate is issued).")]
pub(super) struct Args {
    #[command(flatten)]
    record: record::Args,
    #[command(flatten)]
    identified: IdentificationArgs,
    /// Run without an operator: the driver command performs the actions, and waits are short
    #[arg(long, help_heading = "Certification", env = "POSCERT_UNATTENDED")]
    unattended: bool,
    /// Shell command that reads actions as JSON lines and performs them on the till
    #[arg(
        long,
        help_heading = "Certification",
        value_name = "CMD",
        env = "POSCERT_DRIVER",
        conflicts_with = "command"
    )]
    driver: Option<OsString>,
    #[command(flatten)]
    page: page::PageArgs,
    /// Start a new certification attempt; earlier exchanges no longer count
    #[arg(long, help_heading = "Certification")]
    new_attempt: bool,
    /// Time limit of the run, in seconds [default: with --unattended 1800, more in proportion to a longer --wait;
    /// otherwise no limit]
    #[arg(long, help_heading = "Certification", hide_short_help = true, visible_alias = "time-limit", value_name = "SECONDS", env = "POSCERT_BOUND", value_parser = clap::value_parser!(u64).range(1..))]
    bound: Option<u64>,
    /// Directory of rule files to use instead of the built-in rules
    #[arg(long, help_heading = "Certification", hide_short_help = true, value_name = "DIR", env = "POSCERT_RULES")]
    rules: Option<PathBuf>,
    /// Key that signs archive and certificate, created at first use [default: signing-key.pem in the user's data
    /// directory]
    #[arg(long, help_heading = "Certification", hide_short_help = true, value_name = "FILE", env = "POSCERT_KEY")]
    key: Option<PathBuf>,
    #[command(flatten)]
    ledger: ledger::Place,
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    let identified = args.identified.identification(&args.record.profile)?;
    if args.unattended && args.driver.is_none() && args.record.command.is_empty() {
        return Err(CliError::new(
            "--unattended needs a driver command: add one after `--`, such as `-- poscert till drive`",
        ));
    }
    // The evaluator borrows the rules for the rest of the process.
    let rules: &'static RuleSet =
        Box::leak(Box::new(verify_input::load_rules(args.rules.as_deref(), args.record.api.profile()?)?));
    let waits = rules.waits;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| CliError::new(format!("cannot start the async runtime: {error}")))?;
    let result = runtime.block_on(runs(args, identified, rules, waits));
    // Do not wait for threads that block in a system call.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result
}

/// Runs the certification, and again if the operator asks for it on the page with the verdict.
async fn runs(
    mut args: Args,
    identified: Identification,
    rules: &'static RuleSet,
    waits: Timeouts,
) -> Result<Exit, CliError> {
    let mut signals = Signals::new()?;
    let mut page = None;
    loop {
        let run = certify(&args, identified.clone(), (rules, waits), page.take(), &mut signals).await?;
        let end =
            finish::CertifyResult::of(&args.record.capture, rules, args.key.as_deref(), &args.ledger, run.driver)?;
        // If all cases had passed before, there was nothing to record.
        if end.verdict().verdict != Outcome::Passed {
            tell(&run.nothing.unwrap_or_default());
        }
        let exit = end.say(&args.record.capture)?;
        let Some(open) = run.page else { return end.result(exit) };
        let resumed = page::approve(&args, &open, end.verdict(), end.sentences(), end.offers(), &mut signals).await?;
        let Some(new_attempt) = resumed else { return end.result(exit) };
        args.new_attempt = new_attempt;
        // The till keeps its settings.
        [args.record.listen, args.record.proxy_listen] = run.addresses;
        page = Some(open);
    }
}

/// A finished run.
struct FinishedRun {
    /// The page to show the verdict on.
    page: Option<Page>,
    /// The error of the driver.
    driver: Option<CommandError>,
    /// The explanation to print if nothing was recorded.
    nothing: Option<String>,
    /// The addresses of base URL and proxy.
    addresses: [SocketAddr; 2],
}

/// Runs the certification. `page`: that of the run before.
async fn certify(
    args: &Args,
    identified: Identification,
    (rules, waits): (&'static RuleSet, Timeouts),
    page: Option<Page>,
    signals: &mut Signals,
) -> Result<FinishedRun, CliError> {
    let recorded = &args.record;
    let previous = PreviousRuns::read(&recorded.capture)?;
    let before = previous.identification();
    let to_be_asked = !args.unattended && !driven(args) && before == Identification::default();
    let identified = identified.or(before);
    identified.check(rules.profile).map_err(CliError::new)?;
    // If a certificate can be issued, check before recording that the ledger accepts an entry.
    if rules.builtin && (to_be_asked || identified.integrator_id.is_some()) {
        args.ledger.ready()?;
    }
    proxy::can_listen(recorded.listen, recorded.proxy_listen).await.map_err(CliError::new)?;
    let page = match page {
        Some(page) => Some(page),
        None => page::open(args, rules, &identified).await?,
    };
    let (identified, keys) = match page.as_ref().filter(|_| to_be_asked && !identified.is_whole()) {
        Some(page) => asked(page, signals).await?,
        None => (identified, Secrets::default()),
    };
    let session = identified.check(rules.profile).map_err(CliError::new)?;
    let callback = args.identified.callback(&identified)?;
    let ended_as = if args.new_attempt { previous.ended_as(rules)? } else { String::new() };
    let warning = if args.new_attempt { None } else { previous.warning(rules)? };
    let authority = Arc::new(recorded.ca.open()?);
    let listeners = Listeners::bind(recorded.listen, recorded.proxy_listen).await.map_err(CliError::new)?;
    let mut backend = recorded.backend(&authority, identified.client_id.as_deref(), &listeners).await?;
    let mut config = recorded.recorder_config(&backend.upstream)?;
    let version = session.client_version.as_deref();
    let base_url = base_url(&config, listeners.base_addr);
    config.pages = local_pages::pages(&base_url, authority.files(), backend.sandbox.as_ref(), version);
    config.private.extend(page.as_ref().map(Page::address));
    listeners.check(&config).await.map_err(CliError::new)?;
    let access = access(&identified, keys, &session, &backend.upstream)?;
    if let Some(access) = &access {
        access.try_it().await.map_err(CliError::new)?;
    }
    let side = args.identified.side(backend.sandbox.clone(), &backend.upstream, access.clone())?;
    let (durability, options) = recorded.writer_options(&backend.upstream, rules.profile);
    let writer = Writer::open(&recorded.capture, options).map_err(|e| CliError::new(e.to_string()))?;
    let failures = Arc::new(ConnectionFailures::default());
    let (director, running) = match begin(args, (&previous, ended_as), (&identified, &session), (rules, waits), &writer)
        .await
    {
        Ok(director) => {
            let lines: Arc<dyn Observer> = Arc::new(Lines { out: tell, quiet: true });
            let watch = Arc::new(Fanout(page.iter().map(Page::watch).chain([lines, failures.clone() as _]).collect()));
            let faults = director.clone();
            let started = proxy::start_on(listeners, config.clone(), authority.clone(), writer.clone(), faults, watch);
            match started {
                Ok(running) => (director, running),
                Err(sentence) => return Err(closed(&writer, CliError::new(sentence)).await),
            }
        }
        Err(failure) => return Err(closed(&writer, failure).await),
    };
    backend.tell(&running);
    let info = StartupInfo {
        files: authority.files(),
        config: &config,
        base_addr: running.base_addr,
        proxy_addr: running.proxy_addr,
        capture: &recorded.capture,
        durability,
        sandbox: backend.sandbox.as_ref(),
        page: page.as_ref().map(Page::url),
        client_version: version.map(str::to_owned),
    };
    let out: fn(&str) = tell;
    out(&match &page {
        _ if driven(args) => info.brief(),
        // The page has the other instructions for connecting a client.
        Some(_) => info.brief() + &info.trial(),
        None => info.text(),
    });
    out(&introduction(&session));
    if !previous.is_complete() {
        let anew = if args.new_attempt { "A new attempt does not change that. " } else { "" };
        out(&format!("{CUT_OFF}\n{anew}To get a certificate, start with a new capture directory (--capture).\n\n"));
    }
    if let Some(warning) = &warning {
        out(&format!("Note: {warning}.\n\n"));
    }
    let ready = recorded.ready_file.as_deref().map_or(Ok(()), |file| ready_file(file, &info));
    let worked = match ready {
        Ok(()) => {
            let writer = writer.clone();
            let alias = identified.callback_alias.clone();
            let notifier = Notifier { callback, alias, access, director: director.clone(), writer: writer.clone() };
            if let Some(page) = &page {
                let reach = page::reach(args, &info, session.client_version.as_deref());
                let notify = notifier.callback.is_some().then(|| notifier.clone().for_people());
                page.begins(ActiveCertification {
                    director: director.clone(),
                    session: session.clone(),
                    reach,
                    writer: writer.clone(),
                    notify,
                    before: previous.exchanges(),
                    new_attempt: args.new_attempt,
                    cut_off: !previous.is_complete(),
                });
                warning.iter().for_each(|warning| page.log(&format!("note: {warning}")));
            }
            let page = page.as_ref();
            let (usual_wait, wait) = (waits.unattended_s, identified.wait);
            let guided = SessionRun { args, director, writer, side, notifier, out, page, usual_wait, wait };
            guided.work(&info, &running, signals).await
        }
        Err(failure) => Err(failure),
    };
    let addresses = [running.base_addr, running.proxy_addr];
    let stopped = running.stop().await.map_err(CliError::new);
    let nothing = failures.nothing(&info, backend.gate.as_deref());
    backend.stop().await;
    let error = worked.and_then(|error| stopped.map(|()| error))?;
    out(&record::stop_message(&recorded.capture, &writer));
    Ok(FinishedRun { page, driver: error, nothing, addresses })
}

/// Waits until the identification form on the page is submitted.
async fn asked(page: &Page, signals: &mut Signals) -> Result<(Identification, Secrets), CliError> {
    tell(&format!("To start the certification, fill in the form on the page:\n  {}\n\n", page.url()));
    tokio::select! {
        identified = page.begun() => Ok(identified),
        () = signals.stop() => {
            Err(CliError::new("interrupted before the certification started: nothing was recorded"))
        }
    }
}

/// Closes the capture after a failed start: the run is complete, nothing was lost in it.
async fn closed(writer: &Writer, failure: CliError) -> CliError {
    let _ = writer.close().await;
    failure
}

/// Whether a driver command performs the actions.
fn driven(args: &Args) -> bool {
    args.driver.is_some() || !args.record.command.is_empty()
}

/// Appends the session record, and an attempt record with `--new-attempt`; otherwise replays the capture into the
/// evaluator.
async fn begin(
    args: &Args,
    (previous, ended_as): (&PreviousRuns, String),
    (identified, session): (&Identification, &Session),
    (rules, waits): (&'static RuleSet, Timeouts),
    writer: &Writer,
) -> Result<Arc<Director>, CliError> {
    let append = async |record: Record| writer.append(record).await.map_err(|e| CliError::new(e.to_string()));
    append(Record::Session(kept(session, writer.redactor()))).await?;
    // Lives as long as the process, like the rules.
    let target: &'static Target =
        Box::leak(Box::new(Target::settle(&Options::default(), Some(session), &ClientInference::default(), rules)));
    let mut evaluator = Evaluator::new(rules, target, Clock::default());
    let fault = |error: crate::rules::predicate::PredicateError| CliError::new(format!("rules: {error}"));
    let next = writer.next_number();
    let (mut attempt, mut pos_registry) = (previous.attempts(), PosRegistry::default());
    if args.new_attempt && previous.is_there() {
        attempt += 1;
        append(Record::Attempt(AttemptStart { number: attempt, first_number: next, ended_as })).await?;
    } else {
        for record in previous.records()? {
            let record = record?;
            evaluator.take(&record).map_err(fault)?;
            match &record {
                Record::Exchange(exchange) => {
                    pos_registry.learn(exchange);
                }
                Record::Attempt(_) => pos_registry.forget(),
                _ => {}
            }
        }
    }
    let chosen = rules.features.iter().filter(|feature| target.features.contains(&feature.feature));
    let plan: Vec<Planned> = chosen
        .flat_map(|feature| &feature.cases)
        .map(|case| Planned {
            case: case.clone(),
            possible: case.needed_with.is_none_or(|with| target.features.contains(&with)),
        })
        .collect();
    let step_timeouts = StepTimeouts::of(waits, !args.unattended, identified.wait);
    let schedule = Schedule::new(plan, step_timeouts, Instant::now());
    let backend_reset = args.record.upstream.is_none();
    let before = ResumeState {
        evaluator,
        next,
        pos_registry,
        vat: identified.vat().map(str::to_owned),
        simulates_refusals: !backend_reset,
        backend_reset,
        attempt,
        complete: previous.is_complete(),
    };
    Ok(Arc::new(Director::new(rules, before, schedule).map_err(CliError::new)?))
}

fn introduction(session: &Session) -> String {
    let missing_fields = missing_fields(session);
    let who = if missing_fields.is_empty() {
        String::new()
    } else {
        format!("  not set        {}: inferred from the traffic where possible\n", missing_fields.join(", "))
    };
    format!("Certification for {}\n{who}\n", session.features.join(", "))
}
