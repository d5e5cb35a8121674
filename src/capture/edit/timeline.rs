//! Edits of the order and the times of exchanges.

use super::{Change, Edit, Target, exchange};
use crate::capture::record::{Exchange, Record};
use crate::profile::Profile;

/// The most copies that one edit may make.
const MOST_COPIES: u32 = 1000;

/// The exchanges of a capture, in order, while it is edited.
pub(super) struct Timeline {
    slots: Vec<Slot>,
    /// The other records, in order.
    others: Vec<Record>,
    rearranged: bool,
    /// The API whose operations edits name.
    profile: &'static Profile,
}

/// An exchange, which keeps its number in the unedited capture until all edits are applied.
struct Slot {
    exchange: Box<Exchange>,
    /// It was made by an edit, so that no later edit names it by its number.
    is_copy: bool,
}

impl Timeline {
    /// The records of a capture.
    pub(super) fn of(records: Vec<Record>, profile: &'static Profile) -> Timeline {
        let (mut slots, mut others) = (Vec::new(), Vec::new());
        for record in records {
            match record {
                Record::Exchange(exchange) => slots.push(Slot { exchange, is_copy: false }),
                other => others.push(other),
            }
        }
        Timeline { slots, others, rearranged: false, profile }
    }

    /// Whether the order or the number of exchanges may have changed.
    pub(super) fn is_rearranged(&self) -> bool {
        self.rearranged
    }

    /// Applies an edit.
    ///
    /// # Errors
    /// Why the edit does not fit the exchanges, in a message.
    pub(super) fn apply(&mut self, edit: &Edit) -> Result<(), String> {
        let mut places = self.places(edit.target)?;
        // From the last to the first, so that the places before stay right.
        places.reverse();
        for at in places {
            let Some(slot) = self.slots.get_mut(at) else { continue };
            if !exchange::apply(&mut slot.exchange, &edit.change)? {
                self.rearranged = true;
                self.rearrange(at, &edit.change)?;
            }
        }
        if self.rearranged {
            self.slots.sort_by_key(|slot| (slot.exchange.run, slot.exchange.times.request_head));
        }
        Ok(())
    }

    fn places(&self, target: Target) -> Result<Vec<usize>, String> {
        let by_number = matches!(target, Target::Exchange(_));
        let named = |slot: &Slot| target.names(&slot.exchange, self.profile) && !(by_number && slot.is_copy);
        let places: Vec<usize> = (0..self.slots.len()).filter(|at| self.slots.get(*at).is_some_and(named)).collect();
        if !places.is_empty() {
            return Ok(places);
        }
        let numbers = self.slots.iter().map(|slot| slot.exchange.number);
        Err(match (target, numbers.clone().min(), numbers.max()) {
            (_, None, _) | (_, _, None) => "the capture has no exchange left".to_owned(),
            (Target::Exchange(number), Some(first), Some(last)) => {
                format!("the capture has no exchange {number}; its exchanges are {first} to {last}")
            }
            (Target::Operation(operation), ..) => format!("the capture has no call of {}", operation.name()),
        })
    }

    fn rearrange(&mut self, at: usize, change: &Change) -> Result<(), String> {
        match *change {
            Change::Remove => drop(self.slots.remove(at)),
            Change::Duplicate { times, gap_ms } => self.duplicate(at, times, gap_ms)?,
            Change::MoveAfter { exchange, gap_ms } => self.move_beside(at, exchange, gap_ms, true)?,
            Change::MoveBefore { exchange, gap_ms } => self.move_beside(at, exchange, gap_ms, false)?,
            Change::Start { by_ms, later } => {
                let end = if later { self.slots.len() } else { at + 1 };
                self.shift(at, end, by_ms.saturating_mul(1000))?;
            }
            Change::Duration { by_ms, later } => {
                let by_us = by_ms.saturating_mul(1000);
                if let Some(slot) = self.slots.get_mut(at) {
                    lengthen(&mut slot.exchange, by_us)?;
                }
                if later {
                    self.shift(at + 1, self.slots.len(), by_us)?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn duplicate(&mut self, at: usize, times: u32, gap_ms: u32) -> Result<(), String> {
        if times > MOST_COPIES {
            return Err(format!("{times} copies are too many; at most {MOST_COPIES} are made"));
        }
        let Some(slot) = self.slots.get(at) else { return Ok(()) };
        let original = slot.exchange.clone();
        let gap_us = i64::from(gap_ms) * 1000;
        let step = i64::try_from(original.duration_us()).unwrap_or(i64::MAX).saturating_add(gap_us);
        self.shift(at + 1, self.slots.len(), step.saturating_mul(i64::from(times)))?;
        for copy in (1..=times).rev() {
            let mut exchange = original.clone();
            shift(&mut exchange, step.saturating_mul(i64::from(copy)))?;
            self.slots.insert(at + 1, Slot { exchange, is_copy: true });
        }
        Ok(())
    }

    fn move_beside(&mut self, at: usize, other: u64, gap_ms: u32, after: bool) -> Result<(), String> {
        let mut slot = self.slots.remove(at);
        if slot.exchange.number == other {
            return Err(format!("exchange {other} cannot be moved beside itself"));
        }
        let beside = self.places(Target::Exchange(other))?.first().copied().unwrap_or(0);
        let Some(neighbor) = self.slots.get(beside).map(|slot| &slot.exchange) else { return Ok(()) };
        let gap_us = u64::from(gap_ms) * 1000;
        let start = if after { neighbor.times.end.saturating_add(gap_us) } else { neighbor.times.request_head };
        slot.exchange.run = neighbor.run;
        let by = i128::from(start) - i128::from(slot.exchange.times.request_head);
        shift(&mut slot.exchange, i64::try_from(by).unwrap_or(i64::MAX))?;
        let room = i64::try_from(slot.exchange.duration_us().saturating_add(gap_us)).unwrap_or(i64::MAX);
        let place = if after { beside + 1 } else { beside };
        self.shift(place, self.slots.len(), room)?;
        self.slots.insert(place, slot);
        Ok(())
    }

    /// Moves the exchanges at these places that belong to the run of the first of them.
    fn shift(&mut self, from: usize, to: usize, by_us: i64) -> Result<(), String> {
        let Some(run) = self.slots.get(from).map(|slot| slot.exchange.run) else { return Ok(()) };
        let slots = self.slots.iter_mut().take(to).skip(from);
        for slot in slots.filter(|slot| slot.exchange.run == run) {
            shift(&mut slot.exchange, by_us)?;
        }
        Ok(())
    }

    /// The records, with the exchanges numbered from 1, and the numbers in other records changed with them.
    pub(super) fn records(self) -> Vec<Record> {
        let origins: Vec<u64> = self.slots.iter().map(|slot| slot.exchange.number).collect();
        let up_to = |number: u64| {
            let count = origins.iter().filter(|origin| **origin <= number).count();
            u64::try_from(count).unwrap_or(u64::MAX)
        };
        let from = |number: u64| up_to(number.saturating_sub(1)).saturating_add(1);
        let moved = |number: u64| (1_u64..).zip(&origins).find(|(_, origin)| **origin == number).map(|(new, _)| new);
        let mut records = self.others;
        for record in &mut records {
            match record {
                Record::RunStart(start) => start.first_number = from(start.first_number),
                Record::RunStop(stop) => stop.next_number = from(stop.next_number),
                Record::Attempt(attempt) => attempt.first_number = from(attempt.first_number),
                Record::Connection(event) => event.undelivered = event.undelivered.and_then(moved),
                Record::StepTimeout(wait) => wait.after_number = up_to(wait.after_number),
                Record::Notification(sent) => sent.after_number = up_to(sent.after_number),
                Record::Session(_) | Record::Exchange(_) => {}
            }
        }
        for (number, slot) in (1_u64..).zip(self.slots) {
            let mut exchange = slot.exchange;
            exchange.number = number;
            records.push(Record::Exchange(exchange));
        }
        records
    }
}

/// Moves all times of an exchange.
fn shift(exchange: &mut Exchange, by_us: i64) -> Result<(), String> {
    let number = exchange.number;
    let times = &mut exchange.times;
    if times.request_head.checked_add_signed(by_us).is_none() {
        return Err(format!(
            "exchange {number} would start before the recording; let the exchanges after it start later instead"
        ));
    }
    let optional = [
        &mut times.accepted,
        &mut times.tls_done,
        &mut times.request_end,
        &mut times.backend_connected,
        &mut times.request_out,
        &mut times.answer_head_in,
        &mut times.answer_end_in,
        &mut times.answer_head_out,
        &mut times.answer_end_out,
    ];
    for time in optional.into_iter().flatten().chain([&mut times.request_head, &mut times.end]) {
        *time = time.saturating_add_signed(by_us);
    }
    exchange.wall_us = exchange.wall_us.saturating_add(by_us);
    Ok(())
}

/// Moves the end of an exchange.
fn lengthen(exchange: &mut Exchange, by_us: i64) -> Result<(), String> {
    let times = &mut exchange.times;
    let Some(end) = times.end.checked_add_signed(by_us).filter(|end| *end >= times.request_head) else {
        let ms = times.end.saturating_sub(times.request_head) / 1000;
        return Err(format!("exchange {} lasts {ms} ms; its duration cannot be negative", exchange.number));
    };
    times.end = end;
    times.answer_end_out = times.answer_end_out.map(|time| time.saturating_add_signed(by_us).max(times.request_head));
    exchange.end.late_us = 0;
    Ok(())
}
