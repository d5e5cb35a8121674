//! The tap on a connection to the backend, between hyper's client and TLS.

use super::body_encoder::Rewriter;
use super::forwarding_headers::answer_skeleton;
use super::h1::{EofState, Event, Framer, Refusal, RequestLine, StatusLine};
use super::lock::lock;
use super::upstream::{ClientIdentity, MISSING};
use super::upstream_request::Call;
use crate::capture::Writer;
use bytes::{Buf, BytesMut};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The maximum number of 1xx responses to a request.
const MOST_INTERIM: usize = 64;

/// The size of the output buffer at which hyper has to wait.
const BUFFER_LIMIT: usize = 64 * 1024;

/// The current request of a connection to the backend.
#[derive(Default)]
pub(super) struct UpstreamSlot {
    call: Mutex<Option<Arc<Call>>>,
}

impl UpstreamSlot {
    /// Sets the request that hyper sends next.
    pub(super) fn begin(&self, call: Arc<Call>) {
        *lock(&self.call) = Some(call);
    }

    fn call(&self) -> Option<Arc<Call>> {
        lock(&self.call).clone()
    }
}

/// A connection to the backend as hyper's client sees it.
pub(super) struct UpstreamTap<T> {
    io: T,
    line: Arc<UpstreamSlot>,
    writer: Writer,
    identity: Arc<ClientIdentity>,
    requests: Framer<RequestLine>,
    request_body: Rewriter,
    out: BytesMut,
    /// Whether the end of the request is in `out` or beyond.
    request_ended: bool,
    answers: Framer<StatusLine>,
    answer_body: Rewriter,
    /// Whether the response to the last request is complete: until the next request no more data may arrive.
    answered: bool,
    /// Why nothing more is read, once hyper has read the data before the failure.
    failed: Option<String>,
    /// Why nothing more can be written. A backend that responds early and closes the connection causes write errors
    /// while the request is still being sent; its response is read before the connection is given up.
    write_error: Option<String>,
    /// The number of 1xx responses to the last request.
    interim: usize,
    ready: BytesMut,
    buffer: Box<[u8]>,
}

impl<T: AsyncRead + AsyncWrite + Unpin> UpstreamTap<T> {
    /// Puts the tap on a connection.
    pub(super) fn new(
        io: T,
        line: Arc<UpstreamSlot>,
        writer: Writer,
        head_limit: usize,
        identity: Arc<ClientIdentity>,
    ) -> UpstreamTap<T> {
        let (requests, answers) = (Framer::new(head_limit), Framer::new(head_limit));
        let (request_body, answer_body) = (Rewriter::default(), Rewriter::default());
        let (out, ready, buffer) = (BytesMut::new(), BytesMut::new(), vec![0; 16 * 1024].into());
        UpstreamTap {
            io,
            line,
            writer,
            identity,
            requests,
            request_body,
            out,
            request_ended: false,
            answers,
            answer_body,
            answered: true,
            failed: None,
            write_error: None,
            interim: 0,
            ready,
            buffer,
        }
    }

    /// Takes bytes written by hyper.
    fn take_request(&mut self, mut input: &[u8]) -> Result<(), Refusal> {
        let call = self.line.call();
        loop {
            let step = self.requests.step(input)?;
            let (used, rest) = input.split_at(step.used);
            input = rest;
            match step.event {
                None if used.is_empty() => return Ok(()),
                None | Some(Event::Interim(_)) => {}
                Some(Event::Head(skeleton, framing)) => {
                    self.request_ended = false;
                    (self.answered, self.interim) = (false, 0);
                    self.request_body = Rewriter::new(framing);
                    self.answers.answers_head(skeleton.line.method == "HEAD");
                    if let Some(call) = &call {
                        self.out.extend_from_slice(&call.head);
                    }
                }
                Some(Event::Chunk(size)) => self.request_body.chunk(size, &mut self.out),
                Some(Event::Data) => self.request_body.data(used, &mut self.out),
                Some(Event::End(_)) => {
                    let trailers = call.as_ref().map(|call| call.slot.look(|state| state.request_trailers.clone()));
                    self.request_body.end(&trailers.unwrap_or_default(), &mut self.out);
                    self.request_ended = true;
                }
            }
        }
    }

    /// Writes the buffered output. A connection error is not returned: hyper would drop a response that has arrived.
    fn poll_out(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let call = self.line.call();
        while !self.out.is_empty() {
            let went = match ready!(Pin::new(&mut self.io).poll_write(cx, &self.out)) {
                Ok(0) => return self.stop_writing(&io::ErrorKind::WriteZero.into(), cx),
                Ok(went) => went,
                Err(error) => return self.stop_writing(&error, cx),
            };
            self.out.advance(went);
            if let Some(call) = &call {
                call.change(|state| state.sent += went as u64);
            }
        }
        if let Err(error) = ready!(Pin::new(&mut self.io).poll_flush(cx)) {
            return self.stop_writing(&error, cx);
        }
        if std::mem::take(&mut self.request_ended)
            && let Some(call) = call
        {
            let now = self.writer.now_us();
            call.change(|state| state.request_out = Some(now));
        }
        Poll::Ready(Ok(()))
    }

    /// Discards the rest of the request after a write error; reading continues.
    fn stop_writing(&mut self, error: &io::Error, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.out.clear();
        let why = format!("the connection to the backend failed: {error}");
        self.write_error.get_or_insert_with(|| why.clone());
        if let Some(call) = self.line.call() {
            call.change(|state| state.write_error = Some(why));
        }
        // hyper may be waiting for the write; it has to read now.
        cx.waker().wake_by_ref();
        Poll::Ready(Ok(()))
    }

    /// Takes bytes from the backend and converts them to the bytes that hyper reads.
    fn take_answer(&mut self, filled: usize) -> Result<(), Refusal> {
        let call = self.line.call();
        let now = self.writer.now_us();
        let tell = |change: &mut dyn FnMut(&mut super::upstream_request::UpstreamCallState)| {
            if let Some(call) = &call {
                call.change(change);
            }
        };
        let mut input = &self.buffer[..filled];
        if !self.answered && !input.is_empty() {
            tell(&mut |state| state.answer_begun = true);
        }
        loop {
            if self.answered && !input.is_empty() {
                // No request is open: these bytes belong to no response.
                self.failed = Some("the backend sent data after its response".to_owned());
                tell(&mut |state| state.excess = true);
                return Ok(());
            }
            let step = self.answers.step(input)?;
            let (used, rest) = input.split_at(step.used);
            input = rest;
            match step.event {
                None if used.is_empty() => return Ok(()),
                None => {}
                Some(Event::Interim(head)) if head.line.status == 101 => {
                    return Err(Refusal(
                        "the backend sent 101 Switching Protocols without an upgrade request".to_owned(),
                    ));
                }
                Some(Event::Interim(head)) => {
                    self.interim += 1;
                    if self.interim > MOST_INTERIM {
                        return Err(Refusal(format!("more than {MOST_INTERIM} 1xx responses precede it")));
                    }
                    tell(&mut |state| state.informational.push(head.line.status));
                }
                Some(Event::Head(head, framing)) => {
                    self.answer_body = Rewriter::new(framing);
                    self.ready.extend_from_slice(&answer_skeleton(&head, framing));
                    tell(&mut |state| (state.answer, state.head_in) = (Some((head.clone(), framing)), Some(now)));
                }
                Some(Event::Chunk(size)) => self.answer_body.chunk(size, &mut self.ready),
                Some(Event::Data) => {
                    self.answer_body.data(used, &mut self.ready);
                    if let Some(call) = &call {
                        call.slot.arrived(used.len() as u64);
                    }
                }
                Some(Event::End(trailers)) => {
                    self.answered = true;
                    self.answer_body.end(&[], &mut self.ready);
                    if let Some(call) = &call {
                        call.slot.arrived_whole();
                    }
                    tell(&mut |state| (state.trailers, state.end_in) = (trailers.clone(), Some(now)));
                }
            }
        }
    }

    fn ended(&self) {
        let Some(call) = self.line.call() else { return };
        let now = self.writer.now_us();
        let broken = match self.answers.at_end() {
            EofState::CloseDelimited => return call.change(|state| state.end_in = Some(now)),
            EofState::Between => "the backend closed the connection without a response",
            EofState::InHead => "the backend closed the connection in the middle of the response head",
            EofState::InBody => "the backend closed the connection before its response was complete",
        };
        let hint = if self.identity.is_missing() { format!("; {MISSING}") } else { String::new() };
        self.breaks(&call, format!("{broken}{hint}"));
    }

    fn broke(&self, error: io::Error) -> io::Error {
        if let Some(call) = self.line.call() {
            let hint = self.identity.remedy(&error).map(|remedy| format!("; {remedy}")).unwrap_or_default();
            self.breaks(&call, format!("the connection to the backend failed: {error}{hint}"));
        }
        error
    }

    /// Notes that the response is truncated. An earlier write error is reported instead, as its cause.
    fn breaks(&self, call: &Call, why: String) {
        call.change(|state| {
            if state.end_in.is_none() {
                state.broken.get_or_insert_with(|| self.write_error.clone().unwrap_or(why));
            }
        });
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for UpstreamTap<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        loop {
            if !this.ready.is_empty() {
                let given = this.ready.split_to(buf.remaining().min(this.ready.len()));
                buf.put_slice(&given);
                return Poll::Ready(Ok(()));
            }
            if this.write_error.is_some() && this.answered {
                // This connection cannot send another request.
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            if let Some(why) = &this.failed {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, why.clone())));
            }
            let mut buffer = ReadBuf::new(&mut this.buffer);
            let read = ready!(Pin::new(&mut this.io).poll_read(cx, &mut buffer));
            let filled = buffer.filled().len();
            read.map_err(|error| this.broke(error))?;
            if filled == 0 {
                this.ended();
                return Poll::Ready(Ok(()));
            }
            if let Err(refusal) = this.take_answer(filled) {
                let why = format!("the backend's response cannot be forwarded: {refusal}");
                if let Some(call) = this.line.call() {
                    call.change(|state| state.broken = Some(why.clone()));
                }
                this.failed = Some(why);
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for UpstreamTap<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if this.out.len() >= BUFFER_LIMIT {
            ready!(this.poll_out(cx))?;
        }
        if this.write_error.is_some() {
            return Poll::Ready(Ok(buf.len()));
        }
        this.take_request(buf).map_err(|refusal| io::Error::other(refusal.0))?;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_out(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_out(cx))?;
        if self.write_error.is_some() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
