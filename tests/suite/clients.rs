//! Tests with other HTTP clients: curl, Python (requests, httpx) and Node call the built program in both proxy modes,
//! and the capture contains exactly what they send without a recorder.

use super::capturing_backend::{STORE, Sent, Truth};
use super::poscert_process::*;
use poscert::pki::Authority;
use std::path::Path;
use std::process::{Command, Output};

/// The backend's host name in CONNECT mode.
const NAME: &str = "api.backend.test";

/// Interpreter, script and argument; whether the client supports proxies.
const CLIENTS: [(&str, &str, Option<&str>, bool); 6] = [
    ("bash", "with_curl.sh", None, true),
    ("bash", "with_curl.sh", Some("chunked"), true),
    ("python", "with_requests.py", None, true),
    ("python", "with_httpx.py", None, true),
    ("node", "with_node_https.mjs", None, true),
    ("node", "with_node_fetch.mjs", None, false),
];

/// Where a client sends its requests: the origin of its URLs, and its HTTPS proxy.
#[derive(Clone)]
struct Goes {
    origin: String,
    proxy: Option<String>,
}

fn client(home: &Path, which: usize, nonce: &str, goes: &Goes) -> Command {
    let (interpreter, script, argument, _) = CLIENTS[which];
    let interpreter = if interpreter == "python" { python() } else { interpreter };
    let mut command = clean("timeout");
    command.args(["60", interpreter]).arg(tests("clients").join(script)).args(argument);
    command
        .env("BASE_URL", format!("{}/pos/v10", goes.origin))
        .env("TOKEN_URL", format!("{}/integrator-authentication/connect/token", goes.origin))
        .env("CLIENT_ID", CLIENT_ID)
        .env("CLIENT_SECRET", CLIENT_SECRET)
        .env("NONCE", nonce);
    if let Some(proxy) = &goes.proxy {
        command.env("HTTPS_PROXY", proxy);
    }
    let ca = home.join("ca");
    command
        .env("SSL_CERT_FILE", ca.join("bundle.pem"))
        .env("REQUESTS_CA_BUNDLE", ca.join("bundle.pem"))
        .env("CURL_CA_BUNDLE", ca.join("bundle.pem"))
        .env("NODE_EXTRA_CA_CERTS", ca.join("ca.pem"));
    command
}

fn worked(output: &Output, what: &str) {
    let said = format!("{what}: {}{}", text(&output.stdout), text(&output.stderr));
    assert!(output.status.success() && text(&output.stdout).contains(STORE), "{said}");
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {said}"));
    assert_eq!(answer["posId"].as_str().map(str::len), Some(36), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn capture_contains_exactly_what_the_clients_send() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let authority = Authority::open(&home.join("ca")).unwrap();
    let truth = Truth::start(&authority, NAME).await;
    let recording = Recording::start(home, &["--name", NAME]);
    let (base, proxy) = (recording.field("base_url").to_owned(), recording.field("proxy_url").to_owned());
    let origin = base.trim_end_matches("/pos/v10").to_owned();
    let backend = recording.field("upstream").to_owned();
    let named = format!("https://{NAME}");
    let straight = Goes { origin: format!("https://{}", truth.addr), proxy: None };
    let tunnel = |origin: &str, proxy: String| Goes { origin: origin.to_owned(), proxy: Some(proxy) };
    let by_truth = format!("http://{}", truth.addr);
    let ways = [
        ("base", Goes { origin, proxy: None }, straight.clone()),
        ("connect", tunnel(&backend, proxy.clone()), tunnel(&straight.origin, by_truth.clone())),
        ("connect", tunnel(&named, proxy), tunnel(&named, by_truth)),
    ];
    let mut expected = Vec::new();
    for (which, (_, script, argument, knows_proxies)) in CLIENTS.into_iter().enumerate() {
        for (number, (way, through, past)) in ways.iter().enumerate() {
            if *way == "connect" && !knows_proxies {
                continue;
            }
            let nonce = format!("Nonce-{which}-{number}");
            let what = format!("{script} {argument:?} {way} {number}");
            worked(&client(home, which, &nonce, past).output().unwrap(), &format!("{what} without the recorder"));
            let sent = truth.take();
            assert_eq!(sent.len(), 3, "{what}: {sent:?}");
            worked(&client(home, which, &nonce, through).output().unwrap(), &what);
            expected.push((what, *way, sent));
        }
    }
    recording.stop();

    let recorded = exchanges(home, "poscert-capture");
    assert_eq!(recorded.len(), expected.len() * 3);
    for ((what, way, sent), exchanges) in expected.iter().zip(recorded.chunks(3)) {
        let held: Vec<Sent> = exchanges.iter().map(Sent::recorded).collect();
        assert_eq!(held, *sent, "{what}");
        for exchange in exchanges {
            assert_eq!(exchange["way"], **way, "{what}");
            assert_eq!((&exchange["answer"]["status"], &exchange["end"]["by"]), (&200.into(), &"complete".into()));
            assert_eq!(exchange["tls"], "TLSv1.3", "{what}");
        }
        assert!(exchanges[2]["request"]["body"]["text"].as_str().unwrap().contains("Nonce-"), "{what}");
    }
    // The cases these clients must cover: chunked bodies, Expect, duplicate headers, compressed responses.
    let all = format!("{expected:?}").to_ascii_lowercase();
    for part in ["\"expect\", \"100-continue\"", "\"transfer-encoding\", \"chunked\"", "gzip", "x-twice", "charset"] {
        assert!(all.contains(part), "no client sent {part}");
    }
}

#[test]
fn certificates_pass_strict_verification() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let recording = Recording::start(home, &["--name", NAME]);
    let ca = recording.field("ca").to_owned();
    let listen = recording.field("listen").to_owned();
    for (name, asked) in [("127.0.0.1", vec!["-noservername"]), (NAME, vec!["-servername", NAME])] {
        let shown = clean("openssl").args(["s_client", "-connect", &listen, "-CAfile", &ca]).args(asked).output();
        let shown = text(&shown.unwrap().stdout);
        let (begin, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
        let at = shown.find(begin).unwrap_or_else(|| panic!("{shown}"));
        let leaf = &shown[at..shown.find(end).unwrap() + end.len()];
        let file = home.join(format!("{name}.pem"));
        std::fs::write(&file, format!("{leaf}\n")).unwrap();
        let kind = if name == NAME { "-verify_hostname" } else { "-verify_ip" };
        for certificate in [Path::new(&ca), &file] {
            let mut verify = clean("openssl");
            verify.args(["verify", "-x509_strict", "-CAfile", &ca]);
            if certificate != Path::new(&ca) {
                verify.args(["-purpose", "sslserver", kind, name]);
            }
            let output = verify.arg(certificate).output().unwrap();
            assert!(output.status.success(), "{name}: {}{}", text(&output.stdout), text(&output.stderr));
        }
        for file in ["ca", "ca_bundle"] {
            let output = clean("python3")
                .arg(tests("clients/trusts.py"))
                .args([&listen, name])
                .env("SSL_CERT_FILE", recording.field(file))
                .output()
                .unwrap();
            assert_eq!(text(&output.stdout), "TLSv1.3 None\n", "{name}, {file}: {}", text(&output.stderr));
        }
        let output = clean("python3")
            .arg(tests("clients/trusts.py"))
            .args([&listen, "another.test"])
            .env("SSL_CERT_FILE", &ca)
            .output()
            .unwrap();
        // The local CA issues a certificate for any requested name.
        assert_eq!(text(&output.stdout), "TLSv1.3 None\n", "{}", text(&output.stderr));
    }
    recording.stop();
}

#[test]
fn started_client_needs_only_its_environment_variables() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let script = "export TOKEN_URL=${POSCERT_BASE_URL%/pos/v10}/integrator-authentication/connect/token \
                  BASE_URL=$POSCERT_BASE_URL; NONCE=a bash $CLIENTS/with_curl.sh && NONCE=b $PYTHON $CLIENTS/with_requests.py \
                  && NONCE=c $PYTHON $CLIENTS/with_httpx.py && NONCE=d node $CLIENTS/with_node_https.mjs \
                  && NONCE=e node $CLIENTS/with_node_fetch.mjs";
    let output = record(home)
        .args(["--quiet", "--", "bash", "-ec", script])
        .env("CLIENTS", tests("clients"))
        .env("PYTHON", python())
        .env("CLIENT_ID", CLIENT_ID)
        .env("CLIENT_SECRET", CLIENT_SECRET)
        .output()
        .unwrap();
    let said = text(&output.stdout);
    assert_eq!(said.matches("\"posId\"").count(), 5, "{said}{}", text(&output.stderr));
    assert_eq!(exchanges(home, "poscert-capture").len(), 15);
    // No finding in two calls each, but no case was shown: the verdict is the exit code.
    assert_eq!(output.status.code(), Some(3), "{said}{}", text(&output.stderr));
}

#[test]
fn verdict_is_the_exit_code() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let run = |capture: &str, command: &str| {
        let output = record(home).args(["--capture", capture, "--", "sh", "-c", command]).output().unwrap();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    };
    let (code, said) = run("nothing", "exit 0");
    assert!(code == Some(3) && said.contains("incomplete"), "{said}");
    // The exit status of the command is reported and changes nothing.
    let (code, said) = run("nothing", "exit 7");
    assert!(code == Some(3) && said.contains("exit status: 7"), "{said}");
    let (code, said) = run("wrong", "curl --silent --max-time 20 $POSCERT_BASE_URL/stores");
    assert!(code == Some(1) && said.contains("ALL-03"), "{said}");
    let output = record(home).args(["--capture", "none", "--", "./no-such-till"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    // A passing capture is resumed and still passes: the verdict covers all of it.
    let demo = poscert(home).args(["demo", "--capture", "whole"]).output().unwrap();
    assert_eq!(demo.status.code(), Some(0), "{}", text(&demo.stdout));
    let token = "curl -sS -u $POSCERT_CLIENT_ID:$POSCERT_CLIENT_SECRET -d grant_type=client_credentials \
                 -d merchant_vat=DK90000028 ${POSCERT_BASE_URL%/pos/v10}/integrator-authentication/connect/token";
    let (code, said) = run("whole", token);
    assert_eq!(code, Some(0), "{said}");
    // But not with a command that made no call.
    let (code, said) = run("whole", "exit 0");
    assert!(code == Some(3) && said.contains("Nothing was recorded in this run"), "{said}");
}
