//! The tap on a client's connection: between TLS and hyper's server.

use super::intake::Intake;
use super::outlet::Outlet;
use super::seat::{Line, Seat};
use crate::capture::Writer;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

/// How long the rest of a refused request is read and thrown away, so that the refusal reaches the client.
const LINGER: Duration = Duration::from_secs(1);

/// A client's connection as hyper's server sees it.
pub struct Front<T> {
    io: T,
    line: Arc<Line>,
    writer: Writer,
    intake: Intake,
    outlet: Outlet,
    buffer: Box<[u8]>,
    linger: Option<Pin<Box<Sleep>>>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> Front<T> {
    /// Puts the tap on a connection.
    pub fn new(io: T, line: Arc<Line>, writer: Writer, head_limit: usize) -> Front<T> {
        let intake = Intake::new(line.clone(), writer.clone(), head_limit);
        let outlet = Outlet::new(head_limit);
        Front { io, line, writer, intake, outlet, buffer: vec![0; 16 * 1024].into(), linger: None }
    }

    /// Reads once from the client into the intake; `Ok(false)` when the client has ended.
    fn poll_intake(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut buffer = ReadBuf::new(&mut self.buffer);
        match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
            Ok(()) if buffer.filled().is_empty() => {
                let detail = if self.intake.in_head() {
                    "the client closed the connection in the middle of a request head"
                } else {
                    "the client closed the connection"
                };
                self.intake.end(detail);
                Poll::Ready(Ok(false))
            }
            Ok(()) => {
                self.intake.take(buffer.filled());
                Poll::Ready(Ok(true))
            }
            Err(error) => {
                self.line.broke(&error);
                self.intake.end(&format!("the connection with the client broke: {error}"));
                Poll::Ready(Err(error))
            }
        }
    }

    /// Writes what may go to the client.
    fn poll_outlet(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let working = self.intake.working().cloned();
        if working.as_ref().is_none_or(|seat| seat.look(|state| state.released)) {
            self.outlet.allow_all();
        }
        while !self.outlet.ready().is_empty() {
            let went = match ready!(Pin::new(&mut self.io).poll_write(cx, self.outlet.ready())) {
                Ok(0) => Err(io::ErrorKind::WriteZero.into()),
                Ok(went) => Ok(went),
                Err(error) => Err(error),
            };
            let went = went.inspect_err(|error: &io::Error| {
                self.intake.end(&format!("the connection with the client broke: {error}"));
            })?;
            self.outlet.went(went);
            if let Some(seat) = &working {
                self.went(seat, went as u64);
            }
        }
        if let Some(seat) = working.filter(|seat| seat.look(|state| state.released && state.complete)) {
            if self.outlet.is_empty() {
                ready!(Pin::new(&mut self.io).poll_flush(cx))?;
                let now = self.writer.now_us();
                seat.change(|state| state.end_out = Some(now));
                self.intake.done();
                // The next request may have been waiting for this.
                cx.waker().wake_by_ref();
            }
        }
        Poll::Ready(Ok(()))
    }

    fn went(&self, seat: &Seat, count: u64) {
        // A 100 goes out before the answer and is no part of it.
        if seat.look(|state| state.queued == 0) {
            return;
        }
        let now = self.writer.now_us();
        seat.change(|state| {
            state.sent += count;
            state.head_out.get_or_insert(now);
        });
    }

    /// Throws away what a refused client still sends.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let sleep = self.linger.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        while sleep.as_mut().poll(cx).is_pending() {
            let mut buffer = ReadBuf::new(&mut self.buffer);
            match ready!(Pin::new(&mut self.io).poll_read(cx, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {}
                _ => return Poll::Ready(()),
            }
        }
        Poll::Ready(())
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Front<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.line.remember(cx.waker());
        loop {
            let fresh = this.intake.working().is_none();
            if let Some(bytes) = this.intake.give(buf.remaining()) {
                if let Some(seat) = this.intake.working().filter(|_| fresh) {
                    this.outlet.begin(if seat.refused.is_some() { "GET" } else { &seat.head.line.method });
                }
                buf.put_slice(&bytes);
                return Poll::Ready(Ok(()));
            }
            if this.intake.ended() {
                return Poll::Ready(Ok(()));
            }
            if !this.intake.has_room() {
                return Poll::Pending;
            }
            ready!(this.poll_intake(cx))?;
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Front<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.line.remember(cx.waker());
        if !this.outlet.has_room() {
            ready!(this.poll_outlet(cx))?;
            if !this.outlet.has_room() {
                return Poll::Pending;
            }
        }
        let seat = this.intake.working().cloned();
        this.outlet.take(buf, seat.as_ref()).map_err(|refusal| io::Error::other(refusal.0))?;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.line.remember(cx.waker());
        ready!(this.poll_outlet(cx))?;
        if !this.outlet.is_empty() {
            // What is held back goes when the exchange is durable; the line is woken then.
            return Poll::Pending;
        }
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.line.remember(cx.waker());
        if this.linger.is_none() {
            if let Some(seat) = this.intake.working().cloned() {
                ready!(this.poll_outlet(cx))?;
                let begun = seat.look(|state| state.queued > 0 && state.end_out.is_none());
                if begun && !this.intake.ended() {
                    return Poll::Pending;
                }
            }
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
        }
        if this.intake.unread() && !this.intake.ended() {
            ready!(this.poll_linger(cx));
        }
        Poll::Ready(Ok(()))
    }
}
