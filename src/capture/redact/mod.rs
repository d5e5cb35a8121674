//! Redaction: secrets never reach the disk. Each is replaced in place by a keyed hash that preserves JSON type,
//! presence, emptiness and count. Within one capture, equal secrets have equal replacements; across captures they
//! differ.
//!
//! A replacement is `redacted-` and 32 hex digits of HMAC-SHA-256 over the secret; a number becomes a number of 15
//! digits that begins with 900. Of a body that may contain a secret and cannot be parsed, or that is not text, only
//! length and keyed digest are stored.
//!
//! Each exchange is processed twice: first to collect its secrets by name and shape, then to replace them wherever
//! they occur in it. Secrets of earlier exchanges are replaced, too.

mod exchange_pass;
mod json;
mod secret_index;
mod secret_names;
mod text;
mod url;

#[cfg(test)]
mod tests;

use super::content_encoding::{self, Decoded};
use super::record::{Answer, Body, BodyRetention, Connection, Exchange, Header, Request};
use crate::seal::{Key, KeyedHash, hex};
use exchange_pass::Pass;
pub(crate) use exchange_pass::is_redacted;
use secret_index::SecretIndex;
use std::sync::{Arc, PoisonError, RwLock};

/// The header whose value is never a secret, even if it equals one.
const CLIENT_ID: &str = "x-ibm-client-id";

/// Maximum size of a decoded body with replaced secrets; of a larger one only the digest is stored.
const LARGEST_REWRITE: usize = 1024 * 1024;

/// Replaces secrets, under the key of one capture. Clones share the known secrets.
#[derive(Clone, Debug)]
pub struct Redactor {
    key: Key,
    own: bool,
    /// Secrets of earlier exchanges; in memory only.
    earlier: Arc<RwLock<SecretIndex>>,
}

/// The keyed digest of a streamed body.
pub struct Digester {
    hash: KeyedHash,
    length: u64,
}

/// The result of redacting a body's content.
enum Found {
    Nothing,
    Replaced(Vec<u8>),
    Unreadable,
}

impl Redactor {
    /// Creates a redactor with this key.
    pub fn new(key: Key) -> Redactor {
        Redactor { key, own: false, earlier: Arc::default() }
    }

    /// Keeps numeric replacements made by an earlier redaction.
    #[must_use]
    pub fn for_own(self) -> Redactor {
        Redactor { own: true, ..self }
    }

    fn key(&self) -> &Key {
        &self.key
    }

    fn reads_own(&self) -> bool {
        self.own
    }

    /// Starts a keyed digest of streamed raw bytes.
    pub fn digester(&self) -> Digester {
        Digester { hash: self.key.hasher(), length: 0 }
    }

    /// Redacts a text that may contain secrets: an error, a note, a command line.
    pub fn text(&self, text: &str) -> String {
        let mut pass = Pass::new(self);
        pass.text(text);
        pass.text(text)
    }

    /// Redacts a URL.
    pub fn url(&self, url: &str) -> String {
        Pass::new(self).url(url)
    }

    /// The replacement of this secret.
    pub fn replacement(&self, secret: &str) -> String {
        Pass::new(self).secret(secret)
    }

    /// Redacts a connection event.
    #[must_use]
    pub fn connection(&self, connection: Connection) -> Connection {
        Connection { detail: self.text(&connection.detail), ..connection }
    }

    /// Redacts an exchange. Its texts and bodies are raw; a body's digest is computed if it is missing. Already
    /// redacted parts stay as they are.
    #[must_use]
    pub fn exchange(&self, raw: Exchange) -> Exchange {
        let mut pass = Pass::new(self);
        pass.spared = super::record::values(&raw.request.headers, CLIENT_ID).map(str::to_owned).collect();
        read(&mut pass, raw.clone());
        let mut exchange = read(&mut pass, raw);
        exchange.claims.append(&mut pass.claims);
        let lasting = pass.lasting();
        if !lasting.is_empty() {
            let mut earlier = self.earlier.write().unwrap_or_else(PoisonError::into_inner);
            lasting.into_iter().for_each(|secret| earlier.add(secret));
            earlier.forget();
        }
        exchange
    }
}

/// Replaces the secrets known so far in an exchange, and collects further ones.
fn read(pass: &mut Pass<'_>, mut exchange: Exchange) -> Exchange {
    exchange.request = pass_request(pass, exchange.request);
    exchange.answer = exchange.answer.map(|answer| pass_answer(pass, answer));
    exchange.end.detail = pass.text(&exchange.end.detail);
    exchange.notes = exchange.notes.iter().map(|note| pass.text(note)).collect();
    exchange
}

impl Digester {
    /// Adds the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// The number of bytes so far.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The digest in hex; empty if there were no bytes.
    pub fn finish(self) -> String {
        if self.length == 0 { String::new() } else { hex::encode(&self.hash.finish()) }
    }
}

fn pass_request(pass: &mut Pass<'_>, request: Request) -> Request {
    let refused = request.refused.is_some();
    if refused {
        // A malformed request line may be split at any position. Secrets found in the whole line are then found in
        // its parts.
        pass.text(&format!("{} {} {}", request.method, request.target, request.version));
    }
    let headers = pass_headers(pass, request.headers, refused);
    let target = pass.url(&request.target);
    Request {
        version: pass.text(&request.version),
        method: pass.text(&request.method),
        target,
        authority: pass.authority(&request.authority),
        body: pass_body(pass, request.body, &headers),
        trailers: pass_headers(pass, request.trailers, refused),
        refused: request.refused.map(|reason| pass.text(&reason)),
        not_shown: request.not_shown,
        headers,
        scheme: request.scheme,
    }
}

fn pass_answer(pass: &mut Pass<'_>, answer: Answer) -> Answer {
    let headers = pass_headers(pass, answer.headers, false);
    Answer {
        version: pass.text(&answer.version),
        reason: pass.text(&answer.reason),
        body: pass_body(pass, answer.body, &headers),
        trailers: pass_headers(pass, answer.trailers, false),
        headers,
        status: answer.status,
        not_shown: answer.not_shown,
    }
}

/// Redacts headers. In a rejected head, a line can have any content: if its name is not a token (RFC 9110 section
/// 5.6.2), the whole line is replaced if it may contain a secret or continue a line that does.
fn pass_headers(pass: &mut Pass<'_>, headers: Vec<Header>, refused: bool) -> Vec<Header> {
    let is_token = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&b))
    };
    let one = |header: Header| {
        if is_token(&header.name) {
            let value = pass.header(&header.name, &header.value);
            let name = pass.text(&header.name);
            return Header { name, value };
        }
        let mentioned = secret_names::mentions(header.name.as_bytes());
        if refused || mentioned {
            let name = if mentioned { pass.secret(&header.name) } else { pass.text(&header.name) };
            return Header { name, value: pass.secret(&header.value) };
        }
        Header { name: pass.text(&header.name), value: pass.text(&header.value) }
    };
    headers.into_iter().map(one).collect()
}

fn pass_body(pass: &mut Pass<'_>, mut body: Body, headers: &[Header]) -> Body {
    if matches!(body.kept, BodyRetention::Digest | BodyRetention::Unknown) {
        body.bytes.clear();
        return body;
    }
    if body.bytes.is_empty() {
        return body;
    }
    if body.kept == BodyRetention::Whole && body.digest.is_empty() {
        body.length = body.length.max(u64::try_from(body.bytes.len()).unwrap_or(u64::MAX));
        body.digest = hex::encode(&pass.redactor().key().hash(&body.bytes));
    }
    let whole = body.kept == BodyRetention::Whole;
    let decoded =
        if body.decoded { Decoded::Plain(&body.bytes) } else { content_encoding::decode(&body.bytes, headers) };
    let (found, was_coded) = match decoded {
        Decoded::Plain(bytes) => (look(pass, bytes, headers, whole), false),
        Decoded::Whole(bytes) => match look(pass, &bytes, headers, whole) {
            // Data besides the content was not checked: only the content is stored.
            Found::Nothing if !content_encoding::is_bare(&body.bytes, headers) => (Found::Replaced(bytes), true),
            found => (found, true),
        },
        // A truncated or malformed coded body can contain anything in the part that was not decoded.
        Decoded::Partial(_) | Decoded::Unreadable => (Found::Unreadable, true),
    };
    match found {
        Found::Nothing => {}
        Found::Replaced(bytes) if bytes.len() <= LARGEST_REWRITE.max(body.bytes.len() * 2) => {
            body.bytes = bytes;
            body.decoded |= was_coded;
        }
        Found::Replaced(_) | Found::Unreadable => {
            body.bytes = Vec::new();
            body.kept = BodyRetention::Digest;
        }
    }
    body
}

/// Redacts the decoded content of a body.
fn look(pass: &mut Pass<'_>, bytes: &[u8], headers: &[Header], whole: bool) -> Found {
    let content = std::str::from_utf8(bytes).ok().filter(|_| whole);
    let read = content.and_then(|content| json::redact(pass, content).ok());
    let new = match (read, content) {
        (Some(new), _) => new,
        _ if !is_text(bytes) => return Found::Unreadable,
        (None, Some(content)) if is_form(content, headers) => Some(pass.pairs(content)).filter(|new| new != content),
        (None, _) => {
            let secret = secret_names::mentions(bytes) || text::has_shape(&String::from_utf8_lossy(bytes));
            return if secret || pass.holds(bytes) { Found::Unreadable } else { Found::Nothing };
        }
    };
    // A known secret is still present, in a notation that could not be replaced.
    if pass.holds(new.as_ref().map_or(bytes, String::as_bytes)) {
        return Found::Unreadable;
    }
    new.map_or(Found::Nothing, |new| Found::Replaced(new.into_bytes()))
}

/// Whether bytes are text, in UTF-8 (possibly truncated) or in a single-byte encoding. Compressed, encrypted and
/// image data is not.
fn is_text(bytes: &[u8]) -> bool {
    let has_controls = bytes.iter().any(|b| b.is_ascii_control() && !b"\t\n\r\x0c".contains(b));
    let is_utf8 = std::str::from_utf8(bytes).err().is_none_or(|error| error.error_len().is_none());
    let high = bytes.iter().filter(|b| !b.is_ascii()).count();
    !has_controls && (is_utf8 || high.saturating_mul(3) <= bytes.len())
}

/// Whether this is `name=value&...` and cannot be parsed as anything else.
fn is_form(content: &str, headers: &[Header]) -> bool {
    let named = super::record::values(headers, "content-type")
        .any(|kind| kind.to_ascii_lowercase().contains("form-urlencoded"));
    let content = content.trim_end();
    let is_line = |c: char| named && (c == '\r' || c == '\n');
    let is_name = |name: &str| !name.contains(|c: char| c.is_control() || " <>{\"':;".contains(c));
    let mut pairs = content.split(|c| c == '&' || is_line(c)).filter(|pair| !pair.is_empty());
    content.contains('=')
        && pairs.all(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            is_name(name) && !value.contains(char::is_control)
        })
}
