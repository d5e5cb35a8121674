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
mod command_line;
mod compare;
mod completions;
mod config_file;
mod demo;
mod environment;
mod export;
mod help;
mod ledger;
mod limits;
mod local_pages;
mod man;
mod paths;
mod record;
mod recorded_command;
mod rules;
mod rules_new;
mod rules_test;
mod sandbox;
mod sandbox_data;
mod schema;
mod seal;
mod show;
mod signals;
mod signing_key;
mod startup_message;
mod terminal;
mod till;
mod traffic_log;
mod unrecorded;
mod upstream;
mod verify;
mod verify_input;

use crate::report::wording;
use command_line::{Command, Refusal};
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
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    let cli = match command_line::parse(std::env::args_os().collect()) {
        Ok(cli) => cli,
        Err(Refusal::Arguments(error)) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
        Err(Refusal::Config(failure)) => {
            complain(&failure);
            return ExitCode::from(2);
        }
    };
    cli.color.apply();
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
    terminal::tell(&format!("error: {}\n", shown(&error.0)));
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
        Command::Ledger(args) => ledger::run(args),
        Command::Completions(args) => completions::run(&args, command_line::command()),
        Command::Man(args) => man::run(&args, command_line::command()),
    }
}
