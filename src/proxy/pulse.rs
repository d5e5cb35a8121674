//! How late the recorder may have been: since when it is known that something had not happened yet.
//!
//! What a client does is seen when the event loop looks at its socket, and the loop looks late where other work has the
//! processor, or the process was stopped. So a timer that fires every few milliseconds marks the turns of the loop. A turn
//! looks at all sockets first and fires the timers then: what a turn finds on a socket came after the turn before it had
//! begun to look, and that was after the timers of the one before that.

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

/// How often the turns of the event loop are marked.
const EVERY: Duration = Duration::from_millis(4);

/// Stands for no moment.
const NONE: u64 = u64::MAX;

/// The marks of the event loop's last two turns that fired the timer, in microseconds of the run.
pub struct Pulse {
    writer: Writer,
    last: AtomicU64,
    before: AtomicU64,
    task: Mutex<Option<Waker>>,
}

impl Pulse {
    /// A pulse that does not beat yet.
    pub fn new(writer: Writer) -> Arc<Pulse> {
        let now = writer.now_us();
        let mark = || AtomicU64::new(now);
        Arc::new(Pulse { last: mark(), before: mark(), writer, task: Mutex::default() })
    }

    /// Beats as long as it is polled.
    pub async fn beat(self: Arc<Self>) {
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

    /// What the event loop finds in this turn came after that.
    fn not_before(&self) -> u64 {
        self.before.load(Ordering::Acquire)
    }
}

impl Wake for Pulse {
    /// The event loop fires the timer: this is its turn's mark.
    fn wake(self: Arc<Self>) {
        let last = self.last.swap(self.writer.now_us(), Ordering::AcqRel);
        self.before.store(last, Ordering::Release);
        wake(&self.task);
    }
}

/// Notes for one socket since when what it was found with can have been there.
pub struct Stamp {
    pulse: Arc<Pulse>,
    task: Mutex<Option<Waker>>,
    /// Of the turn that found it ready, until it is read.
    woken: AtomicU64,
    /// Of what was read last.
    read: AtomicU64,
}

impl Stamp {
    /// For a socket on which nothing came before `since`, in microseconds of the run.
    pub fn new(pulse: Arc<Pulse>, since: u64) -> Arc<Stamp> {
        Arc::new(Stamp { pulse, task: Mutex::default(), woken: AtomicU64::new(NONE), read: AtomicU64::new(since) })
    }

    /// Polls a socket for what it is found with.
    pub fn poll<T>(self: &Arc<Self>, cx: &mut Context<'_>, poll: impl FnOnce(&mut Context<'_>) -> Poll<T>) -> Poll<T> {
        remember(&self.task, cx.waker());
        let woken = self.woken.swap(NONE, Ordering::AcqRel);
        let waker = Waker::from(self.clone());
        let polled = poll(&mut Context::from_waker(&waker));
        if polled.is_ready() && woken != NONE {
            self.read.store(woken, Ordering::Release);
        }
        polled
    }

    /// What was read last came after that, in microseconds of the run.
    pub fn read_after(&self) -> u64 {
        self.read.load(Ordering::Acquire)
    }

    /// What is seen otherwise, while the socket is waited for, came after that.
    pub fn seen_after(&self) -> u64 {
        let woken = self.woken.load(Ordering::Acquire);
        if woken == NONE { self.pulse.not_before() } else { woken }
    }
}

impl Wake for Stamp {
    fn wake(self: Arc<Self>) {
        // The first turn counts: what it found may be read much later.
        let now = self.pulse.not_before();
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

/// A client's TCP connection, with the notes of its stamp.
pub struct Stamped {
    tcp: TcpStream,
    stamp: Arc<Stamp>,
}

impl Stamped {
    /// Puts the stamp on a connection.
    pub fn new(tcp: TcpStream, stamp: Arc<Stamp>) -> Stamped {
        Stamped { tcp, stamp }
    }
}

impl AsyncRead for Stamped {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.stamp.poll(cx, |cx| Pin::new(&mut this.tcp).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stamped {
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
