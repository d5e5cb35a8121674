//! Bounds on the lateness of observations: the latest time at which an event is known not to have happened yet.
//!
//! The recorder observes a client's actions when the event loop polls its socket. The poll is late if other work
//! occupies the processor or the process was suspended. Therefore a timer that fires every few milliseconds marks the
//! turns of the loop. A turn polls all sockets first and fires the timers afterwards. An event found in a turn happened
//! after the previous turn began to poll, which was after the timers of the turn before that.

use crate::capture::Writer;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::lock::lock;

/// The interval at which turns of the event loop are marked.
const EVERY: Duration = Duration::from_millis(4);

/// The value for "no time".
const NONE: u64 = u64::MAX;

/// The times of the event loop's last two turns that fired the timer, in microseconds of the run.
pub(super) struct LoopMonitor {
    writer: Writer,
    last: AtomicU64,
    before: AtomicU64,
    task: Mutex<Option<Waker>>,
}

impl LoopMonitor {
    /// A monitor whose timer does not run yet.
    pub(super) fn new(writer: Writer) -> Arc<LoopMonitor> {
        let now = writer.now_us();
        let mark = || AtomicU64::new(now);
        Arc::new(LoopMonitor { last: mark(), before: mark(), writer, task: Mutex::default() })
    }

    /// Runs the timer as long as it is polled.
    pub(super) async fn run(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        loop {
            let sleep = tokio::task::unconstrained(tokio::time::sleep(EVERY));
            tokio::pin!(sleep);
            poll_fn(|cx| {
                remember(&self.task, cx.waker());
                sleep.as_mut().poll(&mut Context::from_waker(&waker))
            })
            .await;
        }
    }

    /// The lower bound for events that the event loop finds in this turn.
    fn not_before(&self) -> u64 {
        self.before.load(Ordering::Acquire)
    }
}

impl Wake for LoopMonitor {
    /// Marks the turn: the event loop has fired the timer.
    fn wake(self: Arc<Self>) {
        let last = self.last.swap(self.writer.now_us(), Ordering::AcqRel);
        self.before.store(last, Ordering::Release);
        wake(&self.task);
    }
}

/// The lower bounds on the times of one socket's events.
pub(super) struct ArrivalBound {
    monitor: Arc<LoopMonitor>,
    task: Mutex<Option<Waker>>,
    /// The bound of the turn that found the socket ready, until it is read.
    woken: AtomicU64,
    /// The bound of the last read.
    read: AtomicU64,
}

impl ArrivalBound {
    /// The bounds of a socket without events before `since`, in microseconds of the run.
    pub(super) fn new(monitor: Arc<LoopMonitor>, since: u64) -> Arc<ArrivalBound> {
        Arc::new(ArrivalBound {
            monitor,
            task: Mutex::default(),
            woken: AtomicU64::new(NONE),
            read: AtomicU64::new(since),
        })
    }

    /// Polls a socket and keeps the bound of what it returns.
    pub(super) fn poll<T>(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        remember(&self.task, cx.waker());
        let woken = self.woken.swap(NONE, Ordering::AcqRel);
        let waker = Waker::from(self.clone());
        let polled = poll(&mut Context::from_waker(&waker));
        if polled.is_ready() && woken != NONE {
            self.read.store(woken, Ordering::Release);
        }
        polled
    }

    /// The lower bound for the last read, in microseconds of the run.
    pub(super) fn read_after(&self) -> u64 {
        self.read.load(Ordering::Acquire)
    }

    /// The lower bound for an event observed other than by reading, while the task waits for the socket.
    pub(super) fn seen_after(&self) -> u64 {
        let woken = self.woken.load(Ordering::Acquire);
        if woken == NONE { self.monitor.not_before() } else { woken }
    }
}

impl Wake for ArrivalBound {
    fn wake(self: Arc<Self>) {
        // The first turn counts: the event that it found may be read much later.
        let now = self.monitor.not_before();
        let _ = self.woken.compare_exchange(NONE, now, Ordering::AcqRel, Ordering::Acquire);
        wake(&self.task);
    }
}

fn remember(task: &Mutex<Option<Waker>>, waker: &Waker) {
    let mut slot = lock(task);
    if !slot.as_ref().is_some_and(|old| old.will_wake(waker)) {
        *slot = Some(waker.clone());
    }
}

fn wake(task: &Mutex<Option<Waker>>) {
    let waker = lock(task).clone();
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// A client's TCP connection with its bounds.
pub(super) struct TimedStream {
    tcp: TcpStream,
    arrival: Arc<ArrivalBound>,
}

impl TimedStream {
    /// Attaches the bounds to a connection.
    pub(super) fn new(tcp: TcpStream, arrival: Arc<ArrivalBound>) -> TimedStream {
        TimedStream { tcp, arrival }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.arrival.poll(cx, |cx| Pin::new(&mut this.tcp).poll_read(cx, buf))
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tcp).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_shutdown(cx)
    }
}
