//! Writes a message as a framer has read it: the same content, in chunks of the same sizes, and nothing else.

use super::framer::Framing;
use super::heads::last_chunk;
use crate::capture::record::Header;
use bytes::{BufMut, BytesMut};

/// The writer of one message's body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rewriter {
    chunked: bool,
    in_chunk: bool,
}

impl Rewriter {
    /// For a body with this framing.
    pub fn new(framing: Framing) -> Rewriter {
        Rewriter { chunked: framing == Framing::Chunked, in_chunk: false }
    }

    /// A chunk of this size begins.
    pub fn chunk(&mut self, size: u64, out: &mut BytesMut) {
        self.end_chunk(out);
        out.put_slice(format!("{size:x}\r\n").as_bytes());
        self.in_chunk = true;
    }

    /// The body ends.
    pub fn end(&mut self, trailers: &[Header], out: &mut BytesMut) {
        if self.chunked {
            self.end_chunk(out);
            out.put_slice(&last_chunk(trailers));
        }
    }

    fn end_chunk(&mut self, out: &mut BytesMut) {
        if std::mem::take(&mut self.in_chunk) {
            out.put_slice(b"\r\n");
        }
    }
}
