//! Tests of requests that bypass the recorder, and of runs that recorded nothing: refused, reported, and not a pass.

use super::poscert_process::*;
use std::path::Path;

fn curl(ca: &str, url: &str) -> String {
    let options = ["-sS", "-m", "20", "--noproxy", "*", "--cacert", ca, url, "-w", " %{http_code}"];
    text(&clean("curl").args(options).output().unwrap().stdout)
}

#[test]
fn direct_call_to_the_embedded_sandbox_is_refused_and_reported() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let recording = Recording::start(home, &[]);
    let (ca, upstream) = (recording.field("ca").to_owned(), recording.field("upstream").to_owned());
    let (base, proxy) = (recording.field("base_url").to_owned(), recording.field("proxy_url").to_owned());
    for _ in 0..2 {
        let said = curl(&ca, &format!("{upstream}/pos/v10/stores"));
        assert!(said.ends_with(" 421") && said.contains(&base) && said.contains(&proxy), "{said}");
    }
    // The token endpoint and the customer simulation, with a body, and with another client certificate than the
    // recorder's.
    let made = clean("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "k.pem"])
        .args(["-out", "c.pem", "-subj", "/CN=poscert recorder"])
        .current_dir(home)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", text(&made.stderr));
    let token = clean("curl")
        .args(["-sS", "-m", "20", "--cacert", &ca, "-u", &format!("{CLIENT_ID}:{CLIENT_SECRET}")])
        .args(["--cert", "c.pem", "--key", "k.pem", "-d", "grant_type=client_credentials"])
        .arg(format!("{upstream}/integrator-authentication/connect/token"))
        .current_dir(home)
        .output()
        .unwrap();
    let said = text(&token.stdout);
    assert!(said.contains("accepts requests only from its recorder") && !said.contains("access_token"), "{said}");
    let said = recording.stop();
    assert_eq!(said.matches("called the embedded sandbox directly (").count(), 3, "{said}");
    assert!(said.contains("Nothing was recorded in this run"), "{said}");
    assert!(said.contains("3 requests bypassed the recorder"), "{said}");
    let events: Vec<_> = shown(home, "poscert-capture").into_iter().filter(|one| one["event"] == "bypassed").collect();
    assert_eq!(events.len(), 3);
    assert!(exchanges(home, "poscert-capture").is_empty());
}

#[test]
fn standalone_sandbox_accepts_calls_from_all_clients() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut command = poscert(home);
    command.args(["sandbox", "--listen", "127.0.0.1:0"]).env("POSCERT_SANDBOX_READY_FILE", home.join("ready.json"));
    let sandbox = Recording::spawn(home, command);
    let said = curl(sandbox.field("ca"), &format!("{}/stores", sandbox.field("base_url")));
    assert!(said.ends_with(" 401"), "{said}");
    sandbox.stop();
}

#[test]
fn client_with_the_documented_url_is_recorded_through_the_proxy() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let recording = Recording::start(home, &[]);
    let (ca, proxy) = (recording.field("ca").to_owned(), recording.field("proxy_url").to_owned());
    let call = |host: &str| {
        let url = format!("https://{host}/pos/v10/stores");
        let output =
            clean("curl").args(["-sSv", "-m", "20", "--cacert", &ca, "--proxy", &proxy, &url]).output().unwrap();
        text(&output.stderr)
    };
    for host in ["api.mobilepay.dk", "api.sandbox.mobilepay.dk", "API.Mobilepay.DK"] {
        let said = call(host);
        assert!(said.contains("HTTP/1.1 401"), "{said}");
    }
    let said = call("api.example.com");
    assert!(said.contains("403"), "{said}");
    let said = recording.stop();
    let line = said.lines().find(|line| line.contains("not to api.example.com:443")).unwrap();
    let at = |words: &str| line.find(words).unwrap_or_else(|| panic!("{words} is not in {line}"));
    assert!(at("--name api.example.com") < at("--upstream https://api.example.com"));
    assert!(at("--upstream") < at("--tunnel api.example.com") && line.contains("unrecorded"), "{line}");
    assert_eq!(exchanges(home, "poscert-capture").len(), 3);
}

#[test]
fn documented_hosts_are_refused_with_another_upstream() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let recording = Recording::start(home, &["--upstream", "https://127.0.0.1:9"]);
    let proxy = recording.field("proxy_url").to_owned();
    let output =
        clean("curl").args(["-sSv", "-m", "20", "--proxy", &proxy, "https://api.mobilepay.dk/"]).output().unwrap();
    assert!(text(&output.stderr).contains("403"), "{}", text(&output.stderr));
    let said = recording.stop();
    assert!(said.contains("Nothing was recorded") && said.contains("1 connection failed: 403: "), "{said}");
}

fn with_command(home: &Path, capture: &str, script: &str) -> (Option<i32>, String) {
    let output = record(home).args(["--capture", capture, "--", "sh", "-c", script]).output().unwrap();
    (output.status.code(), text(&output.stdout) + &text(&output.stderr))
}

#[test]
fn run_that_recorded_nothing_is_reported_and_does_not_pass() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let (code, said) = with_command(home, "none", "true");
    assert!(code == Some(3) && said.contains("Nothing was recorded in this run"), "{said}");
    assert!(said.contains("no client connected") && said.contains("base URL https://127.0.0.1:"), "{said}");
    let (code, said) = with_command(home, "untrusted", "curl -sS --cacert /dev/null $POSCERT_BASE_URL/stores");
    assert!(code == Some(3) && said.contains("1 connection failed: the client"), "{said}");
    let (code, said) = with_command(home, "one", "curl -sS $POSCERT_BASE_URL/stores");
    assert!(code == Some(1) && !said.contains("Nothing was recorded"), "{said}");
    let recording = Recording::start(home, &["--capture", "idle"]);
    assert!(recording.stop().contains("Nothing was recorded in this run"));
}

#[test]
fn certification_that_recorded_nothing_is_reported() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let output = poscert(home)
        .args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"])
        .args(["--driver", "true"])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(output.status.code() == Some(3) && said.contains("Nothing was recorded in this run"), "{said}");
}
