//! Secrets never reach the disk: each is replaced, where it stood, by a keyed hash that keeps JSON type, presence,
//! emptiness and count. Equal secrets have equal replacements within one capture, and in no other.
//!
//! A replacement is `redacted-` and 32 hex digits of HMAC-SHA-256 over the secret; a number becomes a number of 15
//! digits that begins with 900. A body that names a secret and cannot be read is kept as length and keyed digest only,
//! and so is one that is no text.
//!
//! An exchange is read twice: first to learn which secrets it holds, by name and shape, then to replace them wherever
//! they stand in it. What was learnt of earlier exchanges counts, too.

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
use secret_index::SecretIndex;
use std::sync::{Arc, PoisonError, RwLock};

/// The header whose value is no secret, whatever stands elsewhere.
const CLIENT_ID: &str = "x-ibm-client-id";

/// A decoded body with replaced secrets that is larger than this is kept as a digest only.
const LARGEST_REWRITE: usize = 1024 * 1024;

/// Replaces secrets, under the key of one capture. Its clones remember the same secrets.
#[derive(Clone, Debug)]
pub struct Redactor {
    key: Key,
    own: bool,
    /// What was met in earlier exchanges; in memory only.
    earlier: Arc<RwLock<SecretIndex>>,
}

/// The keyed digest of a body that comes piece by piece.
pub struct Digester {
    hash: KeyedHash,
    length: u64,
}

/// What is to be done with a body's content.
enum Found {
    Nothing,
    Replaced(Vec<u8>),
    Unreadable,
}

impl Redactor {
    /// A redactor with this key.
    pub fn new(key: Key) -> Redactor {
        Redactor { key, own: false, earlier: Arc::default() }
    }

    /// The same for what a redactor has been over before: numbers that it put in a secret's place stay.
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

    /// The keyed digest of raw bytes as they stream.
    pub fn digester(&self) -> Digester {
        Digester { hash: self.key.hasher(), length: 0 }
    }

    /// A text in which secrets may stand: an error, a note, a command line.
    pub fn text(&self, text: &str) -> String {
        let mut pass = Pass::new(self);
        pass.text(text);
        pass.text(text)
    }

    /// A URL in which secrets may stand.
    pub fn url(&self, url: &str) -> String {
        Pass::new(self).url(url)
    }

    /// What stands in this secret's place.
    pub fn replacement(&self, secret: &str) -> String {
        Pass::new(self).secret(secret)
    }

    /// A connection event without secrets.
    #[must_use]
    pub fn connection(&self, connection: Connection) -> Connection {
        Connection { detail: self.text(&connection.detail), ..connection }
    }

    /// An exchange without secrets. Its texts and bodies are raw; a body's digest is taken of its bytes where it is
    /// missing. What is redacted already stays as it is.
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
            lasting.into_iter().for_each(|met| earlier.add(met));
            earlier.forget();
        }
        exchange
    }
}

/// An exchange less what is known of its secrets so far.
fn read(pass: &mut Pass<'_>, mut exchange: Exchange) -> Exchange {
    exchange.request = pass_request(pass, exchange.request);
    exchange.answer = exchange.answer.map(|answer| pass_answer(pass, answer));
    exchange.end.detail = pass.text(&exchange.end.detail);
    exchange.notes = exchange.notes.iter().map(|note| pass.text(note)).collect();
    exchange
}

impl Digester {
    /// Takes the next bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }

    /// How many bytes came.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// The digest in hex; empty where no bytes came.
    pub fn finish(self) -> String {
        if self.length == 0 { String::new() } else { hex::encode(&self.hash.finish()) }
    }
}

fn pass_request(pass: &mut Pass<'_>, request: Request) -> Request {
    let refused = request.refused.is_some();
    if refused {
        // The line may be anything, and its pieces tell nothing: what is met in it as a whole is found in them again.
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
    }
}

/// In a head that was refused, a line may be anything: where its name is none (RFC 9110 section 5.6.2), all of it is
/// replaced if a secret may stand in it or it may go on a line that holds one.
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
            // What stands beside the content was not looked at: the content alone is kept.
            Found::Nothing if !content_encoding::is_bare(&body.bytes, headers) => (Found::Replaced(bytes), true),
            found => (found, true),
        },
        // In a coded body that is cut, or is none, anything may stand where the coding could not be taken off.
        Decoded::Segment(_) | Decoded::Unreadable => (Found::Unreadable, true),
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

/// Looks for secrets in a body's content, coding off.
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
    // What is spelt or cut in such a way that it could not be replaced.
    if pass.holds(new.as_ref().map_or(bytes, String::as_bytes)) {
        return Found::Unreadable;
    }
    new.map_or(Found::Nothing, |new| Found::Replaced(new.into_bytes()))
}

/// Whether bytes are text, in UTF-8 (perhaps cut) or a coding of one byte a letter. What is compressed, encrypted or
/// an image is none.
fn is_text(bytes: &[u8]) -> bool {
    let has_controls = bytes.iter().any(|b| b.is_ascii_control() && !b"\t\n\r\x0c".contains(b));
    let is_utf8 = std::str::from_utf8(bytes).err().is_none_or(|error| error.error_len().is_none());
    let high = bytes.iter().filter(|b| !b.is_ascii()).count();
    !has_controls && (is_utf8 || high.saturating_mul(3) <= bytes.len())
}

/// Whether this is `name=value&...`, and can be read as nothing else.
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
