//! One file per subcommand: arguments in, exit code out.
//!
//! A subcommand returns [`Exit`] or a [`CliError`]; only this file prints failures and turns them into exit codes
//! (`0` passed, `1` failed, `3` incomplete, `2` the command could not do its work, `4` a started command failed).

mod addresses;
mod ca;
mod certify;
mod check_certificate;
mod child;
mod compare;
mod demo;
mod environment;
mod export;
mod ledger;
mod limits;
mod paths;
mod record;
mod rules;
mod sandbox;
mod seal;
mod show;
mod signals;
mod signing_key;
mod startup_message;
mod till;
mod traffic_log;
mod unrecorded;
mod upstream;
mod verify;
mod verify_input;

use crate::report::wording;
use clap::{Parser, Subcommand};
use std::fmt;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// SIGXFSZ (setrlimit(2)): the same number on Linux and macOS.
const FILE_TOO_LONG: i32 = 25;
/// The most that is shown of a failure, in characters.
const LONGEST_FAILURE: usize = 4000;

/// How a command ended, for the shell that called it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Passed, or done.
    Passed,
    /// The client failed.
    Failed,
    /// Something was not shown.
    Incomplete,
    /// The recording passed, but the command that was started ended with an error of its own.
    CommandFailed,
}

impl Exit {
    /// The exit code that `contract.md` promises.
    pub fn code(self) -> u8 {
        match self {
            Exit::Passed => 0,
            Exit::Failed => 1,
            Exit::Incomplete => 3,
            Exit::CommandFailed => 4,
        }
    }
}

/// Why a command could not do its work: one sentence that says what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CliError(pub String);

impl CliError {
    /// A failure in one sentence.
    pub fn new(sentence: impl Into<String>) -> CliError {
        CliError(sentence.into())
    }

    /// The refusal of what a later version will do.
    pub fn not_yet(what: &str) -> CliError {
        CliError(format!("{what} is not built yet in version {}", env!("CARGO_PKG_VERSION")))
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Parser)]
#[command(name = "poscert", version, about, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// See it all work: sandbox, recorder, reference client, verdict
    Demo(demo::Args),
    /// Record what a client says to the API
    Record(Box<record::Args>),
    /// Judge a capture
    Verify(verify::Args),
    /// Look at the exchanges of a capture
    Show(show::Args),
    /// Run the simulated PoS API v10
    Sandbox(sandbox::Args),
    /// Drive the reference client by hand
    Till(till::Args),
    /// List, explain and check the rules
    Rules(rules::Args),
    /// Show the local CA, and how to make a client trust it
    Ca(ca::Args),
    /// Be led through the cases of a certification
    Certify(Box<certify::Args>),
    /// Write a capture as one file: a sealed archive, or a HAR
    Export(export::Args),
    /// Add a signature to an archive
    Seal(seal::Args),
    /// Not built yet: serve recorded answers to a client
    Replay(NotYet),
    /// Certificates given: list them, ask for a build, revoke one
    Ledger(ledger::Args),
}

/// The arguments of a command that is not built yet: whatever they are.
#[derive(clap::Args)]
#[command(disable_help_flag = true)]
struct NotYet {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _rest: Vec<String>,
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    outlive_file_size_limits();
    match run(cli.command) {
        Ok(exit) => ExitCode::from(exit.code()),
        Err(failure) => {
            traffic_log::tell(&format!("poscert: {}\n", shown(&failure.0)));
            ExitCode::from(2)
        }
    }
}

/// A failure as a terminal can show it: what stands in a foreign file does not act on it, and does not fill it.
fn shown(sentence: &str) -> String {
    let lines: Vec<String> = sentence.lines().map(wording::safe).collect();
    let mut shown = lines.join("\n");
    if let Some((end, _)) = shown.char_indices().nth(LONGEST_FAILURE) {
        shown.truncate(end);
        shown.push_str(" ...");
    }
    shown
}

/// A file-size limit is from here on an error of a write, and not the end of the process (setrlimit(2)).
fn outlive_file_size_limits() {
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() {
        let _here = runtime.enter();
        // The handler stays when this is gone.
        let _ = signal(SignalKind::from_raw(FILE_TOO_LONG));
    }
}

/// Prints to standard output; a reader that went away ends the program's output quietly.
fn print(text: &str) -> Result<(), CliError> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::new(format!("standard output cannot be written ({error}); redirect it to a file with space")))
        }
        _ => Ok(()),
    }
}

fn run(command: Command) -> Result<Exit, CliError> {
    match command {
        Command::Demo(args) => demo::run(args),
        Command::Record(args) => record::run(*args),
        Command::Verify(args) => verify::run(args),
        Command::Show(args) => show::run(args),
        Command::Sandbox(args) => sandbox::run(args),
        Command::Till(args) => till::run(args),
        Command::Rules(args) => rules::run(args),
        Command::Ca(args) => ca::run(args),
        Command::Certify(args) => certify::run(*args),
        Command::Export(args) => export::run(args),
        Command::Seal(args) => seal::run(args),
        Command::Replay(_) => Err(CliError::not_yet("`replay`")),
        Command::Ledger(args) => ledger::run(args),
    }
}
