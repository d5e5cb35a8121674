//! The subcommands, one file each.
//!
//! A subcommand returns [`Exit`] or a [`CliError`]; only this file prints errors and turns them into exit codes
//! (`0` passed, `1` failed, `2` error, `3` incomplete, `4` a started command failed).

mod addresses;
mod api_arg;
mod backend;
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
mod local_pages;
mod paths;
mod record;
mod rules;
mod rules_new;
mod rules_test;
mod sandbox;
mod schema;
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

/// SIGXFSZ (setrlimit(2)); the same number on Linux and macOS.
const FILE_TOO_LONG: i32 = 25;
/// Maximum length of a printed error, in characters.
const LONGEST_FAILURE: usize = 4000;

/// The result of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Passed or done.
    Passed,
    /// The client failed.
    Failed,
    /// Evidence is missing.
    Incomplete,
    /// The recording passed, but the started command failed.
    CommandFailed,
}

impl Exit {
    /// The exit code; documented and stable.
    pub(crate) fn code(self) -> u8 {
        match self {
            Exit::Passed => 0,
            Exit::Failed => 1,
            Exit::Incomplete => 3,
            Exit::CommandFailed => 4,
        }
    }
}

/// An error of a command: what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CliError(pub String);

impl CliError {
    /// An error with this message.
    pub(crate) fn new(sentence: impl Into<String>) -> CliError {
        CliError(sentence.into())
    }

    /// The error of a command that is not implemented.
    pub(crate) fn not_yet(what: &str) -> CliError {
        CliError(format!("{what} is not implemented in version {}", env!("CARGO_PKG_VERSION")))
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
    /// Run a demo: sandbox, recorder, reference client and verdict
    Demo(demo::Args),
    /// Record the calls of a client to the API
    Record(Box<record::RecordArgs>),
    /// Evaluate captures and report the verdict
    Verify(verify::Args),
    /// Show the exchanges of a capture
    Show(show::Args),
    /// Run the simulated PoS API v10
    Sandbox(sandbox::Args),
    /// Run the reference client
    Till(till::Args),
    /// List, explain, check and test the rules
    Rules(rules::Args),
    /// Print the JSON Schema of a kind of file
    Schema(schema::Args),
    /// Show the local CA and how to make a client trust it
    Ca(ca::Args),
    /// Run a guided certification
    Certify(Box<certify::Args>),
    /// Export a capture as a signed archive or a HAR file
    Export(export::Args),
    /// Add a signature to an archive
    Seal(seal::Args),
    /// Serve recorded responses to a client (not implemented)
    #[command(hide = true)]
    Replay(NotYet),
    /// List, check and revoke issued certificates
    Ledger(ledger::Args),
}

/// Arguments of a command that is not implemented; ignored.
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
            complain(&failure);
            ExitCode::from(2)
        }
    }
}

/// Prints an error as one sentence: what is wrong, where, and what to do.
fn complain(error: &CliError) {
    traffic_log::tell(&format!("error: {}\n", shown(&error.0)));
}

/// An error message for the terminal: text from foreign files is escaped, and the length is limited.
fn shown(sentence: &str) -> String {
    let lines: Vec<String> = sentence.lines().map(wording::safe).collect();
    let mut shown = lines.join("\n");
    if let Some((end, _)) = shown.char_indices().nth(LONGEST_FAILURE) {
        shown.truncate(end);
        shown.push_str(" ...");
    }
    shown
}

/// Turns exceeded file-size limits into write errors instead of a fatal signal (setrlimit(2)).
fn outlive_file_size_limits() {
    if let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() {
        let _here = runtime.enter();
        // The handler outlives this runtime.
        let _ = signal(SignalKind::from_raw(FILE_TOO_LONG));
    }
}

/// Prints to standard output; a closed pipe is not an error.
fn print(text: &str) -> Result<(), CliError> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(CliError::new(format!("cannot write to standard output: {error}; check the disk space of its target")))
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
        Command::Schema(args) => schema::run(&args),
        Command::Ca(args) => ca::run(args),
        Command::Certify(args) => certify::run(*args),
        Command::Export(args) => export::run(args),
        Command::Seal(args) => seal::run(args),
        Command::Replay(_) => Err(CliError::not_yet("`replay`")),
        Command::Ledger(args) => ledger::run(args),
    }
}
