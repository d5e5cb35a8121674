//! Regression tests of leaks found in stored captures: secrets before their name, in another exchange, in bodies that
//! do not parse, split at a separator, compressed without a header. And values that must never be taken for secrets.

use super::*;

const S: &str = "zQ7Xk9-t1ll-v7Rm2Lp4";
const PHONE: &str = "4520117733";
const ID: &str = "0f8fad5b-d9cb-469f-a165-70867728950e";

fn request(target: &str, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Request {
    let headers = headers.iter().map(|(name, value)| header(name, value)).collect();
    Request { target: target.to_owned(), headers, body: whole(body), ..Request::default() }
}

fn post(kind: &str, body: impl AsRef<[u8]>) -> Exchange {
    Exchange { request: request("/x", &[("Content-Type", kind)], body), ..Exchange::default() }
}

fn answered(request: Request, answer: Answer) -> Exchange {
    Exchange { request, answer: Some(answer), ..Exchange::default() }
}

fn answer(body: impl AsRef<[u8]>) -> Answer {
    Answer { body: whole(body), ..Answer::default() }
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[test]
fn bare_value_before_its_name_is_replaced() {
    let named = |value: &str| answer(json!({ "customerReceiptToken": value }).to_string());
    let trailer = Answer { trailers: vec![header("X-Token", S)], ..answer("{}") };
    let cookie = Answer { headers: vec![header("Set-Cookie", &format!("sid={S}; Path=/"))], ..answer("{}") };
    let named_as_header = Request { method: S.to_owned(), ..request(&format!("/q/{S}?x={S}"), &[(S, "1")], "") };
    let named_as_header = Request { trailers: vec![header(&format!("X-{S}"), "1")], ..named_as_header };
    let reason = Answer { reason: format!("bad {S}"), headers: vec![header(&format!("X-{S}"), "1")], ..named(S) };
    for exchange in [
        post(FORM, format!("note={S}&client_secret={S}")),
        post(JSON, format!(r#"{{"orderId":"{S}","loyaltyIds":["{S}"]}}"#)),
        post(JSON, format!(r#"{{"note":"value {S} here","client_secret":"{S}"}}"#)),
        answered(
            request("/x", &[], ""),
            answer(format!(r#"{{"error_description":"unknown {S}","refresh_token":"{S}"}}"#)),
        ),
        answered(request("/x", &[], format!(r#"{{"code2":"{S}"}}"#)), named(S)),
        answered(request("/x", &[], format!("hello {S}")), named(S)),
        answered(request("/x", &[], format!("a=b&c={S}")), trailer.clone()),
        answered(request("/x", &[], format!(r#"{{"a":"{S}""#)), trailer),
        answered(request("/x", &[], format!("hello {S}")), cookie),
        answered(named_as_header, reason),
        answered(request("/x", &[("X-Copy", S), ("Cookie", &format!("sid={S}"))], ""), answer("{}")),
    ] {
        assert_gone(&redactor().exchange(exchange), S);
    }
    for text in [r#"{"display":"4520117733","phoneNumber":"4520117733"}"#, r#"{"n":4520117733,"mobileNo":4520117733}"#]
    {
        let new = json_of(text);
        let value: Value = serde_json::from_str(&new).unwrap();
        assert!(!new.contains(PHONE) && value.as_object().unwrap().len() == 2, "{new}");
    }
}

#[test]
fn secret_of_one_exchange_is_replaced_in_later_ones() {
    let redactor = redactor();
    let fetched = json!({"access_token": S, "customer": {"phoneNumber": PHONE}}).to_string();
    assert_gone(&redactor.exchange(answered(request("/x", &[], ""), answer(fetched))), S);
    let new = redactor.replacement(S);
    let later = redactor.exchange(answered(
        request(&format!("/x/{S}?a={S}"), &[("X-Echo", S)], json!({"message": format!("I use {S} now")}).to_string()),
        answer(format!("<p>{PHONE}</p>")),
    ));
    assert_eq!(later.request.target, format!("/x/{new}?a={new}"));
    assert_gone(&later, S);
    assert_gone(&later, PHONE);
    assert_eq!(later.request.body.bytes, json!({"message": format!("I use {new} now")}).to_string().into_bytes());
    assert_eq!(redactor.clone().text(&format!("no {S}")), format!("no {new}"), "clones share the known secrets");
    assert!(!format!("{redactor:?}").contains(S));
    assert_eq!(super::redactor().text(&format!("no {S}")), format!("no {S}"), "another run does not know it");
}

#[test]
fn ids_and_words_that_the_verifier_needs_are_never_taken_for_secrets() {
    let redactor = redactor();
    let session =
        json!({"loyalty": {"paymentId": ID, "posId": "pos-number-17"}, "token": {"orderId": "order-number-17"}});
    let poison = [
        request("/x", &[("Cookie", &format!("pos={ID}; order=order-number-17; v=DK12345678"))], session.to_string()),
        request(
            "/x",
            &[("X-Token", "Reserved"), ("Authorization", &format!("Bearer {ID}")), ("x-ibm-client-id", ID)],
            "",
        ),
        request(
            "/x",
            &[],
            json!({"message": format!("The payment token is {ID}, the secret: order-number-17")}).to_string(),
        ),
        request("/x?mobile=true&session=12&pin=1", &[], json!({"loyaltyIds": ["00000001", "20240301"]}).to_string()),
    ];
    for request in poison {
        let _ = redactor.exchange(Exchange { request, ..Exchange::default() });
    }
    let body = json!({"posId": ID, "paymentId": "3f1c0000-0000-4000-8000-000000000001", "orderId": "order-number-17",
        "merchantPosId": "pos-number-17", "refundOrderId": "20240301", "status": "Reserved", "amount": 20_240_301,
        "restrictions": {"debitCardDisallowed": true}, "callbackAlias": "20240301-a", "beaconId": "123456789012345"});
    let headers = [("x-ibm-client-id", ID), ("x-mobilepay-merchant-vat-number", "DK12345678")];
    let target = format!("/pos/v10/payments/{ID}?orderId=order-number-17&posId={ID}");
    let call = answered(request(&target, &headers, body.to_string()), answer(body.to_string()));
    assert_eq!(redactor.exchange(call.clone()).request.target, target);
    let kept = redactor.exchange(call.clone());
    assert_eq!((&kept.request.headers, &kept.request.body.bytes), (&call.request.headers, &call.request.body.bytes));
    assert_eq!(kept.answer.unwrap().body.bytes, call.answer.unwrap().body.bytes);
    assert_eq!(target_of("/x?mobile=true&session=12&pin=1"), "/x?mobile=true&session=12&pin=1");
}

#[test]
fn names_are_found_in_bodies_that_do_not_parse() {
    let names = "pwd jwt sessionId otp pinCode loyaltyCard loyaltyNumber mobileNumber mobileNo privateKey signingKey \
                 codeVerifier token phone mobile pin";
    for name in names.split_whitespace() {
        let multipart = "multipart/form-data; boundary=b";
        let mut bodies = vec![
            post(JSON, [format!("{{\"{name}\":\"{S}\",\"name\":\"S").as_bytes(), b"\xf8ren\"}"].concat()),
            post(multipart, format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{S}\r\n--b--\r\n")),
            post(JSON, format!("{{'{name}':'{S}'}}")),
            post(JSON, format!("// c\n{{\"{name}\":\"{S}\"}}")),
            post("application/xml", format!("<a b=\"c\"><{name}>{S}</{name}></a>")),
            post(FORM, format!("<a b=\"c\"><{name}>{S}</{name}></a>")),
            post(JSON, format!("{}{{\"{name}\":\"{S}\"}}{}", "[".repeat(120), "]".repeat(120))),
            post(FORM, format!("a=1&{name}={S}\nb=2")),
            post(JSON, format!("{{\"{name}\":\"{S}\",")),
            post(JSON, format!("{{\"{name}\":\"{S}\",}}")),
            post(
                JSON,
                format!("{{\"{name}\":\"{S}\"}}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>(),
            ),
        ];
        let mut cut = post(JSON, format!("{{\"{name}\":\"{S}\",\"pad\":\"{}", "x".repeat(1000)));
        cut.request.body.kept = BodyRetention::Prefix;
        bodies.push(cut);
        for exchange in bodies {
            assert_gone(&redactor().exchange(exchange), S);
        }
    }
    assert_gone(&redactor().exchange(post(FORM, format!("a=1&code={S}\nb=2"))), S);
    let log = json!({"log": format!("body was {{\"access_\\u0074oken\":\"{S}\"}}")});
    assert_gone(&redactor().exchange(post(JSON, log.to_string())), S);
}

#[test]
fn secret_with_a_separator_is_replaced_whole() {
    for sign in [";", "&", ">", "<", ",", " ", "/"] {
        let secret = format!("ab7d{sign}{S}");
        let sent = format!(
            "client_secret={}",
            percent_encoding::utf8_percent_encode(&secret, percent_encoding::NON_ALPHANUMERIC)
        );
        for text in
            [format!("bad client_secret: {secret}"), format!("bad client_secret='{secret}'"), format!("no {secret}!")]
        {
            let echo = answer(json!({ "message": text }).to_string());
            assert_gone(&redactor().exchange(answered(request("/x", &[("Content-Type", FORM)], &sent), echo)), S);
        }
    }
    for text in [
        format!("bad password=\"my pass {S}\" given"),
        format!("bad password='my; pass {S}' given"),
        format!("bad {{\\\"password\\\":\\\"my & pass {S}\\\"}} given"),
        format!("bad loyaltyIds=[0815, {S}] given"),
    ] {
        let new = redactor().text(&text);
        assert!(!new.contains(S) && new.ends_with(" given"), "{new}");
    }
    let secret = format!("a/b{S}=");
    let echo = answer(json!({"message": format!("cannot use a%2Fb{S}%3D")}).to_string());
    let sent = request("/x", &[("Content-Type", FORM)], format!("client_secret=a%2Fb{S}%3D"));
    assert_gone(&redactor().exchange(answered(sent, echo)), &secret);
    let spaced = request("/x", &[("Content-Type", FORM)], format!("client_secret=abcd+{S}"));
    assert_gone(&redactor().exchange(answered(spaced, answer(json!({"m": format!("abcd {S}")}).to_string()))), S);
}

#[test]
fn binary_bodies_become_a_digest() {
    use std::io::Write;
    let text = format!("{{\"access_token\":\"{S}\"}}").into_bytes();
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&text).unwrap();
    let mut deflate = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
    deflate.write_all(&text).unwrap();
    let gzipped = gzip(&text);
    for (coding, bytes) in [
        ("identity", zlib.finish().unwrap()),
        ("identity", deflate.finish().unwrap()),
        ("identity", [b" ", &gzipped[..]].concat()),
        ("gzip", gzip(&gzipped)),
        ("identity", gzip(&gzipped)),
        ("identity", zstd::encode_all(&text[..], 3).unwrap()),
    ] {
        let body = Answer { headers: encoding(coding), ..answer(&bytes) };
        let kept = redactor().exchange(answered(Request::default(), body)).answer.unwrap().body;
        let digest = hex::encode(&Key::derived("test", b"key").hash(&bytes));
        assert_eq!((kept.kept, kept.bytes.len()), (BodyRetention::Digest, 0), "{coding}: {bytes:?}");
        assert_eq!((kept.length, kept.digest), (bytes.len() as u64, digest));
    }
    // Text in another encoding, or truncated within a character, is text.
    for bytes in [&b"{\"a\":\"\xff\xfe\"}"[..], b"S\xf8ren's kiosk", b"{\"a\":\"\xc3", "日本語".as_bytes(), b"a\r\n\tb"]
    {
        assert_eq!(body_of("text/plain", bytes).bytes, bytes);
    }
}

#[test]
fn further_names_and_positions_are_redacted() {
    let bodies = [
        format!(r#"[{{"name":"client_secret","value":"{S}"}}]"#),
        format!(r#"[{{"value":"{S}","key":"access_token"}}]"#),
        format!(r#"{{"loyaltyIds":{{"{S}":true}}}}"#),
        format!(r#"{{"receiptTokenInfo":{{"id":"{S}"}}}}"#),
        format!(r#"{{"accessTokenString":"{S}"}}"#),
        format!(r#"{{"loyaltyIdList":["{S}"]}}"#),
        format!(r#"{{"loyalty":{{"id":"{S}"}}}}"#),
        format!(r#"{{"pin":"{S}"}}"#),
        format!(r#"{{"url":"https://h.example/cb?code={S}"}}"#),
        format!(r#"{{"message":"The token {S} has expired"}}"#),
        format!(r#"{{"message":"The token '{S}' has expired"}}"#),
    ];
    for body in bodies {
        let new = json_of(&body);
        assert!(!new.contains(S) && serde_json::from_str::<Value>(&new).is_ok(), "{new}");
    }
    assert!(!redactor().text(&format!("No user with phone number {PHONE}")).contains(PHONE));
    let line = Request { method: "Authorization:".to_owned(), target: "Bearer".to_owned(), ..Request::default() };
    let line = Request { version: S.to_owned(), refused: Some("no request line".to_owned()), ..line };
    assert_gone(&redactor().exchange(Exchange { request: line, ..Exchange::default() }), S);
    for name in ["mobile", "customerMobile", "phoneE164", "telephone"] {
        assert!(!json_of(&json!({ name: PHONE }).to_string()).contains(PHONE), "{name}");
    }
    for name in ["X-Session", "X-Auth-Key", "X-Functions-Key", "Authorisation", "X-Forwarded-Auth"] {
        assert!(!header_of(name, &format!("Bearer {S}")).contains(S), "{name}");
    }
    assert!(!header_of("X-Orig", &format!("ApiKey {S}")).contains(S));
    assert!(!header_of("Link", &format!("<https://h.example/cb?code={S}>")).contains(S));
    assert!(!header_of("Cookie", &format!("a=1; {S}")).contains(S));
    assert!(!header_of("Set-Cookie", &format!("a=1; Path=/, sid={S}; HttpOnly")).contains(S));
    for target in [format!("/tokens/{S}"), format!("/receipts/token/{S}/x"), format!("/x;token={S}/y")] {
        assert!(!target_of(&target).contains(S), "{target}");
    }
    for target in ["/integrator-authentication/connect/token", "/oauth/v2.0/token/refresh", "/pos/v10/payments/tokens"]
    {
        assert_eq!(target_of(target), target);
    }
}

#[test]
fn a_compressed_body_with_a_secret_is_kept_decoded() {
    let answer = Answer {
        headers: encoding("gzip"),
        body: whole(gzip(br#"{"customerToken":"abc","a":1}"#)),
        ..Answer::default()
    };
    let sent = answer.body.length;
    let body = redactor().exchange(Exchange { answer: Some(answer), ..Exchange::default() }).answer.unwrap().body;
    assert_eq!((body.decoded, body.kept, body.length), (true, BodyRetention::Whole, sent));
    assert_eq!(body.bytes, format!(r#"{{"customerToken":"{}","a":1}}"#, redactor().replacement("abc")).into_bytes());
}

#[test]
fn malformed_and_trailing_coded_data_is_not_stored() {
    let plain = json!({ "client_secret": S }).to_string().into_bytes();
    let beside = |coded: Vec<u8>| [coded, plain.clone()].concat();
    let commented =
        flate2::GzBuilder::new().comment(format!("password={S}")).write(Vec::new(), flate2::Compression::default());
    let brotli = vec![0x8b, 0x00, 0x80, 0x7b, 0x7d, 0x03];
    for (coding, body) in [
        ("gzip", plain.clone()),
        ("br", plain.clone()),
        ("deflate", plain.clone()),
        ("gzip", format!("grant_type=client_credentials&client_secret={S}").into_bytes()),
        ("gzip", beside(gzip(b"{}"))),
        ("br", beside(brotli)),
        ("gzip, deflate", gzip(&plain)),
        ("gzip", commented.finish().unwrap()),
        ("gzip", gzip(&plain)[..plain.len() / 2].to_vec()),
    ] {
        let request = Request { headers: encoding(coding), ..request("/x", &[("Content-Type", JSON)], body) };
        let kept = redactor().exchange(Exchange { request, ..Exchange::default() }).request.body;
        let shown = String::from_utf8_lossy(&kept.bytes).into_owned();
        assert!(!shown.contains(S), "{coding}: {shown}");
        assert!(kept.length > 0 && !kept.digest.is_empty(), "{coding}");
    }
}

#[test]
fn value_next_to_its_name_in_prose_or_markup_is_replaced() {
    for text in [
        format!("The password {S} is wrong"),
        format!("password '{S}'"),
        format!("password ({S})"),
        format!("password -> {S}"),
        format!("the password was {S}"),
        format!("password == {S}"),
        format!("Invalid client secret {S} given"),
        format!("Unknown api key {S}"),
        format!("customer token '{S}' has expired"),
        format!("<password>{S}</password>"),
        format!("<input type='text' name='password' value='{S}'>"),
        format!("{{\"password\": {{\"value\":\"{S}\"}}}}"),
        format!("{{\"name\":\"password\",\"value\":\"{S}\"}}"),
        format!("https://bob:p@{S}@host/"),
        format!("-----BEGIN PRIVATE KEY-----\n{S}\n-----END PRIVATE KEY-----"),
    ] {
        for exchange in [
            post(JSON, json!({ "message": text }).to_string()),
            post(
                FORM,
                format!("payload={}", percent_encoding::utf8_percent_encode(&text, percent_encoding::NON_ALPHANUMERIC)),
            ),
            Exchange { request: request("/x", &[("X-Context", &text.replace('\n', " "))], ""), ..Exchange::default() },
        ] {
            let kept = serde_json::to_string(&redactor().exchange(exchange)).unwrap();
            assert!(!kept.contains(S), "{text}: {kept}");
        }
    }
    for body in [
        json!({ "type": "password", "value": S }),
        json!({ "name": "password", "content": S }),
        json!({ "id": "client_secret", "value": S }),
    ] {
        assert!(!json_of(&body.to_string()).contains(S), "{body}");
    }
    for phone in ["+49 170 1234567", "+44 7700 900123", "(+45) 20 11 77 33", "+45.20.11.77.33"] {
        assert!(!json_of(&json!({ "message": format!("call {phone}") }).to_string()).contains(phone), "{phone}");
    }
    for kept in [
        "the password was expired, the token was not valid",
        "2026-11-26T08:00:00+02:00",
        "the credential of payment 0f8fad5b-d9cb-469f-a165-70867728950e",
        "the token endpoint answered 401",
    ] {
        assert_eq!(json_of(&json!({ "message": kept }).to_string()), json!({ "message": kept }).to_string());
    }
}
