//! A certification that is set up, from its first case to its end: the till is told, the customer played, and whatever
//! ends the run is waited for.

use super::driver::{Driver, GRACE, feed};
use super::{Args, driven, keyboard};
use crate::capture::Writer;
use crate::certify::backend::{Backend, Side};
use crate::certify::line::Line;
use crate::certify::notify::Notifier;
use crate::certify::{Conductor, Guided, Page};
use crate::cli::Failure;
use crate::cli::greeting::Greeting;
use crate::cli::record::FAREWELL;
use crate::cli::signals::Signals;
use crate::proxy::Running;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// How long a driver may take to finish what it is at, when all is done.
const LAST_ACT: Duration = Duration::from_secs(30);

/// A certification that is set up.
pub(super) struct Stage<'a> {
    pub(super) args: &'a Args,
    pub(super) conductor: Arc<Conductor>,
    pub(super) writer: Writer,
    pub(super) side: Side,
    pub(super) notifier: Notifier,
    pub(super) out: fn(&str),
    pub(super) page: Option<&'a Page>,
}

impl Stage<'_> {
    /// Until all cases were gone through, the command ends, a signal asks to stop, the bound is reached, or the store
    /// fails.
    pub(super) async fn work(
        self,
        greeting: &Greeting<'_>,
        running: &Running,
        signals: &mut Signals,
    ) -> Result<(), Failure> {
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
            .then(|| tokio::spawn(keyboard::listen(self.conductor.clone(), self.notifier.clone(), out)));
        let guided = Guided {
            conductor: self.conductor.clone(),
            writer: self.writer.clone(),
            backend: Backend::new(self.side),
            notifier: self.notifier,
            tell: &mut give,
            say: &stamp,
            remind: &terminal,
        };
        let mut patience = LAST_ACT;
        let ended = tokio::select! {
            led = guided.run() => led.map_err(Failure::new),
            why = running.failed() => {
                Err(Failure::new(format!("recording stopped, and no more calls are taken: {why}")))
            }
            () = signals.stop() => {
                stamp("asked to stop before all cases were gone through");
                patience = FAREWELL;
                Ok(())
            }
            () = bound(self.args) => {
                stamp("the bound on the run is reached: what is left was not tested (--bound sets another)");
                patience = GRACE;
                Ok(())
            }
            why = gone(driver.as_mut()) => {
                stamp(&format!("the command {why} before all cases were gone through"));
                Ok(())
            }
        };
        if let Some(keys) = keys {
            keys.abort();
        }
        let _ = lines.send(Line::end());
        drop(lines);
        if let Some(feeding) = feeding {
            let _ = tokio::time::timeout(patience.min(FAREWELL), feeding).await;
        }
        if let Some(driver) = driver {
            if signals.asked() {
                driver.interrupt();
            }
            if !driver.end(patience).await {
                stamp("the command did not end in time and was stopped");
            }
        }
        ended
    }
}

async fn bound(args: &Args) {
    match args.bound.or(args.unattended.then_some(1800)) {
        Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
        None => std::future::pending().await,
    }
}

/// Waits until the command has ended; for ever, where there is none.
async fn gone(driver: Option<&mut Driver>) -> String {
    match driver {
        Some(driver) => driver.gone().await,
        None => std::future::pending().await,
    }
}
