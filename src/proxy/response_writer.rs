//! hyper's answers on their way to the client: the real head in the skeleton's place, and the last piece held back
//! until the exchange is durable.
//!
//! What has come from the backend goes on as it comes, the head first: a client that waits for the next piece waits no
//! longer than it would without a recorder. Pieces that came together go out together.

use super::body_encoder::Rewriter;
use super::connection::ExchangeSlot;
use super::forwarding_headers::answered;
use super::h1::{Event, Framer, Framing, Refusal, StatusLine};
use bytes::{Buf, BytesMut};
use std::sync::Arc;

/// An answer up to this length waits here for what came together with it, or for the record where all of it has come.
const GATHERED: u64 = 64 * 1024;
/// How much waits here before hyper is asked to wait.
const ROOM: usize = 128 * 1024;

/// The writing side of a client's connection.
pub struct ResponseWriter {
    framer: Framer<StatusLine>,
    rewriter: Rewriter,
    framing: Framing,
    /// Content that is still to come where the length is known.
    left: u64,
    /// Content that has come out of hyper.
    content: u64,
    out: BytesMut,
    /// How many bytes at the end of `out` complete the answer: they go out when the exchange is durable. `None` where
    /// there is nothing yet that may go before.
    last: Option<usize>,
    /// How many bytes of `out` may go.
    allowed: usize,
}

impl ResponseWriter {
    /// For a connection that has just been made.
    pub fn new(head_limit: usize) -> ResponseWriter {
        // hyper's heads are short; the limit is only there to have one.
        let framer = Framer::new(head_limit);
        let (rewriter, out) = (Rewriter::default(), BytesMut::new());
        ResponseWriter { framer, rewriter, framing: Framing::None, left: 0, content: 0, out, last: None, allowed: 0 }
    }

    /// Whether hyper may write.
    pub fn has_room(&self) -> bool {
        self.out.len() < ROOM
    }

    /// A request's turn begins.
    pub fn begin(&mut self, method: &str) {
        self.framer.answers_head(method == "HEAD");
    }

    /// Takes what hyper writes.
    pub fn take(&mut self, mut input: &[u8], slot: Option<&Arc<ExchangeSlot>>) -> Result<(), Refusal> {
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
                // The head completes an answer without a body.
                Framing::None | Framing::Length(0) => None,
                // So does the last byte of the content where its length is known.
                Framing::Length(_) => Some(usize::from(self.left == 0)),
                Framing::Chunked => Some(if ended { written } else { 0 }),
                // The connection's end does, and it comes later.
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
                // hyper's 100: nothing of the answer, so it is not held.
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

    /// Lets go what may go before the exchange is durable: all but the last piece, unless more is on its way that came
    /// with it, or all of the answer has come, so that nothing but the record is waited for.
    pub fn allow(&mut self, slot: &ExchangeSlot) {
        let Some(last) = self.last else { return };
        let (arrived, whole) = slot.has_arrived();
        let gathers = self.content < arrived || whole;
        if !gathers || slot.look(|state| state.queued) > GATHERED {
            self.allowed = self.allowed.max(self.out.len().saturating_sub(last));
        }
    }

    /// Lets everything go.
    pub fn allow_all(&mut self) {
        self.allowed = self.out.len();
    }

    /// The bytes that may go now.
    pub fn ready(&self) -> &[u8] {
        &self.out[..self.allowed.min(self.out.len())]
    }

    /// So many bytes went.
    pub fn went(&mut self, count: usize) {
        self.out.advance(count.min(self.out.len()));
        self.allowed = self.allowed.saturating_sub(count);
    }

    /// Whether nothing is left here.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }
}
