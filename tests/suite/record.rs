//! Tests of `poscert record` and `poscert ca` as their users run them.

use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn poscert(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poscert"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("POSCERT_")) {
        command.env_remove(name);
    }
    command.current_dir(home).env("POSCERT_CA_DIR", home.join("ca"));
    command
}

fn record(home: &Path) -> Command {
    let mut command = poscert(home);
    command.args(["record", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    command
}

/// Waits for the ready file of a started recorder.
fn ready(home: &Path, child: &mut Child) -> Value {
    let begun = Instant::now();
    loop {
        if let Ok(text) = std::fs::read_to_string(home.join("ready.json")) {
            return serde_json::from_str(&text).expect("the ready file is written atomically");
        }
        assert!(child.try_wait().unwrap().is_none(), "the recorder ended before it was ready");
        assert!(begun.elapsed() < Duration::from_secs(30), "the recorder is not ready");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn fails(output: &Output, with: &str) {
    let errors = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(errors.contains(with), "{errors:?} does not contain {with:?}");
    assert!(crate::poscert_process::is_one_error(&errors), "one error: {errors}");
}

fn has_curl() -> bool {
    Command::new("curl").arg("--version").output().is_ok()
}

#[test]
fn recorder_listens_records_and_stops_when_asked() {
    for signal in ["-INT", "-TERM"] {
        let home = tempfile::tempdir().unwrap();
        let mut command = record(home.path());
        command.args(["--ready-file", "ready.json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let ready = ready(home.path(), &mut child);
        let field = |name: &str| ready[name].as_str().unwrap_or_else(|| panic!("{name} in {ready}")).to_owned();
        assert!(Path::new(&field("ca")).is_absolute() && Path::new(&field("ca")).exists());
        let calls = has_curl();
        if calls {
            let by_base = Command::new("curl")
                .args(["-sS", "--noproxy", "*", "--cacert", &field("ca"), &format!("{}/stores", field("base_url"))])
                .args(["-o", "/dev/null", "-w", "%{http_code}"])
                .output()
                .unwrap();
            assert_eq!(text(&by_base.stdout), "401", "{}", text(&by_base.stderr));
            let by_proxy = Command::new("curl")
                .args(["-sS", "--noproxy", "", "--proxy", &field("proxy_url"), "--cacert", &field("ca")])
                .args([&format!("{}/pos/v10/stores", field("upstream")), "-o", "/dev/null", "-w", "%{http_code}"])
                .output()
                .unwrap();
            assert_eq!(text(&by_proxy.stdout), "401", "{}", text(&by_proxy.stderr));
        }
        Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        let said = text(&output.stdout);
        for part in
            ["base URL", "HTTPS proxy", "forwards to", "durability", "curl", "Python", "Node", "Java", ".NET", "PHP"]
        {
            assert!(said.contains(part), "{part} is not in {said}");
        }
        let capture = poscert::capture::open(&home.path().join("poscert-capture")).unwrap();
        assert!(capture.complete);
        if calls {
            assert!(said.contains("#1    401  GET    /pos/v10/stores"), "{said}");
            assert_eq!(capture.exchanges, 2);
        }
    }
}

#[test]
fn command_gets_its_environment_and_recording_ends_with_it() {
    let home = tempfile::tempdir().unwrap();
    let output =
        record(home.path()).args(["--capture", "deep/capture", "--", "sh", "-c", "env > seen.txt"]).output().unwrap();
    let seen = std::fs::read_to_string(home.path().join("seen.txt")).unwrap_or_else(|e| panic!("{e}: {output:?}"));
    let value = |name: &str| {
        let line = seen.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{name} is not in {seen}")).to_owned()
    };
    assert!(
        value("POSCERT_BASE_URL").starts_with("https://127.0.0.1:") && value("POSCERT_BASE_URL").ends_with("/pos/v10")
    );
    assert!(value("HTTPS_PROXY").starts_with("http://127.0.0.1:"));
    assert!(value("NO_PROXY").contains("127.0.0.1"));
    for name in ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"] {
        let pem = std::fs::read_to_string(value(name)).unwrap();
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----"), "{name}");
    }
    let said = text(&output.stdout);
    assert!(
        said.starts_with("· INCOMPLETE for "),
        "standard output has what the command prints, then the verdict: {said}"
    );
    assert!(poscert::capture::open(&home.path().join("deep/capture")).unwrap().complete);
}

#[test]
fn invalid_input_gives_a_one_line_error() {
    let home = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| record(home.path()).args(arguments).output().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output =
        poscert(home.path()).args(["record", "--proxy-listen", "127.0.0.1:0", "--listen", &address]).output().unwrap();
    fails(&output, "is already in use");
    fails(&run(&["--upstream", "api.example.com"]), "looks like https://");
    fails(&run(&["--upstream", "https://a", "--upstream-ca", "none.pem"]), "none.pem");
    fails(&run(&["--name", "https://a"]), "is not a host name or an IP address");
    fails(&run(&["--ready-file", "no/such/folder/ready.json"]), "--ready-file");
    let output = run(&["--", "./no-such-till"]);
    let said = text(&output.stderr);
    let is_told = said.lines().any(|line| line.starts_with("error: cannot start `./no-such-till`"));
    assert!(output.status.code() == Some(2) && is_told, "{said}");
    std::fs::write(home.path().join("ca/ca-private.pem"), "junk").unwrap();
    fails(&run(&[]), "ca-private.pem");
}

#[test]
fn ca_is_shown_with_instructions() {
    let home = tempfile::tempdir().unwrap();
    let output = poscert(home.path()).arg("ca").output().unwrap();
    let said = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    for part in
        ["ca.pem", "ca.crt", "bundle.pem", "keytool", "certutil", "update-ca-certificates", "Android", "curl.cainfo"]
    {
        assert!(said.contains(part), "{part} is not in {said}");
    }
}
