//! A record as JSON; bodies as text, or in base64 if they are not UTF-8.

use crate::capture::content_encoding;
use crate::capture::record::{Body, Header, Record};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// The record as one JSON object.
pub(super) fn of(record: &Record) -> Value {
    let Record::Exchange(exchange) = record else { return value(record) };
    let mut rest = exchange.clone();
    rest.request.body.bytes.clear();
    if let Some(answer) = &mut rest.answer {
        answer.body.bytes.clear();
    }
    let mut object = value(&Record::Exchange(rest));
    put(&mut object["request"], &exchange.request.body, &exchange.request.headers);
    if let Some(answer) = &exchange.answer {
        put(&mut object["answer"], &answer.body, &answer.headers);
    }
    object
}

fn value(record: &Record) -> Value {
    serde_json::to_value(record).unwrap_or_else(|error| json!({"record": "unreadable", "error": error.to_string()}))
}

fn put(side: &mut Value, body: &Body, headers: &[Header]) {
    let Some(fields) = side.get_mut("body").and_then(Value::as_object_mut) else { return };
    fields.remove("bytes");
    let content = content_encoding::content(body, headers);
    let bytes = content.as_deref().unwrap_or(&body.bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => fields.insert("text".to_owned(), text.into()),
        Err(_) => fields.insert("base64".to_owned(), STANDARD.encode(bytes).into()),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::Exchange;
    use crate::capture::record::{Answer, Request};

    #[test]
    fn bodies_are_text_or_base64() {
        let body = |bytes: &[u8]| Body { bytes: bytes.to_vec(), ..Body::default() };
        let request = Request { body: body(b"{\"a\":1}"), ..Request::default() };
        let answer = Some(Answer { body: body(&[0xff, 0]), status: 200, ..Answer::default() });
        let value = of(&Record::Exchange(Box::new(Exchange { number: 7, request, answer, ..Exchange::default() })));
        assert_eq!(value["record"], "exchange");
        assert_eq!(value["number"], json!(7));
        assert_eq!(value["request"]["body"]["text"], "{\"a\":1}");
        assert_eq!(value["answer"]["body"]["base64"], "/wA=");
        assert_eq!(value["answer"]["body"].get("bytes"), None);
    }
}
