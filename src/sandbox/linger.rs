//! Lingering close of a connection whose response was sent before its request was read (RFC 9112 section 9.6).
//!
//! Closing a socket with unread data makes the system reset the connection, and the client may lose the response. So
//! the write side is closed first, and further input is read and discarded for a while.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long without input before the connection is closed.
const QUIET: Duration = Duration::from_secs(1);
/// The longest time to linger in all.
const LONGEST: Duration = Duration::from_secs(10);

/// A connection that lingers on close if `early` is set, so that the client receives the last response.
pub(super) struct Lingering<T> {
    io: T,
    early: Arc<AtomicBool>,
    /// The timers for input and for the whole lingering time.
    timers: Option<[Pin<Box<Sleep>>; 2]>,
}

impl<T> Lingering<T> {
    /// Wraps a connection. `early` is set when a response was sent before the end of its request.
    pub(super) fn new(io: T, early: Arc<AtomicBool>) -> Lingering<T> {
        Lingering { io, early, timers: None }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Lingering<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.timers.is_none() {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
        }
        if !this.early.load(Ordering::Relaxed) {
            return Poll::Ready(Ok(()));
        }
        let sleep = |length| Box::pin(tokio::time::sleep(length));
        let [quiet, longest] = this.timers.get_or_insert_with(|| [sleep(QUIET), sleep(LONGEST)]);
        let mut space = [0; 4096];
        while quiet.as_mut().poll(cx).is_pending() && longest.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut space);
            match ready!(Pin::new(&mut this.io).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => *quiet = sleep(QUIET),
                _ => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
