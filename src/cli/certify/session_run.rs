//! A certification that is set up, from its first case to its end: the till is told, the customer played, and whatever
//! ends the run is waited for.

use super::driver::{Driver, GRACE, feed};
use super::{Args, console, driven};
use crate::capture::Writer;
use crate::certify::backend_control::{Backend, BackendControl};
use crate::certify::driver_command::Line;
use crate::certify::notify::Notifier;
use crate::certify::{Director, Executor, Page};
use crate::cli::CliError;
use crate::cli::child::{CommandError, Ended};
use crate::cli::record::FAREWELL;
use crate::cli::signals::Signals;
use crate::cli::startup_message::Greeting;
use crate::proxy::ProxyHandle;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long a driver may take to finish what it is at, when all is done.
const LAST_ACT: Duration = Duration::from_secs(30);

/// How long a run with nobody at the till takes at most, in seconds.
const BOUND: u64 = 1800;

/// A certification that is set up.
pub(super) struct Stage<'a> {
    pub(super) args: &'a Args,
    pub(super) director: Arc<Director>,
    pub(super) writer: Writer,
    pub(super) side: BackendControl,
    pub(super) notifier: Notifier,
    pub(super) out: fn(&str),
    pub(super) page: Option<&'a Page>,
    /// How long a step is waited for by the rules, with nobody at the till, in seconds.
    pub(super) usual_wait: u64,
    /// How long a step is waited for, where that was said.
    pub(super) wait: Option<u64>,
}

impl Stage<'_> {
    /// Until all cases were gone through, the command ends, a signal asks to stop, the bound is reached, or the store
    /// fails; gives the error that the command ended with, if any.
    pub(super) async fn work(
        self,
        greeting: &Greeting<'_>,
        running: &ProxyHandle,
        signals: &mut Signals,
    ) -> Result<Option<CommandError>, CliError> {
        let mut driver = Driver::start(self.args, greeting)?;
        let (lines, told) = mpsc::unbounded_channel::<Line>();
        let feeding = driver.as_mut().and_then(Driver::stdin).map(|stdin| tokio::spawn(feed(stdin, told)));
        let begun = Instant::now();
        let out = self.out;
        let page = self.page;
        let terminal = move |line: &str| out(&format!("{:6.1} s  {line}\n", begun.elapsed().as_secs_f64()));
        let stamp = move |line: &str| {
            terminal(line);
            page.into_iter().for_each(|page| page.say(line));
        };
        let mut give = |line: &Line| {
            page.into_iter().for_each(|page| page.tell(line));
            // A driver that does not listen any more has ended, which is seen elsewhere.
            let _ = lines.send(line.clone());
        };
        let keys = (!driven(self.args))
            .then(|| tokio::spawn(console::listen(self.director.clone(), self.notifier.clone(), out)));
        let guided = Executor {
            director: self.director.clone(),
            writer: self.writer.clone(),
            backend: Backend::new(self.side),
            notifier: self.notifier,
            tell: &mut give,
            say: &stamp,
            remind: &terminal,
        };
        let mut step_timeouts = LAST_ACT;
        let (mut error, mut is_said) = (None, false);
        let ended = tokio::select! {
            active = guided.run() => active.map_err(CliError::new),
            why = running.failed() => {
                Err(CliError::new(format!("recording stopped, and no more calls are taken: {why}")))
            }
            () = signals.stop() => {
                stamp("asked to stop before all cases were gone through");
                step_timeouts = FAREWELL;
                Ok(())
            }
            () = bound(self.args, self.usual_wait, self.wait) => {
                stamp("the bound on the run is reached: what is left was not tested (--bound sets another)");
                step_timeouts = GRACE;
                Ok(())
            }
            ended = gone(driver.as_mut()) => {
                let due = self.director.certification_status().due;
                let due = due.map(|due| format!(" ({} step {} was due)", due.case, due.at + 1)).unwrap_or_default();
                stamp(&format!("the command {} before all cases were gone through{due}", ended.what));
                is_said = true;
                Ok(())
            }
        };
        if let Some(keys) = keys {
            keys.abort();
        }
        let _ = lines.send(Line::end());
        drop(lines);
        if let Some(feeding) = feeding {
            let _ = tokio::time::timeout(step_timeouts.min(FAREWELL), feeding).await;
        }
        if let Some(driver) = driver {
            if signals.asked() {
                driver.interrupt();
            }
            let name = driver.name().to_owned();
            match driver.end(step_timeouts).await {
                None => stamp("the command did not end in time and was stopped"),
                Some(_) if signals.asked() => {}
                Some(end) => error = CommandError::of(&name, &end.unless_stopped(signals).await),
            }
        }
        if let Some(error) = error.as_ref().filter(|_| !is_said) {
            stamp(&format!("the command {}", error.0));
        }
        ended.map(|()| error)
    }
}

/// The bound on the run, by default in proportion to a longer wait.
async fn bound(args: &Args, usual_wait: u64, wait: Option<u64>) {
    let longer = wait.unwrap_or(0).max(usual_wait);
    let usual = args.unattended.then(|| BOUND.saturating_mul(longer) / usual_wait.max(1));
    match args.bound.or(usual) {
        Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}

/// Waits until the command has ended; for ever, where there is none.
async fn gone(driver: Option<&mut Driver>) -> Ended {
    match driver {
        Some(driver) => driver.gone().await,
        None => std::future::pending().await,
    }
}
