//! Writing of a capture directory: records are queued in call order, one thread commits them in batches, and each
//! caller is notified when its record is durable.

use super::checkpoint::Checkpoint;
use super::committer::{Command, Committer, Done};
use super::error::{CaptureError, CaptureErrorKind};
use super::exchange_numbers::{self, NumberAllocator};
use super::record::{RunStart, RunStop};
use super::redact::Redactor;
use super::store::{self, Store};
use super::{Durability, Record, WriterOptions, codec, private_fs};
use crate::profile::{ProfileId, pos_v10};
use crate::seal::{self, Key};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{oneshot, watch};

const KEY: &str = "key";
/// Maximum size of the queue in bytes; beyond it, every caller waits for its record, whatever the durability.
const LONGEST_QUEUE: usize = 16 * 1024 * 1024;

/// A capture that is being written. Clones write the same capture.
#[derive(Clone)]
pub struct Writer(Arc<Inner>);

struct Inner {
    queue: Sender<Command>,
    /// Bytes in the queue.
    queued: Arc<AtomicUsize>,
    numbers: Arc<Mutex<NumberAllocator>>,
    failed: watch::Sender<Option<CaptureError>>,
    heads: watch::Receiver<seal::ChainHead>,
    redactor: Redactor,
    options: WriterOptions,
    run: u32,
    wall_us: i64,
    start: Instant,
}

impl Writer {
    /// Creates a capture in `dir`, or starts a new run in an existing one.
    ///
    /// # Errors
    /// If another recorder has it locked, it is damaged, its version is not supported, or the directory cannot be
    /// written.
    pub fn open(dir: &Path, options: WriterOptions) -> Result<Writer, CaptureError> {
        let fresh = prepare(dir)?;
        let lock = store::hold(dir)?;
        if fresh && !Checkpoint::stands_in(dir) {
            Checkpoint::empty().write(dir, true)?;
        }
        let mut head = Checkpoint::read(dir)?;
        store::check_unnamed(dir, &head)?;
        check_api(dir, &head, &options.api_profile)?;
        head.api_profile.clone_from(&options.api_profile.name);
        let key = key(dir, &head)?;
        let key_check = key.check();
        head.key_check.clone_from(&key_check);
        let redactor = Redactor::new(key);
        let (run, next_number) = (head.runs.saturating_add(1), head.next_number);
        let (mut store, highest) = Store::open(dir, head, options.durability, options.part_exchanges)?;
        let (known, note) = (next_number.max(highest.saturating_add(1)), exchange_numbers::noted(dir, next_number));
        // If the numbers that an interrupted run allocated are unknown, none of them may be allocated again.
        let loss_unknown = note.is_none() && !store.ends_in_good_order()?;
        let next =
            if loss_unknown { known.saturating_add(exchange_numbers::STEP) } else { known.max(note.unwrap_or(0)) };
        let numbers = NumberAllocator::open(dir, next)?;
        let (start, wall_us) = (Instant::now(), now_wall_us());
        let record = Record::RunStart(RunStart {
            run,
            wall_us,
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            upstream: redactor.text(&options.upstream),
            durability: options.durability.name().to_owned(),
            first_number: numbers.next(),
            challenge: options.challenge.clone(),
            loss_unknown,
            key_check,
            api_profile: Some(options.api_profile.clone()),
        });
        store.note(numbers.next(), run);
        store.append(&[encoded(&record)?], 0)?;
        store.write_stale_head()?;

        let (queue, commands) = channel();
        let (failed, numbers) = (watch::Sender::new(None), Arc::new(Mutex::new(numbers)));
        let queued = Arc::new(AtomicUsize::new(0));
        let (head_sender, heads) = watch::channel(store.chain());
        let committer =
            Committer::new(store, Arc::clone(&numbers), Arc::clone(&queued), run, failed.clone(), head_sender, lock);
        std::thread::Builder::new().name("capture".to_owned()).spawn(move || committer.run(&commands)).map_err(
            |error| CaptureError::new(CaptureErrorKind::Io, format!("cannot start the writer thread: {error}")),
        )?;
        Ok(Writer(Arc::new(Inner { queue, queued, numbers, failed, heads, redactor, options, run, wall_us, start })))
    }

    /// The number of the run, from 1 in each capture.
    pub fn run(&self) -> u32 {
        self.0.run
    }

    /// Microseconds since the run's start, by a monotonic clock.
    pub fn now_us(&self) -> u64 {
        u64::try_from(self.0.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// Microseconds since the Unix epoch, by the wall clock.
    pub fn wall_us(&self) -> i64 {
        now_wall_us()
    }

    /// The wall clock at the run's start, in microseconds since the Unix epoch.
    pub fn run_wall_us(&self) -> i64 {
        self.0.wall_us
    }

    /// Allocates an exchange number. A number without a record is reported as a lost exchange.
    pub fn take_number(&self) -> u64 {
        let (number, noted) = self.numbers().take();
        if let Err(error) = noted {
            let sentence = format!("cannot persist exchange number {number}: {error}; check the disk of the capture");
            self.0.failed.send_replace(Some(CaptureError::new(CaptureErrorKind::Io, sentence)));
        }
        number
    }

    /// The number of the next exchange.
    pub fn next_number(&self) -> u64 {
        self.numbers().next()
    }

    fn numbers(&self) -> MutexGuard<'_, NumberAllocator> {
        self.0.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The redactor of this capture.
    pub fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    /// Maximum number of bytes stored of each body.
    pub fn body_limit(&self) -> usize {
        self.0.options.body_limit
    }

    /// The options it was opened with.
    pub fn options(&self) -> &WriterOptions {
        &self.0.options
    }

    /// The chain head of all durable records; still available after the capture is closed. A copy kept elsewhere
    /// proves everything recorded until then.
    pub fn head(&self) -> seal::ChainHead {
        *self.0.heads.borrow()
    }

    /// Queues a record immediately, in call order; the future completes when the record is durable. Secrets must
    /// already be redacted.
    ///
    /// # Errors
    /// The record could not be written, or an earlier one could not.
    pub fn append(&self, record: Record) -> impl Future<Output = Result<(), CaptureError>> + Send + 'static + use<> {
        let crowded = self.0.queued.load(Ordering::Relaxed) > LONGEST_QUEUE;
        let waits = crowded || self.0.options.durability != Durability::Off;
        let (done, receiver) = oneshot::channel();
        let queued = self.queue(&record, waits.then_some(done));
        async move {
            queued?;
            if waits { receiver.await.unwrap_or_else(|_| Err(closed())) } else { Ok(()) }
        }
    }

    fn queue(&self, record: &Record, done: Option<Done>) -> Result<(), CaptureError> {
        if let Some(error) = self.is_failed() {
            return Err(error);
        }
        let is_exchange = match record {
            // The run's stop has already declared the allocated numbers.
            Record::Exchange(exchange) if !self.numbers().is_taken(exchange.number) => return Err(closed()),
            Record::Exchange(_) => true,
            _ => false,
        };
        let bytes = encoded(record)?;
        self.0.queued.fetch_add(bytes.len(), Ordering::Relaxed);
        let command = Command::Append { bytes, is_exchange, done };
        self.0.queue.send(command).map_err(|_| closed())
    }

    /// The store's failure, if any. From then on no traffic may be forwarded, because nothing is recorded.
    pub fn is_failed(&self) -> Option<CaptureError> {
        self.0.failed.borrow().clone()
    }

    /// Completes when the store fails; never completes otherwise.
    pub fn failure(&self) -> impl Future<Output = CaptureError> + Send + 'static + use<> {
        let mut failed = self.0.failed.subscribe();
        async move {
            let error = failed.wait_for(Option::is_some).await.ok().and_then(|error| error.clone());
            match error {
                Some(error) => error,
                // The capture was closed cleanly.
                None => std::future::pending().await,
            }
        }
    }

    /// Closes the open segment, so that acknowledged records can be read without a lock.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn close_part(&self) -> Result<(), CaptureError> {
        self.ask(Command::ClosePart).await
    }

    /// Ends the run cleanly. No record can be appended afterwards, and another recorder can continue the capture.
    ///
    /// # Errors
    /// If the store fails, or has failed before.
    pub async fn close(&self) -> Result<(), CaptureError> {
        let next_number = self.numbers().close();
        let stop = Record::RunStop(RunStop { run: self.0.run, at_us: self.now_us(), next_number });
        self.append(stop).await?;
        self.ask(Command::Close).await
    }

    async fn ask(&self, command: impl FnOnce(Done) -> Command) -> Result<(), CaptureError> {
        let (done, receiver) = oneshot::channel();
        self.0.queue.send(command(done)).map_err(|_| closed())?;
        receiver.await.unwrap_or_else(|_| Err(closed()))
    }
}

fn closed() -> CaptureError {
    CaptureError::new(CaptureErrorKind::Closed, "the capture is closed; it accepts no more records")
}

fn encoded(record: &Record) -> Result<Vec<u8>, CaptureError> {
    codec::encode(record)
        .map_err(|words| CaptureError::new(CaptureErrorKind::Io, format!("cannot encode a record: {words}")))
}

fn now_wall_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Creates the directory if it does not exist; returns `true` if it contains no capture yet.
fn prepare(dir: &Path) -> Result<bool, CaptureError> {
    if !dir.exists() {
        private_fs::make_dir(dir).map_err(|error| CaptureError::io("create", dir, &error))?;
        return Ok(true);
    }
    if Checkpoint::stands_in(dir) {
        return Ok(false);
    }
    // A kill during the first start may have left these files.
    let ours = |name: &std::ffi::OsStr| ["lock", "ask", "numbers", "head.new", KEY].iter().any(|own| name == *own);
    let entries = std::fs::read_dir(dir).map_err(|error| CaptureError::io("read", dir, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| CaptureError::io("read", dir, &error))?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("part-") {
            return Err(CaptureError::damaged(dir, "it has segments but no checkpoint (file `head`)"));
        }
        if !ours(&name) {
            let sentence = format!(
                "{} contains {} and is not a capture: choose an empty or a new directory",
                dir.display(),
                name.to_string_lossy()
            );
            return Err(CaptureError::new(CaptureErrorKind::NotACapture, sentence));
        }
    }
    private_fs::close_to_others(dir).map_err(|error| CaptureError::io("restrict permissions of", dir, &error))?;
    Ok(true)
}

/// The capture's key. With another key, equal secrets would get different replacements, so recording is refused then.
/// Checks that the calls of a capture which is continued are of the same API.
fn check_api(dir: &Path, head: &Checkpoint, api: &ProfileId) -> Result<(), CaptureError> {
    // There was one API before this field existed.
    let recorded = if head.api_profile.is_empty() { pos_v10().name.as_str() } else { &head.api_profile };
    if head.runs == 0 || recorded == api.name {
        return Ok(());
    }
    let sentence = format!(
        "{} was recorded with the profile {recorded}; continue it with that --profile, or choose another directory",
        dir.display()
    );
    Err(CaptureError::new(CaptureErrorKind::Unsupported, sentence))
}

fn key(dir: &Path, head: &Checkpoint) -> Result<Key, CaptureError> {
    let path = dir.join(KEY);
    let damaged = |what: &str| {
        let next = "restore the original key file or start a new capture";
        CaptureError::damaged(dir, format_args!("its key {what}: {next}"))
    };
    if path.exists() {
        let key = private_fs::open_to_read(&path)
            .and_then(|_| Key::read(&path))
            .map_err(|error| CaptureError::io("read the key", &path, &error))?;
        let known = head.key_check.is_empty() || head.key_check == key.check();
        return if known { Ok(key) } else { Err(damaged("does not match this capture")) };
    }
    if head.runs > 0 {
        return Err(damaged("is missing"));
    }
    Key::create(&path).map_err(|error| CaptureError::io("create the key", &path, &error))
}
