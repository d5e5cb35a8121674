//! `poscert completions`: completion scripts for shells.

use super::{CliError, Exit};
use clap_complete::Shell;

/// Arguments of `poscert completions`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  poscert completions bash > ~/.local/share/bash-completion/completions/poscert
  poscert completions zsh > ~/.zfunc/_poscert              with ~/.zfunc in fpath
  poscert completions fish > ~/.config/fish/completions/poscert.fish")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args, mut command: clap::Command) -> Result<Exit, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "poscert", &mut script);
    super::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Passed)
}
