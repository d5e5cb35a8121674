//! Tests with a till and a backend in Python that share no code with this program (`tests/independent_client/`): the
//! till is certified, each side works with ours, both backends respond alike, and each mistake gets the verdict
//! predicted for it.

use super::poscert_process::*;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The longest time until a backend listens.
const PATIENCE: Duration = Duration::from_secs(120);
/// Runs at the same time: they mostly wait.
const AT_ONCE: usize = 8;

/// The Python backend, stopped on drop.
struct Backend {
    child: Child,
    url: String,
    ca: PathBuf,
}

impl Backend {
    fn start(home: &Path, switches: &[String]) -> Backend {
        let (cert, key, ready) = (home.join("backend.pem"), home.join("backend.key"), home.join("backend.json"));
        let mut openssl = clean("openssl");
        openssl.args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "9",
        ]);
        openssl.args(["-subj", "/CN=backend", "-addext", "subjectAltName=IP:127.0.0.1"]);
        openssl.args(["-addext", "basicConstraints=critical,CA:FALSE"]).arg("-keyout").arg(&key).arg("-out").arg(&cert);
        let made = openssl.output().unwrap();
        assert!(made.status.success(), "{}", text(&made.stderr));
        let mut command = clean("python3");
        command.arg(tests("independent_client/backend.py")).arg("--cert").arg(&cert).arg("--key").arg(&key);
        let child = command.arg("--ready-file").arg(&ready).args(switches).stdin(Stdio::piped()).spawn().unwrap();
        let url = listening(&ready)["url"].as_str().unwrap().to_owned();
        Backend { child, url, ca: cert }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The content of a ready file, once it exists.
fn listening(ready: &Path) -> Value {
    let until = Instant::now() + PATIENCE;
    while !ready.exists() {
        assert!(Instant::now() < until, "{} was not written", ready.display());
        std::thread::sleep(Duration::from_millis(20));
    }
    serde_json::from_slice(&std::fs::read(ready).unwrap()).unwrap()
}

/// The command of the Python till, with its state in this directory.
fn till(home: &Path) -> Vec<String> {
    let path = |path: PathBuf| path.to_str().unwrap().to_owned();
    vec![
        "python3".to_owned(),
        path(tests("independent_client/till.py")),
        "--memory".to_owned(),
        path(home.join("memory.json")),
    ]
}

/// Driver lines from their short form: an action and its amount (`wait` and its seconds).
fn lines(acts: &[String]) -> String {
    let line = |act: &String| {
        let (act, amount) = act.split_once(' ').unwrap_or((act, ""));
        let mut line = json!({ "act": act });
        if !amount.is_empty() {
            line[if ["wait", "idle"].contains(&act) { "seconds" } else { "amount" }] = amount.into();
        }
        format!("{line}\n")
    };
    acts.iter().map(line).collect()
}

/// Records a driven client before a backend.
fn recorded(home: &Path, backend: &Backend, features: &str, client: &[String], acts: &[String]) -> Output {
    std::fs::write(home.join("lines"), lines(acts)).unwrap();
    let mut command = record(home);
    command.args(["--capture", "capture", "--features", features, "--upstream", &backend.url, "--upstream-ca"]);
    command.arg(&backend.ca).args(["--", "sh", "-c", "exec \"$@\" < lines", "sh"]).args(client);
    command.output().unwrap()
}

fn verdict(home: &Path) -> Value {
    let output = poscert(home).args(["verify", "capture", "--format", "json"]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
}

/// The ids of the requirements with this status.
fn with_status(verdict: &Value, status: &str) -> Vec<String> {
    let requirements = verdict["requirements"].as_array().unwrap().iter();
    requirements.filter(|one| one["status"] == status).map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

/// The ids of the cases with this status.
fn cases(verdict: &Value, status: &str) -> Vec<String> {
    let features = verdict["features"].as_array().unwrap().iter();
    let cases = features.flat_map(|feature| feature["cases"].as_array().unwrap());
    cases.filter(|case| case["status"] == status).map(|case| case["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn python_till_is_certified_in_all_features() {
    let home = tempfile::tempdir().unwrap();
    let mut command = poscert(home.path());
    command.args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    command.args(["--bound", "500", "--capture", "capture", "--client-version", "3.1.4", "--"]).args(till(home.path()));
    let output = command.args(["--client-id", CLIENT_ID, "--client-secret", CLIENT_SECRET]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let verdict = verdict(home.path());
    assert_eq!(verdict["verdict"], "passed");
    for status in ["failed", "not-tested", "in-progress"] {
        assert_eq!(cases(&verdict, status), [""; 0], "{status}");
    }
    assert_eq!(with_status(&verdict, "failed"), [""; 0]);
}

#[derive(Deserialize)]
struct Expected {
    run: Vec<Run>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Run {
    name: String,
    mistake: Option<String>,
    /// Options of the till.
    #[serde(default)]
    switches: Vec<String>,
    #[serde(default = "both")]
    features: String,
    acts: Vec<String>,
    backend: Vec<String>,
    /// The overall verdict.
    verdict: String,
    failed: Vec<String>,
    warned: Vec<String>,
    /// Cases that pass.
    passed: Vec<String>,
    /// Cases that fail.
    broken: Vec<String>,
}

fn both() -> String {
    "onboarding,payment".to_owned()
}

/// Runs one entry of the table; returns the deviation from it, if any.
fn told_otherwise(run: &Run) -> Option<String> {
    let home = tempfile::tempdir().unwrap();
    let backend = Backend::start(home.path(), &run.backend);
    let mut client = till(home.path());
    client.extend(run.switches.iter().cloned());
    client.extend(run.mistake.iter().flat_map(|mistake| ["--mistake".to_owned(), mistake.clone()]));
    let output = recorded(home.path(), &backend, &run.features, &client, &run.acts);
    let verdict = verdict(home.path());
    let code = match run.verdict.as_str() {
        "failed" => 1,
        "incomplete" => 3,
        _ => 0,
    };
    let seen = (
        verdict["verdict"].as_str().unwrap().to_owned(),
        output.status.code(),
        with_status(&verdict, "failed"),
        with_status(&verdict, "warning"),
        cases(&verdict, "passed"),
        cases(&verdict, "failed"),
    );
    let wanted = (
        run.verdict.clone(),
        Some(code),
        run.failed.clone(),
        run.warned.clone(),
        run.passed.clone(),
        run.broken.clone(),
    );
    let words = || format!("{}:\n  wanted {wanted:?}\n  seen   {seen:?}\n{}", run.name, text(&output.stderr));
    (seen != wanted).then(words)
}

#[test]
fn each_mistake_of_the_python_till_gets_the_predicted_verdict() {
    let table = std::fs::read_to_string(tests("independent_client/expected.toml")).unwrap();
    let runs: Expected = toml::from_str(&table).unwrap();
    assert!(runs.run.iter().filter(|run| run.mistake.is_some()).count() >= 12);
    let (waiting, otherwise) = (Mutex::new(VecDeque::from(runs.run)), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                let next = || waiting.lock().unwrap().pop_front();
                while let Some(run) = next() {
                    let words = told_otherwise(&run);
                    otherwise.lock().unwrap().extend(words);
                }
            });
        }
    });
    let otherwise = otherwise.into_inner().unwrap();
    assert!(otherwise.is_empty(), "{}", otherwise.join("\n\n"));
}

#[test]
fn reference_till_works_with_the_python_backend() {
    let home = tempfile::tempdir().unwrap();
    let switches = ["--customer", "accept", "--phone", "+4520031804", "--fault", "InitiatePayment:500"];
    let faults = ["--fault", "CapturePayment:held", "--fault", "CreateRefund:500"];
    let backend =
        Backend::start(home.path(), &switches.iter().chain(&faults).map(|s| (*s).to_owned()).collect::<Vec<_>>());
    let client = [env!("CARGO_BIN_EXE_poscert"), "till", "--memory", "till.json", "drive"].map(str::to_owned);
    let acts = ["onboard", "offboard", "onboard", "pay 12.50", "refund 5", "prepare", "ready 30", "offboard", "end"];
    let features = "onboarding,payment,prepared-payment,refund,loyalty";
    let output = recorded(home.path(), &backend, features, &client, &acts.map(str::to_owned));
    let verdict = verdict(home.path());
    for wrong in [with_status(&verdict, "failed"), with_status(&verdict, "warning"), cases(&verdict, "failed")] {
        assert_eq!(wrong, [""; 0], "{}", text(&output.stderr));
    }
    let passed = ["onboarding/3", "payment/5", "loyalty/1"];
    assert_eq!(cases(&verdict, "passed"), passed, "{}", text(&output.stderr));
    assert_eq!(output.status.code(), Some(3), "not every fault was met: {}", text(&output.stderr));
}

/// A sandbox on a free port, stopped on drop.
struct OwnSandbox(Child);

impl Drop for OwnSandbox {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn both_backends_respond_alike() {
    for seed in ["1", "3", "23"] {
        let home = tempfile::tempdir().unwrap();
        let python = Backend::start(home.path(), &[]);
        let ready = home.path().join("sandbox.json");
        let mut command: Command = poscert(home.path());
        command.args(["sandbox", "--listen", "127.0.0.1:0", "--ready-file"]).arg(&ready);
        let _sandbox = OwnSandbox(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
        let said = listening(&ready);
        let mut differ = clean("python3");
        differ.arg(tests("independent_client/differ.py")).args(["--seed", seed, "--steps", "600"]);
        differ
            .args([said["base_url"].as_str().unwrap(), said["ca"].as_str().unwrap(), python.url.as_str()])
            .arg(&python.ca);
        let output = differ.output().unwrap();
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    }
}
