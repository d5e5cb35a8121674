//! Fuzz targets: each reader of foreign bytes, with its seeds and its invariants.

use super::mutate::Chance;
use crate::hostile::{attacks::attacks, backend::lies};
use poscert::capture::record::{Answer, Body, Connection, Exchange, Header, Record, Request, RunStart, RunStop};
use poscert::capture::{CaptureErrorKind, Redactor, Writer, WriterOptions, codec};
use poscert::proxy::h1::{Event, Framer, RequestLine, StartLine, StatusLine};
use poscert::seal::Key;
use std::path::Path;

/// Runs one input.
type Run = Box<dyn FnMut(&[u8])>;

pub(super) struct Target {
    pub name: &'static str,
    pub seeds: Vec<Vec<u8>>,
    /// The number of inputs in the test suite.
    pub inputs: u64,
    pub run: Run,
}

fn target(name: &'static str, inputs: u64, seeds: Vec<Vec<u8>>, run: impl FnMut(&[u8]) + 'static) -> Target {
    Target { name, seeds, inputs, run: Box::new(run) }
}

/// The complete output of a framer for bytes in pieces of these lengths: events, joined content, the refusal.
fn framed<L: StartLine + std::fmt::Debug>(
    bytes: &[u8],
    mut piece: impl FnMut() -> usize,
) -> (Vec<String>, Option<String>) {
    let mut framer = Framer::<L>::new(8 * 1024);
    let (mut said, mut content) = (Vec::new(), 0);
    let mut rest = bytes;
    loop {
        let length = piece().clamp(1, rest.len().max(1)).min(rest.len());
        let (mut now, later) = rest.split_at(length);
        loop {
            let step = match framer.step(now) {
                Ok(step) => step,
                Err(refusal) => {
                    said.push(format!("{content} bytes"));
                    return (said, Some(refusal.0));
                }
            };
            now = now.get(step.used..).expect("a step consumes at most its input");
            match step.event {
                None if step.used == 0 => break,
                None => {}
                Some(Event::Data) => content += step.used,
                Some(event) => {
                    said.push(format!("{content} bytes"));
                    content = 0;
                    said.push(format!("{event:?}"));
                }
            }
        }
        assert!(now.is_empty(), "an unfinished framer consumes all its input");
        rest = later;
        if rest.is_empty() {
            said.push(format!("{content} bytes, {:?}", framer.at_end()));
            return (said, None);
        }
    }
}

fn same_in_pieces<L: StartLine + std::fmt::Debug>(bytes: &[u8]) {
    let whole = framed::<L>(bytes, || usize::MAX);
    assert_eq!(framed::<L>(bytes, || 1), whole, "byte by byte");
    let mut chance = Chance::new(bytes.len() as u64 + 7);
    assert_eq!(framed::<L>(bytes, || 1 + chance.below(40)), whole, "in pieces");
}

pub(super) fn requests() -> Target {
    let mut seeds: Vec<Vec<u8>> =
        attacks().into_iter().map(|attack| attack.bytes).filter(|b| b.len() < 2_000).collect();
    seeds.push(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbodyGET /b HTTP/1.0\r\n\r\n".to_vec());
    seeds.push(
        b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n".to_vec(),
    );
    target("requests", 6_000, seeds, same_in_pieces::<RequestLine>)
}

pub(super) fn answers() -> Target {
    let mut seeds: Vec<Vec<u8>> =
        lies().into_iter().map(|lie| lie.bytes).filter(|b| (1..2_000).contains(&b.len())).collect();
    seeds.push(b"HTTP/1.1 100 \r\n\r\nHTTP/1.1 204 No\r\n\r\nHTTP/1.0 200 OK\r\n\r\nto the end".to_vec());
    target("answers", 6_000, seeds, same_in_pieces::<StatusLine>)
}

/// Reads a capture as `verify` does.
fn read(path: &Path) -> Result<usize, CaptureErrorKind> {
    let capture = poscert::capture::open(path).map_err(|error| error.kind)?;
    let mut count = 0;
    for record in capture.records().map_err(|error| error.kind)? {
        record.map_err(|error| error.kind)?;
        count += 1;
    }
    Ok(count)
}

pub(super) fn har() -> Target {
    let place = tempfile::tempdir().unwrap();
    target("har", 2_500, Vec::new(), move |bytes| {
        let path = place.path().join("input.har");
        std::fs::write(&path, bytes).unwrap();
        let _ = read(&path);
    })
}

/// Every byte of an archive counts: what is read without an error equals what was written.
pub(super) fn archive() -> Target {
    let place = tempfile::tempdir().unwrap();
    let home = place.path().to_owned();
    let recorded = crate::poscert_process::Recording::start(&home, &["--quiet"]);
    recorded.stop();
    let export = crate::poscert_process::poscert(&home)
        .args(["export", "poscert-capture", "-o", "seed.poscert"])
        .output()
        .unwrap();
    assert!(export.status.success(), "{}", crate::poscert_process::text(&export.stderr));
    let whole = std::fs::read(home.join("seed.poscert")).unwrap();
    target("archive", 3_000, vec![whole.clone()], move |bytes| {
        let path = place.path().join("input.poscert");
        std::fs::write(&path, bytes).unwrap();
        assert!(read(&path).is_err() || bytes == whole, "a changed archive was accepted");
    })
}

fn header(name: &str, value: &str) -> Header {
    Header { name: name.to_owned(), value: value.to_owned() }
}

fn sample() -> Exchange {
    let body = Body { bytes: br#"{"orderId":"1"}"#.to_vec(), length: 15, ..Body::default() };
    let headers = vec![header("Content-Type", "application/json"), header("X", "1")];
    let request =
        Request { method: "POST".into(), target: "/pos/v10/payments".into(), headers, body, ..Request::default() };
    let answer = Answer { status: 200, headers: vec![header("X", "2")], ..Answer::default() };
    let exchange =
        Exchange { number: 7, request, answer: Some(answer), informational: vec![100], ..Exchange::default() };
    redactor().exchange(exchange)
}

pub(super) fn records() -> Target {
    let with_token = Exchange { request: bearer(&jwt(br#"{"iss":"x","exp":1}"#)), ..sample() };
    let records = [
        Record::Exchange(Box::new(sample())),
        Record::Exchange(Box::new(redactor().exchange(with_token))),
        Record::RunStart(RunStart::default()),
        Record::RunStop(RunStop::default()),
        Record::Connection(Connection { detail: "x".into(), ..Connection::default() }),
    ];
    let seeds = records.iter().map(|record| codec::encode(record).unwrap()).collect();
    target("records", 20_000, seeds, |bytes| {
        // A readable record can be written, and is then read as the same.
        if let Ok(record) = codec::decode(bytes) {
            let again = codec::encode(&record).unwrap();
            assert_eq!(codec::encode(&codec::decode(&again).unwrap()).unwrap(), again);
        }
    })
}

pub(super) fn rules() -> Target {
    let place = tempfile::tempdir().unwrap();
    let (mut seeds, mut names) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rules")).unwrap() {
        let from = entry.unwrap().path();
        seeds.push(std::fs::read(&from).unwrap());
        names.push(from.file_name().unwrap().to_owned());
    }
    let onboarding = names.iter().position(|name| name == "onboarding.toml").unwrap();
    let whole = seeds[onboarding].clone();
    target("rules", 250, seeds, move |bytes| {
        // A complete file besides it, so that the mandatory feature is not missing.
        std::fs::write(place.path().join("onboarding.toml"), &whole).unwrap();
        std::fs::write(place.path().join("input.toml"), bytes).unwrap();
        if let Err(error) = poscert::rules::load(Some(place.path())) {
            assert!(!error.to_string().contains("fault of poscert"), "{error}");
        }
    })
}

fn redactor() -> Redactor {
    Redactor::new(Key::derived("fuzz", b"key"))
}

fn jwt(claims: &[u8]) -> String {
    use base64::Engine as _;
    let part = |bytes: &[u8]| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes);
    format!("{}.{}.c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw", part(br#"{"alg":"RS256"}"#), part(claims))
}

fn bearer(token: &str) -> Request {
    Request { headers: vec![header("Authorization", &format!("Bearer {token}"))], ..Request::default() }
}

/// Everything of an exchange that reaches the disk, as text and as bytes.
fn written(exchange: Exchange) -> (String, Vec<u8>) {
    let record = Record::Exchange(Box::new(exchange));
    let bytes = codec::encode(&record).unwrap();
    (format!("{record:?}"), bytes)
}

fn holds(bytes: &[u8], wanted: &[u8]) -> bool {
    crate::wire::find(bytes, wanted).is_some()
}

pub(super) fn claims() -> Target {
    let seeds = [
        &br#"{"iss":"https://a","client_id":"c","exp":1700000000,"scope":["a","b"],"sub":"someone"}"#[..],
        br#"{"merchant_vat":"DK1","exp":1.5e3,"aud":["x"],"nbf":-1}"#,
        b"[]",
        b"",
    ];
    target("claims", 4_000, seeds.iter().map(|seed| seed.to_vec()).collect(), |bytes| {
        let token = jwt(bytes);
        let exchange = redactor().exchange(Exchange { request: bearer(&token), ..Exchange::default() });
        let (text, bytes) = written(exchange);
        for secret in [token.as_str(), "c2lnbmF0dXJlLXRoYXQtaXMtbG9uZw"] {
            assert!(!text.contains(secret) && !holds(&bytes, secret.as_bytes()), "{text}");
        }
    })
}

pub(super) fn head() -> Target {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let writer = Writer::open(&dir, WriterOptions::default()).unwrap();
        writer.close().await.unwrap();
    });
    let file = dir.join("head");
    let whole = std::fs::read(&file).unwrap();
    let line = |bytes: &[u8]| bytes.split(|&b| b == b'\n').next().unwrap_or_default().to_vec();
    let (seeds, first) = (vec![whole.clone()], line(&whole));
    target("head", 400, seeds, move |bytes| {
        let _place = &place;
        std::fs::write(&file, bytes).unwrap();
        let read = read(&dir);
        assert!(read.is_err() || line(bytes) == first, "a changed head was accepted");
    })
}

pub(super) fn routes() -> Target {
    let seeds = [
        &b"GET /pos/v10/payments?orderId=1&posId=%41&x"[..],
        b"POST /pos/v10/payments/3f1c0000-0000-4000-8000-000000000001/capture",
        b"DELETE /pos/v10/pointofsales/%33f1c0000-0000-4000-8000-000000000001?a=b#c",
        b"GET https://h/pos/v10/stores/?=&&=",
    ];
    target("routes", 50_000, seeds.iter().map(|seed| seed.to_vec()).collect(), |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let (method, target) = text.split_once(' ').unwrap_or(("GET", &text));
        let route = poscert::profile::pos_v10().route(method, target);
        let _ = (route.operation(), route.parameter("orderId"), route.parameter(""));
    })
}

/// The secret, in a field whose name marks it as one.
const NAMED: &str = r#""access_token":"s3cr3t-0f-a-t1ll-9942""#;
const SECRET: &str = "s3cr3t-0f-a-t1ll-9942";

/// Inputs: text before and after the named secret.
pub(super) fn redaction() -> Target {
    let seeds = [
        &br#"{"a":1,|,"b":[{"c":"d"}]}"#[..],
        br#"[{"x":{"y":{|}}},null,true,-1.5e3]"#,
        br#"{"error":"the body was {|} and so on"}"#,
        br#"{"a":"\u0041\"",|,"phoneNumber":"+4520031801","expires_in":3600}"#,
        b"a=b&c={|}&d=e",
        b"<xml>{|}</xml>",
        b"--b\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n{|}\r\n--b--",
    ];
    target("redaction", 6_000, seeds.iter().map(|seed| seed.to_vec()).collect(), |input| {
        let at = input.iter().position(|&b| b == b'|').unwrap_or(input.len());
        let (before, after) = (&input[..at], input.get(at + 1..).unwrap_or_default());
        let bytes = [before, NAMED.as_bytes(), after].concat();
        for content_type in ["application/json", "text/plain", "application/x-www-form-urlencoded", ""] {
            let body = Body { length: bytes.len() as u64, bytes: bytes.clone(), ..Body::default() };
            let headers = vec![header("Content-Type", content_type)];
            let request = Request { headers: headers.clone(), body: body.clone(), ..Request::default() };
            let answer = Some(Answer { status: 200, headers, body, ..Answer::default() });
            let raw = Exchange {
                request,
                answer,
                notes: vec![String::from_utf8_lossy(&bytes).into()],
                ..Exchange::default()
            };
            let exchange = redactor().exchange(raw);
            let (text, written) = written(exchange);
            assert!(!text.contains(SECRET) && !holds(&written, SECRET.as_bytes()), "{content_type}: {text}");
        }
    })
}
