//! Tests of `poscert certify` with a remote backend: its credentials, and the client's callback.

use super::certify::{POSCERT, SCRIPTED, all_passed, cases, certify, hasty_rules, poscert, text, verdict};
use poscert::pki::{Authority, Name};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CLIENT: &str = "c0ffee00-0000-4000-8000-000000000001";

/// A sandbox in its own process.
pub(crate) struct Elsewhere {
    process: Child,
    /// The API's base URL.
    pub url: String,
    /// The CA to trust.
    pub ca: String,
}

impl Elsewhere {
    pub(crate) fn start(home: &Path) -> Elsewhere {
        let ready = home.join("sandbox.json");
        let mut command = poscert(home);
        command.args(["sandbox", "--listen", "127.0.0.1:0", "--ready-file"]).arg(&ready).stdout(Stdio::null());
        let process = command.spawn().unwrap();
        let begun = Instant::now();
        while !ready.exists() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the sandbox does not listen");
            std::thread::sleep(Duration::from_millis(50));
        }
        let said: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&ready).unwrap()).unwrap();
        let text = |name: &str| said[name].as_str().unwrap().to_owned();
        Elsewhere { process, url: text("base_url"), ca: text("ca") }
    }

    fn certify(&self, home: &Path, features: &str) -> Command {
        let mut command = certify(home, features);
        command.args(["--upstream", &self.url, "--upstream-ca", &self.ca]);
        command
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Checks that no recorded file contains the secret.
pub(crate) fn holds_no(secret: &str, folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            holds_no(secret, &path);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{}", path.display());
        }
    }
}

#[test]
fn client_is_certified_in_all_features_at_a_remote_backend() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = Elsewhere::start(home.path());
    std::fs::write(home.path().join("secret"), "sandbox-secret-one\n").unwrap();
    let all = "onboarding,payment,prepared-payment,refund,loyalty,payment-restrictions";
    let mut command = elsewhere.certify(home.path(), all);
    command.args(["--client-id", CLIENT, "--client-secret-file", "secret"]);
    let output = command.args(["--", POSCERT, "till", "drive"]).output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let verdict = verdict(home.path(), None);
    assert!(all_passed(&verdict), "{:?}", cases(&verdict));
    assert!(said.contains("customer checks in (credit)") && !said.contains("as the customer, "), "{said}");
    holds_no("sandbox-secret-one", &home.path().join("capture"));
    // Only the client's requests are recorded, none of the customer simulation.
    let shown = poscert(home.path()).args(["show", "capture"]).output().unwrap();
    assert!(!text(&shown.stdout).contains("usersimulation"));
    // The client's point of sale still exists, so a new attempt has it offboarded first.
    let mut command = elsewhere.certify(home.path(), "onboarding");
    let output = command.args(["--new-attempt", "--", POSCERT, "till", "drive"]).output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("Offboard the point of sale that the till has"), "{said}");
}

#[test]
fn rejected_credentials_are_reported_before_anything_is_recorded() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = Elsewhere::start(home.path());
    std::fs::write(home.path().join("wrong"), "not-the-secret").unwrap();
    std::fs::write(home.path().join("empty"), "\n").unwrap();
    for (arguments, wanted) in [
        (&["--client-id", CLIENT, "--client-secret-file", "wrong"][..], "no token for client id"),
        (&["--token-file", "wrong"], "rejected the token: GetStores returned 401"),
        (&["--token-file", "none"], "cannot read token-file none"),
        (&["--token-file", "empty"], "token-file empty: it is empty"),
        (&["--client-secret-file", "wrong"], "getting a token needs both"),
        (&["--callback-url", "http://till/"], "over HTTPS only"),
        (&["--simulation", "ftp://x"], "--simulation: invalid upstream `ftp://x`"),
    ] {
        let output =
            elsewhere.certify(home.path(), "onboarding").args(arguments).args(["--", "true"]).output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(wanted) && crate::poscert_process::is_one_error(&said), "{said}");
        assert!(!said.contains("not-the-secret"), "{said}");
    }
    assert!(!home.path().join("capture").exists(), "nothing was started");
}

/// A callback that returns each status in turn, repeating the last one. Returns its URL and the received requests.
async fn callback(ca: std::path::PathBuf, statuses: &'static [&'static str]) -> (String, Arc<Mutex<Vec<String>>>) {
    let authority = Authority::open(&ca).unwrap();
    let tls = authority.server_config_for(&[Name::parse("127.0.0.1").unwrap()]).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(tls);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("https://{}/checkin", listener.local_addr().unwrap());
    let taken: Arc<Mutex<Vec<String>>> = Arc::default();
    let (list, moved) = (taken.clone(), url.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let (mut request, mut piece) = (Vec::new(), [0; 4096]);
            // The body is an object, so it ends with a brace.
            while !request.ends_with(b"}") {
                match stream.read(&mut piece).await {
                    Ok(count) if count > 0 => request.extend_from_slice(&piece[..count]),
                    _ => break,
                }
            }
            let count = {
                let mut list = list.lock().unwrap();
                list.push(String::from_utf8_lossy(&request).into_owned());
                list.len()
            };
            let status = statuses[(count - 1).min(statuses.len() - 1)];
            let answer = format!(
                "HTTP/1.1 {status}\r\nLocation: {moved}/elsewhere\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (url, taken)
}

/// Certifies a client whose callback returns these statuses. Returns the exit code, the status of the requirement, the
/// received notifications and the output.
fn notified(statuses: &'static [&'static str]) -> (Option<i32>, serde_json::Value, Vec<String>, String) {
    let home = tempfile::tempdir().unwrap();
    let ca = poscert(home.path()).arg("ca").output().unwrap();
    assert!(ca.status.success());
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let (url, taken) = runtime.block_on(callback(home.path().join("ca"), statuses));
    let mut command = certify(home.path(), "payment-restrictions");
    command.args(["--callback-url", &url, "--callback-alias", "till-7", "--poll-delay", "300"]);
    command.arg("--callback-ca").arg(home.path().join("ca").join("ca.pem"));
    command.env("SCRIPTED_ALIAS", "till-7").args(["--", "python3", SCRIPTED]);
    let output = command.output().unwrap();
    let verdict = verdict(home.path(), None);
    let requirement = verdict["requirements"].as_array().unwrap().iter().find(|one| one["id"] == "NOT-01").unwrap();
    let sent = taken.lock().unwrap().clone();
    // Each notification carries the current chain head, so its receiver is a witness.
    for one in &sent {
        let head = one.lines().find_map(|line| line.strip_prefix("x-poscert-chain-head: ")).unwrap();
        let mut asked = poscert(home.path());
        let asked = asked.args(["verify", "capture", "--format", "json", "--witnessed", head]).output().unwrap();
        assert!(text(&asked.stdout).contains(head), "{head}: {}", text(&asked.stderr));
    }
    (output.status.code(), requirement.clone(), sent, text(&output.stderr))
}

#[test]
fn client_is_notified_of_check_ins_and_judged_by_its_responses() {
    let (healed, refused) = std::thread::scope(|scope| {
        let healed = scope.spawn(|| notified(&["500 Internal Server Error", "302 Found", "200 OK"]));
        let refused = scope.spawn(|| notified(&["404 Not Found"]));
        (healed.join().unwrap(), refused.join().unwrap())
    });
    let (code, requirement, sent, said) = healed;
    assert_eq!((code, requirement["status"].as_str()), (Some(0), Some("passed")), "{said}");
    // Notifications do not wait for each other, so either one may get the 500 and the redirect.
    assert_eq!(said.matches("check-in notification returned 200 on attempt ").count(), 2, "{said}");
    assert_eq!(sent.len(), 4, "two check-ins, and no redirect was followed: {sent:?}");
    assert!(sent.iter().all(|one| one.starts_with("POST /checkin ")), "{sent:?}");
    let body: serde_json::Value = serde_json::from_str(sent[0].split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(body["MerchantPosId"], "scripted");
    assert_eq!((&body["MerchantBrandId"], &body["MerchantLocationId"]), (&"MPPOSCERT1".into(), &"00001".into()));
    assert!(sent[0].starts_with("POST /checkin ") && body["PosId"].as_str().unwrap().len() == 36, "{sent:?}");
    assert!(!sent[0].to_ascii_lowercase().contains("authorization"), "{sent:?}");
    let (code, requirement, sent, said) = refused;
    assert_eq!((code, requirement["status"].as_str()), (Some(1), Some("failed")), "{said}");
    let found = requirement["findings"][0]["message"].as_str().unwrap();
    assert!(found.contains("404, 404, 404, 404"), "{found}");
    assert_eq!(sent.len(), 8, "two check-ins, four attempts each");
}

#[test]
fn operator_is_asked_if_there_is_no_customer_simulation() {
    let home = tempfile::tempdir().unwrap();
    let elsewhere = Elsewhere::start(home.path());
    let rules = hasty_rules(home.path(), 5);
    let nowhere = elsewhere.url.replace("/pos/v10", "/nothing/here");
    let mut command = elsewhere.certify(home.path(), "payment-restrictions");
    command.arg("--rules").arg(&rules).args(["--simulation", &nowhere]);
    let output = command.args(["--", "python3", SCRIPTED]).output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let asked = format!(
        "as the customer, check in (credit) at the backend: \
         the customer simulation {nowhere}/checkin returned 404"
    );
    assert!(said.contains(&asked) && said.contains("as the customer, accept the payment at the backend"), "{said}");
}
