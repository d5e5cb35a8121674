//! How a command that was started (`-- CMD`, `--driver`) ended, and what that means for the exit code.

use super::Exit;
use super::signals::Signals;
use crate::report::wording;
use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// Ctrl-C reaches a command and this program at the same time. A command that ended by it is known by the signal that
/// arrives here within this time.
const SAME_SIGNAL: Duration = Duration::from_millis(250);

/// The end of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ended {
    /// What happened, in part of a sentence: `ended with exit status: 7`.
    pub(super) what: String,
    /// Whether it is an error of the command's own.
    pub(super) is_error: bool,
}

impl Ended {
    /// Of a command that nobody asked to end.
    pub(super) fn of(status: io::Result<ExitStatus>) -> Ended {
        match status {
            Ok(status) if status.code().is_none() => Ended { what: format!("was killed by {status}"), is_error: true },
            Ok(status) => Ended { what: format!("ended with {status}"), is_error: !status.success() },
            Err(error) => Ended { what: format!("cannot be waited for ({error})"), is_error: true },
        }
    }

    /// The same, where a signal that asks this program to stop may have ended the command too: then it is no error of
    /// the command's own.
    pub(super) async fn unless_stopped(self, signals: &mut Signals) -> Ended {
        if self.is_error && tokio::time::timeout(SAME_SIGNAL, signals.stop()).await.is_ok() {
            return Ended { is_error: false, ..self };
        }
        self
    }
}

/// A command that ended with an error of its own, in part of a sentence: `` `sh` ended with exit status: 7 ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommandError(pub(super) String);

impl CommandError {
    /// The error of a command, if it is one. `name`: the command as it was given.
    pub(super) fn of(name: &str, ended: &Ended) -> Option<CommandError> {
        ended.is_error.then(|| CommandError(format!("`{}` {}", wording::safe(name), ended.what)))
    }

    /// Why no certificate can be given, as a clause.
    pub(super) fn objection(&self) -> String {
        format!("the command {}", self.0)
    }

    /// The exit code where the verdict's is `exit`: a verdict that is not passed counts more. Says it on standard error,
    /// after the verdict.
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
    fn an_end_is_an_error_or_not() {
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
