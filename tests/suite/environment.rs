//! Tests of a started command's environment: inherited variables do not lead its calls past the recorder.

use super::poscert_process::*;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// An address where nothing listens: a client that uses it as its proxy fails.
const COMPANY: &str = "http://till:pass-word@127.0.0.1:9";

/// A separate backend, as on another machine: a sandbox at this address.
struct Elsewhere {
    child: Child,
    origin: String,
    ca: String,
}

impl Elsewhere {
    fn start(home: &Path, address: &str) -> Elsewhere {
        let ready = home.join(format!("sandbox-{address}.json"));
        let mut command = poscert(home);
        command.args(["sandbox", "--listen", &format!("{address}:0"), "--ready-file"]).arg(&ready);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        let ready: serde_json::Value = loop {
            if let Ok(text) = std::fs::read_to_string(&ready) {
                break serde_json::from_str(&text).unwrap();
            }
            assert!(begun.elapsed() < Duration::from_secs(60), "the sandbox is not ready");
            std::thread::sleep(Duration::from_millis(10));
        };
        let field = |name: &str| ready[name].as_str().unwrap().to_owned();
        let origin = field("base_url").trim_end_matches("/pos/v10").to_owned();
        Elsewhere { child, origin, ca: field("ca") }
    }

    /// Runs `record -- sh -c SCRIPT` before it, with these inherited variables.
    fn record(&self, home: &Path, capture: &str, script: &str, inherited: &[(&str, &str)]) -> (usize, String) {
        let mut command = record(home);
        command.args(["--capture", capture, "--upstream", &self.origin, "--upstream-ca", &self.ca]);
        command.args(["--", "bash", "-c", script]).envs(inherited.iter().copied());
        command.env("URL", format!("{}/pos/v10/stores", self.origin)).env("PYTHON", python());
        let output = command.output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        (exchanges(home, capture).len(), said)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Clients that interpret the variables differently: three calls.
const CALLS: &str = "curl -sS -m 20 -o /dev/null $URL; \
    $PYTHON -c 'import os, requests; requests.get(os.environ[\"URL\"], timeout=20)'; \
    $PYTHON -c 'import os, urllib.request as u\ntry: u.urlopen(os.environ[\"URL\"], timeout=20)\nexcept u.HTTPError: pass'";

#[test]
fn inherited_variables_do_not_bypass_the_recorder() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let elsewhere = Elsewhere::start(home, "127.0.0.2");
    let proxies: Vec<(&str, &str)> = [
        "https_proxy",
        "HTTPS_PROXY",
        "http_proxy",
        "HTTP_PROXY",
        "all_proxy",
        "ALL_PROXY",
        "Https_Proxy",
        "npm_config_https_proxy",
    ]
    .map(|name| (name, COMPANY))
    .to_vec();
    let (count, said) = elsewhere.record(home, "proxies", CALLS, &proxies);
    assert_eq!(count, 3, "{said}");
    let line = said.lines().find(|line| line.starts_with("Replaced in the command's environment")).unwrap();
    for (name, _) in &proxies {
        assert!(line.contains(&format!("{name}=http://***@127.0.0.1:9")), "{line}");
    }
    assert!(!said.contains("pass-word"), "{said}");
    let exempt = [("no_proxy", "127.0.0.2"), ("NO_PROXY", "*")];
    let (count, said) = elsewhere.record(home, "exempt", CALLS, &exempt);
    assert_eq!(count, 3, "{said}");
    assert!(said.contains("no_proxy=127.0.0.2") && said.contains("NO_PROXY=*"), "{said}");
}

#[test]
fn loopback_backend_and_base_url_are_called_through_the_proxy() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let elsewhere = Elsewhere::start(home, "127.0.0.1");
    let script = format!("{CALLS}; URL=$POSCERT_BASE_URL/stores; {CALLS}");
    let (count, said) = elsewhere.record(home, "loopback", &script, &[]);
    assert_eq!(count, 6, "{said}");
    assert!(!said.contains("Replaced"), "{said}");
}

#[test]
fn unrelated_variables_are_inherited() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let driver = home.join("driver.sh");
    std::fs::write(&driver, "env -0 > \"$1\"").unwrap();
    let inherited = [
        ("https_proxy", COMPANY),
        ("GLOBAL_AGENT_HTTP_PROXY", COMPANY),
        ("SSL_CERT_FILE", "/company.pem"),
        ("JAVA_TOOL_OPTIONS", "-Dhttps.proxyHost=company -Xmx1g"),
        ("_JAVA_OPTIONS", "-Dhttps.proxyHost=company"),
        ("PHP_INI_SCAN_DIR", "/php"),
        ("ftp_proxy", "http://other"),
    ];
    let seen = |name: &str, mut command: Command| -> Vec<(String, String)> {
        let output = command.envs(inherited).output().unwrap();
        let bytes = std::fs::read(home.join(name)).unwrap_or_else(|e| panic!("{e}: {}", text(&output.stderr)));
        assert!(text(&output.stderr).contains("https_proxy=http://***@127.0.0.1:9"), "{}", text(&output.stderr));
        let both = |line: &[u8]| text(line).split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        bytes.split(|byte| *byte == 0).filter_map(both).collect()
    };
    let mut recording = record(home);
    recording.args(["--capture", "a", "--", "sh", "driver.sh", "recorded"]);
    let mut certifying = poscert(home);
    certifying.args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    certifying.args(["--capture", "b", "--driver", "sh driver.sh certified"]);
    for (name, command) in [("recorded", recording), ("certified", certifying)] {
        let seen = seen(name, command);
        let value = |name: &str| {
            let found: Vec<_> = seen.iter().filter(|(n, _)| n == name).collect();
            assert_eq!(found.len(), 1, "{name} in {seen:?}");
            found[0].1.clone()
        };
        let proxy = value("HTTPS_PROXY");
        for name in ["https_proxy", "HTTP_PROXY", "http_proxy", "GLOBAL_AGENT_HTTP_PROXY"] {
            assert_eq!(value(name), proxy);
        }
        assert_eq!(value("no_proxy"), value("NO_PROXY"));
        assert!(
            value("JAVA_TOOL_OPTIONS").starts_with("-Dhttps.proxyHost=company -Xmx1g -Dhttps.proxyHost=127.0.0.1 ")
        );
        assert!(value("_JAVA_OPTIONS").starts_with("-Dhttps.proxyHost=company -Dhttps.proxyHost=127.0.0.1 "));
        let ini = value("PHP_INI_SCAN_DIR");
        let ini = ini.strip_prefix("/php:").unwrap_or_else(|| panic!("{ini}"));
        assert!(std::fs::read_to_string(Path::new(ini).join("poscert.ini")).unwrap().contains("curl.cainfo"));
        assert_eq!(value("ftp_proxy"), "http://other");
        assert!(value("SSL_CERT_FILE").ends_with("bundle.pem"));
        assert_eq!((value("NODE_USE_ENV_PROXY"), value("PERL_LWP_ENV_PROXY")), ("1".into(), "1".into()));
    }
}

#[test]
fn started_java_and_php_clients_need_only_the_variables() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let here = |check: &str| clean("sh").args(["-c", check]).output().unwrap().status.success();
    let mut expected = Vec::new();
    let mut script = String::new();
    for (check, line, calls) in [
        ("command -v javac", "java $CLIENTS/Calls.java", ["urlconnection", "httpclient"]),
        ("php -m | grep -x curl", "php $CLIENTS/calls.php", ["phpcurl", "phpstreams"]),
    ] {
        if !here(check) {
            println!("not on this machine, so not tried as a started client: {line}");
            continue;
        }
        expected.extend(calls);
        script.push_str(&format!("{line} || exit 9\n"));
    }
    let script = format!("export URL=https://api.mobilepay.dk/pos/v10/stores?called=\n{script}");
    let output = record(home).args(["--", "sh", "-c", &script]).env("CLIENTS", tests("clients")).output().unwrap();
    let called: Vec<String> = exchanges(home, "poscert-capture")
        .iter()
        .map(|exchange| exchange["request"]["target"].as_str().unwrap().rsplit('-').next().unwrap().to_owned())
        .collect();
    assert_eq!(called, expected, "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn non_utf8_paths_are_shown_written_and_passed_on() {
    let home = tempfile::tempdir().unwrap();
    let odd = home.path().join(std::ffi::OsStr::from_bytes(b"caf\xe9 7"));
    std::fs::create_dir(&odd).unwrap();
    let record = || {
        let mut command = record(&odd);
        command.env("POSCERT_CA_DIR", odd.join("ca")).arg("--capture").arg(odd.join("capture"));
        command
    };
    // Variables hold the bytes of the path, and so may the command itself.
    let program = odd.join(std::ffi::OsStr::from_bytes(b"till\xff"));
    std::fs::write(
        &program,
        "#!/bin/sh\ncurl -sS -m 20 -o /dev/null $POSCERT_BASE_URL/stores && cat \"$SSL_CERT_FILE\"\n",
    )
    .unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let output = record().arg("--").arg(&program).output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(text(&output.stdout).starts_with("-----BEGIN CERTIFICATE-----"), "{said}");
    assert!(output.status.code() == Some(1) && said.contains("ALL-03"), "{said}");
    // The ready file is JSON: paths as text, and as URLs with every byte.
    let recording = Recording::spawn(&odd, record());
    assert!(recording.field("ca").contains("caf\u{fffd} 7"), "{}", recording.ready);
    for (field, ending) in [("ca_url", "/caf%E9%207/ca/ca.pem"), ("capture_url", "/caf%E9%207/capture")] {
        let url = recording.field(field);
        assert!(url.starts_with("file:///") && url.ends_with(ending), "{url}");
    }
    let line = recording.stop();
    let line = line.lines().find_map(|line| line.strip_prefix("  Python    ")).unwrap().to_owned();
    let shell = clean("bash").args(["-c", &format!("{line}; head -1 \"$SSL_CERT_FILE\"")]).output().unwrap();
    assert!(text(&shell.stdout).starts_with("-----BEGIN"), "{line}: {}", text(&shell.stderr));
    // The other options and messages with paths.
    let path = |name: &str| odd.join(name).into_os_string();
    let run = |arguments: Vec<std::ffi::OsString>, codes: &[i32]| {
        let output = poscert(&odd).args(&arguments).output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        let code = output.status.code().unwrap_or(-1);
        assert!(codes.contains(&code) && !said.contains("panicked"), "{arguments:?}: {code} {said}");
    };
    let words = |words: &[&str]| words.iter().map(Into::into).collect::<Vec<std::ffi::OsString>>();
    let with = |before: &[&str], file: &str, after: &[&str]| [words(before), vec![path(file)], words(after)].concat();
    run(with(&["verify"], "capture", &["--format", "json", "--report", "html=r.html"]), &[1]);
    run([with(&["verify"], "capture", &["--output"]), vec![path("v.txt")]].concat(), &[1]);
    run(with(&["show"], "capture", &["--json"]), &[0]);
    run(
        [with(&["export"], "capture", &["-o"]), vec![path("x.poscert"), "--key".into(), path("key.pem")]].concat(),
        &[0],
    );
    run([with(&["export"], "capture", &["-o"]), vec![path("x.har")]].concat(), &[0]);
    run([with(&["seal"], "x.poscert", &["--key"]), vec![path("key2.pem")]].concat(), &[0]);
    run(with(&["verify"], "x.poscert", &[]), &[1]);
    run(with(&["verify"], "x.har", &[]), &[1]);
    run(with(&["verify"], "missing", &[]), &[2]);
    run(with(&["ca", "--ca-dir"], "ca", &[]), &[0]);
    run(with(&["ledger", "list", "--ledger"], "ledger.jsonl", &[]), &[0, 2]);
    let certify =
        ["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--ready-file"];
    run([with(&certify, "ready2.json", &["--driver", "true", "--capture"]), vec![path("capture2")]].concat(), &[3]);
}
