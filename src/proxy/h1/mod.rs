//! The tap's framer: HTTP/1 framing (RFC 9112) over byte slices, without sockets.
//!
//! It says where heads, bodies and trailers begin and end, gives heads as they came, and refuses what two readers
//! could frame differently. hyper, above it, never sees a head that this file has not understood.

mod chunk;
mod head;

pub use head::{Framing, Head, RequestLine, StartLine, StatusLine, Version, head_bytes, lenient_headers};

use crate::capture::record::Header;
use chunk::{ChunkEvent, ChunkReader};
use std::fmt;

/// Why bytes were refused, in a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a step of the framer found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<L> {
    /// A head is complete; its body follows as the framing says.
    Head(Head<L>, Framing),
    /// An answer with a 1xx status: another head follows (RFC 9110 section 15.2).
    Interim(Head<L>),
    /// The size line of a chunk that is not the last.
    Chunk(u64),
    /// The bytes of this step are content.
    Data,
    /// The message is complete. With the trailers, in order.
    End(Vec<Header>),
}

/// A step: how many bytes of the input it used, and what it found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<L> {
    /// Bytes used.
    pub used: usize,
    /// What was found, if anything.
    pub event: Option<Event<L>>,
}

/// Where the framer stands when the input ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EofState {
    /// Between two messages.
    Between,
    /// In the middle of a head.
    InHead,
    /// In the middle of a body whose end is announced.
    InBody,
    /// In a body that ends with the connection (RFC 9112 section 6.3, rule 8).
    CloseDelimited,
}

enum State {
    Head,
    Length(u64),
    Chunked(ChunkReader),
    Close,
    Ending,
}

/// The framer of one direction of one connection.
pub struct Framer<L> {
    state: State,
    head: head::HeadReader,
    limit: usize,
    bodyless: bool,
    line: std::marker::PhantomData<L>,
}

impl<L: StartLine> Framer<L> {
    /// A framer that refuses heads and trailer sections longer than `limit` bytes.
    pub fn new(limit: usize) -> Framer<L> {
        let head = head::HeadReader::new(limit);
        Framer { state: State::Head, head, limit, bodyless: false, line: std::marker::PhantomData }
    }

    /// For answers: whether the request was a HEAD, so that no body follows the next head.
    pub fn answers_head(&mut self, yes: bool) {
        self.bodyless = yes;
    }

    /// The bytes of an unfinished or refused head.
    pub fn partial_head(&self) -> &[u8] {
        self.head.bytes()
    }

    /// Where the framer stands if no more input comes.
    pub fn at_end(&self) -> EofState {
        match self.state {
            State::Head if self.head.bytes().is_empty() => EofState::Between,
            State::Head => EofState::InHead,
            State::Close => EofState::CloseDelimited,
            State::Ending => EofState::Between,
            State::Length(_) | State::Chunked(_) => EofState::InBody,
        }
    }

    /// Reads on. A step that uses nothing and finds nothing needs more input. After a refusal the framer is of no use.
    pub fn step(&mut self, input: &[u8]) -> Result<Step<L>, Refusal> {
        match &mut self.state {
            State::Head => self.step_head(input),
            State::Length(left) => {
                let used = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= used as u64;
                if *left == 0 {
                    self.state = State::Ending;
                }
                Ok(Step { used, event: (used > 0).then_some(Event::Data) })
            }
            State::Chunked(reader) => {
                let (used, event) = reader.step(input)?;
                let event = event.map(|event| match event {
                    ChunkEvent::Size(size) => Event::Chunk(size),
                    ChunkEvent::Data => Event::Data,
                    ChunkEvent::End(trailers) => {
                        self.state = State::Head;
                        Event::End(trailers)
                    }
                });
                Ok(Step { used, event })
            }
            State::Close => Ok(Step { used: input.len(), event: (!input.is_empty()).then_some(Event::Data) }),
            State::Ending => {
                self.state = State::Head;
                Ok(Step { used: 0, event: Some(Event::End(Vec::new())) })
            }
        }
    }

    fn step_head(&mut self, input: &[u8]) -> Result<Step<L>, Refusal> {
        let (used, complete) = self.head.read(input)?;
        if !complete {
            return Ok(Step { used, event: None });
        }
        let head = Head::<L>::parse(self.head.bytes())?;
        let framing = head.line.framing(&head.headers, self.bodyless)?;
        self.head.clear();
        if head.line.is_interim() {
            return Ok(Step { used, event: Some(Event::Interim(head)) });
        }
        self.state = match framing {
            Framing::None | Framing::Length(0) => State::Ending,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(ChunkReader::new(self.limit)),
            Framing::Close => State::Close,
        };
        Ok(Step { used, event: Some(Event::Head(head, framing)) })
    }
}

#[cfg(test)]
mod tests;
