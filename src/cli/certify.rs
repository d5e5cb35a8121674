//! `poscert certify`: identification, selection, the cases with their faults and the simulated customer, and at the end
//! the verdict on what was recorded.

mod past;

use super::greeting::{Greeting, ready_file};
use super::live::{Lines, print, tell};
use super::record::{self, Backend, FAREWELL, Signals};
use super::verify;
use super::{Exit, Failure};
use crate::capture::record::Session;
use crate::capture::{Record, Writer};
use crate::certify::course::{Course, Planned};
use crate::certify::customer;
use crate::certify::line::Line;
use crate::certify::session::untold;
use crate::certify::{Conductor, Guided, Identification};
use crate::proxy::{self, Running};
use crate::rules::RuleSet;
use crate::rules::model::Waits;
use crate::verify::{Judge, Options, Survey, Target};
use past::Past;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

/// How long a driver may take to finish what it is at, when all is done.
const LAST_ACT: Duration = Duration::from_secs(30);

/// Arguments of `poscert certify`.
#[derive(clap::Args)]
#[group(id = "certify")]
#[command(after_help = "\
Examples:
  poscert certify                                   with a person at the till, and an embedded sandbox
  poscert certify --session session.toml --capture my-till
  poscert certify --unattended --features onboarding,payment -- poscert till drive
                                                    the command is told what to do by lines of JSON

A session file: integrator-id, client-id, client-version, system-name and features, each as the flag of that name.
A capture that is there is gone on with, at the first case that was not passed.

Exit codes: 0 passed, 1 failed, 3 incomplete, 2 the command could not do its work.")]
pub struct Args {
    #[command(flatten)]
    record: record::Args,
    /// The name of the client system
    #[arg(long, value_name = "TEXT", env = "POSCERT_SYSTEM_NAME")]
    system_name: Option<String>,
    /// Who is certified for what, in TOML; what is given by flags counts more
    #[arg(long, value_name = "FILE", env = "POSCERT_SESSION")]
    session: Option<PathBuf>,
    /// Nobody is at the till: the command is its driver, and waits are short
    #[arg(long, env = "POSCERT_UNATTENDED")]
    unattended: bool,
    /// A command (for the shell) that is told by lines of JSON what to do on the till
    #[arg(long, value_name = "CMD", env = "POSCERT_DRIVER", conflicts_with = "command")]
    driver: Option<String>,
    /// Begin a new attempt: what was recorded before counts no more
    #[arg(long)]
    new_attempt: bool,
    /// The whole run takes no longer, in seconds [default: 1800 unattended, else no bound]
    #[arg(long, value_name = "SECONDS", env = "POSCERT_BOUND", value_parser = clap::value_parser!(u64).range(1..))]
    bound: Option<u64>,
    /// Rule files to go by, instead of the built-in ones
    #[arg(long, value_name = "DIR", env = "POSCERT_RULES")]
    rules: Option<PathBuf>,
}

pub fn run(args: Args) -> Result<Exit, Failure> {
    let session = Identification {
        integrator_id: args.record.profile.integrator_id.clone(),
        client_id: args.record.profile.client_id.clone(),
        client_version: args.record.profile.client_version.clone(),
        system_name: args.system_name.clone(),
        features: args.record.profile.features.clone(),
    };
    let session = match &args.session {
        Some(file) => session.or(session_file(file)?),
        None => session,
    };
    if args.unattended && args.driver.is_none() && args.record.command.is_empty() {
        return Err(Failure::new(
            "--unattended needs a command that drives the till: give one after `--`, such as `-- poscert till drive`",
        ));
    }
    // The rules are needed for as long as the process lives: the matcher at work borrows them.
    let rules: &'static RuleSet = Box::leak(Box::new(verify::load_rules(args.rules.as_deref())?));
    let waits = rules.waits.ok_or_else(|| {
        Failure::new("no rule file has the [guide] table, which says how long steps are waited for: see common.toml")
    })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(format!("cannot start its threads: {error}")))?;
    let result = runtime.block_on(certify(&args, session, rules, waits));
    // Whatever still hangs in a system call does not keep the process.
    runtime.shutdown_timeout(Duration::from_secs(1));
    result?;
    verify::say_verdict(&verify::judge(&args.record.capture, rules, &Options::default())?)
}

fn session_file(file: &PathBuf) -> Result<Identification, Failure> {
    let text = std::fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("--session {}: cannot be read ({error})", file.display())))?;
    Identification::parse(&text).map_err(|why| Failure::new(format!("--session {}: {why}", file.display())))
}

async fn certify(args: &Args, told: Identification, rules: &'static RuleSet, waits: Waits) -> Result<(), Failure> {
    let mut signals = Signals::new()?;
    let recorded = &args.record;
    let past = Past::read(&recorded.capture)?;
    let session = told.or(past.identification()).check().map_err(Failure::new)?;
    let ended_as = if args.new_attempt { past.ended_as(rules)? } else { String::new() };
    let authority = Arc::new(recorded.ca.open()?);
    let backend = Backend::of(recorded, &authority).await?;
    let config = recorded.recorder_config(&backend.upstream)?;
    let (durability, options) = recorded.writer_options(&backend.upstream);
    let writer = Writer::open(&recorded.capture, options).map_err(|e| Failure::new(e.to_string()))?;
    let (conductor, running) = match begin(args, &past, &session, ended_as, rules, waits, &writer).await {
        Ok(conductor) => {
            let lines = Arc::new(Lines { out: tell, quiet: true });
            let faults = conductor.clone();
            match proxy::start(config.clone(), authority.clone(), writer.clone(), faults, lines).await {
                Ok(running) => (conductor, running),
                Err(sentence) => return Err(closed(&writer, Failure::new(sentence)).await),
            }
        }
        Err(failure) => return Err(closed(&writer, failure).await),
    };
    let greeting = Greeting {
        files: authority.files(),
        config: &config,
        base_addr: running.base_addr,
        proxy_addr: running.proxy_addr,
        capture: &recorded.capture,
        durability,
        sandbox: backend.sandbox.as_ref(),
    };
    let out: fn(&str) = if driven(args) { tell } else { print };
    out(&if driven(args) { greeting.brief() } else { greeting.text() });
    out(&introduction(&session));
    let ready = recorded.ready_file.as_deref().map_or(Ok(()), |file| ready_file(file, &greeting));
    let worked = match ready {
        Ok(()) => {
            let guided = Stage { args, conductor, writer: writer.clone(), backend: &backend, out };
            guided.work(&greeting, &running, &mut signals).await
        }
        Err(failure) => Err(failure),
    };
    let stopped = running.stop().await.map_err(Failure::new);
    backend.stop().await;
    worked.and(stopped)?;
    out(&record::farewell(&recorded.capture, &writer));
    Ok(())
}

/// Ends the run in good order: nothing was lost in it.
async fn closed(writer: &Writer, failure: Failure) -> Failure {
    let _ = writer.close().await;
    failure
}

/// Whether a command is told what to do.
fn driven(args: &Args) -> bool {
    args.driver.is_some() || !args.record.command.is_empty()
}

/// Writes the session, and the attempt if a new one begins; the matcher takes what was recorded before.
async fn begin(
    args: &Args,
    past: &Past,
    session: &Session,
    ended_as: String,
    rules: &'static RuleSet,
    waits: Waits,
    writer: &Writer,
) -> Result<Arc<Conductor>, Failure> {
    let append = async |record: Record| writer.append(record).await.map_err(|e| Failure::new(e.to_string()));
    append(Record::Session(session.clone())).await?;
    // As the rules: for as long as the process lives.
    let target: &'static Target =
        Box::leak(Box::new(Target::settle(&Options::default(), Some(session), &Survey::default(), rules)));
    let mut judge = Judge::new(rules, target, 1);
    let fault = |error: crate::rules::predicate::PredicateError| Failure::new(format!("rules: {error}"));
    if args.new_attempt && past.is_there() {
        append(Record::Attempt(past.next_attempt(ended_as))).await?;
    } else {
        for record in past.records()? {
            judge.take(&record?).map_err(fault)?;
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
    let course = Course::new(plan, waits, !args.unattended, Instant::now());
    let conductor = Conductor::new(rules, judge, course, past.next_number(), args.record.upstream.is_none())
        .map_err(Failure::new)?;
    Ok(Arc::new(conductor))
}

fn introduction(session: &Session) -> String {
    let untold = untold(session);
    let who = match untold.is_empty() {
        true => String::new(),
        false => format!("  not told       {}: the verdict takes what it can from the traffic\n", untold.join(", ")),
    };
    format!("Certification for {}\n{who}\n", session.features.join(", "))
}

/// A certification that is set up.
struct Stage<'a> {
    args: &'a Args,
    conductor: Arc<Conductor>,
    writer: Writer,
    backend: &'a Backend,
    out: fn(&str),
}

impl Stage<'_> {
    /// Until all cases were gone through, the command ends, a signal asks to stop, the bound is reached, or the store
    /// fails.
    async fn work(self, greeting: &Greeting<'_>, running: &Running, signals: &mut Signals) -> Result<(), Failure> {
        let mut driver = self.driver(greeting)?;
        let (lines, told) = mpsc::unbounded_channel::<Line>();
        let feeding =
            driver.as_mut().and_then(|driver| driver.stdin.take()).map(|stdin| tokio::spawn(feed(stdin, told)));
        let begun = Instant::now();
        let out = self.out;
        let stamp = move |line: &str| out(&format!("{:6.1} s  {line}\n", begun.elapsed().as_secs_f64()));
        let mut give = |line: &Line| {
            // A driver that does not listen any more has ended, which is seen elsewhere.
            let _ = lines.send(line.clone());
        };
        let backend = customer::Backend { sandbox: self.backend.sandbox.clone() };
        let guided = Guided {
            conductor: self.conductor.clone(),
            writer: self.writer.clone(),
            backend,
            tell: &mut give,
            say: &stamp,
        };
        let ended = tokio::select! {
            led = guided.run() => led.map_err(Failure::new),
            why = running.failed() => {
                Err(Failure::new(format!("recording stopped, and no more calls are taken: {why}")))
            }
            () = signals.stop() => {
                stamp("asked to stop before all cases were gone through");
                Ok(())
            }
            () = bound(self.args) => {
                stamp("the bound on the run is reached: what is left was not tested (--bound sets another)");
                Ok(())
            }
            why = gone(driver.as_mut()) => {
                stamp(&format!("the command {why} before all cases were gone through"));
                Ok(())
            }
        };
        let _ = lines.send(Line::end());
        drop(lines);
        if let Some(feeding) = feeding {
            let _ = tokio::time::timeout(FAREWELL, feeding).await;
        }
        if let Some(mut driver) = driver
            && tokio::time::timeout(LAST_ACT, driver.wait()).await.is_err()
        {
            stamp("the command did not end in time and was stopped");
            let _ = driver.kill().await;
        }
        ended
    }

    /// Starts the command, if there is one.
    fn driver(&self, greeting: &Greeting<'_>) -> Result<Option<Child>, Failure> {
        let given = &self.args.record.command;
        let (mut command, named) = match (&self.args.driver, given.split_first()) {
            (Some(line), _) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(line);
                (shell, line.clone())
            }
            (None, Some((program, arguments))) => {
                let mut command = Command::new(program);
                command.args(arguments);
                (command, program.clone())
            }
            (None, None) => return Ok(None),
        };
        command.envs(greeting.variables()).kill_on_drop(true);
        if self.args.unattended || self.args.driver.is_some() {
            command.stdin(Stdio::piped());
        }
        let child = command.spawn().map_err(|e| Failure::new(format!("cannot start `{named}`: {e}")))?;
        Ok(Some(child))
    }
}

/// Writes the lines to the driver as they come.
async fn feed(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<Line>) {
    while let Some(line) = lines.recv().await {
        let text = format!("{}\n", line.json());
        let written = async {
            stdin.write_all(text.as_bytes()).await?;
            stdin.flush().await
        };
        if written.await.is_err() {
            return;
        }
    }
}

async fn bound(args: &Args) {
    match args.bound.or(args.unattended.then_some(1800)) {
        Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}

/// Waits until the command has ended; for ever, where there is none.
async fn gone(driver: Option<&mut Child>) -> String {
    match driver {
        Some(driver) => match driver.wait().await {
            Ok(status) => format!("ended with {status}"),
            Err(error) => format!("cannot be waited for ({error})"),
        },
        None => std::future::pending().await,
    }
}
