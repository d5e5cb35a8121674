//! Carries out what the course orders: tells the till, plays the customer, writes into the capture, tells people.

use super::conductor::{Conductor, Scene};
use super::customer::{self, Backend};
use super::line::Line;
use super::order::{Order, Play};
use crate::api::customer::CustomerAct;
use crate::capture::{Record, Writer};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the customer tries, and waits are looked at.
const BEAT: Duration = Duration::from_millis(50);
/// How often people are told that they are still waited for.
const REMIND: Duration = Duration::from_secs(15);

/// A certification under way.
pub struct Guided<'a> {
    /// Knows what is due.
    pub conductor: Arc<Conductor>,
    /// The capture.
    pub writer: Writer,
    /// The backend's side.
    pub backend: Backend,
    /// Tells the driver of the till, where there is one.
    pub tell: &'a mut (dyn FnMut(&Line) + Send),
    /// Tells people, a line at a time.
    pub say: &'a (dyn Fn(&str) + Sync),
}

impl Guided<'_> {
    /// Leads the client through all cases.
    ///
    /// # Errors
    /// A sentence where the capture cannot be written or a rule cannot be applied.
    pub async fn run(mut self) -> Result<(), String> {
        let mut plays: VecDeque<Play> = VecDeque::new();
        let mut reminded = Duration::ZERO;
        loop {
            let (orders, scene) = self.conductor.orders(Instant::now());
            if let Some(broken) = &scene.broken {
                return Err(format!("the rules cannot be applied: {broken}"));
            }
            for order in orders {
                self.carry_out(order, &scene, &mut plays).await?;
            }
            if scene.over {
                return Ok(());
            }
            self.play(&scene, &mut plays);
            self.remind(&scene, &mut reminded);
            let _ = tokio::time::timeout(BEAT, self.conductor.news()).await;
        }
    }

    async fn carry_out(&mut self, order: Order, scene: &Scene, plays: &mut VecDeque<Play>) -> Result<(), String> {
        match order {
            Order::Tell(line) => self.tell_line(&line),
            Order::Play(more) => plays.extend(more),
            Order::StopPlaying => plays.clear(),
            Order::Obstruct => {
                let done = scene.pos.as_ref().is_some_and(|pos| self.backend.obstruct(&pos.id));
                if !done {
                    (self.say)("  a payment has to be active on the point of sale before the next one is started");
                }
            }
            Order::Balance(balance) => self.backend.balance(Some(balance)),
            Order::HoldRefunds(hold) => self.backend.hold_refunds(hold),
            Order::Restore => self.backend.restore(),
            Order::NewAttempt => {
                let attempt = self.conductor.begin_attempt(self.writer.next_number());
                (self.say)(&format!("attempt {} begins; the one before it {}", attempt.number, attempt.ended_as));
                self.writer.append(Record::Attempt(attempt)).await.map_err(|error| error.to_string())?;
            }
            Order::WaitOver(over) => {
                self.writer.append(Record::WaitOver(over)).await.map_err(|error| error.to_string())?;
            }
            Order::Say(line) => (self.say)(&line),
        }
        Ok(())
    }

    fn tell_line(&mut self, line: &Line) {
        (self.say)(&format!("  step {}: {}", line.step.max(1), line.text));
        (self.tell)(line);
    }

    /// The customer acts in order, each act as soon as it is possible.
    fn play(&mut self, scene: &Scene, plays: &mut VecDeque<Play>) {
        while let Some(next) = plays.front().cloned() {
            match next {
                Play::Tell(line) => self.tell_line(&line),
                Play::Polls(count) => {
                    // From here on, for as long as this stands at the front.
                    let until = scene.polls.saturating_add(count);
                    plays.pop_front();
                    plays.push_front(Play::PolledUntil(until));
                    return;
                }
                Play::PolledUntil(until) if scene.polls < until => return,
                Play::PolledUntil(_) => {}
                Play::Act(CustomerAct::CheckIn(_)) if !scene.awaited => return,
                Play::Act(act) if self.backend.is_embedded() => {
                    let Some(pos) = &scene.pos else { return };
                    if !self.backend.customer(&pos.id, act) {
                        return;
                    }
                    self.conductor.stirred(Instant::now());
                    (self.say)(&format!("  customer {}", customer::words(act)));
                }
                Play::Act(act) => {
                    (self.say)(&format!("  play the customer, who {}, at the backend", customer::words(act)));
                }
            }
            plays.pop_front();
        }
    }

    fn remind(&self, scene: &Scene, reminded: &mut Duration) {
        let Some((what, waited)) = &scene.waiting else { return };
        if *waited < *reminded {
            *reminded = Duration::ZERO;
        }
        if waited.saturating_sub(*reminded) >= REMIND {
            *reminded = *waited;
            (self.say)(&format!("  waiting {} s for {what}", waited.as_secs()));
        }
    }
}
