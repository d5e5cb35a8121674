//! The run of a certification that is set up: driver, executor and operator input, until one of them ends it.

use super::driver::{Driver, GRACE, feed};
use super::{Args, console, driven};
use crate::capture::Writer;
use crate::certify::backend_control::{Backend, BackendControl};
use crate::certify::driver_command::DriverCommand;
use crate::certify::notify::Notifier;
use crate::certify::{Director, Executor, Page};
use crate::cli::CliError;
use crate::cli::child::{CommandError, Ended};
use crate::cli::recorded_command::FAREWELL;
use crate::cli::signals::Signals;
use crate::cli::startup_message::StartupInfo;
use crate::cli::terminal;
use crate::proxy::ProxyHandle;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Time for the driver to finish its last action after the last case.
const LAST_ACT: Duration = Duration::from_secs(30);

/// Default limit of an unattended run, in seconds.
const BOUND: u64 = 1800;

/// A certification that is set up.
pub(super) struct SessionRun<'a> {
    pub(super) args: &'a Args,
    pub(super) director: Arc<Director>,
    pub(super) writer: Writer,
    pub(super) side: BackendControl,
    pub(super) notifier: Notifier,
    pub(super) out: fn(&str),
    pub(super) page: Option<&'a Page>,
    /// Unattended step timeout of the rules, in seconds.
    pub(super) usual_wait: u64,
    /// Step timeout from `--wait`, in seconds.
    pub(super) wait: Option<u64>,
}

impl SessionRun<'_> {
    /// Runs until all cases are done, the command exits, a signal arrives, the limit is reached, or the capture cannot
    /// be written. Returns the error of the command, if it failed.
    pub(super) async fn work(
        self,
        info: &StartupInfo<'_>,
        running: &ProxyHandle,
        signals: &mut Signals,
    ) -> Result<Option<CommandError>, CliError> {
        let mut driver = Driver::start(self.args, info)?;
        let (sender, receiver) = mpsc::unbounded_channel::<DriverCommand>();
        let feeding = driver.as_mut().and_then(Driver::stdin).map(|stdin| tokio::spawn(feed(stdin, receiver)));
        let out = self.out;
        let page = self.page;
        // The same times as on the page.
        let said = move |line: &str| out(&format!("{}  {line}\n", jiff::Zoned::now().strftime("%H:%M:%S")));
        let log = move |line: &str| {
            said(line);
            page.into_iter().for_each(|page| page.log(line));
        };
        let mut send_to_driver = |command: &DriverCommand| {
            page.into_iter().for_each(|page| page.show_command(command));
            // Fails if the driver has exited, which is detected below.
            let _ = sender.send(command.clone());
        };
        let keys = (!driven(self.args))
            .then(|| tokio::spawn(console::listen(self.director.clone(), self.notifier.clone(), out)));
        let guided = Executor {
            director: self.director.clone(),
            writer: self.writer.clone(),
            backend: Backend::new(self.side),
            notifier: self.notifier,
            send_to_driver: &mut send_to_driver,
            log: &log,
            waiting: &|step| terminal::status(step.map(|(step, waited)| waiting(step, *waited)).as_deref()),
        };
        let mut exit_timeout = LAST_ACT;
        let (mut error, mut is_reported) = (None, false);
        let ended = tokio::select! {
            active = guided.run() => active.map_err(CliError::new),
            why = running.failed() => {
                Err(CliError::new(format!("recording stopped, no more requests are accepted: {why}")))
            }
            () = signals.stop() => {
                log("interrupted before all cases were done");
                exit_timeout = FAREWELL;
                Ok(())
            }
            () = bound(self.args, self.usual_wait, self.wait) => {
                log("time limit of the run reached: the remaining cases were not tested (change it with --bound)");
                exit_timeout = GRACE;
                Ok(())
            }
            ended = gone(driver.as_mut()) => {
                let due = self.director.certification_status().due;
                let due = due.map(|due| format!(" ({} step {} was due)", due.case, due.at + 1)).unwrap_or_default();
                log(&format!("the command {} before all cases were done{due}", ended.what));
                is_reported = true;
                Ok(())
            }
        };
        terminal::status(None);
        if let Some(keys) = keys {
            keys.abort();
        }
        let _ = sender.send(DriverCommand::end());
        drop(sender);
        if let Some(feeding) = feeding {
            let _ = tokio::time::timeout(exit_timeout.min(FAREWELL), feeding).await;
        }
        if let Some(driver) = driver {
            if signals.asked() {
                driver.interrupt();
            }
            let name = driver.name().to_owned();
            match driver.end(exit_timeout).await {
                None => log("the command did not exit in time and was terminated"),
                Some(_) if signals.asked() => {}
                Some(end) => error = CommandError::of(&name, &end.unless_stopped(signals).await),
            }
        }
        if let Some(error) = error.as_ref().filter(|_| !is_reported) {
            log(&format!("the command {}", error.0));
        }
        ended.map(|()| error)
    }
}

/// The line about a step that is due: `waiting 1:05 for payment/1 step 1: InitiatePayment`.
fn waiting(step: &str, waited: Duration) -> String {
    let seconds = waited.as_secs();
    format!("waiting {}:{:02} for {step}", seconds / 60, seconds % 60)
}

/// Waits for the limit of the run; the default grows in proportion to a longer step timeout.
async fn bound(args: &Args, usual_wait: u64, wait: Option<u64>) {
    let longer = wait.unwrap_or(0).max(usual_wait);
    let usual = args.unattended.then(|| BOUND.saturating_mul(longer) / usual_wait.max(1));
    match args.bound.or(usual) {
        Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}

/// Waits until the command exits; forever without a command.
async fn gone(driver: Option<&mut Driver>) -> Ended {
    match driver {
        Some(driver) => driver.gone().await,
        None => std::future::pending().await,
    }
}
