//! Tests of forwarding fidelity: each case runs without a recorder and in both proxy modes, and the raw bytes that
//! client and backend saw are equal except for the permitted differences.

use super::forwarding_differences::messages;
use super::wire::*;
use poscert::capture::record::{AnsweredBy, BodyRetention, EndedBy, Exchange, Stage};

struct Case {
    name: &'static str,
    client: Vec<Act>,
    backend: Vec<Act>,
    /// Whether the responses are to HEAD requests.
    bodyless: bool,
    /// Whether the end of the connection is compared.
    ends: bool,
    exchanges: usize,
    check: fn(&[Exchange]),
}

fn case(name: &'static str, client: Vec<Act>, backend: Vec<Act>, check: fn(&[Exchange])) -> Case {
    Case { name, client, backend, bodyless: false, ends: false, exchanges: 1, check }
}

/// Runs a case in all modes and compares.
async fn play_case(case: Case) {
    let mut want = None;
    for way in [Way::Direct, Way::Base, Way::Connect] {
        let authority = authority();
        let backend = RawBackend::start(&authority, vec![case.backend.clone()]).await;
        let bench = Bench::start(authority, backend.addr, Choice::default()).await;
        let seen = bench.play(way, &case.client).await;
        if way != Way::Direct {
            let exchanges = bench.noted.exchanges(case.exchanges).await;
            for exchange in &exchanges {
                sane(case.name, exchange);
            }
            (case.check)(&exchanges);
        }
        let got = (
            messages(&seen.bytes, case.bodyless),
            seen.ended && case.ends,
            messages(&backend.bytes(), false),
            backend.seen().len(),
        );
        match &want {
            None => want = Some(got),
            Some(want) => assert_eq!(want, &got, "{} differs by {way:?}", case.name),
        }
    }
}

/// Invariants of every record.
fn sane(name: &str, exchange: &Exchange) {
    let times = &exchange.times;
    let known = [
        times.accepted,
        times.tls_done,
        Some(times.request_head),
        times.backend_connected,
        times.answer_head_in,
        times.answer_end_in,
    ];
    let known: Vec<u64> = known.into_iter().flatten().collect();
    assert!(known.is_sorted(), "{name}: {times:?}");
    assert!(known.iter().all(|at| *at <= times.end), "{name}: {times:?}");
    if exchange.end.by == EndedBy::Complete {
        assert!(exchange.end.stage == Stage::Done && exchange.end.bytes_out > 0, "{name}: {:?}", exchange.end);
        assert!(times.answer_head_out.is_some() && times.answer_end_out.is_some(), "{name}: {times:?}");
        assert!(times.answer_head_in.is_some() && times.answer_end_in.is_some(), "{name}: {times:?}");
        assert_eq!(exchange.answered_by, AnsweredBy::Backend, "{name}");
    }
    assert_eq!(exchange.tls.as_deref(), Some("TLSv1.3"), "{name}");
}

fn whole(exchanges: &[Exchange]) {
    for exchange in exchanges {
        assert_eq!((exchange.end.by, exchange.end.stage), (EndedBy::Complete, Stage::Done), "{exchange:?}");
        assert!(exchange.status().is_some());
    }
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[tokio::test]
async fn heads_keep_order_case_and_duplicates() {
    play_case(case(
        "heads",
        vec![
            send(b"GET /pos/v10/stores?b=%2f&a=1&a=2 HTTP/1.1\r\nx-ONE: 1\r\nHost: till.example\r\nX-Mobilepay-Client-System-Version: 2.1.1\r\nACCEPT:*/*\r\nx-one:  3 \r\nx-mobilepay-client-system-version: 2.1.1\r\nx-Latin: \xe6\r\nX-Empty:\r\n\r\n"),
            wait_for("\r\n\r\nok"),
        ],
        vec![
            wait_for("\r\n\r\n"),
            send("HTTP/1.1 200 Alles gut\r\nSet-Cookie: a=1\r\nserver: x\r\nContent-length: 2\r\nset-cookie: b=2\r\nSet-Cookie: c=3\r\n\r\nok"),
        ],
        |exchanges| {
            whole(exchanges);
            let names: Vec<&str> = exchanges[0].request.headers.iter().map(|h| h.name.as_str()).collect();
            let want = ["x-ONE", "Host", "X-Mobilepay-Client-System-Version", "ACCEPT", "x-one", "x-mobilepay-client-system-version", "x-Latin", "X-Empty"];
            assert_eq!(names, want);
            assert_eq!(exchanges[0].request.authority, "till.example");
            let answer = exchanges[0].answer.as_ref().unwrap();
            assert_eq!(answer.values("set-cookie").count(), 3);
            assert_eq!((answer.reason.as_str(), answer.body.bytes.as_slice()), ("Alles gut", b"ok".as_slice()));
        },
    ))
    .await;
}

#[tokio::test]
async fn hop_by_hop_headers_are_not_forwarded() {
    let authority = authority();
    let backend = RawBackend::start(&authority, vec![vec![wait_for("\r\n\r\n"), send(OK)]]).await;
    let bench = Bench::start(authority, backend.addr, Choice::default()).await;
    let request = "GET / HTTP/1.1\r\nHost: a\r\nProxy-Authorization: Basic c2VjcmV0\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nTE: trailers\r\nUpgrade: h2c\r\nX-End: 1\r\n\r\n";
    bench.play(Way::Base, &[send(request), wait_for("ok")]).await;
    let got = String::from_utf8(backend.bytes()).unwrap();
    assert_eq!(got, format!("GET / HTTP/1.1\r\nHost: {}\r\nX-End: 1\r\n\r\n", backend.addr));
    let exchange = &bench.noted.exchanges(1).await[0];
    assert_eq!(exchange.request.headers.len(), 8, "all of them are recorded: {:?}", exchange.request.headers);
    assert!(!format!("{exchange:?}").contains("c2VjcmV0"), "the secret is not recorded");
}

#[tokio::test]
async fn expect_100_continue_is_relayed() {
    let head = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n";
    play_case(case(
        "100",
        vec![send(head), wait_for("100 Continue\r\n\r\n"), send("body"), wait_for("\r\n\r\nok")],
        vec![wait_for("\r\n\r\n"), send("HTTP/1.1 100 Continue\r\n\r\n"), wait_for("body"), send(OK)],
        |exchanges| {
            whole(exchanges);
            assert_eq!(exchanges[0].informational, [100]);
            assert_eq!(exchanges[0].request.body.bytes, b"body");
        },
    ))
    .await;
    play_case(case(
        "417",
        vec![send(head), wait_for("\r\n\r\nno")],
        vec![wait_for("\r\n\r\n"), send("HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno")],
        |exchanges| {
            assert_eq!(exchanges[0].status(), Some(417));
            assert_eq!(exchanges[0].times.request_end, None);
        },
    ))
    .await;
}

#[tokio::test]
async fn backend_without_100_continue_does_not_stop_the_client() {
    let authority = authority();
    let backend = RawBackend::start(&authority, vec![vec![wait_for("0\r\n\r\n"), send(OK)]]).await;
    let bench = Bench::start(authority, backend.addr, Choice::default()).await;
    // As sent by PHP's curl: chunked, empty, and waiting for the 100.
    let head = "POST /cancel HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
    let acts = [send(head), wait_for("100 Continue\r\n\r\n"), send("0\r\n\r\n"), wait_for("ok")];
    bench.play(Way::Base, &acts).await;
    let exchange = &bench.noted.exchanges(1).await[0];
    assert_eq!((exchange.status(), exchange.request.body.length), (Some(200), 0));
    assert_eq!(exchange.request.body.digest, "");
}

#[tokio::test]
async fn interim_responses_do_not_end_the_exchange() {
    play_case(case(
        "1xx",
        vec![send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), wait_for("\r\n\r\nok")],
        vec![
            wait_for("\r\n\r\n"),
            send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
            Act::Pause(30),
            send("HTTP/1.1 102 Processing\r\n\r\n"),
            send(OK),
        ],
        |exchanges| {
            whole(exchanges);
            assert_eq!(exchanges[0].informational, [103, 102]);
        },
    ))
    .await;
}

#[tokio::test]
async fn responses_without_a_body() {
    let head = Case {
        bodyless: true,
        exchanges: 2,
        ..case(
            "HEAD",
            vec![
                send("HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n"),
                wait_for("Content-Length: 77\r\n\r\n"),
                send("HEAD /b HTTP/1.1\r\nHost: a\r\n\r\n"),
                wait_for("X: 1\r\n\r\n"),
            ],
            vec![
                wait_for("\r\n\r\n"),
                send("HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n"),
                wait_for("\r\n\r\n"),
                send("HTTP/1.1 200 OK\r\nX: 1\r\n\r\n"),
            ],
            whole,
        )
    };
    play_case(head).await;
    let empty = Case {
        exchanges: 3,
        ..case(
            "204, 304, 0",
            vec![
                send("DELETE /a HTTP/1.1\r\nHost: a\r\n\r\n"),
                wait_for("204 No Content\r\n\r\n"),
                send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n"),
                wait_for("Content-Length: 5\r\n\r\n"),
                send("POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n"),
                wait_for("Content-Length: 0\r\n\r\n"),
            ],
            vec![
                wait_for("\r\n\r\n"),
                send("HTTP/1.1 204 No Content\r\n\r\n"),
                wait_for("\r\n\r\n"),
                send("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 5\r\n\r\n"),
                wait_for("\r\n\r\n"),
                send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
            ],
            whole,
        )
    };
    play_case(empty).await;
}

#[tokio::test]
async fn chunks_and_trailers_both_ways() {
    let two = Case {
        exchanges: 2,
        ..case(
            "chunks",
            vec![
                send(
                    "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3;ext=1\r\nabc\r\n",
                ),
                Act::Pause(40),
                send("A\r\n0123456789\r\n0\r\nX-Sum: 13\r\nX-Unannounced: y\r\n\r\n"),
                wait_for("x-t: 1\r\n\r\n"),
                send("POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
                wait_for("0\r\n\r\n"),
            ],
            vec![
                wait_for("X-Unannounced: y\r\n\r\n"),
                send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"),
                Act::Pause(40),
                send("1\r\nc\r\n0\r\nx-t: 1\r\n\r\n"),
                wait_for("0\r\n\r\n"),
                send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"),
            ],
            |exchanges| {
                whole(exchanges);
                let first = &exchanges[0];
                assert_eq!(first.request.body.bytes, b"abc0123456789");
                assert_eq!(first.request.trailers.len(), 2);
                assert_eq!(first.request.trailers[0].name, "X-Sum");
                assert_eq!(first.answer.as_ref().unwrap().body.bytes, b"abc");
                assert_eq!(first.answer.as_ref().unwrap().trailers[0].name, "x-t");
                assert_eq!(exchanges[1].request.body.length, 0);
            },
        )
    };
    play_case(two).await;
}

#[tokio::test]
async fn bodies_that_end_with_the_connection() {
    for version in ["1.0", "1.1"] {
        let answer = format!("HTTP/{version} 200 OK\r\nX: 1\r\n\r\nuntil the end");
        let client = vec![send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Act::AwaitEnd];
        let closes =
            case("closed", client.clone(), vec![wait_for("\r\n\r\n"), send(&answer), Act::Close], |exchanges| {
                whole(exchanges);
                assert_eq!(exchanges[0].answer.as_ref().unwrap().body.bytes, b"until the end");
            });
        play_case(Case { ends: true, ..closes }).await;
        let drops = case("dropped", client, vec![wait_for("\r\n\r\n"), send(&answer), Act::Drop], |exchanges| {
            assert_eq!((exchanges[0].end.by, exchanges[0].end.stage), (EndedBy::Backend, Stage::Answer));
            assert_eq!(exchanges[0].status(), None);
        });
        play_case(Case { ends: true, ..drops }).await;
    }
}

#[tokio::test]
async fn truncated_responses_are_forwarded_truncated() {
    for (name, answer) in [
        ("short", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this".to_owned()),
        ("no last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".to_owned()),
        ("long and short", format!("HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n{}", "x".repeat(300_000))),
    ] {
        let cut = case(
            name,
            vec![send("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), Act::AwaitEnd],
            vec![wait_for("\r\n\r\n"), send(answer), Act::Close],
            |exchanges| {
                let exchange = &exchanges[0];
                assert_eq!((exchange.end.by, exchange.end.stage), (EndedBy::Backend, Stage::Answer), "{exchange:?}");
                assert_eq!((exchange.answered_by, exchange.status()), (AnsweredBy::Backend, None));
                assert!(exchange.end.detail.contains("before its response was complete"), "{}", exchange.end.detail);
                assert!(exchange.end.bytes_out > 0);
            },
        );
        play_case(Case { ends: true, ..cut }).await;
    }
}

#[tokio::test]
async fn http_1_0_and_connection_close() {
    let old = "GET / HTTP/1.0\r\nHost: a\r\n\r\n";
    let ends = |case: Case| Case { ends: true, ..case };
    play_case(ends(case(
        "1.0",
        vec![send(old), Act::AwaitEnd],
        vec![wait_for("\r\n\r\n"), send(OK), Act::Close],
        whole,
    )))
    .await;
    let close = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    let answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
    play_case(ends(case(
        "close",
        vec![send(close), Act::AwaitEnd],
        vec![wait_for("\r\n\r\n"), send(answer), Act::Close],
        whole,
    )))
    .await;
    let kept = "GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n";
    let answer = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok";
    let twice = case(
        "1.0 kept",
        vec![send(kept), wait_for("\r\n\r\nok"), send(kept), wait_for("\r\n\r\nok")],
        vec![wait_for("\r\n\r\n"), send(answer), wait_for("\r\n\r\n"), send(answer)],
        whole,
    );
    play_case(Case { exchanges: 2, ..twice }).await;
}

#[tokio::test]
async fn pipelined_requests_get_responses_in_order() {
    let request = |n: u32| format!("POST /{n} HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n{n}");
    let answer = |n: u32| format!("HTTP/1.1 20{n} OK\r\nContent-Length: 1\r\n\r\n{n}");
    let three = case(
        "pipeline",
        vec![
            send(request(1) + &request(2) + &request(3)),
            wait_for("\r\n\r\n1"),
            wait_for("\r\n\r\n2"),
            wait_for("\r\n\r\n3"),
        ],
        vec![
            wait_for("\r\n\r\n1"),
            Act::Pause(50),
            send(answer(1)),
            wait_for("\r\n\r\n2"),
            send(answer(2)),
            wait_for("\r\n\r\n3"),
            send(answer(3)),
        ],
        |exchanges| {
            whole(exchanges);
            let targets: Vec<&str> = exchanges.iter().map(|e| e.request.target.as_str()).collect();
            assert_eq!(targets, ["/1", "/2", "/3"]);
            let statuses: Vec<_> = exchanges.iter().map(|e| e.status().unwrap()).collect();
            assert_eq!(statuses, [201, 202, 203]);
        },
    );
    play_case(Case { exchanges: 3, ..three }).await;
}

#[tokio::test]
async fn absolute_form_becomes_origin_form() {
    play_case(case(
        "absolute",
        vec![
            send("GET https://till.example/pos/v10/x?y=1 HTTP/1.1\r\nHost: till.example\r\n\r\n"),
            wait_for("\r\n\r\nok"),
        ],
        vec![wait_for("\r\n\r\n"), send(OK)],
        |exchanges| {
            whole(exchanges);
            assert_eq!(exchanges[0].request.target, "https://till.example/pos/v10/x?y=1");
        },
    ))
    .await;
}

#[tokio::test]
async fn compressed_bodies_are_forwarded_unchanged() {
    // A truncated gzip stream, which must not be repaired.
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 14\r\n\r\n".to_vec();
    answer.extend_from_slice(b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x4b\x4c\x4a\xff");
    play_case(case(
        "gzip",
        vec![send("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: gzip\r\n\r\n"), wait_for("\x4b\x4c\x4a")],
        vec![wait_for("\r\n\r\n"), send(answer)],
        whole,
    ))
    .await;
}

#[tokio::test]
async fn large_bodies_are_streamed() {
    let length = 3_000_000;
    let body: Vec<u8> = (0..length).map(|i: usize| b"abcdefghijklmnopqrstuvwxyz"[i / 7 % 26]).collect();
    let message = |line: &str| {
        [format!("{line}\r\nHost: a\r\nContent-Length: {length}\r\n\r\n").into_bytes(), body.clone()].concat()
    };
    let answer = message("HTTP/1.1 200 OK");
    play_case(case(
        "large",
        vec![send(message("PUT /large HTTP/1.1")), Act::AwaitLength(answer.len())],
        vec![wait_for("\r\n\r\n"), Act::AwaitLength(length + 50), send(answer)],
        |exchanges| {
            whole(exchanges);
            let exchange = &exchanges[0];
            let answer = &exchange.answer.as_ref().unwrap().body;
            for body in [&exchange.request.body, answer] {
                assert_eq!((body.length, body.kept), (3_000_000, BodyRetention::Prefix));
                assert!(body.bytes.len() <= 256 * 1024 && !body.digest.is_empty());
            }
            assert_eq!(exchange.request.body.digest, answer.digest, "the same content has the same digest");
        },
    ))
    .await;
}
