//! Tests of the configuration lines that `record` prints for many clients: each is run as printed, in both proxy modes,
//! and the client's calls are recorded. A client that is not installed is skipped, with a message.

use super::poscert_process::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

/// A host of the documented API, which cannot be resolved here.
const API: &str = "https://api.sandbox.mobilepay.dk/pos/v10";

/// A client.
struct Client {
    /// A command that succeeds if the client is installed.
    here: &'static str,
    /// The label of its printed line.
    line: &'static str,
    /// Replaces `...` in a line that is a command, or follows a line that sets variables.
    rest: &'static str,
    /// The markers of its calls.
    calls: &'static [&'static str],
    /// Whether the printed lines direct all of them to the proxy.
    by_proxy: bool,
}

const CLIENTS: [Client; 9] = [
    Client {
        here: "command -v curl",
        line: "curl",
        rest: "-sS -m 20 -o /dev/null -w '%{http_code}\\n' $URL-curl",
        calls: &["curl"],
        by_proxy: true,
    },
    // It treats 401 as an error, like every status above 399.
    Client {
        here: "command -v wget",
        line: "wget",
        rest: "-q -T 20 -t 1 -S -O /dev/null $URL-wget || true",
        calls: &["wget"],
        by_proxy: true,
    },
    Client {
        here: "command -v python3",
        line: "Python",
        rest: "$PYTHON $CLIENTS/calls.py",
        calls: &["requests", "httpx", "urllib", "aiohttp"],
        by_proxy: true,
    },
    // Node before version 24 does not use a proxy by itself.
    Client {
        here: "command -v node",
        line: "Node",
        rest: "node $CLIENTS/calls.mjs",
        calls: &["nodehttps", "nodefetch"],
        by_proxy: false,
    },
    Client {
        here: "command -v javac",
        line: "Java",
        rest: "$CLIENTS/Calls.java",
        calls: &["urlconnection", "httpclient"],
        by_proxy: true,
    },
    Client {
        here: "php -m | grep -x curl",
        line: "PHP",
        rest: "$CLIENTS/calls.php",
        calls: &["phpcurl", "phpstreams"],
        by_proxy: true,
    },
    Client {
        here: "perl -MLWP::Protocol::https -MIO::Socket::SSL -e1",
        line: "Perl",
        rest: "perl $CLIENTS/calls.pl",
        calls: &["lwp", "httptiny"],
        by_proxy: true,
    },
    Client {
        here: "command -v go",
        line: "Go, Ruby",
        rest: "GOCACHE=$GO/cache GOFLAGS=-mod=mod go run $CLIENTS/calls.go",
        calls: &["go"],
        by_proxy: true,
    },
    Client {
        here: "command -v ruby",
        line: "Go, Ruby",
        rest: "ruby $CLIENTS/calls.rb",
        calls: &["ruby"],
        by_proxy: true,
    },
];

fn is_here(client: &Client) -> bool {
    clean("sh").args(["-c", client.here]).output().unwrap().status.success()
}

/// A printed line with its continuation.
fn pasted(line: &str, rest: &str) -> String {
    if line.contains("...") { line.replacen("...", rest, 1) } else { format!("{line}\n{rest}") }
}

fn start(home: &Path, url: &str, script: &str) -> std::process::Child {
    let mut command = Command::new("timeout");
    command.args(["120", "bash", "-c", script]).env_clear().current_dir(home);
    for kept in ["PATH", "LANG", "GOROOT"] {
        command.envs(std::env::var_os(kept).map(|value| (kept, value)));
    }
    command.env("HOME", home).env("URL", url).env("CLIENTS", tests("clients")).env("PYTHON", python());
    command.env("GO", std::env::temp_dir().join("poscert-go"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[test]
fn each_printed_line_directs_its_client_to_the_recorder_in_both_modes() {
    let home = tempfile::tempdir().unwrap();
    // A path with a space must still be one word of the line.
    let home = home.path().join("a home");
    std::fs::create_dir(&home).unwrap();
    let home = home.as_path();
    let recording = Recording::start(home, &["--quiet"]);
    let base = recording.field("base_url").to_owned();
    let said = std::fs::read_to_string(home.join("stdout.txt")).unwrap();
    let line = |label: &str| {
        let label = format!("  {label:<9} ");
        let line = said.lines().find_map(|line| line.strip_prefix(&label));
        line.unwrap_or_else(|| panic!("no line for {label} in {said}")).to_owned()
    };
    let starts = |with: &str| said.lines().map(str::trim_start).find(|line| line.starts_with(with)).unwrap().to_owned();
    let (variables, java) = (starts("export HTTPS_PROXY="), starts("java -Dhttps.proxyHost="));

    let mut running = Vec::new();
    let mut expected = BTreeMap::new();
    for client in &CLIENTS {
        if !is_here(client) {
            println!("not on this machine, so its printed lines are not tried: {}", client.calls.join(", "));
            continue;
        }
        for way in ["base", "connect"] {
            let by_proxy = way == "connect";
            if by_proxy && !client.by_proxy {
                continue;
            }
            let own = if by_proxy && client.line == "Java" { java.clone() } else { line(client.line) };
            let before = if by_proxy { format!("{variables}\n") } else { String::new() };
            let once = format!("{before}{}", pasted(&own, client.rest));
            // Run twice, as when the client is restarted: the first run of Java's line creates a trust store, which
            // then exists.
            let times = if client.line == "Java" && !by_proxy { 2 } else { 1 };
            let script = vec![once; times].join("\n");
            let url = format!("{}/stores?called={way}", if by_proxy { API } else { &base });
            expected.extend(client.calls.iter().map(|call| ((way, *call), times)));
            running.push((way, client.line, script.clone(), start(home, &url, &script)));
        }
    }
    let mut heard = String::new();
    for (way, who, script, child) in running {
        let output = child.wait_with_output().unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        heard.push_str(&format!("--- {who}, {way}: {}\n{script}\n{out}{err}", output.status));
    }
    let told = recording.stop();
    let mut seen = BTreeMap::new();
    for exchange in exchanges(home, "poscert-capture") {
        let (target, way) = (exchange["request"]["target"].as_str().unwrap(), exchange["way"].as_str().unwrap());
        let mark = target.split_once("called=").unwrap().1.to_owned();
        assert_eq!(mark.split_once('-').unwrap().0, way, "{target}");
        assert_eq!(exchange["answer"]["status"], 401, "{target}");
        *seen.entry(mark).or_insert(0) += 1;
    }
    let expected: BTreeMap<_, _> = expected.into_iter().map(|((way, call), n)| (format!("{way}-{call}"), n)).collect();
    assert_eq!(seen, expected, "{heard}\n{told}");
}

#[test]
fn limits_of_the_printed_lines_are_documented() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/clients.md")).unwrap();
    for client in &CLIENTS {
        for part in client.line.split(", ") {
            assert!(page.contains(part), "docs/clients.md does not mention {part}");
        }
    }
    for word in ["NODE_USE_ENV_PROXY", "trust_env", "request_fulluri", "nonProxyHosts", "PERL_LWP_ENV_PROXY"] {
        assert!(page.contains(word), "docs/clients.md does not mention {word}");
    }
}
