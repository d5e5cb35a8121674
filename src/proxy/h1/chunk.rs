//! Strict reading of chunked bodies (RFC 9112 section 7.1): sizes in plain hex, lines that end with CRLF.

use super::Refusal;
use super::head::{HeadReader, header_lines, refuse};
use crate::capture::record::Header;

/// The maximum length of a size line, extensions included.
const LONGEST_SIZE_LINE: usize = 1024;

pub(super) enum ChunkEvent {
    Size(u64),
    Data,
    End(Vec<Header>),
}

enum State {
    Size,
    Data(u64),
    /// The CRLF after a chunk's data, with the number of its bytes read.
    DataEnd(u8),
    Trailers(HeadReader),
}

/// The reader of one chunked body.
pub(super) struct ChunkReader {
    state: State,
    line: Vec<u8>,
    limit: usize,
}

impl ChunkReader {
    pub(super) fn new(limit: usize) -> ChunkReader {
        ChunkReader { state: State::Size, line: Vec::new(), limit }
    }

    pub(super) fn step(&mut self, input: &[u8]) -> Result<(usize, Option<ChunkEvent>), Refusal> {
        match &mut self.state {
            State::Size => self.step_size(input),
            State::Data(left) => {
                let used = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                *left -= used as u64;
                if *left == 0 {
                    self.state = State::DataEnd(0);
                }
                Ok((used, (used > 0).then_some(ChunkEvent::Data)))
            }
            State::DataEnd(seen) => match (*seen, input.first()) {
                (_, None) => Ok((0, None)),
                (0, Some(b'\r')) => {
                    *seen = 1;
                    Ok((1, None))
                }
                (1, Some(b'\n')) => {
                    self.state = State::Size;
                    Ok((1, None))
                }
                _ => Err(refuse("chunk data is longer than the chunk size")),
            },
            State::Trailers(reader) => {
                let (used, complete) = reader.read(input)?;
                if !complete {
                    return Ok((used, None));
                }
                let lines = reader.bytes().split(|&b| b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l));
                Ok((used, Some(ChunkEvent::End(header_lines(lines.skip(1))?))))
            }
        }
    }

    fn step_size(&mut self, input: &[u8]) -> Result<(usize, Option<ChunkEvent>), Refusal> {
        for (at, &byte) in input.iter().enumerate() {
            let after_cr = self.line.last() == Some(&b'\r');
            if byte == b'\n' && after_cr {
                self.line.pop();
                let size = chunk_size(&self.line)?;
                self.line.clear();
                return Ok((at + 1, self.begin(size)?));
            }
            if byte == b'\n' || after_cr || byte == 0 {
                return Err(refuse("the size line of a chunk does not end with CRLF"));
            }
            if self.line.len() >= LONGEST_SIZE_LINE {
                return Err(refuse("the size line of a chunk is too long"));
            }
            self.line.push(byte);
        }
        Ok((input.len(), None))
    }

    fn begin(&mut self, size: u64) -> Result<Option<ChunkEvent>, Refusal> {
        if size > 0 {
            self.state = State::Data(size);
            return Ok(Some(ChunkEvent::Size(size)));
        }
        let mut reader = HeadReader::new(self.limit);
        // The line of the last chunk replaces the start line, so that an empty line ends the section.
        reader.read(b"0\r\n")?;
        self.state = State::Trailers(reader);
        Ok(None)
    }
}

/// Parses the size of a chunk; extensions are allowed and ignored.
fn chunk_size(line: &[u8]) -> Result<u64, Refusal> {
    let mut digits = line.split(|&b| b == b';').next().unwrap_or_default();
    while let [rest @ .., b' ' | b'\t'] = digits {
        digits = rest;
    }
    let text = std::str::from_utf8(digits).ok().filter(|t| t.bytes().all(|b| b.is_ascii_hexdigit()));
    // At most 15 hex digits, so that sums of sizes do not overflow u64.
    text.filter(|t| (1..=15).contains(&t.len()))
        .and_then(|t| u64::from_str_radix(t, 16).ok())
        .ok_or_else(|| refuse("a chunk's size is not a hexadecimal number"))
}
