//! Bodies of requests and responses: a channel that hyper reads from, and a recorder of their content.

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

/// The capacity of a channel in bytes; a writer waits when it is full.
const BUFFER_LIMIT: usize = 128 * 1024;
/// The overhead counted per piece, so that many small pieces cannot use more memory than a few large ones.
const PER_PIECE: usize = 64;
/// Request bodies up to this length are kept, so that they can be sent again on another connection.
const REPLAY: usize = 64 * 1024;

/// The reason why a body is truncated, as a message.
#[derive(Clone, Debug)]
pub(super) struct BodyAborted(pub String);

impl fmt::Display for BodyAborted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BodyAborted {}

#[derive(Default)]
struct ChannelState {
    pieces: std::collections::VecDeque<Bytes>,
    /// The number of pieces that were dropped after reading.
    dropped: usize,
    /// The cost of `pieces`.
    held: usize,
    /// The cost of all pieces ever pushed.
    total: usize,
    /// The number of pieces read.
    given: u64,
    end: Option<Result<(), BodyAborted>>,
    reader: Option<Waker>,
}

/// A body that one task writes and hyper reads; a short one can be read more than once.
pub(super) struct BodyChannel {
    state: Mutex<ChannelState>,
    has_capacity: Notify,
    replay: usize,
}

impl BodyChannel {
    /// A channel whose content can be read again until about [`REPLAY`] bytes have been pushed.
    pub(super) fn replayable() -> Arc<BodyChannel> {
        Arc::new(BodyChannel { state: Mutex::default(), has_capacity: Notify::new(), replay: REPLAY })
    }

    /// A channel that can be read once.
    pub(super) fn once() -> Arc<BodyChannel> {
        Arc::new(BodyChannel { state: Mutex::default(), has_capacity: Notify::new(), replay: 0 })
    }

    /// Adds a piece; waits while the channel is full.
    pub(super) async fn push(&self, piece: Bytes) {
        loop {
            let capacity = self.has_capacity.notified();
            {
                let mut state = lock(&self.state);
                if state.held < BUFFER_LIMIT {
                    state.held += cost(&piece);
                    state.total += cost(&piece);
                    state.pieces.push_back(piece);
                    wake(&mut state);
                    return;
                }
            }
            capacity.await;
        }
    }

    /// Waits until the channel has been full and unread for `limit` (at most twice that).
    pub(super) async fn stuck(&self, limit: Duration) {
        let mut before = None;
        loop {
            let now = {
                let state = lock(&self.state);
                (state.held >= BUFFER_LIMIT).then_some(state.given)
            };
            if now.is_some() && now == before {
                return;
            }
            before = now;
            tokio::time::sleep(limit).await;
        }
    }

    /// Ends the body, complete or truncated. The first call counts.
    pub(super) fn end(&self, how: Result<(), BodyAborted>) {
        let mut state = lock(&self.state);
        state.end.get_or_insert(how);
        wake(&mut state);
    }

    /// Whether the body can still be read from the beginning.
    pub(super) fn can_replay(&self) -> bool {
        lock(&self.state).dropped == 0
    }

    /// A reader from the beginning.
    pub(super) fn reader(self: &Arc<Self>, framing: Framing) -> BodyReader {
        BodyReader { channel: self.clone(), at: 0, framing }
    }
}

fn cost(piece: &Bytes) -> usize {
    piece.len() + PER_PIECE
}

fn wake(state: &mut ChannelState) {
    if let Some(waker) = state.reader.take() {
        waker.wake();
    }
}

/// A reader of a channel, as a hyper body.
pub(super) struct BodyReader {
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
        let Some(at) = self.at.checked_sub(state.dropped) else {
            return Poll::Ready(Some(Err(BodyAborted("the beginning of the body is no longer available".to_owned()))));
        };
        if let Some(piece) = state.pieces.get(at).cloned() {
            self.at += 1;
            state.given += 1;
            while state.total > channel.replay && state.dropped < self.at {
                let Some(piece) = state.pieces.pop_front() else { break };
                state.held -= cost(&piece);
                state.dropped += 1;
            }
            channel.has_capacity.notify_one();
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

/// The recorder of a body: its first bytes, its length, its keyed digest.
pub(super) struct BodyRecorder {
    bytes: Vec<u8>,
    length: u64,
    limit: usize,
    digester: Option<Digester>,
}

impl BodyRecorder {
    /// A recorder that keeps the first `limit` bytes.
    pub(super) fn new(limit: usize, digester: Digester) -> BodyRecorder {
        BodyRecorder { bytes: Vec::new(), length: 0, limit, digester: Some(digester) }
    }

    pub(super) fn add(&mut self, piece: &[u8]) {
        let remaining = self.limit.saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(&piece[..piece.len().min(remaining)]);
        self.length += piece.len() as u64;
        if let Some(digester) = &mut self.digester {
            digester.update(piece);
        }
    }

    /// The number of bytes added.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The body for the record.
    pub(super) fn finish(&mut self) -> Body {
        let bytes = std::mem::take(&mut self.bytes);
        let digest = self.digester.take().map(Digester::finish).filter(|_| self.length > 0).unwrap_or_default();
        let kept = if bytes.len() as u64 == self.length { BodyRetention::Whole } else { BodyRetention::Prefix };
        Body { bytes, length: self.length, digest, kept, decoded: false }
    }
}
