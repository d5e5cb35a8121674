//! The command line: all commands, the presentation of their help, and the values of `poscert.toml`.

use super::config_file::{self, ConfigFile};
use super::help;
use super::terminal::{ColorChoice, tell};
use super::{
    CliError, ca, certify, completions, demo, export, ledger, record, rules, sandbox, schema, seal, show, till,
};
use super::{man, verify};
use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

#[derive(Parser)]
#[command(name = "poscert", version, about, propagate_version = true, max_term_width = 100)]
#[command(after_help = "Start with `poscert demo`, or with `poscert certify` for a client of your own.")]
#[command(after_long_help = "\
Start with `poscert demo`, or with `poscert certify` for a client of your own.

Defaults for the options of all commands can be kept in `poscert.toml` in the working directory. A
flag takes precedence, then an environment variable, then the file:
  capture = \"my-till\"              for every command with --capture
  [record]
  listen = \"127.0.0.1:9000\"        for `poscert record`
  [ledger.check]
  feature = [\"payment\"]            for `poscert ledger check`

Results go to standard output, progress to standard error.")]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
    /// When to color output: auto, always or never
    #[arg(
        long,
        global = true,
        value_enum,
        default_value_t,
        hide_possible_values = true,
        value_name = "WHEN",
        help_heading = "Global options"
    )]
    pub(super) color: ColorChoice,
    /// File with default options, or `none` [default: poscert.toml in the working directory, if it exists]
    #[arg(long, global = true, value_name = "FILE", env = "POSCERT_CONFIG", help_heading = "Global options")]
    pub(super) config: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Run a demo: sandbox, recorder, reference client and verdict
    Demo(demo::Args),
    /// Run a guided certification
    Certify(Box<certify::Args>),
    /// Record the calls of a client to the API
    Record(Box<record::RecordArgs>),
    /// Evaluate captures and report the verdict
    Verify(verify::Args),
    /// Show the exchanges of a capture
    Show(show::Args),
    /// Export a capture as a signed archive or a HAR file
    Export(export::Args),
    /// Add a signature to an archive
    Seal(seal::Args),
    /// List, check and revoke issued certificates
    Ledger(ledger::Args),
    /// List, explain, check and test the rules
    Rules(rules::Args),
    /// Print the JSON Schema of a kind of file
    Schema(schema::Args),
    /// Run the simulated PoS API v10
    Sandbox(sandbox::Args),
    /// Run the reference client
    Till(till::Args),
    /// Show the local CA and how to make a client trust it
    Ca(ca::Args),
    /// Print a completion script for a shell
    Completions(completions::Args),
    /// Print or write the manual pages
    Man(man::Args),
}

/// Why there is no command to run.
pub(super) enum Refusal {
    /// Help or version was requested, or the arguments are wrong.
    Arguments(clap::Error),
    /// The file with default options is wrong.
    Config(CliError),
}

/// The whole command line, as parsed, completed and documented.
pub(super) fn command() -> clap::Command {
    help::present(Cli::command())
}

/// Parses arguments and the defaults of `poscert.toml`.
///
/// # Errors
/// Wrong arguments, a wrong file, or a request for help.
pub(super) fn parse(arguments: Vec<OsString>) -> Result<Cli, Refusal> {
    let command = command().color(color(&arguments).into());
    // The arguments alone, whatever they lack: they tell which file to read and which options are given.
    let given = command.clone().ignore_errors(true).try_get_matches_from(&arguments).map_err(Refusal::Arguments)?;
    let named = given.get_one::<PathBuf>("config");
    let file = config_file::find(named.map(PathBuf::as_path)).map_err(Refusal::Config)?;
    let defaults = match &file {
        Some(file) => file.defaults(&command, &given).map_err(Refusal::Config)?,
        None => Vec::new(),
    };
    let added: Vec<OsString> = defaults.iter().flat_map(|default| default.arguments.clone()).collect();
    let matches = command.try_get_matches_from(with_defaults(arguments, added)).map_err(|error| {
        let place = file.as_ref().and_then(|file| blamed(&error, file, &defaults));
        place.map_or(Refusal::Arguments(error), Refusal::Config)
    })?;
    if let (Some(file), false) = (&file, defaults.is_empty()) {
        let names: Vec<String> = defaults.iter().map(|default| format!("--{}", default.option)).collect();
        tell(&format!("poscert: {} sets {}\n", file.path.display(), names.join(", ")));
    }
    Cli::from_arg_matches(&matches).map_err(Refusal::Arguments)
}

/// Arguments with more options before `--`, which ends the options of poscert.
fn with_defaults(mut arguments: Vec<OsString>, added: Vec<OsString>) -> Vec<OsString> {
    let end = arguments.iter().position(|argument| argument == "--").unwrap_or(arguments.len());
    arguments.splice(end..end, added);
    arguments
}

/// `--color`, needed before the arguments are parsed: for the errors of the parser.
fn color(arguments: &[OsString]) -> ColorChoice {
    let own = arguments.iter().take_while(|argument| *argument != "--").filter_map(|argument| argument.to_str());
    let own: Vec<&str> = own.collect();
    let value = own.iter().enumerate().rev().find_map(|(at, argument)| match *argument {
        "--color" => own.get(at + 1).copied(),
        argument => argument.strip_prefix("--color="),
    });
    value.and_then(|value| clap::ValueEnum::from_str(value, false).ok()).unwrap_or_default()
}

/// The error about a value of the file, with its place; `None` if the value is not from the file.
fn blamed(error: &clap::Error, file: &ConfigFile, defaults: &[config_file::Default]) -> Option<CliError> {
    let Some(ContextValue::String(about)) = error.get(ContextKind::InvalidArg) else { return None };
    let is_named = |default: &&config_file::Default| {
        let rest = about.strip_prefix(&format!("--{}", default.option));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '=', '[']))
    };
    let default = defaults.iter().find(is_named)?;
    let text = error.to_string();
    let first = text.lines().next().unwrap_or_default();
    let sentence = first.strip_prefix("error: ").unwrap_or(first);
    Some(CliError::new(format!("{}:{}: {sentence}", file.path.display(), default.place)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn defaults_come_before_the_command_to_start() {
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(with_defaults(words("p record -- x --"), words("--q")), words("p record --q -- x --"));
        assert_eq!(with_defaults(words("p record"), words("--q")), words("p record --q"));
    }

    #[test]
    fn color_is_read_before_parsing() {
        let of = |line: &str| color(&line.split(' ').map(OsString::from).collect::<Vec<_>>());
        assert_eq!(of("p verify --color never x"), ColorChoice::Never);
        assert_eq!(of("p --color=always"), ColorChoice::Always);
        assert_eq!(of("p record -- x --color always"), ColorChoice::Auto);
        assert_eq!(of("p --color sometimes"), ColorChoice::Auto);
    }
}
