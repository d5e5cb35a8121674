//! Bodies of a HAR entry: text, base64, form parameters, a separate file, or nothing.
//!
//! A missing text is an empty body only if the entry says so and nothing in it contradicts that. Otherwise the body
//! is unknown.

use super::container::Files;
use super::masks;
use super::message::{Content, Pair, Post, Response};
use super::model::Entry;
use super::timings::micros;
use crate::profile::{Place, Profile};

use crate::capture::content_encoding::{self, Decoded};
use crate::capture::record::{Body, BodyRetention, Header, values};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

/// Context of an entry.
pub(super) struct EntryContext<'a> {
    /// The API whose calls are read.
    pub profile: &'a Profile,
    /// The program that wrote the file.
    pub maker: &'a str,
    /// The files that the HAR file refers to.
    pub files: &'a mut Files,
    /// Unpaired surrogates of the entry were replaced.
    pub mended: bool,
    /// poscert wrote the file; it declares itself what it leaves out.
    pub is_own: bool,
}

/// The body of an entry's request.
pub(super) fn of_request(entry: &Entry, headers: &[Header], context: &mut EntryContext<'_>) -> Result<Body, String> {
    let request = &entry.request;
    let post = request.post.as_ref();
    let sizes = [positive(request.body_size), announced(headers)];
    let text = post.and_then(|post| post.text.as_deref()).filter(|text| !text.is_empty());
    if let Some(text) = text {
        let encoding = post.and_then(|post| post.encoding.as_deref());
        let body = kept(text, encoding, headers, "request.postData.text")?;
        if context.is_own {
            return Ok(body);
        }
        let is_mended = context.mended && text.contains(char::REPLACEMENT_CHARACTER);
        return Ok(if is_mended || is_cut(&body, sizes, headers) {
            unseen(body.length)
        } else {
            unmasked(body, false)
        });
    }
    let params = post.and_then(|post: &Post| post.params.as_deref()).unwrap_or_default();
    if !params.is_empty() {
        return kept(&form(params), None, headers, "request.postData.params");
    }
    if let Some(file) = post.and_then(|post| post.file.as_ref()) {
        let content = file.as_str().and_then(|name| context.files.read(name));
        return Ok(content.map_or_else(|| unseen(0), |bytes| unmasked(whole(bytes, headers), false)));
    }
    if let Some(size) = sizes.into_iter().flatten().find(|size| *size > 0) {
        return Ok(unseen(size));
    }
    let said =
        request.body_size == Some(0.0) || announced(headers) == Some(0) || post.is_some_and(|p| p.text.is_some());
    let coded = coding_named(headers);
    Ok(if (said && !coded) || !has_body(context.profile, &request.method, &request.url) {
        Body::default()
    } else {
        unseen(0)
    })
}

/// Whether a body is documented for such a request, so that a missing one is not simply empty.
fn has_body(profile: &Profile, method: &str, url: &str) -> bool {
    match profile.route(method, url).place {
        Place::Operation(operation) => operation.spec().has_body,
        Place::Token => true,
        Place::Simulation | Place::Unknown => false,
    }
}

/// The length of an empty chunked body, in bytes (RFC 9112 section 7.1).
const EMPTY_CHUNKS: u64 = 5;

/// The body of a response to a request with this method.
pub(super) fn of_answer(
    response: &Response,
    method: &str,
    status: u16,
    headers: &[Header],
    context: &mut EntryContext<'_>,
) -> Result<Body, String> {
    // These responses never have a body, whatever their headers announce (RFC 9110 section 6.4.1).
    let never = matches!(status, 100..=199 | 204 | 205 | 304) || method.eq_ignore_ascii_case("HEAD");
    let nothing = Content::default();
    let content = response.content.as_ref().unwrap_or(&nothing);
    if let Some(text) = content.text.as_deref().filter(|text| !text.is_empty()) {
        let body = kept(text, content.encoding.as_deref(), headers, "response.content.text")?;
        if context.is_own {
            return Ok(body);
        }
        let cut = is_cut(&body, [positive(content.size), announced(headers)], headers);
        let is_mended = context.mended && text.contains(char::REPLACEMENT_CHARACTER) && !is_json(&body);
        return Ok(if cut || is_mended { unseen(body.length) } else { unmasked(body, context.profile.is_native) });
    }
    if never {
        return Ok(Body::default());
    }
    if let Some(file) = content.file.as_ref().filter(|_| content.size != Some(0.0)) {
        let is_native = context.profile.is_native;
        let bytes = file.as_str().and_then(|name| context.files.read(name));
        return Ok(bytes.map_or_else(|| unseen(0), |bytes| unmasked(whole(bytes, headers), is_native)));
    }
    let size = positive(content.size).or_else(|| announced(headers)).filter(|size| *size > 0);
    if let Some(size) = size {
        return Ok(unseen(size));
    }
    let said = match content.size {
        Some(size) if size >= 0.0 => true,
        _ => content.text.is_some() || announced(headers) == Some(0) || response.body_size == Some(0.0),
    };
    // Firefox writes "Response bodies are not included."
    let commented = content.comment.as_ref().is_some_and(|comment| comment.as_str().is_some_and(|c| !c.is_empty()));
    let compressed = content.compression.is_some_and(|saved| saved != 0.0) || coding_named(headers);
    // A chunked body may be empty, but not one with JSON.
    let chunked = values(headers, "transfer-encoding").next().is_some();
    let json = chunked && content.text.is_none() && values(headers, "content-type").any(|kind| kind.contains("json"));
    // Bytes came for it, more than the last chunk of an empty body takes.
    let received =
        announced(headers) != Some(0) && positive(response.body_size).is_some_and(|size| size > EMPTY_CHUNKS);
    let contradicted = commented || compressed || json || received;
    Ok(if said && !contradicted { Body::default() } else { unseen(0) })
}

fn coding_named(headers: &[Header]) -> bool {
    values(headers, "content-encoding").any(|coding| !matches!(coding.trim(), "" | "identity"))
}

/// Whether a text is shorter than the original body, by the entry's size, and by `Content-Length` if both count the
/// same bytes.
fn is_cut(body: &Body, sizes: [Option<u64>; 2], headers: &[Header]) -> bool {
    // The size may be that of the encoded bytes, or of JSON with other white space. Truncated JSON is not valid.
    if coding_named(headers) || is_json(body) {
        return false;
    }
    let [said, announced] = sizes;
    announced.or(said).is_some_and(|size| body.length < size)
        || (announced.is_none() && said.is_some_and(|s| body.length < s))
}

fn is_json(body: &Body) -> bool {
    matches!(serde_json::from_slice(&body.bytes), Ok(Value::Object(_) | Value::Array(_)))
}

/// Treats a body with masked values as unknown. In a response, only the fields that rules use count.
fn unmasked(body: Body, has_known_fields: bool) -> Body {
    let masked = match serde_json::from_slice::<Value>(&body.bytes) {
        Ok(value) if has_known_fields => masks::stands_in_judged(&value),
        Ok(value) => masks::stands_in(&value),
        Err(_) => std::str::from_utf8(&body.bytes).is_ok_and(masks::is_marked),
    };
    if masked { unseen(body.length) } else { body }
}

/// A body whose text is not in the HAR file.
fn unseen(length: u64) -> Body {
    Body { length, kept: BodyRetention::Unknown, ..Body::default() }
}

fn form(params: &[Pair]) -> String {
    let encoded =
        |text: &Option<String>| utf8_percent_encode(text.as_deref().unwrap_or(""), NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = params.iter().map(|p| format!("{}={}", encoded(&p.name), encoded(&p.value))).collect();
    pairs.join("&")
}

/// A declared size in bytes; -1 means unknown.
fn positive(size: Option<f64>) -> Option<u64> {
    size.filter(|size| *size > 0.0).map(|size| micros(size / 1000.0))
}

/// The declared `Content-Length`.
fn announced(headers: &[Header]) -> Option<u64> {
    values(headers, "content-length").next()?.trim().parse().ok()
}

/// A text of the HAR file as a body.
fn kept(text: &str, encoding: Option<&str>, headers: &[Header], field: &str) -> Result<Body, String> {
    match encoding.map(str::trim).filter(|encoding| !encoding.is_empty()) {
        None => Ok(whole(text.as_bytes().to_vec(), headers)),
        Some(encoding) if encoding.eq_ignore_ascii_case("base64") => {
            let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            let bytes = STANDARD.decode(plain).map_err(|error| format!("{field} is not base64: {error}"))?;
            Ok(whole(bytes, headers))
        }
        Some(encoding) if ["utf-8", "utf8", "text", "plain"].contains(&encoding.to_ascii_lowercase().as_str()) => {
            Ok(whole(text.as_bytes().to_vec(), headers))
        }
        Some(_) => Ok(unseen(u64::try_from(text.len()).unwrap_or(0))),
    }
}

/// The bytes of a body. HAR stores them without content coding, but some producers leave the coding in place.
fn whole(bytes: Vec<u8>, headers: &[Header]) -> Body {
    let bytes = match content_encoding::decode(&bytes, &[]) {
        Decoded::Whole(decoded) => decoded,
        _ => bytes,
    };
    Body {
        length: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        bytes,
        decoded: coding_named(headers),
        ..Body::default()
    }
}
