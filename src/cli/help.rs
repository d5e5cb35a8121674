//! The presentation of help: variables in the long form only, inherited options once.

use clap::{Arg, Command};

/// Headings whose options brief help leaves out.
const RARE: [&str; 4] = ["Limits", "Sandbox", "Check-in notifications", "Access to the backend"];

/// A command and its subcommands, presented.
pub(super) fn present(command: Command) -> Command {
    presented(command, &[], 0)
}

/// `inherited`: the options of the commands above, which clap would show in full in each subcommand.
fn presented(command: Command, inherited: &[Arg], depth: usize) -> Command {
    let globals: Vec<Arg> = command.get_arguments().filter(|arg| arg.is_global_set()).cloned().collect();
    let command =
        command.args(inherited.iter().cloned().map(|arg| hidden(arg, depth))).mut_args(with_variable).mut_args(brief);
    let all: Vec<Arg> = inherited.iter().cloned().chain(globals).collect();
    let has_options = depth > 0 && all.len() > inherited.len();
    let command = if has_options { with_hint(command) } else { command };
    command.mut_subcommands(|subcommand| presented(subcommand, &all, depth + 1))
}

/// An option of a command above: brief help leaves it out, and the help of a subcommand's subcommand altogether.
fn hidden(arg: Arg, depth: usize) -> Arg {
    if depth > 1 { arg.hide(true) } else { arg.hide_short_help(true) }
}

/// Tells in each subcommand where its inherited options are explained.
fn with_hint(command: Command) -> Command {
    let hint = format!("More options: `poscert {} --help`", command.get_name());
    command.mut_subcommands(|subcommand| {
        let text = match subcommand.get_after_help() {
            Some(text) => format!("{text}\n\n{hint}"),
            None => hint.clone(),
        };
        subcommand.after_help(text)
    })
}

fn brief(arg: Arg) -> Arg {
    let is_rare = arg.get_help_heading().is_some_and(|heading| RARE.contains(&heading));
    if is_rare { arg.hide_short_help(true) } else { arg }
}

/// The variable of an option, in its long help only.
fn with_variable(arg: Arg) -> Arg {
    let Some(variable) = arg.get_env().map(|name| name.to_string_lossy().into_owned()) else { return arg };
    let Some(text) = arg.get_long_help().or(arg.get_help()).cloned() else { return arg };
    arg.hide_env(true).long_help(format!("{text}\n\n[env: {variable}]"))
}
