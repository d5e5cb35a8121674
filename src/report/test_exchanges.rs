//! The exchanges of the sample verdicts.

use super::exchange_view::ExchangeView;
use crate::api::Fault;
use crate::capture::record::*;

const PAYMENT: &str = "/pos/v10/payments/186d2b31-ff25-4414-9fd1-bfe9807fa8b7";

/// An exchange of 80 ms, one second after the previous one.
fn exchange(number: u64, method: &str, target: &str, body: &str, answer: Option<(u16, &str)>) -> Exchange {
    let header = |name: &str, value: &str| Header { name: name.into(), value: value.into() };
    let kept = |text: &str| Body { bytes: text.into(), length: text.len() as u64, ..Body::default() };
    let start = number * 1_080_000;
    Exchange {
        number,
        run: 1,
        request: Request {
            version: "HTTP/1.1".into(),
            method: method.into(),
            target: target.into(),
            headers: vec![
                header("Host", "127.0.0.1:8443"),
                header("Authorization", "Bearer redacted-5c1f0a"),
                header("X-MobilePay-Client-System-Version", "2.1.10"),
                header("X-MobilePay-Idempotency-Key", "\"><img src=x onerror=alert(1)>\u{1b}[2J\u{202e}"),
            ],
            body: kept(body),
            ..Request::default()
        },
        answer: answer.map(|(status, body)| Answer {
            version: "HTTP/1.1".into(),
            status,
            reason: if status == 200 { "OK" } else { "Internal Server Error" }.into(),
            headers: vec![header("Content-Type", "application/json")],
            body: kept(body),
            ..Answer::default()
        }),
        times: Times { request_head: start, end: start + 80_000, request_out: Some(start + 2_000), ..Times::default() },
        answered_by: if answer.is_some() { AnsweredBy::Backend } else { AnsweredBy::Nobody },
        ..Exchange::default()
    }
}

/// An exchange with an injected timeout that the client gave up after two seconds.
fn held(mut exchange: Exchange) -> Exchange {
    exchange.fault = Some(Fault::Timeout);
    exchange.answer = None;
    exchange.answered_by = AnsweredBy::Nobody;
    exchange.times.end = exchange.times.request_head + 2_050_000;
    exchange.end = End {
        by: EndedBy::Client,
        stage: Stage::Waiting,
        detail: "the client closed the connection".into(),
        ..End::default()
    };
    exchange
}

/// An exchange with an injected HTTP 500.
fn refused(mut exchange: Exchange) -> Exchange {
    exchange.fault = Some(Fault::ServerError);
    exchange.answered_by = AnsweredBy::Recorder;
    exchange.times.request_out = None;
    if let Some(answer) = &mut exchange.answer {
        answer.status = 500;
        answer.reason = "Internal Server Error".into();
        answer.body = Body::default();
    }
    exchange
}

/// The views of the exchanges.
pub(crate) fn views() -> Vec<ExchangeView> {
    exchanges().iter().map(|exchange| ExchangeView::of(exchange, crate::profile::pos_v10())).collect()
}

/// The exchanges of the sample verdicts.
pub(crate) fn exchanges() -> Vec<Exchange> {
    let create = r#"{"posId":"0f8fad5b-d9cb-469f-a165-70867728950e","orderId":"<script>alert(1)</script>","amount":100.00,"currencyCode":"DKK","plannedCaptureDelay":"None"}"#;
    let made = Some((200, r#"{"paymentId":"186d2b31-ff25-4414-9fd1-bfe9807fa8b7"}"#));
    let initiate = |number| exchange(number, "POST", "/pos/v10/payments", create, made);
    let answer = |state: &str| format!(r#"{{"status":"{state}","amount":100.00,"pollDelayInMs":1000}}"#);
    let (initiated, issued, reserved) = (answer("Initiated"), answer("IssuedToUser"), answer("Reserved"));
    let poll = |number, body: &str| exchange(number, "GET", PAYMENT, "", Some((200, body)));
    let capture =
        |number| exchange(number, "POST", &format!("{PAYMENT}/capture"), r#"{"amount":100.00}"#, Some((200, "")));
    vec![
        held(initiate(10)),
        refused(initiate(11)),
        initiate(12),
        poll(13, &initiated),
        held(poll(14, &initiated)),
        refused(poll(15, &initiated)),
        poll(16, &issued),
        poll(17, &issued),
        poll(18, &reserved),
        held(capture(19)),
        refused(capture(20)),
        capture(21),
        poll(30, &reserved),
        refused(capture(31)),
        capture(40),
        poll(41, &reserved),
    ]
}
