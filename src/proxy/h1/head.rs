//! Heads: start line and header lines, parsed strictly (RFC 9112 sections 2 to 5) and kept as received.

use super::Refusal;
use crate::capture::record::{Header, values};

/// The supported HTTP versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0
    Http10,
    /// HTTP/1.1
    Http11,
}

impl Version {
    /// The version in a start line.
    pub fn as_str(self) -> &'static str {
        match self {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        }
    }

    fn parse(bytes: &[u8]) -> Option<Version> {
        match bytes {
            b"HTTP/1.0" => Some(Version::Http10),
            b"HTTP/1.1" => Some(Version::Http11),
            _ => None,
        }
    }
}

/// How the end of a body is found (RFC 9112 section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// No body.
    None,
    /// A body of this many bytes.
    Length(u64),
    /// A chunked body.
    Chunked,
    /// A body that ends with the connection.
    Close,
}

/// A head: its start line, and its header lines in their original order and letter case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head<L> {
    /// The request line or status line.
    pub line: L,
    /// The headers in order, with duplicates.
    pub headers: Vec<Header>,
}

/// A request line (RFC 9112 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestLine {
    /// The method, case-sensitive.
    pub method: String,
    /// The target as sent, in Latin-1.
    pub target: String,
    pub version: Version,
}

/// A status line (RFC 9112 section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusLine {
    pub version: Version,
    /// The status, 100 to 999.
    pub status: u16,
    /// The reason phrase, in Latin-1; may be empty.
    pub reason: String,
}

/// The differences between requests and responses.
pub trait StartLine: Sized {
    /// Parses the line, without its CRLF.
    fn parse(line: &[u8]) -> Result<Self, Refusal>;
    /// How the body ends. `bodyless`: the message is the response to a HEAD.
    fn framing(&self, headers: &[Header], bodyless: bool) -> Result<Framing, Refusal>;
    /// Whether the head is a 1xx response, so that another head follows.
    fn is_interim(&self) -> bool;
    /// The line as text, without its CRLF.
    fn text(&self) -> String;
}

impl StartLine for RequestLine {
    fn parse(line: &[u8]) -> Result<RequestLine, Refusal> {
        let parts: Vec<&[u8]> = line.split(|&b| b == b' ').collect();
        let [method, target, version] = parts.as_slice() else {
            return Err(refuse("the request line is not `METHOD target HTTP/1.1`"));
        };
        if !is_token(method) {
            return Err(refuse("the method is not a token"));
        }
        if target.is_empty() || target.iter().any(|&b| b <= b' ' || b == 0x7f) {
            return Err(refuse("the request target is empty or contains a control character"));
        }
        // RFC 9113 section 3.4: the preface of a client that uses HTTP/2 with prior knowledge.
        if *method == b"PRI" && *version == b"HTTP/2.0" {
            return Err(refuse(
                "the HTTP version is neither 1.0 nor 1.1: the client uses HTTP/2 without negotiating it; allow \
                 HTTP/1.1 in the client",
            ));
        }
        let version = Version::parse(version).ok_or_else(|| refuse("the HTTP version is neither 1.0 nor 1.1"))?;
        Ok(RequestLine { method: latin1(method), target: latin1(target), version })
    }

    fn framing(&self, headers: &[Header], _bodyless: bool) -> Result<Framing, Refusal> {
        let hosts = values(headers, "host").count();
        if hosts > 1 {
            return Err(refuse("there is more than one Host header"));
        }
        if hosts == 0 && self.version == Version::Http11 {
            return Err(refuse("an HTTP/1.1 request has no Host header"));
        }
        Ok(announced(headers, self.version)?.unwrap_or(Framing::None))
    }

    fn is_interim(&self) -> bool {
        false
    }

    fn text(&self) -> String {
        format!("{} {} {}", self.method, self.target, self.version.as_str())
    }
}

impl StartLine for StatusLine {
    fn parse(line: &[u8]) -> Result<StatusLine, Refusal> {
        let wrong = || refuse("the status line is not `HTTP/1.1 200 reason`");
        let mut parts = line.splitn(3, |&b| b == b' ');
        let version = parts.next().and_then(Version::parse).ok_or_else(wrong)?;
        let status = parts.next().filter(|s| s.len() == 3 && s.iter().all(u8::is_ascii_digit)).ok_or_else(wrong)?;
        let status = latin1(status).parse().ok().filter(|s| (100..=999).contains(s)).ok_or_else(wrong)?;
        let reason = parts.next().unwrap_or_default();
        if reason.iter().any(|&b| is_control(b)) {
            return Err(wrong());
        }
        Ok(StatusLine { version, status, reason: latin1(reason) })
    }

    fn framing(&self, headers: &[Header], bodyless: bool) -> Result<Framing, Refusal> {
        let announced = announced(headers, self.version)?;
        let none = bodyless || self.is_interim() || matches!(self.status, 204 | 304);
        Ok(if none { Framing::None } else { announced.unwrap_or(Framing::Close) })
    }

    fn is_interim(&self) -> bool {
        (100..200).contains(&self.status)
    }

    fn text(&self) -> String {
        format!("{} {} {}", self.version.as_str(), self.status, self.reason)
    }
}

/// The framing that a head announces. Ambiguous framing is refused (RFC 9112 sections 6.1 to 6.3).
fn announced(headers: &[Header], version: Version) -> Result<Option<Framing>, Refusal> {
    let lengths: Vec<&str> = values(headers, "content-length").collect();
    let codings: Vec<&str> = values(headers, "transfer-encoding").collect();
    match (lengths.as_slice(), codings.as_slice()) {
        ([], []) => Ok(None),
        ([length], []) => {
            let digits = !length.is_empty() && length.bytes().all(|b| b.is_ascii_digit());
            let length = digits.then(|| length.parse().ok()).flatten();
            length.map(|length| Some(Framing::Length(length))).ok_or_else(|| refuse("Content-Length is not a number"))
        }
        ([], [coding]) if coding.eq_ignore_ascii_case("chunked") => match version {
            Version::Http11 => Ok(Some(Framing::Chunked)),
            Version::Http10 => Err(refuse("Transfer-Encoding does not exist in HTTP/1.0")),
        },
        ([], [_]) => Err(refuse("Transfer-Encoding is not `chunked`")),
        ([], _) => Err(refuse("there is more than one Transfer-Encoding header")),
        (_, []) => Err(refuse("there is more than one Content-Length header")),
        _ => Err(refuse("there are both Content-Length and Transfer-Encoding")),
    }
}

impl<L: StartLine> Head<L> {
    /// Parses a head, including the empty line at its end. Empty lines before it are skipped (RFC 9112 section 2.2).
    pub fn parse(bytes: &[u8]) -> Result<Head<L>, Refusal> {
        let mut lines = bytes.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        let first = lines.by_ref().find(|line| !line.is_empty()).unwrap_or_default();
        let line = L::parse(first)?;
        Ok(Head { line, headers: header_lines(lines)? })
    }

    /// All values of a header.
    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        values(&self.headers, name)
    }

    /// The bytes of the head, including the empty line.
    pub fn bytes(&self) -> Vec<u8> {
        head_bytes(&self.line.text(), &self.headers)
    }
}

/// The bytes of a head with this start line and these headers, including the empty line.
pub fn head_bytes(line: &str, headers: &[Header]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    let mut text = |text: &str| bytes.extend(text.chars().map(|c| u8::try_from(c).unwrap_or(b'?')));
    text(line);
    text("\r\n");
    for header in headers {
        text(&header.name);
        text(": ");
        text(&header.value);
        text("\r\n");
    }
    text("\r\n");
    bytes
}

/// Parses header lines up to the first empty one.
pub(super) fn header_lines<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Header>, Refusal> {
    lines.take_while(|line| !line.is_empty()).map(header_line).collect()
}

fn header_line(line: &[u8]) -> Result<Header, Refusal> {
    if line.first().is_some_and(|&b| b == b' ' || b == b'\t') {
        return Err(refuse("a header continues on a second line (obsolete folding)"));
    }
    let colon = line.iter().position(|&b| b == b':').ok_or_else(|| refuse("a header line has no colon"))?;
    let (name, value) = (&line[..colon], without_space(&line[colon + 1..]));
    if !is_token(name) {
        return Err(refuse("a header's name is empty or contains an invalid character"));
    }
    if value.iter().any(|&b| is_control(b)) {
        return Err(refuse("a header's value contains a control character"));
    }
    Ok(Header { name: latin1(name), value: latin1(value) })
}

/// Removes optional white space, which is only space and tab (RFC 9110 section 5.6.3). A form feed is white space to
/// some readers and part of the value to others.
fn without_space(bytes: &[u8]) -> &[u8] {
    let is_space = |b: &u8| matches!(b, b' ' | b'\t');
    let from = bytes.iter().position(|b| !is_space(b)).unwrap_or(bytes.len());
    let to = bytes.iter().rposition(|b| !is_space(b)).map_or(from, |at| at + 1);
    &bytes[from..to]
}

/// Parses a refused head leniently: its first line, its headers with folded lines joined, so that the redactor still
/// finds secrets by header name, and the number of lines that are not headers and were skipped.
pub fn lenient_headers(bytes: &[u8]) -> (String, Vec<Header>, usize) {
    let mut lines = bytes.split(|&b| b == b'\n' || b == b'\r').filter(|line| !line.is_empty());
    let first = latin1(lines.next().unwrap_or_default());
    let mut headers: Vec<Header> = Vec::new();
    let mut left_out = 0;
    for line in lines {
        let folded = line.first().is_some_and(u8::is_ascii_whitespace);
        match (headers.last_mut(), line.iter().position(|&b| b == b':')) {
            (Some(last), _) if folded => last.value = format!("{} {}", last.value, latin1(line.trim_ascii())),
            (_, Some(colon)) => headers.push(Header {
                name: latin1(line[..colon].trim_ascii()),
                value: latin1(line[colon + 1..].trim_ascii()),
            }),
            _ => left_out += 1,
        }
    }
    (first, headers, left_out)
}

/// The maximum number of lines in a head: many short headers use far more memory than their bytes.
const MOST_LINES: usize = 512;

/// Collects the bytes of a head up to its empty line, and refuses ambiguous line ends.
pub(super) struct HeadReader {
    bytes: Vec<u8>,
    line: usize,
    lines: usize,
    started: bool,
    limit: usize,
}

impl HeadReader {
    pub(super) fn new(limit: usize) -> HeadReader {
        HeadReader { bytes: Vec::new(), line: 0, lines: 0, started: false, limit }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.line = 0;
        self.lines = 0;
        self.started = false;
    }

    /// Reads input; returns the number of bytes used, and whether the head is complete.
    pub(super) fn read(&mut self, input: &[u8]) -> Result<(usize, bool), Refusal> {
        for (at, &byte) in input.iter().enumerate() {
            if self.bytes.len() >= self.limit {
                return Err(Refusal(format!("the head is longer than {} bytes", self.limit)));
            }
            let after_cr = self.bytes.last() == Some(&b'\r');
            self.bytes.push(byte);
            match byte {
                b'\n' if !after_cr => return Err(refuse("a line of the head ends with LF alone")),
                b'\n' => {
                    let empty = self.line == 1;
                    self.line = 0;
                    if empty && self.started {
                        return Ok((at + 1, true));
                    }
                    self.started |= !empty;
                    self.lines += 1;
                    if self.lines > MOST_LINES {
                        return Err(Refusal(format!("the head has more than {MOST_LINES} lines")));
                    }
                }
                _ if after_cr => return Err(refuse("the head contains a CR that is not followed by LF")),
                0 => return Err(refuse("the head contains a NUL")),
                _ => self.line += 1,
            }
        }
        Ok((input.len(), false))
    }
}

/// Whether the bytes are a token (RFC 9110 section 5.6.2).
fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

fn is_control(byte: u8) -> bool {
    byte != b'\t' && (byte < b' ' || byte == 0x7f)
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

pub(super) fn refuse(sentence: &str) -> Refusal {
    Refusal(sentence.to_owned())
}
