//! Tests of the web page of `certify`: access control, input checks, and whole certifications in a browser.

use super::certify_backends::{Elsewhere, holds_no};
use super::poscert_process::*;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything takes on a slow, busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// All fields of identification and selection.
const TOLD: [&str; 10] = [
    "--integrator-id",
    "ACME",
    "--client-id",
    "c0ffee00-0000-4000-8000-000000000001",
    "--client-version",
    "2.1.0",
    "--system-name",
    "Acme till",
    "--features",
    "onboarding",
];

/// A running `certify` with a page.
struct Served {
    child: Child,
    address: String,
    token: String,
}

impl Served {
    fn start(home: &Path, more: &[&str]) -> Served {
        let mut command = poscert(home);
        command.args(["certify", "--capture", "capture"]);
        command.args(["--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--page", "127.0.0.1:0"]);
        command.args(["--ready-file", "ready.json"]).args(more).env("XDG_DATA_HOME", home.join("data"));
        let errors = std::fs::File::create(home.join("errors.txt")).unwrap();
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn().unwrap();
        let said = || std::fs::read_to_string(home.join("errors.txt")).unwrap();
        let told = |line: &str| line.split_once("/?token=").map(|(left, token)| (left.to_owned(), token.to_owned()));
        let (left, token) = loop {
            let text = said();
            // Only whole lines: the last one may be cut.
            let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
            if let Some(found) = whole.lines().find_map(told) {
                break found;
            }
            assert!(child.try_wait().unwrap().is_none(), "no address was printed: {text}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        };
        let address = left.rsplit("http://").next().unwrap().to_owned();
        Served { child, address, token }
    }

    /// Sends a raw request, with the page's host in place of HOST and its token in place of TOKEN.
    fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = request.replace("HOST", &self.address).replace("TOKEN", &self.token);
        stream.write_all(request.replace('\n', "\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        text(&answer)
    }

    fn get(&self, path: &str) -> String {
        self.raw(&format!("GET {path} HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nConnection: close\n\n"))
    }

    fn post(&self, path: &str, body: &str) -> String {
        let length = body.len();
        self.raw(&format!(
            "POST {path} HTTP/1.1\nHost: HOST\nOrigin: http://HOST\nAuthorization: Bearer TOKEN\nAccept: text/plain\n\
             Content-Length: {length}\nConnection: close\n\n{body}"
        ))
    }

    fn state(&self) -> Value {
        serde_json::from_str(body(&self.get("/state"))).unwrap()
    }

    /// Waits until the state fulfils a condition, and returns it.
    fn until(&self, holds: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let state = self.state();
            if holds(&state) {
                return state;
            }
            assert!(begun.elapsed() < PATIENCE, "{state}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn end(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
        ended(&mut self.child).code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

fn ready(home: &Path) -> Value {
    let begun = Instant::now();
    loop {
        match std::fs::read_to_string(home.join("ready.json")) {
            Ok(text) => return serde_json::from_str(&text).unwrap(),
            Err(_) => assert!(begun.elapsed() < PATIENCE),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn page_is_limited_to_one_user_on_one_machine() {
    let home = tempfile::tempdir().unwrap();
    let page = Served::start(home.path(), &[]);
    let opened = page.raw("GET /?token=TOKEN HTTP/1.1\nHost: HOST\nConnection: close\n\n");
    assert_eq!(status(&opened), 303, "{opened}");
    let cookie = opened.lines().find_map(|line| line.strip_prefix("set-cookie: ")).unwrap();
    for word in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let cookie = cookie.split(';').next().unwrap();
    let ask = |method: &str, host: &str, more: &str| {
        page.raw(&format!("{method} / HTTP/1.1\nHost: {host}\nCookie: {cookie}\n{more}Connection: close\n\n"))
    };
    let home_page = ask("GET", "HOST", "");
    assert_eq!(status(&home_page), 200);
    for header in [
        "content-security-policy: default-src 'none'; style-src 'self'; script-src 'self'",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
    ] {
        assert!(home_page.contains(header), "{header} is missing in {home_page}");
    }
    // DNS rebinding: another name resolves to this machine.
    for host in ["evil.example", "evil.example:8484", "127.0.0.1", "127.0.0.2:1"] {
        let refused = ask("GET", host, "");
        assert_eq!(status(&refused), 421, "{host}");
        assert!(!refused.contains("Identify your client"));
    }
    // Another site's page sends a request, with the cookie as a browser might.
    for origin in ["http://evil.example", "null", "http://localhost:1"] {
        let order = format!("Origin: {origin}\nContent-Length: 0\n");
        assert_eq!(status(&ask("POST", "HOST", &order)), 403, "{origin}");
    }
    assert_eq!(status(&ask("POST", "HOST", "Sec-Fetch-Site: cross-site\nContent-Length: 0\n")), 403);
    // No token, a wrong one, and wrong schemes.
    for more in ["", "Cookie: poscert=1\n", "Authorization: Bearer 00\n", "Authorization: Basic TOKEN\n"] {
        for path in ["/", "/state", "/act", "/events", "/page.js", "/exchange/1", "/nothing"] {
            let refused = page.raw(&format!("GET {path} HTTP/1.1\nHost: HOST\n{more}Connection: close\n\n"));
            assert_eq!(status(&refused), 403, "{path} {more}");
            assert!(refused.contains("nosniff") && refused.contains("default-src 'none'"), "{refused}");
        }
    }
    assert_eq!(page.end(), Some(2), "nothing was started");
    assert!(std::fs::read_to_string(home.path().join("errors.txt")).unwrap().contains("nothing was recorded"));
    assert!(!home.path().join("capture").exists());
}

#[test]
fn identification_by_page_equals_identification_by_file() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("session.toml"), "integrator-id = \"ACME\"\nclient-version = \"2.1.0\"\n").unwrap();
    let page = Served::start(home.path(), &["--session", "session.toml", "--system-name", "Acme <till>"]);
    let asked = page.get("/");
    for filled in ["value=\"ACME\"", "value=\"2.1.0\"", "value=\"Acme &lt;till&gt;\""] {
        assert!(asked.contains(filled), "{asked}");
    }
    let sentence = page.post("/check", "client-version=2.1");
    assert_eq!(body(&sentence), "client-version: `2.1` is not Major.Minor.Build, three numbers like 2.1.0");
    assert_eq!(body(&page.post("/check", "client-version=2.1.0")), "");
    // Invalid input is refused with a message, and nothing starts.
    let odd = page.post("/identification", "integrator-id=A&price=1");
    assert!(status(&odd) == 422 && odd.contains("Unknown field") && odd.contains("price"), "{odd}");
    assert_eq!(status(&page.post("/identification", &"a".repeat(20_000))), 413);
    assert_eq!(status(&page.post("/selection", "features=cash")), 422);
    assert_eq!(status(&page.post("/skip", "")), 422);
    assert_eq!(status(&page.post("/nothing", "")), 404);
    assert_eq!(page.state()["phase"], "identification");
    // From page, options and file together.
    let named = "integrator-id=ACME&client-version=2.1.0&system-name=Acme+%3Ctill%3E&client-id=";
    assert_eq!(status(&page.post("/identification", named)), 200);
    assert_eq!(status(&page.post("/selection", "features=payment")), 200);
    let state = page.until(|state| state["phase"] == "certification");
    assert_eq!(state["identification"]["features"], serde_json::json!(["onboarding", "payment"]));
    // The line is printed a moment after the certification has started.
    let begun = std::time::Instant::now();
    let mut answer = page.get("/act");
    while body(&answer).is_empty() && begun.elapsed() < PATIENCE {
        std::thread::sleep(std::time::Duration::from_millis(20));
        answer = page.get("/act");
    }
    let act: Value = serde_json::from_str(body(&answer)).unwrap();
    assert_eq!((&act["case"], &act["step"], &act["act"]), (&"onboarding/1".into(), &1.into(), &"onboard".into()));
    assert_eq!(page.post("/identification", named).split(' ').nth(1), Some("422"), "the certification has started");
    assert_eq!(ready(home.path())["page"], format!("http://{}/?token={}", page.address, page.token));
    let mode = std::fs::metadata(home.path().join("ready.json")).unwrap().permissions();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&mode) & 0o077, 0, "the token is for its user alone");
    // Changes are sent as events.
    let mut stream = TcpStream::connect(&page.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let ask = format!("GET /events HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n", page.address, page.token);
    stream.write_all(ask.as_bytes()).unwrap();
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    assert!(lines.any(|line| line.starts_with("event: part")));
    assert_eq!(page.end(), Some(3));
    let verdict = verdict(home.path());
    assert_eq!(verdict["profile"]["integrator_id"], "ACME");
    assert_eq!(verdict["profile"]["features"], serde_json::json!(["onboarding", "payment"]));
}

#[test]
fn backend_credentials_are_checked_at_the_page_and_never_shown() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = Elsewhere::start(home.path());
    let page = Served::start(home.path(), &["--upstream", &elsewhere.url, "--upstream-ca", &elsewhere.ca]);
    let asked = page.get("/");
    assert!(asked.contains("name=\"client-secret\" type=\"password\" value=\"\""), "{asked}");
    let who = "integrator-id=ACME&client-id=c0ffee00-0000-4000-8000-000000000001&client-version=2.1.0&system-name=Acme";
    for (more, wanted) in [
        ("&token=not-the-token", "rejected the token: GetStores returned 401"),
        ("&client-secret=not-the-secret", "No token for client id"),
        ("&token=two+words", "Token: it contains whitespace"),
        ("&merchant-vat=9", "is not DK or FI and eight digits"),
    ] {
        let again = page.post("/identification", &format!("{who}{more}"));
        assert!(status(&again) == 422 && again.contains(wanted), "{more}: {again}");
        assert!(!again.contains("not-the-"), "{again}");
        assert_eq!(page.state()["phase"], "identification");
    }
    let good = format!("{who}&merchant-vat=DK90000028&client-secret=sandbox-secret-one");
    assert_eq!(status(&page.post("/identification", &good)), 200);
    assert_eq!(status(&page.post("/selection", "features=onboarding")), 200);
    let state = page.until(|state| state["phase"] == "certification");
    assert_eq!(state["identification"]["merchant-vat"], "DK90000028");
    assert!(!state.to_string().contains("sandbox-secret-one"));
    assert_eq!(page.end(), Some(3));
    holds_no("sandbox-secret-one", &home.path().join("capture"));
}

#[test]
fn certification_resumes_and_the_page_is_not_reachable_through_the_recorder() {
    let home = tempfile::tempdir().unwrap();
    // Everything is given: it starts at once.
    let notified: Vec<&str> = TOLD.into_iter().chain(["--callback-url", "https://till.example.com/checkin"]).collect();
    let page = Served::start(home.path(), &notified);
    assert_eq!(page.until(|state| state["phase"] == "certification")["identification"]["integrator-id"], "ACME");
    assert_eq!(page.end(), Some(3));
    std::fs::remove_file(home.path().join("ready.json")).unwrap();
    // The identification comes from the capture; nothing is asked again.
    let page = Served::start(home.path(), &["--tunnel", "127.0.0.1"]);
    let state = page.until(|state| state["phase"] == "certification");
    assert_eq!(state["identification"]["system-name"], "Acme till");
    assert!(page.get("/").contains("The notification is sent to the callback URL of your client."));
    let ready = ready(home.path());
    // By CONNECT, even though the host is tunnelled.
    let mut proxy = TcpStream::connect(ready["proxy_listen"].as_str().unwrap()).unwrap();
    proxy.set_read_timeout(Some(PATIENCE)).unwrap();
    let connect = format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", page.address);
    proxy.write_all(connect.as_bytes()).unwrap();
    let mut refused = String::new();
    let _ = proxy.read_to_string(&mut refused);
    assert!(refused.starts_with("HTTP/1.1 403 "), "{refused}");
    // Through the base URL, with the page's host and token.
    let base = ready["base_url"].as_str().unwrap();
    let host = format!("Host: {}", page.address);
    let token = format!("Authorization: Bearer {}", page.token);
    let mut curl = clean("curl");
    curl.args(["-s", "--cacert", ready["ca"].as_str().unwrap(), "-H", &host, "-H", &token])
        .arg(format!("{base}/state"));
    let answer = text(&curl.output().unwrap().stdout);
    assert!(!answer.contains("\"phase\"") && !answer.is_empty(), "{answer}");
    // As the upstream.
    let upstream = format!("http://{}", page.address);
    let address = page.address.clone();
    let taken = ["--page", &address];
    let free = ["--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--capture", "other"];
    let output = poscert(home.path()).arg("certify").args(taken).args(free).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("cannot listen on"), "{output:?}");
    // The page is not started for a recorder that cannot listen.
    let busy = ["--listen", &address, "--proxy-listen", "127.0.0.1:0", "--capture", "other", "--page", "127.0.0.1:0"];
    let output = poscert(home.path()).arg("certify").args(busy).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(2), ""));
    assert!(text(&output.stderr).contains("is already in use"), "{output:?}");
    drop(page);
    let mut command = poscert(home.path());
    command.arg("certify").args(taken).args(TOLD).args(["--capture", "other"]);
    command.args(["--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--upstream", &upstream]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("is this recorder itself"), "{output:?}");
}

#[test]
fn interrupted_capture_is_reported_at_the_page_which_offers_a_new_one() {
    let home = tempfile::tempdir().unwrap();
    let page = Served::start(home.path(), &TOLD);
    page.until(|state| state["phase"] == "certification");
    let whole = page.get("/");
    assert!(whole.contains("id=\"start-over\"") && whole.contains(" recorded</p>"));
    let base = ready(home.path())["base_url"].as_str().unwrap().to_owned();
    assert!(poscert(home.path()).args(["till", "--base-url", &base, "onboard"]).status().unwrap().success());
    page.until(|state| state["exchanges"].as_u64() > Some(2));
    drop(page);
    std::fs::remove_file(home.path().join("ready.json")).unwrap();
    let page = Served::start(home.path(), &["--new-attempt"]);
    let (state, shown) = (page.until(|state| state["cut_off"] == true), page.get("/"));
    let before = format!(" in this run, {} before", state["before"]);
    assert!(shown.contains("can no longer pass") && shown.contains(&before), "{shown}");
    assert!(state["before"].as_u64() > Some(2) && !shown.contains("start-over"), "{shown}");
    page.post("/verdict", "");
    page.until(|state| state["phase"] == "approval");
    let judged = page.get("/");
    assert!(judged.contains("certify --capture capture-2") && !judged.contains("--new-attempt"), "{judged}");
    assert_eq!(page.end(), Some(3));
}

#[test]
fn page_refuses_addresses_of_other_machines() {
    let home = tempfile::tempdir().unwrap();
    for (arguments, wanted) in [
        (&["--page", "0.0.0.0:0"][..], "is not a loopback address"),
        (&["--page", "192.0.2.1:8484"], "is not a loopback address"),
        (&["--page", "here"], "invalid value"),
        (&["--page", "127.0.0.1:0", "--no-page"], "cannot be used with"),
    ] {
        let output = poscert(home.path()).arg("certify").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        let said = text(&output.stderr);
        assert!(said.contains(wanted), "{said}");
    }
    assert!(!home.path().join("poscert-capture").exists());
}

/// Runs a certification in a browser.
fn walk(way: &str) -> (Option<i32>, tempfile::TempDir) {
    let made = clean("bash").arg(tests("browser-env")).stderr(Stdio::inherit()).status().unwrap();
    assert!(made.success(), "tests/browser-env failed");
    let home = tempfile::tempdir().unwrap();
    let mut page = Served::start(home.path(), &[]);
    let url = format!("http://{}/?token={}", page.address, page.token);
    let mut node = clean("node");
    node.arg(tests("browser/walk.mjs")).args([&url, way]).current_dir(home.path()).env("HOME", home.path());
    let walked = node.output().unwrap();
    let said = format!("{}{}", text(&walked.stdout), text(&walked.stderr));
    let errors = std::fs::read_to_string(home.path().join("errors.txt")).unwrap();
    assert!(walked.status.success(), "{said}\n{errors}");
    // The last button ends the process.
    (ended(&mut page.child).code(), home)
}

fn verdict(home: &Path) -> Value {
    let shown = poscert(home).args(["verify", "capture", "--format", "json"]).output();
    serde_json::from_slice(&shown.unwrap().stdout).unwrap()
}

#[test]
fn newcomer_completes_a_certification_guided_by_the_page() {
    let (code, home) = walk("pass");
    assert_eq!(code, Some(0));
    let verdict = verdict(home.path());
    assert_eq!((&verdict["verdict"], &verdict["profile"]["integrator_id"]), (&"passed".into(), &"ACME".into()));
}

#[test]
fn newcomer_completes_all_features_guided_by_the_page() {
    let (code, home) = walk("all");
    assert_eq!(code, Some(0));
    let verdict = verdict(home.path());
    let features = verdict["features"].as_array().unwrap();
    assert_eq!(verdict["verdict"], "passed");
    assert_eq!(features.iter().filter(|feature| feature["verdict"] == "passed").count(), 6, "{features:?}");
}

#[test]
fn till_without_retries_fails_at_the_page_with_the_message_of_the_report() {
    let (code, home) = walk("fail");
    assert_eq!(code, Some(1));
    let verdict = verdict(home.path());
    assert_eq!(verdict["verdict"], "failed");
    assert_eq!(verdict["features"][0]["cases"][0]["status"], "failed");
}
