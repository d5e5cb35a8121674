//! The exit of a started command (`-- CMD`, `--driver`) and its effect on the exit code.

use super::Exit;
use super::signals::Signals;
use crate::report::wording;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// Ctrl-C reaches the command and this program at the same time. If a signal arrives here within this time after the
/// command exited, the command was ended by it too.
const SAME_SIGNAL: Duration = Duration::from_millis(250);

/// How a command exited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// What happened, as a predicate: `ended with exit status: 7`.
    pub(super) what: String,
    /// Whether the command itself failed.
    pub(super) is_error: bool,
}

impl Ended {
    /// From the exit status of a command that was not interrupted.
    pub(super) fn of(status: io::Result<ExitStatus>) -> Ended {
        match status {
            Ok(status) if status.code().is_none() => Ended { what: format!("was killed by {status}"), is_error: true },
            Ok(status) => Ended { what: format!("ended with {status}"), is_error: !status.success() },
            Err(error) => Ended { what: format!("ended with an unknown status ({error})"), is_error: true },
        }
    }

    /// The same, but not an error if a signal that stops this program may have ended the command too.
    pub(super) async fn unless_stopped(self, signals: &mut Signals) -> Ended {
        if self.is_error && tokio::time::timeout(SAME_SIGNAL, signals.stop()).await.is_ok() {
            return Ended { is_error: false, ..self };
        }
        self
    }
}

/// A command that failed, as a clause: `` `sh` ended with exit status: 7 ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandError(pub(super) String);

impl CommandError {
    /// The error, if the command failed. `name`: the command as given.
    pub(super) fn of(name: &str, ended: &Ended) -> Option<CommandError> {
        ended.is_error.then(|| CommandError(format!("`{}` {}", wording::safe(name), ended.what)))
    }

    /// Why no certificate is issued, as a clause.
    pub(super) fn objection(&self) -> String {
        format!("the command {}", self.0)
    }

    /// The exit code, given that of the verdict: a verdict other than passed takes precedence. Prints a line to
    /// standard error.
    pub(super) fn exit(&self, exit: Exit) -> Exit {
        let CommandError(what) = self;
        if exit != Exit::Passed {
            eprintln!("\nposcert: the command {what}; the verdict above decides the exit code");
            return exit;
        }
        eprintln!("\nposcert: the recording passed, but the command {what}: the exit code is 4");
        if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") {
            eprintln!("::error title=poscert::the recording passed, but the command {what}");
        }
        Exit::CommandFailed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn exit_statuses_map_to_errors() {
        let of = |raw| Ended::of(Ok(ExitStatus::from_raw(raw)));
        assert_eq!(of(0), Ended { what: "ended with exit status: 0".to_owned(), is_error: false });
        assert_eq!(of(9 << 8), Ended { what: "ended with exit status: 9".to_owned(), is_error: true });
        let killed = of(9);
        assert!(killed.is_error && killed.what.contains("was killed by signal: 9"), "{killed:?}");
        let error = CommandError::of("sh\u{1b}[1m", &of(9 << 8)).unwrap();
        assert_eq!(error.0, "`sh\\u{1b}[1m` ended with exit status: 9");
        assert_eq!((error.exit(Exit::Failed), error.exit(Exit::Incomplete)), (Exit::Failed, Exit::Incomplete));
        assert_eq!(error.exit(Exit::Passed).code(), 4);
        assert_eq!(CommandError::of("true", &of(0)), None);
    }
}
