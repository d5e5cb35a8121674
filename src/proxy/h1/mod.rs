//! HTTP/1 framing (RFC 9112) of byte slices, without I/O.
//!
//! The framer finds the boundaries of heads, bodies and trailers, returns heads as received, and refuses messages that
//! two readers could frame differently. hyper never sees a head that the framer has not accepted.

mod chunk;
mod head;

pub use head::{Framing, Head, RequestLine, StartLine, StatusLine, Version, head_bytes, lenient_headers};

use crate::capture::record::Header;
use chunk::{ChunkEvent, ChunkReader};
use std::fmt;

/// The reason why bytes were refused, as a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An event found by a step of the framer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event<L> {
    /// A complete head, and the framing of the body that follows.
    Head(Head<L>, Framing),
    /// The head of a 1xx response; another head follows (RFC 9110 section 15.2).
    Interim(Head<L>),
    /// The size line of a chunk other than the last.
    Chunk(u64),
    /// Content: the bytes used by this step.
    Data,
    /// The end of the message, with its trailers in order.
    End(Vec<Header>),
}

/// The result of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step<L> {
    /// The number of input bytes used.
    pub used: usize,
    /// The event found, if any.
    pub event: Option<Event<L>>,
}

/// The position of the framer when the input ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EofState {
    /// Between two messages.
    Between,
    /// Within a head.
    InHead,
    /// Within a body of known length or in chunks.
    InBody,
    /// Within a body that ends with the connection (RFC 9112 section 6.3, rule 8).
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

    /// For responses: sets whether the request was a HEAD, so that no body follows the next head.
    pub fn answers_head(&mut self, yes: bool) {
        self.bodyless = yes;
    }

    /// The bytes of an unfinished or refused head.
    pub fn partial_head(&self) -> &[u8] {
        self.head.bytes()
    }

    /// The position of the framer if the input ends now.
    pub fn at_end(&self) -> EofState {
        match self.state {
            State::Head if self.head.bytes().is_empty() => EofState::Between,
            State::Head => EofState::InHead,
            State::Close => EofState::CloseDelimited,
            State::Ending => EofState::Between,
            State::Length(_) | State::Chunked(_) => EofState::InBody,
        }
    }

    /// Processes input up to the next event. A step that uses nothing and finds nothing needs more input. After an
    /// error the framer must not be used any more.
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
