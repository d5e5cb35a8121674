//! hyper's answers on their way to the client: the real head in the skeleton's place, and the last piece held back
//! until the exchange is durable.

use super::framer::{AnswerLine, Event, Framer, Framing, Refusal};
use super::heads::answered;
use super::rewrite::Rewriter;
use super::seat::Seat;
use bytes::{Buf, BytesMut};
use std::sync::Arc;

/// An answer up to this length is held back whole.
const HELD_WHOLE: u64 = 64 * 1024;
/// How much waits here before hyper is asked to wait.
const ROOM: usize = 128 * 1024;

/// The writing side of a client's connection.
pub struct Outlet {
    framer: Framer<AnswerLine>,
    rewriter: Rewriter,
    framing: Framing,
    /// Content that is still to come where the length is known.
    left: u64,
    out: BytesMut,
    /// How many bytes of `out` may go.
    allowed: usize,
}

impl Outlet {
    /// For a connection that has just been made.
    pub fn new(head_limit: usize) -> Outlet {
        // hyper's heads are short; the limit is only there to have one.
        let framer = Framer::new(head_limit);
        let (rewriter, out) = (Rewriter::default(), BytesMut::new());
        Outlet { framer, rewriter, framing: Framing::None, left: 0, out, allowed: 0 }
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
    pub fn take(&mut self, mut input: &[u8], seat: Option<&Arc<Seat>>) -> Result<(), Refusal> {
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
                Some(event) => self.event(event, used, seat),
            }
            self.left = self.left.saturating_sub(content);
            let Some(seat) = seat.filter(|_| !interim) else {
                self.allowed = self.out.len();
                continue;
            };
            let written = (self.out.len() - before) as u64;
            let queued = seat.look(|state| state.queued) + written;
            if content > 0 && queued > HELD_WHOLE {
                // The last byte of the content completes an answer of known length; chunks and closes come later.
                let last = matches!(self.framing, Framing::Length(_)) && self.left == 0;
                self.allowed = self.out.len() - usize::from(last);
            }
            seat.change(|state| {
                state.queued = queued;
                state.content += content;
                state.complete |= ended;
            });
        }
    }

    fn event(&mut self, event: Event<AnswerLine>, used: &[u8], seat: Option<&Arc<Seat>>) {
        match event {
            Event::Interim(head) => {
                // hyper's 100: nothing of the answer, so it is not held.
                self.out.extend_from_slice(&head.bytes());
            }
            Event::Head(skeleton, framing) => {
                self.framing = framing;
                self.left = if let Framing::Length(length) = framing { length } else { 0 };
                self.rewriter = Rewriter::new(framing);
                let real = seat.and_then(|seat| seat.look(|state| state.answer.clone()));
                let bytes = match real {
                    Some(real) => answered(&real, &skeleton, framing),
                    None => skeleton.bytes(),
                };
                self.out.extend_from_slice(&bytes);
                if let Some(seat) = seat {
                    seat.change(|state| state.until_close = framing == Framing::Close);
                }
            }
            Event::Chunk(size) => self.rewriter.chunk(size, &mut self.out),
            Event::Data => self.out.extend_from_slice(used),
            Event::End(_) => {
                let trailers = seat.map(|seat| seat.look(|state| state.answer_trailers.clone())).unwrap_or_default();
                self.rewriter.end(&trailers, &mut self.out);
            }
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
