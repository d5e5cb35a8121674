//! Reproductions of public clients of the API (`tests/real_clients/`): each behaves on the wire like the original,
//! before a recorder with injected faults, and gets exactly the verdict written down beforehand.

use super::poscert_process::*;
use poscert::api::customer::{Account, CustomerAct};
use poscert::api::{Amount, Fault};
use poscert::capture::{Writer, WriterOptions};
use poscert::pki::{Authority, Name};
use poscert::proxy::{
    Limits, NoopObserver, ProxyHandle, RecorderConfig, Script, ScriptedFaults, Trust, Upstream, start,
};
use poscert::sandbox::{Sandbox, SandboxOptions};
use serde::Deserialize;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

/// The longest time for one client.
const PATIENCE: Duration = Duration::from_secs(170);

#[derive(Deserialize)]
struct Expected {
    portrait: Vec<Portrait>,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Portrait {
    name: String,
    /// Script and its argument.
    run: Vec<String>,
    #[serde(default = "both")]
    features: String,
    #[serde(default = "second")]
    poll_delay_ms: u64,
    verdict: String,
    failed: Vec<String>,
    warned: Vec<String>,
    /// Cases that pass.
    #[serde(default)]
    passed: Vec<String>,
    /// Cases that fail.
    #[serde(default)]
    broken: Vec<String>,
}

fn both() -> String {
    "onboarding,payment".to_owned()
}

fn second() -> u64 {
    1000
}

/// A request from a client script to its test environment, as a line of JSON.
#[derive(Deserialize)]
#[serde(untagged)]
enum Told {
    Arm { arm: Vec<(String, String)> },
    Customer { customer: String, does: String, account: String },
    Obstruct { obstruct: String },
    Balance { balance: String },
}

/// The test environment: a sandbox, and a recorder with injected faults before it.
struct Stage {
    sandbox: Sandbox,
    faults: Arc<ScriptedFaults>,
    recorder: ProxyHandle,
    backend: String,
    ca: std::path::PathBuf,
}

impl Stage {
    async fn set(home: &Path, poll_delay_ms: u64) -> Stage {
        let authority = Arc::new(Authority::open(&home.join("ca")).unwrap());
        let tls = authority.server_config_for(&[Name::parse("127.0.0.1").unwrap()]).unwrap();
        let sandbox = Sandbox::new(SandboxOptions { poll_delay_ms, ..SandboxOptions::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let backend = format!("https://{}", listener.local_addr().unwrap());
        let served = sandbox.clone();
        tokio::spawn(async move { served.serve(listener, tls, std::future::pending()).await });
        let trust = Trust::Roots(vec![authority.certificate().clone()]);
        let config = RecorderConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            proxy_listen: "127.0.0.1:0".parse().unwrap(),
            upstream: Upstream::parse(&backend, trust).unwrap(),
            names: Vec::new(),
            tunnel: Vec::new(),
            private: Vec::new(),
            pages: poscert::proxy::LocalPages::default(),
            limits: Limits::default(),
        };
        let faults = Arc::new(ScriptedFaults::default());
        let ca = authority.files().pem.clone();
        let writer = Writer::open(&home.join("capture"), WriterOptions::default()).unwrap();
        let recorder = start(config, authority, writer, faults.clone(), Arc::new(NoopObserver)).await.unwrap();
        Stage { sandbox, faults, recorder, backend, ca }
    }

    /// Carries out a request; the error is a message for the client script.
    fn hear(&self, line: &str) -> Result<(), String> {
        match serde_json::from_str(line).map_err(|error| format!("{line}: {error}"))? {
            Told::Arm { arm } => {
                for (operation, fault) in arm {
                    let operation = poscert::profile::pos_v10().operation(&operation).ok_or(operation)?;
                    let known = [Fault::Timeout, Fault::ServerError];
                    let fault = known.into_iter().find(|known| known.name() == fault).ok_or(fault)?;
                    self.faults.arm(Script::new(operation, [fault]));
                }
                Ok(())
            }
            Told::Customer { customer, does, account } => {
                let all = [Account::Credit, Account::Debit, Account::Loyalty, Account::PartialCapture];
                let account = all.into_iter().find(|known| known.name() == account).ok_or(account)?;
                let act = match does.as_str() {
                    "check-in" => CustomerAct::CheckIn(account),
                    "accept" => CustomerAct::Accept,
                    _ => CustomerAct::Cancel,
                };
                self.sandbox.customer(&customer, act)
            }
            Told::Obstruct { obstruct } => {
                self.sandbox.obstruct(&obstruct).then_some(()).ok_or_else(|| format!("no PoS has {obstruct}"))
            }
            Told::Balance { balance } => {
                let amount = Amount::parse(&balance).map_err(|error| format!("{balance}: {error:?}"))?;
                self.sandbox
                    .store_balance(super::capturing_backend::STORE, Some(amount))
                    .then_some(())
                    .ok_or("no store".to_owned())
            }
        }
    }
}

/// Runs a client script.
async fn perform(stage: &Stage, portrait: &Portrait) -> Result<(), String> {
    let script = tests("real_clients").join(&portrait.run[0]);
    let mut child = Command::new("python3")
        .arg(script)
        .args(&portrait.run[1..])
        .env("PORTRAIT_ORIGIN", format!("https://{}", stage.recorder.base_addr))
        .env("PORTRAIT_BACKEND", &stage.backend)
        .env("PORTRAIT_CA", &stage.ca)
        .env("PORTRAIT_CLIENT_ID", CLIENT_ID)
        .env("PORTRAIT_CLIENT_SECRET", CLIENT_SECRET)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answers = child.stdin.take().unwrap();
    while let Some(line) = lines.next_line().await.unwrap() {
        let answer = stage.hear(&line).err().unwrap_or_else(|| "ok".to_owned());
        answers.write_all(format!("{answer}\n").as_bytes()).await.unwrap();
    }
    let output = child.wait_with_output().await.unwrap();
    if output.status.success() { Ok(()) } else { Err(text(&output.stderr)) }
}

/// The deviation of the verdict on a client from the expected one, if any.
async fn complaint(portrait: Portrait) -> Option<String> {
    let home = tempfile::tempdir().unwrap();
    let stage = Stage::set(home.path(), portrait.poll_delay_ms).await;
    let performed = tokio::time::timeout(PATIENCE, perform(&stage, &portrait)).await;
    let left = stage.faults.left();
    stage.recorder.stop().await.unwrap();
    match performed {
        Err(_) => return Some(format!("{}: took longer than {PATIENCE:?}", portrait.name)),
        Ok(Err(why)) => return Some(format!("{}: {why}", portrait.name)),
        Ok(Ok(())) if left > 0 => return Some(format!("{}: {left} faults met no call", portrait.name)),
        Ok(Ok(())) => {}
    }
    let (verdict, code) = verdict(home.path(), &["capture", "--features", &portrait.features]);
    let wanted = match portrait.verdict.as_str() {
        "passed" => 0,
        "failed" => 1,
        _ => 3,
    };
    let cases = |status: &str| {
        let features = verdict["features"].as_array().unwrap().iter();
        let cases = features.flat_map(|feature| feature["cases"].as_array().unwrap());
        let of_status = cases.filter(|case| case["status"] == status);
        of_status.map(|case| case["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (failed, warned) = (with_status(&verdict, "failed"), with_status(&verdict, "warning"));
    let (passed, broken) = (cases("passed"), cases("failed"));
    let exact = verdict["verdict"] == portrait.verdict.as_str()
        && code == wanted
        && (&failed, &warned) == (&portrait.failed, &portrait.warned)
        && portrait.passed.iter().all(|case| passed.contains(case))
        && portrait.broken.iter().all(|case| broken.contains(case));
    let findings = || {
        let all = verdict["requirements"].as_array().unwrap().iter();
        let with = all.filter(|requirement| !requirement["findings"].as_array().unwrap().is_empty());
        with.map(|requirement| format!("\n    {} {}", requirement["id"], requirement["findings"][0]))
            .collect::<String>()
    };
    (!exact).then(|| {
        format!(
            "{}: {} {code}\n  failed {failed:?}, not {:?}\n  warned {warned:?}, not {:?}\n  passed {passed:?}, with {:?}\n  \
             broken {broken:?}, with {:?}{}",
            portrait.name, verdict["verdict"], portrait.failed, portrait.warned, portrait.passed, portrait.broken, findings()
        )
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn each_client_gets_the_expected_verdict() {
    let expected: Expected = toml::from_str(include_str!("../real_clients/expected.toml")).unwrap();
    assert!(expected.portrait.len() >= 17);
    let only = std::env::var("PORTRAIT").ok();
    let begun = Instant::now();
    let wanted =
        expected.portrait.into_iter().filter(|one| only.as_ref().is_none_or(|only| one.name.starts_with(only)));
    // They mostly wait, so they run concurrently.
    let tasks: Vec<_> = wanted.map(|portrait| tokio::spawn(complaint(portrait))).collect();
    let mut complaints = Vec::new();
    for task in tasks {
        complaints.extend(task.await.unwrap());
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(begun.elapsed() < Duration::from_secs(180), "{:?}", begun.elapsed());
}
