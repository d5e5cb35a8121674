//! Bodies on their way through: a feed that hyper reads from, and a keeper that remembers what went by.

use super::h1::Framing;
use super::lock::lock;
use crate::capture::record::{Body, BodyRetention};
use crate::capture::redact::Digester;
use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::sync::Notify;

/// How many bytes a feed holds before it makes its writer wait.
const ROOM: usize = 128 * 1024;
/// What a piece takes beside its bytes: many small ones are not to take more than a few large ones.
const PER_PIECE: usize = 64;
/// Up to this length a request's body is kept, so that it can be sent again on another connection.
const REPLAY: usize = 64 * 1024;

/// A body was cut, in a sentence.
#[derive(Clone, Debug)]
pub struct BodyAborted(pub String);

impl fmt::Display for BodyAborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BodyAborted {}

#[derive(Default)]
struct FeedState {
    pieces: std::collections::VecDeque<Bytes>,
    /// Pieces that are no longer kept.
    disconnect: usize,
    /// What `pieces` take.
    held: usize,
    /// What all pieces took ever.
    total: usize,
    /// How many pieces its readers were given.
    given: u64,
    end: Option<Result<(), BodyAborted>>,
    reader: Option<Waker>,
}

/// A body that is written by one task and read by hyper, more than once as long as it is short.
pub struct BodyChannel {
    state: Mutex<FeedState>,
    room: Notify,
    replay: usize,
}

impl BodyChannel {
    /// A feed whose readers can begin again until about [`REPLAY`] bytes were put into it.
    pub fn replayable() -> Arc<BodyChannel> {
        Arc::new(BodyChannel { state: Mutex::default(), room: Notify::new(), replay: REPLAY })
    }

    /// A feed that is read once.
    pub fn once() -> Arc<BodyChannel> {
        Arc::new(BodyChannel { state: Mutex::default(), room: Notify::new(), replay: 0 })
    }

    /// Adds a piece; waits while there is no room.
    pub async fn push(&self, piece: Bytes) {
        loop {
            let room = self.room.notified();
            {
                let mut state = lock(&self.state);
                if state.held < ROOM {
                    state.held += cost(&piece);
                    state.total += cost(&piece);
                    state.pieces.push_back(piece);
                    wake(&mut state);
                    return;
                }
            }
            room.await;
        }
    }

    /// Ready when it has been full for so long (twice that at most) without anybody reading from it.
    pub async fn stuck(&self, patience: Duration) {
        let mut before = None;
        loop {
            let now = {
                let state = lock(&self.state);
                (state.held >= ROOM).then_some(state.given)
            };
            if now.is_some() && now == before {
                return;
            }
            before = now;
            tokio::time::sleep(patience).await;
        }
    }

    /// Ends the body, whole or cut.
    pub fn end(&self, how: Result<(), BodyAborted>) {
        let mut state = lock(&self.state);
        state.end.get_or_insert(how);
        wake(&mut state);
    }

    /// Whether it can still be read from its beginning.
    pub fn can_replay(&self) -> bool {
        lock(&self.state).disconnect == 0
    }

    /// A reader from the beginning.
    pub fn reader(self: &Arc<Self>, framing: Framing) -> BodyReader {
        BodyReader { channel: self.clone(), at: 0, framing }
    }
}

fn cost(piece: &Bytes) -> usize {
    piece.len() + PER_PIECE
}

fn wake(state: &mut FeedState) {
    if let Some(waker) = state.reader.take() {
        waker.wake();
    }
}

/// A reader of a feed, as hyper takes bodies.
pub struct BodyReader {
    channel: Arc<BodyChannel>,
    at: usize,
    framing: Framing,
}

impl HttpBody for BodyReader {
    type Data = Bytes;
    type Error = BodyAborted;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyAborted>>> {
        let channel = self.channel.clone();
        let mut state = lock(&channel.state);
        let Some(at) = self.at.checked_sub(state.disconnect) else {
            return Poll::Ready(Some(Err(BodyAborted("the body is no longer whole".to_owned()))));
        };
        if let Some(piece) = state.pieces.get(at).cloned() {
            self.at += 1;
            state.given += 1;
            while state.total > channel.replay && state.disconnect < self.at {
                let Some(piece) = state.pieces.pop_front() else { break };
                state.held -= cost(&piece);
                state.disconnect += 1;
            }
            channel.room.notify_one();
            return Poll::Ready(Some(Ok(Frame::data(piece))));
        }
        match &state.end {
            Some(Ok(())) => Poll::Ready(None),
            Some(Err(cut)) => Poll::Ready(Some(Err(cut.clone()))),
            None => {
                state.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.framing, Framing::None | Framing::Length(0))
    }

    fn size_hint(&self) -> SizeHint {
        match self.framing {
            Framing::None => SizeHint::with_exact(0),
            Framing::Length(length) => SizeHint::with_exact(length),
            Framing::Chunked | Framing::Close => SizeHint::default(),
        }
    }
}

/// Remembers a body: its first bytes, its length, its keyed digest.
pub struct BodyRecorder {
    bytes: Vec<u8>,
    length: u64,
    limit: usize,
    digester: Option<Digester>,
}

impl BodyRecorder {
    /// A keeper of the first `limit` bytes.
    pub fn new(limit: usize, digester: Digester) -> BodyRecorder {
        BodyRecorder { bytes: Vec::new(), length: 0, limit, digester: Some(digester) }
    }

    /// A piece went by.
    pub fn add(&mut self, piece: &[u8]) {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
        self.length += piece.len() as u64;
        if let Some(digester) = &mut self.digester {
            digester.update(piece);
        }
    }

    /// How many bytes went by.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The body as it is recorded.
    pub fn finish(&mut self) -> Body {
        let bytes = std::mem::take(&mut self.bytes);
        let digest = self.digester.take().map(Digester::finish).filter(|_| self.length > 0).unwrap_or_default();
        let kept = if bytes.len() as u64 == self.length { BodyRetention::Whole } else { BodyRetention::Prefix };
        Body { bytes, length: self.length, digest, kept, decoded: false }
    }
}
