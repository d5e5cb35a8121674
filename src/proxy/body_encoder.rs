//! Writes a message as a framer has read it: the same content, in chunks of the same sizes, and nothing else.

use super::forwarding_headers::last_chunk;
use super::h1::Framing;
use crate::capture::record::Header;
use bytes::{BufMut, BytesMut};

/// The writer of one message's body.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rewriter {
    chunked: bool,
    /// What is left of the chunk.
    left: u64,
}

impl Rewriter {
    /// For a body with this framing.
    pub fn new(framing: Framing) -> Rewriter {
        Rewriter { chunked: framing == Framing::Chunked, left: 0 }
    }

    /// A chunk of this size begins.
    pub fn chunk(&mut self, size: u64, out: &mut BytesMut) {
        out.put_slice(format!("{size:x}\r\n").as_bytes());
        self.left = size;
    }

    /// Content. A chunk's last byte is followed by its line end at once: there are readers that wait for it.
    pub fn data(&mut self, data: &[u8], out: &mut BytesMut) {
        out.put_slice(data);
        if self.chunked {
            self.left = self.left.saturating_sub(data.len() as u64);
            if self.left == 0 && !data.is_empty() {
                out.put_slice(b"\r\n");
            }
        }
    }

    /// The body ends.
    pub fn end(&mut self, trailers: &[Header], out: &mut BytesMut) {
        if self.chunked {
            out.put_slice(&last_chunk(trailers));
        }
    }
}
