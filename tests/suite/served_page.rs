//! A running `certify` with its web page, and raw requests to it.

use super::poscert_process::*;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longer than anything takes on a slow, busy machine.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);
/// All fields of identification and selection.
pub(super) const TOLD: [&str; 10] = [
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
pub(super) struct Served {
    pub(super) child: Child,
    pub(super) address: String,
    pub(super) token: String,
}

impl Served {
    /// Starts `certify` with these options.
    pub(super) fn start(home: &Path, more: &[&str]) -> Served {
        let mut command = poscert(home);
        command.args(["certify", "--capture", "capture", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
        if !more.contains(&"--page") {
            command.args(["--page", "127.0.0.1:0"]);
        }
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
            std::thread::sleep(Duration::from_millis(10));
        };
        let address = left.rsplit("http://").next().unwrap().to_owned();
        Served { child, address, token }
    }

    /// Sends a raw request, with the page's host in place of HOST and its token in place of TOKEN.
    pub(super) fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let request = request.replace("HOST", &self.address).replace("TOKEN", &self.token);
        stream.write_all(request.replace('\n', "\r\n").as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        text(&answer)
    }

    /// The address to open.
    pub(super) fn url(&self) -> String {
        format!("http://{}/?token={}", self.address, self.token)
    }

    /// The response to a GET with the token.
    pub(super) fn get(&self, path: &str) -> String {
        self.raw(&format!("GET {path} HTTP/1.1\nHost: HOST\nAuthorization: Bearer TOKEN\nConnection: close\n\n"))
    }

    /// The response to a command of the page.
    pub(super) fn post(&self, path: &str, body: &str) -> String {
        let length = body.len();
        self.raw(&format!(
            "POST {path} HTTP/1.1\nHost: HOST\nOrigin: http://HOST\nAuthorization: Bearer TOKEN\nAccept: text/plain\n\
             Content-Length: {length}\nConnection: close\n\n{body}"
        ))
    }

    /// The state of the page.
    pub(super) fn state(&self) -> Value {
        serde_json::from_str(body(&self.get("/state"))).unwrap()
    }

    /// Waits until the state fulfils a condition, and returns it.
    pub(super) fn until(&self, holds: impl Fn(&Value) -> bool) -> Value {
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

    /// Ends it by Ctrl-C; returns the exit code.
    pub(super) fn end(mut self) -> Option<i32> {
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

/// The body of a response.
pub(super) fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").unwrap().1
}

/// The status of a response.
pub(super) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("{answer}"))
}

/// The content of the ready file, once it is there.
pub(super) fn ready(home: &Path) -> Value {
    let begun = Instant::now();
    loop {
        match std::fs::read_to_string(home.join("ready.json")) {
            Ok(text) => return serde_json::from_str(&text).unwrap(),
            Err(_) => assert!(begun.elapsed() < PATIENCE),
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
