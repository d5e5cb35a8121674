//! Encoding of bodies as a framer has read them: the same content in chunks of the same sizes.

use super::forwarding_headers::last_chunk;
use super::h1::Framing;
use crate::capture::record::Header;
use bytes::{BufMut, BytesMut};

/// The encoder of one message's body.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rewriter {
    chunked: bool,
    /// The remaining bytes of the chunk.
    left: u64,
}

impl Rewriter {
    pub(super) fn new(framing: Framing) -> Rewriter {
        Rewriter { chunked: framing == Framing::Chunked, left: 0 }
    }

    /// Begins a chunk of this size.
    pub(super) fn chunk(&mut self, size: u64, out: &mut BytesMut) {
        out.put_slice(format!("{size:x}\r\n").as_bytes());
        self.left = size;
    }

    /// Adds content. The line end of a chunk directly follows its last byte, because some readers wait for it.
    pub(super) fn data(&mut self, data: &[u8], out: &mut BytesMut) {
        out.put_slice(data);
        if self.chunked {
            self.left = self.left.saturating_sub(data.len() as u64);
            if self.left == 0 && !data.is_empty() {
                out.put_slice(b"\r\n");
            }
        }
    }

    pub(super) fn end(&mut self, trailers: &[Header], out: &mut BytesMut) {
        if self.chunked {
            out.put_slice(&last_chunk(trailers));
        }
    }
}
