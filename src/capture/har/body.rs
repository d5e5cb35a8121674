//! The bodies of an entry: text, base64, form parameters, or nothing but a size.

use super::model::{Content, Entry, Pair, Post};
use super::time::micros;
use crate::capture::coding::{self, Decoded};
use crate::capture::record::{Body, Header, Kept, values};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The body of an entry's request.
pub(super) fn of_request(entry: &Entry, headers: &[Header]) -> Result<Body, String> {
    let post = entry.request.post.as_ref();
    let text = post.and_then(|post| post.text.as_deref()).filter(|text| !text.is_empty());
    if let Some(text) = text {
        let encoding = post.and_then(|post| post.encoding.as_deref());
        return kept(text, encoding, headers, "request.postData.text");
    }
    let params = post.and_then(|post: &Post| post.params.as_deref()).unwrap_or_default();
    if !params.is_empty() {
        return kept(&form(params), None, headers, "request.postData.params");
    }
    let is_elsewhere = post.is_some_and(|post| post.file.is_some());
    let size = positive(entry.request.body_size).or_else(|| announced(headers)).filter(|size| *size > 0);
    Ok(unseen(size, is_elsewhere))
}

/// The body of an answer.
pub(super) fn of_answer(content: Option<&Content>, status: u16, headers: &[Header]) -> Result<Body, String> {
    let Some(content) = content else { return Ok(Body::default()) };
    if let Some(text) = content.text.as_deref().filter(|text| !text.is_empty()) {
        return kept(text, content.encoding.as_deref(), headers, "response.content.text");
    }
    // Neither has a body, whatever its head announces (RFC 9110 section 6.4.1).
    if matches!(status, 204 | 304) {
        return Ok(Body::default());
    }
    let is_unsaid = content.text.is_none() && content.size.is_some_and(|size| size < 0.0);
    let size = positive(content.size).or_else(|| announced(headers).filter(|_| is_unsaid));
    let is_elsewhere = content.file.is_some() && content.size != Some(0.0);
    Ok(unseen(size.filter(|size| *size > 0), is_elsewhere || (is_unsaid && size.is_none())))
}

fn form(params: &[Pair]) -> String {
    let encoded =
        |text: &Option<String>| utf8_percent_encode(text.as_deref().unwrap_or(""), NON_ALPHANUMERIC).to_string();
    let pairs: Vec<String> = params.iter().map(|p| format!("{}={}", encoded(&p.name), encoded(&p.value))).collect();
    pairs.join("&")
}

/// A size that is said, in bytes; -1 stands for one that is not known.
fn positive(size: Option<f64>) -> Option<u64> {
    size.filter(|size| *size > 0.0).map(|size| micros(size / 1000.0))
}

/// What the head says.
fn announced(headers: &[Header]) -> Option<u64> {
    values(headers, "content-length").next()?.trim().parse().ok()
}

/// A body whose text is not in the HAR: empty if nothing says that there was one, else unknown.
fn unseen(size: Option<u64>, is_elsewhere: bool) -> Body {
    match size {
        None if !is_elsewhere => Body::default(),
        size => Body { length: size.unwrap_or(0), kept: Kept::Unknown, ..Body::default() },
    }
}

/// A text of the HAR as a body: HAR holds it without content coding, but some makers leave the coding on.
fn kept(text: &str, encoding: Option<&str>, headers: &[Header], field: &str) -> Result<Body, String> {
    let bytes = if encoding.is_some_and(|encoding| encoding.eq_ignore_ascii_case("base64")) {
        let plain: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        STANDARD.decode(plain).map_err(|error| format!("{field} is not base64: {error}"))?
    } else {
        text.as_bytes().to_vec()
    };
    let bytes = match coding::decode(&bytes, &[]) {
        Decoded::Whole(decoded) => decoded,
        _ => bytes,
    };
    let decoded = values(headers, "content-encoding").any(|coding| !coding.trim().eq_ignore_ascii_case("identity"));
    Ok(Body { length: u64::try_from(bytes.len()).unwrap_or(u64::MAX), bytes, decoded, ..Body::default() })
}
