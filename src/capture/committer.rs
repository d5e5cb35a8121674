//! The writer thread: commits queued records in batches, keeps the checkpoint current, and closes the open segment
//! when a reader asks for it.

use super::error::CaptureError;
use super::exchange_numbers::NumberAllocator;
use super::store::Store;
use crate::seal;
use std::fs::File;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// How often readers' requests are polled, and how far the checkpoint may lag behind.
const TICK: Duration = Duration::from_millis(50);
/// Limits of a batch.
const BATCH_RECORDS: usize = 512;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// Receives the result.
pub(super) type Done = oneshot::Sender<Result<(), CaptureError>>;

/// Commands of the queue.
pub(super) enum Command {
    Append { bytes: Vec<u8>, is_exchange: bool, done: Option<Done> },
    ClosePart(Done),
    Close(Done),
}

/// State of the writer thread.
pub(super) struct Committer {
    store: Store,
    numbers: Arc<Mutex<NumberAllocator>>,
    queued: Arc<AtomicUsize>,
    run: u32,
    failed: watch::Sender<Option<CaptureError>>,
    heads: watch::Sender<seal::ChainHead>,
    _lock: File,
}

impl Committer {
    pub(super) fn new(
        store: Store,
        numbers: Arc<Mutex<NumberAllocator>>,
        queued: Arc<AtomicUsize>,
        run: u32,
        failed: watch::Sender<Option<CaptureError>>,
        heads: watch::Sender<seal::ChainHead>,
        lock: File,
    ) -> Committer {
        Committer { store, numbers, queued, run, failed, heads, _lock: lock }
    }

    /// Processes commands until [`Command::Close`], or until all senders are dropped.
    pub(super) fn run(mut self, commands: &Receiver<Command>) {
        let mut last_tick = Instant::now();
        loop {
            let closing = match commands.recv_timeout(TICK) {
                Ok(command) => self.take(command, commands),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            if let Some(done) = closing {
                let result = self.attempt(Store::close_part);
                // Release the lock before reporting: a caller that learns of the close may reopen the capture.
                drop(self);
                let _ = done.send(result);
                return;
            }
            if last_tick.elapsed() >= TICK {
                self.tick();
                last_tick = Instant::now();
            }
        }
        // All handles were dropped without a clean stop: queued records are written, and the run stays open.
        let _ = self.attempt(Store::close_part);
    }

    /// Processes this command and the queued ones after it; returns the sender to notify if one of them is a close.
    fn take(&mut self, first: Command, commands: &Receiver<Command>) -> Option<Done> {
        let mut batch = Batch::default();
        let mut next = Some(first);
        while let Some(command) = next {
            match command {
                Command::Append { bytes, is_exchange, done } => {
                    self.queued.fetch_sub(bytes.len(), Ordering::Relaxed);
                    batch.add(bytes, is_exchange, done);
                }
                Command::ClosePart(done) => {
                    self.commit(&mut batch);
                    let _ = done.send(self.attempt(Store::close_part));
                }
                Command::Close(done) => {
                    self.commit(&mut batch);
                    return Some(done);
                }
            }
            let full = batch.records.len() >= BATCH_RECORDS || batch.bytes >= BATCH_BYTES;
            if full || batch.exchanges >= self.store.remaining() {
                break;
            }
            next = commands.try_recv().ok();
        }
        self.commit(&mut batch);
        None
    }

    fn commit(&mut self, batch: &mut Batch) {
        let batch = std::mem::take(batch);
        if batch.records.is_empty() {
            return;
        }
        let result = self.attempt(|store| store.append(&batch.records, batch.exchanges));
        self.heads.send_replace(self.store.chain());
        for done in batch.waiting {
            let _ = done.send(result.clone());
        }
    }

    fn tick(&mut self) {
        if self.store.has_stale_head() {
            let _ = self.attempt(Store::write_stale_head);
        }
        if self.store.is_asked() {
            let _ = self.attempt(Store::close_part);
        }
    }

    /// Runs an operation on the store, unless it has failed before; a failure is broadcast.
    fn attempt(&mut self, act: impl FnOnce(&mut Store) -> Result<(), CaptureError>) -> Result<(), CaptureError> {
        if let Some(error) = self.failed.borrow().clone() {
            return Err(error);
        }
        let next = self.numbers.lock().unwrap_or_else(PoisonError::into_inner).next();
        self.store.note(next, self.run);
        let result = act(&mut self.store);
        if let Err(error) = &result {
            self.failed.send_replace(Some(error.clone()));
        }
        result
    }
}

#[derive(Default)]
struct Batch {
    records: Vec<Vec<u8>>,
    bytes: usize,
    exchanges: u64,
    waiting: Vec<Done>,
}

impl Batch {
    fn add(&mut self, bytes: Vec<u8>, is_exchange: bool, done: Option<Done>) {
        self.bytes = self.bytes.saturating_add(bytes.len());
        self.exchanges = self.exchanges.saturating_add(u64::from(is_exchange));
        self.records.push(bytes);
        self.waiting.extend(done);
    }
}
