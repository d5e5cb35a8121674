//! Edits within one exchange: headers, JSON bodies, status.

use super::{Change, Side};
use crate::capture::content_encoding;
use crate::capture::record::{Answer, AnsweredBy, Body, BodyRetention, End, EndedBy, Exchange, Header, Stage, values};
use crate::seal::Digest;
use serde_json::Value;

/// Applies a change that concerns nothing but the exchange; `false` if the change is of another kind.
///
/// # Errors
/// What is missing in the exchange, in a message.
pub(super) fn apply(exchange: &mut Exchange, change: &Change) -> Result<bool, String> {
    match change {
        Change::SetHeader { side, name, value } => {
            let headers = headers(exchange, *side, name)?;
            let kept = headers.iter_mut().find(|header| header.name.eq_ignore_ascii_case(name));
            match kept {
                Some(header) => {
                    value.clone_into(&mut header.value);
                    let mut is_first = true;
                    headers.retain(|header| {
                        !header.name.eq_ignore_ascii_case(name) || std::mem::replace(&mut is_first, false)
                    });
                }
                None => headers.push(Header { name: name.clone(), value: value.clone() }),
            }
        }
        Change::RemoveHeader { side, name } => {
            let number = exchange.number;
            let headers = headers(exchange, *side, name)?;
            let before = headers.len();
            headers.retain(|header| !header.name.eq_ignore_ascii_case(name));
            if headers.len() == before {
                return Err(format!("the {} of exchange {number} has no header `{name}`", side.name()));
            }
        }
        Change::SetBody { side, pointer, value } => {
            change_body(exchange, *side, pointer, |body| set(body, pointer, value.clone()))?;
        }
        Change::RemoveBody { side, pointer } => change_body(exchange, *side, pointer, |body| remove(body, pointer))?,
        Change::SetStatus(status) => set_status(exchange, *status),
        _ => return Ok(false),
    }
    Ok(true)
}

/// The headers of one side, of which the capture shows the one that is to be changed.
fn headers<'a>(exchange: &'a mut Exchange, side: Side, name: &str) -> Result<&'a mut Vec<Header>, String> {
    let number = exchange.number;
    let (not_shown, headers) = match (side, &mut exchange.answer) {
        (Side::Request, _) => (&mut exchange.request.not_shown, &mut exchange.request.headers),
        (Side::Response, Some(answer)) => (&mut answer.not_shown, &mut answer.headers),
        (Side::Response, None) => return Err(no_response(number)),
    };
    if not_shown.headers {
        return Err(format!("the capture does not show the {} headers of exchange {number}", side.name()));
    }
    for list in [&mut not_shown.left_out, &mut not_shown.masked, &mut not_shown.unsigned] {
        list.retain(|other| !other.eq_ignore_ascii_case(name));
    }
    Ok(headers)
}

fn no_response(number: u64) -> String {
    format!("exchange {number} has no response; set its status first")
}

fn change_body(
    exchange: &mut Exchange,
    side: Side,
    pointer: &str,
    change: impl FnOnce(Option<Value>) -> Result<Option<Value>, String>,
) -> Result<(), String> {
    let number = exchange.number;
    let (body, headers) = match (side, &mut exchange.answer) {
        (Side::Request, _) => (&mut exchange.request.body, &mut exchange.request.headers),
        (Side::Response, Some(answer)) => (&mut answer.body, &mut answer.headers),
        (Side::Response, None) => return Err(no_response(number)),
    };
    let of = |what: &str| format!("the {} body of exchange {number} {what}", side.name());
    let before = match content_encoding::content(body, headers) {
        // The whole body is replaced, whatever it was.
        _ if pointer.is_empty() => None,
        None => return Err(of("is not in the capture")),
        Some(bytes) if bytes.is_empty() => return Err(of("is empty; set the whole body with the pointer \"\"")),
        Some(bytes) => Some(serde_json::from_slice(&bytes).map_err(|_| of("is not JSON"))?),
    };
    let after = change(before).map_err(|message| of(&message))?;
    let bytes = after.map_or_else(Vec::new, |value| value.to_string().into_bytes());
    let length = bytes.len();
    if let Some(header) = headers.iter_mut().find(|header| header.name.eq_ignore_ascii_case("content-length")) {
        header.value = length.to_string();
    }
    let decoded = values(headers, "content-encoding").next().is_some();
    let digest = if bytes.is_empty() { String::new() } else { Digest::of(&bytes).to_string() };
    let length = u64::try_from(length).unwrap_or(u64::MAX);
    *body = Body { bytes, length, digest, kept: BodyRetention::Whole, decoded };
    Ok(())
}

/// The parent of the member that a pointer names, and the unescaped name of the member.
fn parent<'a>(body: &'a mut Value, pointer: &str) -> Result<(&'a mut Value, String), String> {
    let (parent, member) =
        pointer.rsplit_once('/').ok_or_else(|| format!("has no member `{pointer}`: a JSON pointer starts with `/`"))?;
    let found = body.pointer_mut(parent).ok_or_else(|| format!("has no member `{parent}`"))?;
    Ok((found, member.replace("~1", "/").replace("~0", "~")))
}

fn set(body: Option<Value>, pointer: &str, value: Value) -> Result<Option<Value>, String> {
    let Some(mut body) = body.filter(|_| !pointer.is_empty()) else { return Ok(Some(value)) };
    let (parent, member) = parent(&mut body, pointer)?;
    match parent {
        Value::Object(object) => drop(object.insert(member, value)),
        Value::Array(list) if member == "-" => list.push(value),
        Value::Array(list) => {
            let slot = member.parse().ok().and_then(|at: usize| list.get_mut(at));
            *slot.ok_or_else(|| format!("has no member `{pointer}`"))? = value;
        }
        _ => return Err(format!("has no object or list that `{pointer}` is in")),
    }
    Ok(Some(body))
}

fn remove(body: Option<Value>, pointer: &str) -> Result<Option<Value>, String> {
    let Some(mut body) = body.filter(|_| !pointer.is_empty()) else { return Ok(None) };
    let (parent, member) = parent(&mut body, pointer)?;
    let removed = match parent {
        Value::Object(object) => object.shift_remove(&member),
        Value::Array(list) => member.parse().ok().filter(|at| *at < list.len()).map(|at: usize| list.remove(at)),
        _ => None,
    };
    removed.map(|_| Some(body)).ok_or_else(|| format!("has no member `{pointer}`"))
}

fn set_status(exchange: &mut Exchange, status: u16) {
    // The response is no longer the one that the fault made.
    exchange.fault = None;
    if status == 0 {
        exchange.answer = None;
        exchange.answered_by = AnsweredBy::Nobody;
        exchange.times.answer_end_out = None;
        let detail = "the client received no response".to_owned();
        exchange.end = End { by: EndedBy::Unknown, stage: Stage::Waiting, detail, ..End::default() };
        return;
    }
    if exchange.status().is_none() {
        exchange.end = End { untimed: exchange.end.untimed, ..End::default() };
        exchange.times.answer_end_out = Some(exchange.times.end);
    }
    let answer = exchange.answer.get_or_insert_with(|| {
        exchange.answered_by = AnsweredBy::Backend;
        Answer { version: exchange.request.version.clone(), ..Answer::default() }
    });
    answer.status = status;
    answer.reason.clear();
}
