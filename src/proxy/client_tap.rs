//! The tap on a client connection, between TLS and hyper's server.

use super::connection::{ClientConnection, ExchangeSlot};
use super::recorder::{Limits, RecorderConfig, seconds};
use super::request_reader::RequestReader;
use super::response_writer::ResponseWriter;
use crate::capture::Writer;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long the rest of a client's input is read and discarded so that it receives the last response (RFC 9112 section
/// 9.6): without new input, and in total.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);
const LONGEST_LINGER: Duration = Duration::from_secs(10);

/// A client's connection as hyper's server sees it.
pub(super) struct ClientTap<T> {
    io: T,
    line: Arc<ClientConnection>,
    writer: Writer,
    request_reader: RequestReader,
    response_writer: ResponseWriter,
    buffer: Box<[u8]>,
    /// Run while the rest of the input is discarded: since the last input, and since the beginning.
    linger: Timer,
    longest_linger: Timer,
    limits: Limits,
    /// Runs while a head is incomplete.
    slow_head: Timer,
    /// Runs while the client does not read.
    stall: Timer,
}

type Timer = Option<Pin<Box<Sleep>>>;

impl<T: AsyncRead + AsyncWrite + Unpin> ClientTap<T> {
    /// Puts the tap on a connection.
    pub(super) fn new(io: T, line: Arc<ClientConnection>, writer: Writer, config: &RecorderConfig) -> ClientTap<T> {
        let limits = config.limits;
        let request_reader = RequestReader::new(line.clone(), writer.clone(), config.pages.clone(), limits.head);
        let (response_writer, buffer) = (ResponseWriter::new(limits.head), vec![0; 16 * 1024].into());
        let (linger, longest_linger, slow_head, stall) = (None, None, None, None);
        ClientTap {
            io,
            line,
            writer,
            request_reader,
            response_writer,
            buffer,
            linger,
            longest_linger,
            limits,
            slow_head,
            stall,
        }
    }

    /// Limits the time of an incomplete head, unless an earlier request is still in progress.
    fn poll_slow_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        if !self.request_reader.in_head() || self.request_reader.working().is_some() {
            self.slow_head = None;
            return Poll::Pending;
        }
        let limit = self.limits.head_time;
        ready!(timer(&mut self.slow_head, limit).poll(cx));
        let detail = format!("the client did not finish its request head within {}", seconds(limit));
        self.line.left_in_head(&detail);
        self.request_reader.end(&detail);
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    /// Limits the time that a client does not read the bytes written to it.
    fn poll_stall(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let limit = self.limits.idle;
        ready!(timer(&mut self.stall, limit).poll(cx));
        self.request_reader.end(&format!("the client stopped reading the response for {}", seconds(limit)));
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    /// Reads once from the client into the request reader; `Ok(false)` at the end of the stream.
    fn poll_intake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
            Ok(()) if buffer.filled().is_empty() => {
                let detail = if self.request_reader.in_head() {
                    "the client closed the connection in the middle of a request head"
                } else {
                    "the client closed the connection"
                };
                self.request_reader.end_read(detail);
                Poll::Ready(Ok(false))
            }
            Ok(()) => {
                self.request_reader.take(buffer.filled());
                Poll::Ready(Ok(true))
            }
            Err(error) => {
                self.line.broke(&error);
                self.request_reader.end_read(&format!("the connection to the client failed: {error}"));
                Poll::Ready(Err(error))
            }
        }
    }

    /// Writes the released bytes to the client.
    fn poll_outlet(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let working = self.request_reader.working().cloned();
        match working.as_ref().filter(|slot| !slot.look(|state| state.released)) {
            Some(slot) => self.response_writer.allow(slot),
            None => self.response_writer.allow_all(),
        }
        while !self.response_writer.ready().is_empty() {
            let went = match Pin::new(&mut self.io).poll_write(cx, self.response_writer.ready()) {
                Poll::Pending => return self.poll_stall(cx).map(Err),
                Poll::Ready(Ok(0)) => Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(went) => went,
            };
            self.stall = None;
            let went = went.inspect_err(|error: &io::Error| {
                self.request_reader.end(&format!("the connection to the client failed: {error}"));
            })?;
            self.response_writer.went(went);
            if let Some(slot) = &working {
                self.went(slot, went as u64);
            }
        }
        let over = |slot: &Arc<ExchangeSlot>| {
            self.response_writer.is_empty() && slot.look(|state| state.released && state.complete)
        };
        if let Some(slot) = working.filter(over) {
            ready!(self.poll_io_flush(cx))?;
            let now = self.writer.now_us();
            slot.change(|state| state.end_out = Some(now));
            self.request_reader.done();
            // The next request may have been waiting for this.
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_io_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.io).poll_flush(cx) {
            Poll::Pending => self.poll_stall(cx).map(Err),
            Poll::Ready(flushed) => {
                self.stall = None;
                Poll::Ready(flushed)
            }
        }
    }

    fn went(&self, slot: &ExchangeSlot, count: u64) {
        // A 100 is sent before the response and is not part of it.
        if slot.look(|state| state.queued == 0) {
            return;
        }
        let now = self.writer.now_us();
        slot.change(|state| {
            state.sent += count;
            state.head_out.get_or_insert(now);
        });
    }

    /// Reads and discards the rest of the client's input.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while timer(&mut self.longest_linger, LONGEST_LINGER).poll(cx).is_pending()
            && timer(&mut self.linger, CLOSE_TIMEOUT).poll(cx).is_pending()
        {
            let mut buffer = ReadBuf::new(&mut self.buffer);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
            if !self.line.drains() {
                self.linger = None;
            }
        }
        Poll::Ready(())
    }
}

/// The running timer; starts it if necessary.
fn timer(slot: &mut Timer, length: Duration) -> Pin<&mut Sleep> {
    slot.get_or_insert_with(|| Box::pin(tokio::time::sleep(length))).as_mut()
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for ClientTap<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.line.remember(cx.waker());
        loop {
            let fresh = this.request_reader.working().is_none();
            if let Some(bytes) = this.request_reader.give(buf.remaining()) {
                if let Some(slot) = this.request_reader.working().filter(|_| fresh) {
                    this.response_writer.begin(if slot.refused.is_some() { "GET" } else { &slot.head.line.method });
                }
                buf.put_slice(&bytes);
                return Poll::Ready(Ok(()));
            }
            if this.request_reader.ended() {
                return Poll::Ready(Ok(()));
            }
            if !this.request_reader.has_room() {
                return Poll::Pending;
            }
            match this.poll_intake(cx) {
                Poll::Pending => return this.poll_slow_head(cx).map(Err),
                Poll::Ready(read) => read?,
            };
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for ClientTap<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.line.remember(cx.waker());
        if !this.response_writer.has_room() {
            ready!(this.poll_outlet(cx))?;
            if !this.response_writer.has_room() {
                return Poll::Pending;
            }
        }
        let slot = this.request_reader.working().cloned();
        this.response_writer.take(buf, slot.as_ref()).map_err(|refusal| io::Error::other(refusal.0))?;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.line.remember(cx.waker());
        ready!(this.poll_outlet(cx))?;
        if !this.response_writer.is_empty() {
            // The held back bytes are released when the exchange is durable, which wakes this task.
            return Poll::Pending;
        }
        this.poll_io_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.line.remember(cx.waker());
        if this.longest_linger.is_none() {
            if let Some(slot) = this.request_reader.working().cloned() {
                ready!(this.poll_outlet(cx))?;
                let begun = slot.look(|state| state.queued > 0 && state.end_out.is_none());
                if begun && !this.request_reader.ended() {
                    return Poll::Pending;
                }
            }
            match Pin::new(&mut this.io).poll_shutdown(cx) {
                Poll::Pending => return this.poll_stall(cx).map(Err),
                Poll::Ready(ended) => ended?,
            }
        }
        if this.request_reader.unread() && !this.request_reader.ended() {
            ready!(this.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
