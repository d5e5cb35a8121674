//! Standard output and standard error: the streams, colors, and the line that updates while a command waits.
//!
//! Results go to standard output, progress to standard error.

use crate::report::Style;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write as _};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The width of output that does not go to a terminal.
const PLAIN_WIDTH: usize = Style::PLAIN.width;

/// When output is colored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum ColorChoice {
    /// On a terminal, unless NO_COLOR, CLICOLOR or TERM disables it
    #[default]
    Auto,
    /// Also in files and pipes
    Always,
    /// Never
    Never,
}

/// `--color` of this process.
static COLOR: OnceLock<ColorChoice> = OnceLock::new();

/// The line that updates; there is one terminal, so there is one line.
static STATUS: Mutex<Option<ProgressBar>> = Mutex::new(None);

impl ColorChoice {
    /// Applies it to all later output.
    pub(super) fn apply(self) {
        let _ = COLOR.set(self);
    }

    /// Whether output is colored (no-color.org, bixense.com/clicolors). `variable` reads the environment.
    fn is_colored(self, terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        match self {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if set("NO_COLOR").is_some() => false,
            ColorChoice::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
            ColorChoice::Auto => {
                terminal
                    && set("CLICOLOR").is_none_or(|value| value != "0")
                    && set("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }
}

impl From<ColorChoice> for clap::ColorChoice {
    fn from(choice: ColorChoice) -> clap::ColorChoice {
        match choice {
            ColorChoice::Auto => clap::ColorChoice::Auto,
            ColorChoice::Always => clap::ColorChoice::Always,
            ColorChoice::Never => clap::ColorChoice::Never,
        }
    }
}

/// The layout of text on standard output: a fixed width and no colors unless it is a terminal.
pub(super) fn stdout_style() -> Style {
    let terminal = std::io::stdout().is_terminal();
    let width = if terminal { terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)) } else { None };
    let choice = COLOR.get().copied().unwrap_or_default();
    Style {
        color: choice.is_colored(terminal, |name| std::env::var(name).ok()),
        width: width.map_or(PLAIN_WIDTH, |width| width.clamp(40, 120)),
    }
}

/// Prints a result to standard output; ignores a closed pipe.
pub(super) fn print(text: &str) {
    above_status(|| {
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    });
}

/// Prints progress to standard error.
pub(super) fn tell(text: &str) {
    above_status(|| {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    });
}

/// Shows a line that stays below all other output, or removes it. Does nothing unless standard error is a terminal.
pub(super) fn status(text: Option<&str>) {
    let mut status = STATUS.lock().unwrap_or_else(PoisonError::into_inner);
    match text {
        Some(text) => {
            let line = status.get_or_insert_with(status_line);
            // Drawn only if it changes: the operator may be typing below it.
            if line.message() != text {
                line.set_message(text.to_owned());
            }
        }
        None => status.take().into_iter().for_each(|line| line.finish_and_clear()),
    }
}

fn status_line() -> ProgressBar {
    let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
    ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style)
}

fn above_status(write: impl FnOnce()) {
    match STATUS.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
        Some(line) => line.suspend(write),
        None => write(),
    }
}

/// A text without control characters.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_variables_select_colors() {
        let colored = |choice: ColorChoice, terminal, variables: &[(&str, &str)]| {
            let value =
                |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            choice.is_colored(terminal, value)
        };
        let auto = ColorChoice::Auto;
        assert!(colored(auto, true, &[]) && !colored(auto, false, &[]));
        assert!(!colored(auto, true, &[("NO_COLOR", "1")]) && colored(auto, true, &[("NO_COLOR", "")]));
        assert!(!colored(auto, true, &[("CLICOLOR", "0")]) && colored(auto, true, &[("CLICOLOR", "1")]));
        assert!(colored(auto, false, &[("CLICOLOR_FORCE", "1")]) && !colored(auto, false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!colored(auto, true, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
        assert!(!colored(auto, true, &[("TERM", "dumb")]));
        assert!(colored(ColorChoice::Always, false, &[("NO_COLOR", "1")]) && !colored(ColorChoice::Never, true, &[]));
    }
}
