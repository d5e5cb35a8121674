//! The command that `record` starts: its start, and the wait for its end.

use super::CliError;
use super::child::{CommandError, Ended};
use super::environment::Environment;
use super::signals::Signals;
use super::startup_message::StartupInfo;
use super::terminal::tell;
use crate::proxy::ProxyHandle;
use crate::seal::io_reason;
use std::ffi::OsString;
use std::time::Duration;
use tokio::process::{Child, Command};

/// Time for a command to exit when the recorder is stopped.
pub(super) const FAREWELL: Duration = Duration::from_secs(5);

/// Starts the command, if one was given; returns it with its name.
pub(super) fn start(words: &[OsString], info: &StartupInfo<'_>) -> Result<Option<(Child, String)>, CliError> {
    let Some((program, arguments)) = words.split_first() else { return Ok(None) };
    let name = program.to_string_lossy().into_owned();
    let mut command = Command::new(program);
    command.args(arguments).kill_on_drop(true);
    let environment = Environment::new(info, std::env::vars_os());
    environment.apply(&mut command);
    tell(&environment.note().unwrap_or_default());
    let child = command.spawn().map_err(|e| cannot_start(&name, &e))?;
    Ok(Some((child, name)))
}

/// Waits until the command exits, a signal arrives, or the capture cannot be written. Returns the error of the command,
/// if it failed.
pub(super) async fn work(
    command: Option<(Child, String)>,
    running: &ProxyHandle,
    signals: &mut Signals,
) -> Result<Option<CommandError>, CliError> {
    let failed = async {
        let why = running.failed().await;
        CliError::new(format!("recording stopped, no more requests are accepted: {why}"))
    };
    let Some((mut child, program)) = command else {
        return tokio::select! {
            failure = failed => Err(failure),
            () = signals.stop() => Ok(None),
        };
    };
    let ended = tokio::select! {
        failure = failed => return Err(failure),
        ended = child.wait() => Ended::of(ended),
        () = signals.stop() => {
            // The terminal has signalled the command too; kill it if it does not exit.
            if tokio::time::timeout(FAREWELL, child.wait()).await.is_err() {
                let _ = child.kill().await;
            }
            return Ok(None);
        }
    };
    Ok(CommandError::of(&program, &ended.unless_stopped(signals).await))
}

/// The error for a command that cannot be started.
pub(super) fn cannot_start(program: &str, error: &std::io::Error) -> CliError {
    CliError::new(format!("cannot start `{program}`: {}; check the command after `--`", io_reason(error)))
}
