//! The writing side of a client connection.
//!
//! It replaces hyper's skeleton head with the real one, and holds back the end of the response until the exchange is
//! durable.
//!
//! Everything before the end is forwarded as it arrives from the backend, the head first, so that the recorder adds no
//! delay. Parts that arrive together are sent together.

use super::body_encoder::Rewriter;
use super::connection::ExchangeSlot;
use super::forwarding_headers::answered;
use super::h1::{Event, Framer, Framing, Refusal, StatusLine};
use bytes::{Buf, BytesMut};
use std::sync::Arc;

/// A response up to this length is gathered: with the parts that arrive together, or whole until it is recorded.
const GATHERED: u64 = 64 * 1024;
/// The size of the output buffer at which hyper has to wait.
const BUFFER_LIMIT: usize = 128 * 1024;

/// The writing side of a client's connection.
pub(super) struct ResponseWriter {
    framer: Framer<StatusLine>,
    rewriter: Rewriter,
    framing: Framing,
    /// The remaining content in bytes, if the length is known.
    left: u64,
    /// The content written by hyper, in bytes.
    content: u64,
    out: BytesMut,
    /// How many bytes at the end of `out` complete the response; they are held back until the exchange is durable.
    /// `None` if nothing may be sent before that.
    last: Option<usize>,
    /// How many bytes of `out` may be sent.
    allowed: usize,
}

impl ResponseWriter {
    /// The writer of a new connection.
    pub(super) fn new(head_limit: usize) -> ResponseWriter {
        // hyper's heads are short; the limit is a formality.
        let framer = Framer::new(head_limit);
        let (rewriter, out) = (Rewriter::default(), BytesMut::new());
        ResponseWriter { framer, rewriter, framing: Framing::None, left: 0, content: 0, out, last: None, allowed: 0 }
    }

    /// Whether hyper may write.
    pub(super) fn has_room(&self) -> bool {
        self.out.len() < BUFFER_LIMIT
    }

    /// Begins the response to a request with this method.
    pub(super) fn begin(&mut self, method: &str) {
        self.framer.answers_head(method == "HEAD");
    }

    /// Takes bytes written by hyper.
    pub(super) fn take(&mut self, mut input: &[u8], slot: Option<&Arc<ExchangeSlot>>) -> Result<(), Refusal> {
        loop {
            let step = self.framer.step(input)?;
            let (used, rest) = input.split_at(step.used);
            input = rest;
            let before = self.out.len();
            let content = if step.event == Some(Event::Data) { used.len() as u64 } else { 0 };
            let ended = matches!(step.event, Some(Event::End(_)));
            let interim = matches!(step.event, Some(Event::Interim(_)));
            match step.event {
                None if used.is_empty() => return Ok(()),
                None => {}
                Some(event) => self.event(event, used, slot),
            }
            self.left = self.left.saturating_sub(content);
            self.content += content;
            let Some(slot) = slot.filter(|_| !interim) else {
                self.allowed = self.out.len();
                continue;
            };
            let written = self.out.len().saturating_sub(before);
            self.last = match self.framing {
                // The head completes a response without a body.
                Framing::None | Framing::Length(0) => None,
                // The last byte of the content completes a response of known length.
                Framing::Length(_) => Some(usize::from(self.left == 0)),
                Framing::Chunked => Some(if ended { written } else { 0 }),
                // The end of the connection completes it later.
                Framing::Close => Some(0),
            };
            slot.change(|state| {
                state.queued += written as u64;
                state.content += content;
                state.complete |= ended;
            });
        }
    }

    fn event(&mut self, event: Event<StatusLine>, used: &[u8], slot: Option<&Arc<ExchangeSlot>>) {
        match event {
            Event::Interim(head) => {
                // hyper's 100 is not part of the response and is not held back.
                self.out.extend_from_slice(&head.bytes());
            }
            Event::Head(skeleton, framing) => {
                self.framing = framing;
                self.content = 0;
                self.left = if let Framing::Length(length) = framing { length } else { 0 };
                self.rewriter = Rewriter::new(framing);
                let real = slot.and_then(|slot| slot.look(|state| state.answer.clone()));
                let bytes = match real {
                    Some(real) => answered(&real, &skeleton, framing),
                    None => skeleton.bytes(),
                };
                self.out.extend_from_slice(&bytes);
                if let Some(slot) = slot {
                    slot.change(|state| state.until_close = framing == Framing::Close);
                }
            }
            Event::Chunk(size) => self.rewriter.chunk(size, &mut self.out),
            Event::Data => self.rewriter.data(used, &mut self.out),
            Event::End(_) => {
                let trailers = slot.map(|slot| slot.look(|state| state.answer_trailers.clone())).unwrap_or_default();
                self.rewriter.end(&trailers, &mut self.out);
            }
        }
    }

    /// Releases what may be sent before the exchange is durable: everything but the last part. A short response is not
    /// released yet if more of it has already arrived, or if it is complete, because only the record is pending then.
    pub(super) fn allow(&mut self, slot: &ExchangeSlot) {
        let Some(last) = self.last else { return };
        let (arrived, whole) = slot.has_arrived();
        let gathers = self.content < arrived || whole;
        if !gathers || slot.look(|state| state.queued) > GATHERED {
            self.allowed = self.allowed.max(self.out.len().saturating_sub(last));
        }
    }

    /// Releases everything.
    pub(super) fn allow_all(&mut self) {
        self.allowed = self.out.len();
    }

    /// The released bytes.
    pub(super) fn ready(&self) -> &[u8] {
        &self.out[..self.allowed.min(self.out.len())]
    }

    /// Removes bytes that were sent.
    pub(super) fn went(&mut self, count: usize) {
        self.out.advance(count.min(self.out.len()));
        self.allowed = self.allowed.saturating_sub(count);
    }

    /// Whether all bytes were sent.
    pub(super) fn is_empty(&self) -> bool {
        self.out.is_empty()
    }
}
