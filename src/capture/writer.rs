//! Writing a capture directory: records are queued in the order of the calls, one thread commits them in groups, and
//! each caller is told when its record is durable.

use super::checkpoint::Checkpoint;
use super::committer::{Command, Committer, Done};
use super::error::{CaptureError, CaptureErrorKind};
use super::exchange_numbers::{self, NumberAllocator};
use super::record::{RunStart, RunStop};
use super::redact::Redactor;
use super::store::{self, Store};
use super::{Durability, Record, WriterOptions, codec, private_fs};
use crate::seal::{self, Key};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{oneshot, watch};

const KEY: &str = "key";
/// How many bytes may wait to be written before a caller that need not wait has to wait all the same.
const LONGEST_QUEUE: usize = 16 * 1024 * 1024;

/// A capture that is being written. Clones are the same capture.
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
    /// Makes a capture in `dir`, or goes on in the one that is there, with a new run.
    ///
    /// # Errors
    /// Where another recorder holds it, it is damaged, of another version, or the place cannot be written.
    pub fn open(dir: &Path, options: WriterOptions) -> Result<Writer, CaptureError> {
        let fresh = prepare(dir)?;
        let lock = store::hold(dir)?;
        if fresh && !Checkpoint::stands_in(dir) {
            Checkpoint::empty().write(dir, true)?;
        }
        let mut head = Checkpoint::read(dir)?;
        store::check_unnamed(dir, &head)?;
        let key = key(dir, &head)?;
        let key_check = key.check();
        head.key_check.clone_from(&key_check);
        let redactor = Redactor::new(key);
        let (run, told) = (head.runs.saturating_add(1), head.next_number);
        let (mut store, highest) = Store::open(dir, head, options.durability, options.part_exchanges)?;
        let (known, note) = (told.max(highest.saturating_add(1)), exchange_numbers::noted(dir, told));
        // Where nobody knows what a run that was cut off had taken, none of it may be taken again.
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
        });
        store.note(numbers.next(), run);
        store.append(&[encoded(&record)?], 0)?;
        store.write_stale_head()?;

        let (queue, commands) = channel();
        let (failed, numbers) = (watch::Sender::new(None), Arc::new(Mutex::new(numbers)));
        let queued = Arc::new(AtomicUsize::new(0));
        let (told, heads) = watch::channel(store.chain());
        let committer =
            Committer::new(store, Arc::clone(&numbers), Arc::clone(&queued), run, failed.clone(), told, lock);
        std::thread::Builder::new().name("capture".to_owned()).spawn(move || committer.run(&commands)).map_err(
            |error| CaptureError::new(CaptureErrorKind::Io, format!("cannot start the writing thread: {error}")),
        )?;
        Ok(Writer(Arc::new(Inner { queue, queued, numbers, failed, heads, redactor, options, run, wall_us, start })))
    }

    /// The run of the recorder, counted from 1 in this capture.
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

    /// The next exchange number; a number that is taken and gets no record is reported as a lost exchange.
    pub fn take_number(&self) -> u64 {
        let (number, noted) = self.numbers().take();
        if let Err(error) = noted {
            let sentence = format!("cannot note that exchange {number} began: {error}; check the capture's disk");
            self.0.failed.send_replace(Some(CaptureError::new(CaptureErrorKind::Io, sentence)));
        }
        number
    }

    /// The number that the next exchange will get.
    pub fn next_number(&self) -> u64 {
        self.numbers().next()
    }

    fn numbers(&self) -> MutexGuard<'_, NumberAllocator> {
        self.0.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What keeps secrets out of this capture.
    pub fn redactor(&self) -> &Redactor {
        &self.0.redactor
    }

    /// How many bytes of a body are kept.
    pub fn body_limit(&self) -> usize {
        self.0.options.body_limit
    }

    /// How it is written.
    pub fn options(&self) -> &WriterOptions {
        &self.0.options
    }

    /// The head of the chain of digests over what is durable so far; it stays when the capture is closed. Who notes it
    /// elsewhere is a witness of all that was recorded until then.
    pub fn head(&self) -> seal::ChainHead {
        *self.0.heads.borrow()
    }

    /// Queues a record, at once and in the order of the calls; the future is ready when it is durable. Secrets have
    /// to be out of it.
    pub fn append(&self, record: Record) -> impl Future<Output = Result<(), CaptureError>> + Send + 'static + use<> {
        let crowded = self.0.queued.load(Ordering::Relaxed) > LONGEST_QUEUE;
        let waits = crowded || self.0.options.durability != Durability::Off;
        let (done, told) = oneshot::channel();
        let queued = self.queue(&record, waits.then_some(done));
        async move {
            queued?;
            if waits { told.await.unwrap_or_else(|_| Err(closed())) } else { Ok(()) }
        }
    }

    fn queue(&self, record: &Record, done: Option<Done>) -> Result<(), CaptureError> {
        if let Some(error) = self.is_failed() {
            return Err(error);
        }
        let is_exchange = match record {
            // The stop has said which numbers there are.
            Record::Exchange(exchange) if !self.numbers().is_taken(exchange.number) => return Err(closed()),
            Record::Exchange(_) => true,
            _ => false,
        };
        let bytes = encoded(record)?;
        self.0.queued.fetch_add(bytes.len(), Ordering::Relaxed);
        let command = Command::Append { bytes, is_exchange, done };
        self.0.queue.send(command).map_err(|_| closed())
    }

    /// Why the store failed, if it did: from then on nothing may pass, since nothing is recorded.
    pub fn is_failed(&self) -> Option<CaptureError> {
        self.0.failed.borrow().clone()
    }

    /// Ready when the store has failed; never, while it works.
    pub fn failure(&self) -> impl Future<Output = CaptureError> + Send + 'static + use<> {
        let mut failed = self.0.failed.subscribe();
        async move {
            let error = failed.wait_for(Option::is_some).await.ok().and_then(|error| error.clone());
            match error {
                Some(error) => error,
                // The capture was closed in good order.
                None => std::future::pending().await,
            }
        }
    }

    /// Closes the open part: what was acknowledged is then in parts that need no lock to be read.
    ///
    /// # Errors
    /// Where the store fails.
    pub async fn close_part(&self) -> Result<(), CaptureError> {
        self.ask(Command::ClosePart).await
    }

    /// Ends the run in good order. Nothing can be appended afterwards, and another recorder can go on in the capture.
    ///
    /// # Errors
    /// Where the store fails, or has failed before.
    pub async fn close(&self) -> Result<(), CaptureError> {
        let next_number = self.numbers().close();
        let stop = Record::RunStop(RunStop { run: self.0.run, at_us: self.now_us(), next_number });
        self.append(stop).await?;
        self.ask(Command::Close).await
    }

    async fn ask(&self, command: impl FnOnce(Done) -> Command) -> Result<(), CaptureError> {
        let (done, told) = oneshot::channel();
        self.0.queue.send(command(done)).map_err(|_| closed())?;
        told.await.unwrap_or_else(|_| Err(closed()))
    }
}

fn closed() -> CaptureError {
    CaptureError::new(CaptureErrorKind::Closed, "the capture is closed: nothing more is recorded in it")
}

fn encoded(record: &Record) -> Result<Vec<u8>, CaptureError> {
    codec::encode(record)
        .map_err(|words| CaptureError::new(CaptureErrorKind::Io, format!("cannot encode a record: {words}")))
}

fn now_wall_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Makes the directory where there is none; `true` where there is nothing in it that this did not make.
fn prepare(dir: &Path) -> Result<bool, CaptureError> {
    if !dir.exists() {
        private_fs::make_dir(dir).map_err(|error| CaptureError::io("make", dir, &error))?;
        return Ok(true);
    }
    if Checkpoint::stands_in(dir) {
        return Ok(false);
    }
    // A kill in the first moment may have left these.
    let ours = |name: &std::ffi::OsStr| ["lock", "ask", "numbers", "head.new", KEY].iter().any(|own| name == *own);
    let entries = std::fs::read_dir(dir).map_err(|error| CaptureError::io("read", dir, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| CaptureError::io("read", dir, &error))?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("part-") {
            return Err(CaptureError::damaged(dir, "it holds parts and no head"));
        }
        if !ours(&name) {
            let sentence = format!(
                "{} holds {} and is no capture: choose an empty or a new directory",
                dir.display(),
                name.to_string_lossy()
            );
            return Err(CaptureError::new(CaptureErrorKind::NotACapture, sentence));
        }
    }
    private_fs::close_to_others(dir).map_err(|error| CaptureError::io("close to others", dir, &error))?;
    Ok(true)
}

/// The capture's key. Under another one equal secrets would not look equal any more, so nothing is recorded under that.
fn key(dir: &Path, head: &Checkpoint) -> Result<Key, CaptureError> {
    let path = dir.join(KEY);
    let damaged = |what: &str| {
        let next = "put the one back that it was begun with, or record into a new capture";
        CaptureError::damaged(dir, format_args!("its key {what}: {next}"))
    };
    if path.exists() {
        let key = private_fs::open_to_read(&path)
            .and_then(|_| Key::read(&path))
            .map_err(|error| CaptureError::io("read the key in", &path, &error))?;
        let known = head.key_check.is_empty() || head.key_check == key.check();
        return if known { Ok(key) } else { Err(damaged("is another one than before")) };
    }
    if head.runs > 0 {
        return Err(damaged("is gone"));
    }
    Key::create(&path).map_err(|error| CaptureError::io("make the key in", &path, &error))
}
