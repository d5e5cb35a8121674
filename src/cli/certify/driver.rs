//! The driver command: start, action lines, and termination together with its child processes.

use super::Args;
use crate::certify::driver_command::DriverCommand;
use crate::cli::CliError;
use crate::cli::child::Ended;
use crate::cli::environment::Environment;
use crate::cli::recorded_command::cannot_start;
use crate::cli::startup_message::StartupInfo;
use crate::cli::terminal::tell;
use rustix::process::{Pid, Signal, kill_process_group};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;

/// Time for a command that was asked to exit, before it is terminated or killed.
pub(super) const GRACE: Duration = Duration::from_secs(1);

/// A running driver command.
pub(super) struct Driver {
    child: Child,
    /// The command line as given.
    name: String,
    /// Its own process group. `None` for a command that reads from the terminal: in a group of its own it would be
    /// stopped (SIGTTIN).
    group: Option<Pid>,
}

impl Driver {
    /// Starts the command, if one was given.
    pub(super) fn start(args: &Args, info: &StartupInfo<'_>) -> Result<Option<Driver>, CliError> {
        let (mut command, named) = match (&args.driver, args.record.command.split_first()) {
            (Some(line), _) => {
                let mut shell = Command::new("sh");
                shell.arg("-c").arg(line);
                (shell, line.to_string_lossy().into_owned())
            }
            (None, Some((program, arguments))) => {
                let mut command = Command::new(program);
                command.args(arguments);
                (command, program.to_string_lossy().into_owned())
            }
            (None, None) => return Ok(None),
        };
        let environment = Environment::new(info, std::env::vars_os());
        environment.apply(&mut command);
        tell(&environment.note().unwrap_or_default());
        command.kill_on_drop(true);
        let is_driver = args.unattended || args.driver.is_some();
        if is_driver {
            command.stdin(Stdio::piped()).process_group(0);
        }
        let child = command.spawn().map_err(|e| cannot_start(&named, &e))?;
        let id = child.id().filter(|_| is_driver).and_then(|id| i32::try_from(id).ok());
        Ok(Some(Driver { child, name: named, group: id.and_then(Pid::from_raw) }))
    }

    /// Takes its standard input.
    pub(super) fn stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// The command line as given.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Waits until it exits; returns how.
    pub(super) async fn gone(&mut self) -> Ended {
        Ended::of(self.child.wait().await)
    }

    /// Sends SIGINT to its process group, as Ctrl-C in a terminal does for processes in our group.
    pub(super) fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// Terminates it and its remaining child processes. Returns how it exited if it did so by itself within this time.
    pub(super) async fn end(mut self, exit_timeout: Duration) -> Option<Ended> {
        let by_itself = tokio::time::timeout(exit_timeout, self.gone()).await.ok();
        if by_itself.is_none() && self.group.is_some() {
            self.signal(Signal::TERM);
            let _ = tokio::time::timeout(GRACE, self.child.wait()).await;
        }
        self.signal(Signal::KILL);
        self.group = None;
        let _ = self.child.kill().await;
        by_itself
    }

    fn signal(&self, signal: Signal) {
        // Fails if the group is already empty.
        let _ = self.group.map(|group| kill_process_group(group, signal));
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Writes the lines to the driver as they arrive.
pub(super) async fn feed(mut stdin: ChildStdin, mut lines: mpsc::UnboundedReceiver<DriverCommand>) {
    while let Some(line) = lines.recv().await {
        let text = format!("{}\n", line.json());
        let written = async {
            stdin.write_all(text.as_bytes()).await?;
            stdin.flush().await
        };
        if written.await.is_err() {
            return;
        }
    }
}
