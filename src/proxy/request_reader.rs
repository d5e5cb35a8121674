//! The reading side of a client connection.
//!
//! It frames the client's bytes, refuses ambiguous framing, and passes one request at a time to hyper.

use super::body_encoder::Rewriter;
use super::connection::{ClientConnection, Disconnect, ExchangeSlot, Taken};
use super::forwarding_headers::{refused_skeleton, request_skeleton};
use super::h1::{EofState, Event, Framer, Framing, Head, RequestLine, Version, lenient_headers};
use super::local_pages::LocalPages;
use crate::capture::Writer;
use crate::capture::record::EndedBy;
use bytes::{Buf, BytesMut};
use std::collections::VecDeque;
use std::sync::Arc;

/// How many bytes are read ahead of hyper, so that a disconnect is noticed while a request is in progress.
const READ_AHEAD: usize = 64 * 1024;

/// The memory overhead of a header, and of a request, in bytes.
const PER_HEADER: usize = 64;
const PER_REQUEST: usize = 1024;

enum Item {
    /// A request, the skeleton head for hyper, and the memory that it uses.
    Request(Arc<ExchangeSlot>, BytesMut, usize),
    Bytes(BytesMut),
}

/// The reading side of a client's connection.
pub(super) struct RequestReader {
    line: Arc<ClientConnection>,
    writer: Writer,
    pages: LocalPages,
    framer: Framer<RequestLine>,
    rewriter: Rewriter,
    items: VecDeque<Item>,
    held: usize,
    /// The request that is being read.
    reading: Option<Arc<ExchangeSlot>>,
    /// The request that hyper processes.
    working: Option<Arc<ExchangeSlot>>,
    refused: bool,
    ended: bool,
}

impl RequestReader {
    pub(super) fn new(
        line: Arc<ClientConnection>,
        writer: Writer,
        pages: LocalPages,
        head_limit: usize,
    ) -> RequestReader {
        let (framer, rewriter) = (Framer::new(head_limit), Rewriter::default());
        let items = VecDeque::new();
        RequestReader {
            line,
            writer,
            pages,
            framer,
            rewriter,
            items,
            held: 0,
            reading: None,
            working: None,
            refused: false,
            ended: false,
        }
    }

    /// Whether more should be read from the client.
    pub(super) fn has_room(&self) -> bool {
        self.held < READ_AHEAD
    }

    /// Whether the client's stream has ended.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Whether the client has sent, or may still send, bytes that will not be read.
    pub(super) fn unread(&self) -> bool {
        self.refused || self.reading.is_some() || !self.items.is_empty()
    }

    /// Whether the input so far ends within a head.
    pub(super) fn in_head(&self) -> bool {
        self.framer.at_end() == EofState::InHead && !self.refused
    }

    /// The request that hyper processes.
    pub(super) fn working(&self) -> Option<&Arc<ExchangeSlot>> {
        self.working.as_ref()
    }

    /// Ends the current request after its response: hyper may get the next one.
    pub(super) fn done(&mut self) {
        self.working = None;
    }

    /// Takes bytes from the client.
    pub(super) fn take(&mut self, mut input: &[u8]) {
        while !self.refused {
            let step = match self.framer.step(input) {
                Ok(step) => step,
                Err(refusal) => return self.refuse(refusal.0),
            };
            let (used, rest) = input.split_at(step.used);
            input = rest;
            match step.event {
                None if used.is_empty() => return,
                None => {}
                Some(event) => self.event(event, used),
            }
        }
    }

    fn event(&mut self, event: Event<RequestLine>, used: &[u8]) {
        let mut bytes = BytesMut::new();
        match event {
            Event::Head(head, _) if head.line.method == "CONNECT" => {
                return self
                    .refuse_head(head, "CONNECT is accepted only on the proxy address, not on this one".to_owned());
            }
            Event::Head(head, framing) => return self.head(head, framing),
            Event::Interim(_) => {}
            Event::Chunk(size) => self.rewriter.chunk(size, &mut bytes),
            Event::Data => self.rewriter.data(used, &mut bytes),
            Event::End(trailers) => {
                self.rewriter.end(&[], &mut bytes);
                let now = self.writer.now_us();
                if let Some(slot) = self.reading.take() {
                    slot.change(|state| (state.request_end, state.request_trailers) = (Some(now), trailers));
                }
            }
        }
        self.push(bytes);
    }

    fn push(&mut self, bytes: BytesMut) {
        if bytes.is_empty() {
            return;
        }
        self.held += bytes.len();
        match self.items.back_mut() {
            Some(Item::Bytes(last)) => last.unsplit(bytes),
            _ => self.items.push_back(Item::Bytes(bytes)),
        }
    }

    fn head(&mut self, head: Head<RequestLine>, framing: Framing) {
        let skeleton = request_skeleton(&head, framing);
        self.rewriter = Rewriter::new(framing);
        let version = head.line.version.as_str().to_owned();
        let slot = self.assign(head, version, framing, None, Vec::new());
        self.reading = Some(slot.clone());
        self.queue(slot, &skeleton);
    }

    fn queue(&mut self, slot: Arc<ExchangeSlot>, skeleton: &[u8]) {
        let weight = weight(&slot.head);
        self.held += weight + skeleton.len();
        self.items.push_back(Item::Request(slot, BytesMut::from(skeleton), weight));
    }

    fn assign(
        &mut self,
        head: Head<RequestLine>,
        version: String,
        framing: Framing,
        refused: Option<String>,
        notes: Vec<String>,
    ) -> Arc<ExchangeSlot> {
        let page = if refused.is_none() { self.pages.find(self.line.way, &head, framing) } else { None };
        // Numbers are gapless in the capture: a request that is not recorded takes none.
        let number = if page.is_some() { 0 } else { self.writer.take_number() };
        let (wall_us, head_at) = (self.writer.wall_us(), self.writer.now_us());
        let head_late = head_at.saturating_sub(self.line.arrival.read_after());
        let taken = Taken { number, wall_us, head_at, head_late, head, version, framing, refused, page, notes };
        Arc::new(ExchangeSlot::new(taken, self.line.clone()))
    }

    /// Refuses the input: a head, or the rest of a request whose head was accepted.
    fn refuse(&mut self, why: String) {
        if let Some(slot) = self.reading.take() {
            self.refused = true;
            return slot.change(|state| state.refused = Some(why));
        }
        let (first, headers, left_out) = lenient_headers(self.framer.partial_head());
        let mut words = first.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let version = words.next().unwrap_or_default();
        let line = RequestLine { method, target, version: Version::Http11 };
        let notes = match left_out {
            0 => Vec::new(),
            n => vec![format!("{n} lines of the refused head are not headers and were not recorded")],
        };
        self.refuse_as(Head { line, headers }, version, why, notes);
    }

    fn refuse_head(&mut self, head: Head<RequestLine>, why: String) {
        let version = head.line.version.as_str().to_owned();
        self.refuse_as(head, version, why, Vec::new());
    }

    fn refuse_as(&mut self, head: Head<RequestLine>, version: String, why: String, notes: Vec<String>) {
        self.refused = true;
        let slot = self.assign(head, version, Framing::None, Some(why), notes);
        self.queue(slot, &refused_skeleton());
    }

    /// Returns the next bytes for hyper, at most `capacity`; none of the next request before the current one is done.
    pub(super) fn give(&mut self, capacity: usize) -> Option<BytesMut> {
        if let Some(Item::Request(slot, _, _)) = self.items.front() {
            if self.working.is_some() {
                return None;
            }
            self.line.assign(slot.clone());
            self.working = Some(slot.clone());
            if let Some(Item::Request(_, bytes, weight)) = self.items.pop_front() {
                self.held -= weight;
                self.items.push_front(Item::Bytes(bytes));
            }
        }
        let Some(Item::Bytes(bytes)) = self.items.front_mut() else { return None };
        let given = bytes.split_to(capacity.min(bytes.len()));
        if !bytes.has_remaining() {
            self.items.pop_front();
        }
        self.held -= given.len();
        Some(given)
    }

    /// Ends the connection for all open requests, for a reason that was not seen by reading.
    pub(super) fn end(&mut self, detail: &str) {
        self.end_by(EndedBy::Client, detail, self.line.arrival.seen_after());
    }

    /// As [`RequestReader::end`], for an end that was seen by reading.
    pub(super) fn end_read(&mut self, detail: &str) {
        self.end_by(EndedBy::Client, detail, self.line.arrival.read_after());
    }

    fn end_by(&mut self, by: EndedBy, detail: &str, after: u64) {
        self.ended = true;
        if self.in_head() {
            self.line.left_in_head("the connection ended in the middle of a request head");
        }
        let at = self.writer.now_us();
        let late = if by == EndedBy::Client { at.saturating_sub(after) } else { 0 };
        let disconnect = Disconnect { by, detail: detail.to_owned(), at, late };
        let queued = self.items.iter().filter_map(|item| match item {
            Item::Request(slot, _, _) => Some(slot),
            Item::Bytes(_) => None,
        });
        for slot in queued.chain(&self.working).chain(&self.reading) {
            slot.change(|state| {
                if state.end_out.is_none() {
                    state.disconnect.get_or_insert_with(|| disconnect.clone());
                }
            });
        }
    }
}

/// The approximate memory that a queued request uses.
fn weight(head: &Head<RequestLine>) -> usize {
    let headers: usize = head.headers.iter().map(|header| header.name.len() + header.value.len() + PER_HEADER).sum();
    headers + head.line.target.len() + PER_REQUEST
}

impl Drop for RequestReader {
    fn drop(&mut self) {
        let (by, detail) = self.line.dropped_by();
        self.end_by(by, detail, self.line.arrival.seen_after());
        let queued = self.items.drain(..).filter_map(|item| match item {
            Item::Request(slot, _, _) => Some(slot),
            Item::Bytes(_) => None,
        });
        self.line.abandon(queued.chain(self.line.take_slot()));
    }
}
