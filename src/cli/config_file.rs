//! `poscert.toml`: default options of all commands.
//!
//! A key is the name of an option. At the top it holds for every command that has the option; in the table of a
//! command, for that command and its subcommands. A value becomes an argument of the command line unless a flag or a
//! variable sets the option, so that all checks of the command line apply to it.

use super::CliError;
use crate::profile::toml_text::{distance, place};
use crate::seal::{bounded_read, io_reason};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Command};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::ops::Range;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The file that is read if it exists.
const DEFAULT: &str = "poscert.toml";
/// The value of `--config` for no file.
const NONE: &str = "none";
/// The maximum size of the file in bytes.
const LONGEST: u64 = 1024 * 1024;
/// Options that a file cannot set.
const NOT_IN_FILES: [&str; 3] = ["help", "version", "config"];
/// The largest distance of a word for which it is suggested.
const SIMILAR: usize = 3;

/// A file with default options.
#[derive(Debug)]
pub(super) struct ConfigFile {
    pub(super) path: PathBuf,
    text: String,
}

/// A value of the file that applies to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Default {
    /// The option, without `--`.
    pub(super) option: String,
    /// The arguments that set it; none for a flag that is false.
    pub(super) arguments: Vec<OsString>,
    /// Line and column of its key.
    pub(super) place: String,
}

/// The file of `--config`, else the default file if it exists.
///
/// # Errors
/// A file that cannot be read.
pub(super) fn find(named: Option<&Path>) -> Result<Option<ConfigFile>, CliError> {
    let path = match named {
        Some(path) if path.as_os_str() == NONE || path.as_os_str().is_empty() => return Ok(None),
        Some(path) => path,
        None if Path::new(DEFAULT).is_file() => Path::new(DEFAULT),
        None => return Ok(None),
    };
    let text = bounded_read::read_text(path, LONGEST).map_err(|error| {
        let (path, why) = (path.display(), io_reason(&error));
        CliError::new(format!("cannot read the file with default options {path}: {why}; check --config"))
    })?;
    Ok(Some(ConfigFile { path: path.to_owned(), text }))
}

impl ConfigFile {
    /// The values for the command of these arguments that no argument and no variable sets.
    ///
    /// # Errors
    /// The first mistake anywhere in the file, also in the tables of other commands.
    pub(super) fn defaults(&self, command: &Command, given: &ArgMatches) -> Result<Vec<Default>, CliError> {
        let fault = |span: Range<usize>, what: &str| {
            CliError::new(format!("{}:{}: {what}", self.path.display(), shown(&self.text, span.start)))
        };
        let table = DeTable::parse(&self.text)
            .map_err(|error| fault(error.span().unwrap_or(0..0), &error.message().replace('\n', " ")))?;
        check(table.get_ref(), command, &[]).map_err(|(span, what)| fault(span, &what))?;
        let (mut at, mut leaf, mut matches) = (Some(table.get_ref()), command, given);
        let mut found = BTreeMap::new();
        loop {
            for (key, value) in at.into_iter().flatten().filter(|(_, value)| !value.get_ref().is_table()) {
                // The table of the command itself comes last, and takes precedence.
                found.insert(key.get_ref().to_string(), (key.span(), value));
            }
            let Some((name, below)) = matches.subcommand() else { break };
            let Some(next) = leaf.find_subcommand(name) else { break };
            at = at.and_then(|table| table.get(name)).and_then(|value| value.get_ref().as_table());
            (leaf, matches) = (next, below);
        }
        let mut defaults = Vec::new();
        for (key, (span, value)) in found {
            let Some(arg) = option(leaf, &key).filter(|arg| is_open(leaf, matches, arg)) else { continue };
            let arguments = arguments(arg, &key, value).map_err(|(span, what)| fault(span, &what))?;
            defaults.push(Default { option: key, arguments, place: shown(&self.text, span.start) });
        }
        Ok(defaults)
    }
}

/// A mistake, and its position in bytes.
type Mistake = (Range<usize>, String);

/// Checks the keys of a table against the options of a command and its subcommands.
fn check(table: &DeTable<'_>, command: &Command, names: &[&str]) -> Result<(), Mistake> {
    for (key, value) in table {
        let word = key.get_ref().as_ref();
        let below = value.get_ref().as_table();
        let subcommand = command.find_subcommand(word).filter(|_| below.is_some());
        if let (Some(subcommand), Some(below)) = (subcommand, below) {
            check(below, subcommand, &[names, &[word]].concat())?;
            continue;
        }
        let mut known = Vec::new();
        options(command, &mut known);
        match known.iter().find(|(name, _)| name == word) {
            Some((_, arg)) => drop(arguments(arg, word, value)?),
            None => return Err((key.span(), unknown(word, names, command, &known))),
        }
    }
    Ok(())
}

fn unknown(word: &str, names: &[&str], command: &Command, known: &[(String, &Arg)]) -> String {
    let of = match names {
        [] => "no command has it".to_owned(),
        names => format!("`poscert {}` has no such option", names.join(" ")),
    };
    let commands = command.get_subcommands().map(Command::get_name);
    let all = known.iter().map(|(name, _)| name.as_str()).chain(commands);
    let near = all.map(|name| (distance(name, word), name)).filter(|(distance, _)| *distance <= SIMILAR).min();
    let hint = match near {
        Some((_, name)) => format!("did you mean `{name}`?"),
        None => "`--help` of a command lists its options".to_owned(),
    };
    format!("unknown key `{word}`: {of}; {hint}")
}

/// The options of a command and its subcommands, by name.
fn options<'a>(command: &'a Command, found: &mut Vec<(String, &'a Arg)>) {
    for arg in command.get_arguments() {
        for name in arg.get_long_and_visible_aliases().into_iter().flatten() {
            if !NOT_IN_FILES.contains(&name) {
                found.push((name.to_owned(), arg));
            }
        }
    }
    command.get_subcommands().for_each(|subcommand| options(subcommand, found));
}

fn option<'a>(command: &'a Command, name: &str) -> Option<&'a Arg> {
    let is_named = |arg: &&Arg| arg.get_long_and_visible_aliases().is_some_and(|names| names.contains(&name));
    command.get_arguments().find(is_named)
}

/// Whether neither the option nor one that excludes it is set by an argument or a variable.
fn is_open(command: &Command, given: &ArgMatches, arg: &Arg) -> bool {
    let is_set = |arg: &Arg| {
        let source = given.value_source(arg.get_id().as_str());
        matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable))
    };
    let excludes = |one: &Arg, other: &Arg| {
        command.get_arg_conflicts_with(one).iter().any(|conflict| conflict.get_id() == other.get_id())
    };
    let is_excluded = |other: &Arg| is_set(other) && (excludes(arg, other) || excludes(other, arg));
    !is_set(arg) && !command.get_arguments().any(is_excluded)
}

/// The arguments that set an option to a value.
fn arguments(arg: &Arg, name: &str, value: &Spanned<DeValue<'_>>) -> Result<Vec<OsString>, Mistake> {
    let fault = |what: &str| (value.span(), format!("`{name}` {what}"));
    let with = |value: &str| OsString::from(format!("--{name}={value}"));
    match (arg.get_action(), value.get_ref()) {
        (ArgAction::SetTrue, DeValue::Boolean(true)) => Ok(vec![format!("--{name}").into()]),
        (ArgAction::SetTrue, DeValue::Boolean(false)) => Ok(Vec::new()),
        (ArgAction::SetTrue, _) => Err(fault("is true or false")),
        (ArgAction::Append, DeValue::Array(values)) => {
            let texts = values.iter().map(|value| text(value.get_ref()).map(|text| with(&text)));
            texts.collect::<Option<_>>().ok_or_else(|| fault("is a list of texts or numbers"))
        }
        (_, value) => text(value).map(|text| vec![with(&text)]).ok_or_else(|| fault("takes one text or number")),
    }
}

fn text(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str().to_owned()),
        DeValue::Float(number) => Some(number.as_str().to_owned()),
        _ => None,
    }
}

/// The line and column of a position, as messages have them.
fn shown(text: &str, at: usize) -> String {
    let (line, column) = place(text, at);
    format!("{line}:{column}")
}
