//! Tests of redaction: no secret survives in any form, and everything else is preserved.

mod leaks;

use super::super::content_encoding::tests::{encoding, gzip};
use super::super::record::*;
use super::super::{Record, codec};
use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};

fn redactor() -> Redactor {
    Redactor::new(Key::derived("test", b"key"))
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

fn whole(bytes: impl AsRef<[u8]>) -> Body {
    let bytes = bytes.as_ref().to_vec();
    Body { length: bytes.len() as u64, bytes, ..Body::default() }
}

fn body_of(content_type: &str, bytes: impl AsRef<[u8]>) -> Body {
    let headers = vec![header("Content-Type", content_type)];
    let request = Request { headers, body: whole(bytes), ..Request::default() };
    redactor().exchange(Exchange { request, ..Exchange::default() }).request.body
}

fn json_of(text: &str) -> String {
    let body = body_of("application/json", text);
    assert_eq!(body.kept, BodyRetention::Whole, "{text}");
    String::from_utf8(body.bytes).unwrap()
}

fn target_of(target: &str) -> String {
    let request = Request { target: target.to_owned(), ..Request::default() };
    redactor().exchange(Exchange { request, ..Exchange::default() }).request.target
}

fn header_of(name: &str, value: &str) -> String {
    let request = Request { headers: vec![header(name, value)], ..Request::default() };
    redactor().exchange(Exchange { request, ..Exchange::default() }).request.headers[0].value.clone()
}

fn jwt(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.c2lnbmF0dXJl", part(&json!({"alg": "RS256"})), part(claims))
}

/// Every encoding in which a secret could be found.
fn forms(secret: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![secret.to_owned()];
    for lead in 0..3 {
        // Base64 depends on the alignment within a longer text; use the part that depends on the secret alone.
        let padded = [&vec![b'x'; lead][..], secret.as_bytes()].concat();
        for encoded in [STANDARD_NO_PAD.encode(&padded), URL_SAFE_NO_PAD.encode(&padded)] {
            forms.push(encoded[lead * 2..encoded.len() - 2].to_owned());
        }
    }
    forms.push(hex::encode(secret.as_bytes()));
    forms.push(hex::encode(secret.as_bytes()).to_uppercase());
    forms.push(secret.bytes().map(|b| format!("%{b:02X}")).collect());
    forms.push(secret.bytes().map(|b| format!("%{b:02x}")).collect());
    forms.push(secret.bytes().map(|b| format!("\\u{b:04x}")).collect());
    forms.push(crate::seal::Digest::of(secret.as_bytes()).to_string());
    let digest = crate::seal::Digest::of(secret.as_bytes()).0;
    forms.push(STANDARD.encode(digest));
    let mut all: Vec<Vec<u8>> = forms.into_iter().map(String::into_bytes).collect();
    all.push(digest.to_vec());
    all
}

fn assert_gone(exchange: &Exchange, secret: &str) {
    let mut texts = vec![codec::encode(&Record::Exchange(Box::new(exchange.clone()))).unwrap()];
    let bodies = [Some(&exchange.request.body), exchange.answer.as_ref().map(|answer| &answer.body)];
    for body in bodies.into_iter().flatten() {
        if let Decoded::Whole(bytes) | Decoded::Partial(bytes) = content_encoding::decode(&body.bytes, &[]) {
            texts.push(bytes);
        }
    }
    for text in texts {
        for form in forms(secret) {
            let found = text.windows(form.len()).any(|window| window == form);
            assert!(!found, "{secret:?} is present as {:?} in {exchange:#?}", String::from_utf8_lossy(&form));
        }
    }
}

/// Exchanges with a secret in every position that can contain one, by name or shape.
fn everywhere(s: &str) -> Vec<Exchange> {
    let percent: String = s.bytes().map(|b| format!("%{b:02X}")).collect();
    let escaped: String = s.bytes().map(|b| format!("\\u{b:04x}")).collect();
    let basic = STANDARD.encode(format!("client:{s}"));
    let token = jwt(&json!({"sub": s, "iss": "issuer"}));
    let target = |target: String| Exchange { request: Request { target, ..Request::default() }, ..Exchange::default() };
    let head = |name: &str, value: String| Exchange {
        request: Request { headers: vec![header(name, &value)], ..Request::default() },
        answer: Some(Answer { trailers: vec![header(name, &value)], ..Answer::default() }),
        ..Exchange::default()
    };
    let body = |kind: &str, bytes: Vec<u8>| Exchange {
        request: Request { headers: vec![header("content-type", kind)], body: whole(&bytes), ..Request::default() },
        answer: Some(Answer { headers: encoding("gzip"), body: whole(gzip(&bytes)), ..Answer::default() }),
        ..Exchange::default()
    };
    let note = |text: String| Exchange {
        notes: vec![text.clone()],
        end: End { detail: text.clone(), ..End::default() },
        request: Request { refused: Some(text), ..Request::default() },
        ..Exchange::default()
    };
    let mut all = vec![
        target(format!("/x?access_token={s}&a=b")),
        target(format!("/x?a=b&client%5Fsecret={percent}#token={s}")),
        target(format!("/x?code={s}")),
        target(format!("https://user:{percent}@host/x")),
        target(format!("/x/{token}/y?z={token}")),
        target(format!("/x?next=https%3A%2F%2Fh%2F%3Ftoken%3D{percent}")),
        head("Authorization", format!("Bearer {s}")),
        head("authorization", format!("Basic {basic}")),
        head("Proxy-Authorization", s.to_owned()),
        head("Cookie", format!("a={s}; b={s}x")),
        head("Set-Cookie", format!("a={s}; Path=/; HttpOnly")),
        head("X-Api-Key", s.to_owned()),
        head("Location", format!("https://h/x?access_token={s}")),
        head("Referer", format!("https://u:{s}@h/x")),
        head("X-Debug", token.clone()),
        head("X-Debug", format!("authorization: bearer {s}")),
        body(
            "application/x-www-form-urlencoded",
            format!("grant_type=x&client_secret={percent}&password={s}").into_bytes(),
        ),
        body("application/x-www-form-urlencoded", format!("a%63cess_token={s}").into_bytes()),
        body(
            "application/json",
            json!({"a": [{"customerToken": s}, {"loyaltyIds": [s, format!("{s}2")]}]}).to_string().into_bytes(),
        ),
        body("application/json", json!({"message": format!("bad token: {s}"), "x": token}).to_string().into_bytes()),
        body("application/json", format!("{{\"\\u0063ustomer\\u0054oken\":\"{escaped}\"}}").into_bytes()),
        body("text/json", format!("{{\"token\":\"{s}\",\"token\":\"{s}b\"}}").into_bytes()),
        body("application/json", json!({"inner": json!({"refresh_token": s}).to_string()}).to_string().into_bytes()),
        body("application/json", format!("{{\"id_token\":\"{s}").into_bytes()),
        body("application/json", format!("{{\"id\\u005ftoken\":\"{s}").into_bytes()),
        body("application/json", format!("{{'id_token':'{s}'}}").into_bytes()),
        body("text/plain", format!("the password is {s}").into_bytes()),
        body(
            "multipart/form-data; boundary=x",
            format!("--x\r\ncontent-disposition: form-data; name=client_secret\r\n\r\n{s}\r\n--x--").into_bytes(),
        ),
        body("application/octet-stream", [b"\xff\xfe", format!("token={s}").as_bytes()].concat()),
        body("application/json", format!("{{\"token\":\"{s}\"}}").encode_utf16().flat_map(u16::to_le_bytes).collect()),
        note(format!("upstream said: Authorization: Bearer {s}")),
        note(format!("GET /x?token={s} HTTP/1.1 was refused")),
        note(format!("Cookie: a={s}; b=c")),
        note(token.clone()),
    ];
    // Identified by name in one place, repeated without it in another.
    let request = Request { headers: vec![header("Authorization", &format!("Bearer {s}"))], ..Request::default() };
    let answer = Answer {
        reason: format!("no {s}"),
        body: whole(json!({"message": format!("{s} is unknown")}).to_string()),
        headers: vec![header("X-Echo", s)],
        ..Answer::default()
    };
    all.push(Exchange { request: request.clone(), answer: Some(answer), ..Exchange::default() });
    let answer = Answer { body: whole(format!("<p>{s} is unknown</p>")), ..Answer::default() };
    all.push(Exchange { request, answer: Some(answer), ..Exchange::default() });
    // A rejected head with lines that are not header fields.
    let lines = vec![
        header(&format!("Authorization Bearer {s}"), ""),
        header("", s),
        header("X y", &format!("a\rCookie: z={s}")),
    ];
    all.push(Exchange {
        request: Request { headers: lines, refused: Some("a bare CR".to_owned()), ..Request::default() },
        ..Exchange::default()
    });
    // A body truncated by the limit, plain and compressed.
    let cut = format!("{{\"customerToken\":\"{s}\",\"more\":\"");
    let prefix =
        Body { bytes: cut.clone().into_bytes(), length: 1_000_000, kept: BodyRetention::Prefix, ..Body::default() };
    let mut truncated = gzip(format!("{cut}{}", "abcdefghijklmnop".repeat(500)).as_bytes());
    truncated.truncate(truncated.len() - 9);
    all.push(Exchange {
        request: Request { body: prefix, ..Request::default() },
        answer: Some(Answer { headers: encoding("gzip"), body: whole(truncated), ..Answer::default() }),
        ..Exchange::default()
    });
    all
}

#[test]
fn no_secret_survives_anywhere() {
    for secret in ["CANARY-7f3a9b2c41de", "Xk29+/s0me=opaque77", "canary_token_0000000001", "SUPERSECRETCANARY"] {
        for exchange in everywhere(secret) {
            assert_gone(&redactor().exchange(exchange), secret);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn no_random_secret_survives(secret in "[A-Za-z0-9]{5}[0-9][A-Za-z0-9_-]{6,30}") {
        for exchange in everywhere(&secret) {
            assert_gone(&redactor().exchange(exchange), &secret);
        }
    }

    #[test]
    fn redaction_is_idempotent(secret in "[A-Za-z0-9]{5}[0-9][A-Za-z0-9_-]{6,30}") {
        for exchange in everywhere(&secret) {
            let once = redactor().exchange(exchange);
            prop_assert_eq!(redactor().for_own().exchange(once.clone()), once);
        }
    }

    #[test]
    fn json_keeps_its_shape(value in any_json()) {
        let text = value.to_string();
        let new: Value = serde_json::from_str(&json_of(&text)).unwrap();
        same_shape(&value, &new, false);
    }

    #[test]
    fn arbitrary_input_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), kind in "[a-z/-]{0,20}", text in ".{0,60}") {
        let _ = body_of(&kind, &bytes);
        let _ = target_of(&text);
        let _ = header_of(&kind, &text);
        let _ = redactor().text(&text);
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let name =
        prop::sample::select(vec!["loyaltyIds", "customerToken", "phoneNumber", "amount", "x", "token_type", "items"]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z0-9]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().map(|(n, v)| (n.to_owned(), v)).collect())),
        ]
    })
}

/// Checks for the same types, names, counts and emptiness, and for the same values if no secret's name is above them.
fn same_shape(old: &Value, new: &Value, secret: bool) {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            assert!(old.keys().eq(new.keys()));
            for (name, value) in old {
                let under = secret || ["loyaltyIds", "customerToken", "phoneNumber"].contains(&name.as_str());
                same_shape(value, &new[name], under);
            }
        }
        (Value::Array(old), Value::Array(new)) => {
            assert_eq!(old.len(), new.len());
            old.iter().zip(new).for_each(|(old, new)| same_shape(old, new, secret));
        }
        (Value::String(old), Value::String(new)) => {
            assert_eq!(old.is_empty(), new.is_empty());
            assert_eq!(secret && !old.is_empty(), old != new, "{old} -> {new}");
        }
        (Value::Number(_), Value::Number(_)) if secret => assert_ne!(old, new),
        _ => assert_eq!(old, new),
    }
}

#[test]
fn other_content_is_preserved_byte_for_byte() {
    for text in [
        r#"{"amount":1E2,"b":100.00,"a":1,"a":2,"token_type":"Bearer","expires_in":3700}"#,
        "{ \"loyaltyIds\" : [ ] , \"customerToken\":\"\",\r\n\"customerReceiptToken\":null}",
        r#"{"code":"1306","message":"Idempotency key reused for another request","correlationId":"x"}"#,
        r#"{"posId":"0f8fad5b-d9cb-469f-a165-70867728950e","orderId":"order.e10","name":"Kasse 1 (Bearer of good news)"}"#,
        "[]",
        "7",
        "\"\"",
        "",
        "{not json",
        "plain",
    ] {
        assert_eq!(body_of("application/json", text).bytes, text.as_bytes(), "{text}");
    }
    let zipped = gzip(b"{\"posIds\":[]}");
    let request = Request { headers: encoding("gzip"), body: whole(&zipped), ..Request::default() };
    let body = redactor().exchange(Exchange { request, ..Exchange::default() }).request.body;
    assert_eq!((body.bytes, body.decoded, body.kept), (zipped, false, BodyRetention::Whole));
    for target in
        ["/pos/v10/payments?posId=a%2Fb&orderId=1+2", "*", "/pos/v10/pointofsales/x%20y", "h:443", "/a?&&=;", ""]
    {
        assert_eq!(target_of(target), target);
    }
    for (name, value) in [
        ("X-MobilePay-Idempotency-Key", "0F8FAD5B-D9CB-469F-A165-70867728950E"),
        ("x-ibm-client-id", "0f8fad5b-d9cb-469f-a165-70867728950e"),
        ("WWW-Authenticate", "Bearer realm=\"pos\", error=\"invalid_token\", error_description=\"expired\""),
        ("Authorization", "Bearer"),
        ("Authorization", "Bearer "),
        ("Authorization", ""),
    ] {
        assert_eq!(header_of(name, value), value);
    }
}

#[test]
fn only_the_span_of_the_secret_changes() {
    let new = json_of("{ \"amount\": 1E2,\n \"customerToken\" : \"abc\", \"loyaltyIds\":[\"1\",2] , \"amount\":100.0}");
    let token = redactor().replacement("abc");
    assert!(
        new.starts_with(&format!("{{ \"amount\": 1E2,\n \"customerToken\" : \"{token}\", \"loyaltyIds\":[\"redacted-")),
        "{new}"
    );
    assert!(new.ends_with("] , \"amount\":100.0}"));
    let value: Value = serde_json::from_str(&new).unwrap();
    assert!(value["loyaltyIds"][1].to_string().starts_with("900") && value["loyaltyIds"][1].is_u64());
}

#[test]
fn token_has_the_same_replacement_everywhere() {
    let token = jwt(&json!({"client_id": "c", "merchant_vat": "DK12345678", "exp": 1_700_000_000, "sub": "Ann"}));
    let new = redactor().replacement(&token);
    let answer =
        Answer { body: whole(json!({"access_token": token, "token_type": "Bearer"}).to_string()), ..Answer::default() };
    let fetched = redactor().exchange(Exchange { answer: Some(answer), ..Exchange::default() });
    let used = Request { headers: vec![header("authorization", &format!("Bearer {token}"))], ..Request::default() };
    let used = redactor().exchange(Exchange { request: used, ..Exchange::default() });
    assert_eq!(used.request.headers[0].value, format!("Bearer {new}"));
    let text = String::from_utf8(fetched.answer.unwrap().body.bytes).unwrap();
    assert_eq!(text, json!({"access_token": new, "token_type": "Bearer"}).to_string());
    let claims = json!({"client_id": "c", "merchant_vat": "DK12345678", "exp": 1_700_000_000});
    for claimed in [fetched.claims, used.claims] {
        assert_eq!(Value::Object(claimed[&new].clone()), claims);
    }
    assert_eq!(target_of(&format!("/x?token={token}")), format!("/x?token={new}"));
    let other = Redactor::new(Key::derived("test", b"other"));
    assert_ne!(other.replacement(&token), new);
}

#[test]
fn the_number_of_tokens_in_a_header_is_kept() {
    let (a, b) = (redactor().replacement("aaaa1111"), redactor().replacement("bbbb2222"));
    assert_eq!(header_of("Authorization", "Bearer aaaa1111, bearer bbbb2222"), format!("Bearer {a}, bearer {b}"));
    assert_eq!(header_of("Authorization", "Bearer aaaa1111 bbbb2222"), format!("Bearer {a} {b}"));
    assert_eq!(header_of("Authorization", "aaaa1111"), a);
    assert_eq!(header_of("Cookie", "k=aaaa1111; l=bbbb2222"), format!("k={a}; l={b}"));
    assert_eq!(header_of("Set-Cookie", "k=aaaa1111; Path=/"), format!("k={a}; Path=/"));
}

#[test]
fn documented_test_customers_are_replaced_by_their_account() {
    assert_eq!(
        json_of(r#"{"beaconId":"b","phoneNumber":"+4520031801"}"#),
        r#"{"beaconId":"b","phoneNumber":"credit"}"#
    );
    assert_eq!(json_of(r#"{"PhoneNumber":"+358200318005"}"#), r#"{"PhoneNumber":"partial-capture"}"#);
    assert_eq!(json_of(r#"{"phoneNumber":"credit"}"#), r#"{"phoneNumber":"credit"}"#);
    assert_eq!(target_of("/x?phoneNumber=%2B4520031804"), "/x?phoneNumber=loyalty");
    assert_eq!(redactor().text("no customer +4520031802 here"), "no customer debit here");
    assert!(json_of(r#"{"phoneNumber":"+4512345678"}"#).contains("redacted-"));
    assert!(redactor().text("no customer +45 12 34 56 78 here").contains("customer redacted-"));
}

#[test]
fn unreadable_body_that_names_a_secret_becomes_a_digest() {
    let body = body_of("application/json", "{\"customerToken\":\"abc");
    assert_eq!((body.kept, body.bytes.len(), body.length), (BodyRetention::Digest, 0, 21));
    let mut digester = redactor().digester();
    digester.update(b"{\"customerToken\":");
    digester.update(b"\"abc");
    assert_eq!(digester.finish(), body.digest);
    assert_eq!(redactor().digester().finish(), "");
    // Without the name of a secret, the truncated body is kept.
    assert_eq!(body_of("application/json", "{\"posId\":\"abc").kept, BodyRetention::Whole);
    let unknown = Request { headers: encoding("zstd"), body: whole("????"), ..Request::default() };
    assert_eq!(
        redactor().exchange(Exchange { request: unknown, ..Exchange::default() }).request.body.kept,
        BodyRetention::Digest
    );
}
