//! Tests of operator commands at the keyboard while `certify` runs, and of a certification that is killed and resumed.

use super::certify::{SCRIPTED, cases, certify, hasty_rules, poscert, text, verdict};
use super::poscert_process::ended;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);

/// A certification with an operator at the till.
struct Attended {
    process: Child,
    keys: ChildStdin,
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Attended {
    fn start(home: &Path, rules: &Path) -> Attended {
        let mut command = poscert(home);
        command.args(["certify", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--no-page"]);
        command.args(["--features", "onboarding", "--capture", "capture", "--ready-file", "ready.json", "--rules"]);
        command.arg(rules).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let (keys, out) = (process.stdin.take().unwrap(), process.stderr.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Attended { process, keys, lines, seen: Vec::new() }
    }

    fn ask(&mut self, line: &str) {
        writeln!(self.keys, "{line}").unwrap();
    }

    /// Waits for a line that contains this text.
    fn hears(&mut self, wanted: &str) {
        let begun = Instant::now();
        loop {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let Ok(line) = self.lines.recv_timeout(left) else { panic!("no {wanted:?} in {:#?}", self.seen) };
            self.seen.push(line.clone());
            if line.contains(wanted) {
                return;
            }
        }
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Performs an action with the reference client, which finds the recorder through the ready file.
fn till(home: &Path, act: &str) {
    let ready: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(home.join("ready.json")).unwrap()).unwrap();
    let output = poscert(home).args(["till", act, "--base-url", ready["base_url"].as_str().unwrap()]).output().unwrap();
    assert!(output.status.success(), "{act}: {}", text(&output.stderr));
}

#[test]
fn operator_can_skip_a_wait_retry_a_case_and_start_over() {
    let home = tempfile::tempdir().unwrap();
    let rules = hasty_rules(home.path(), 20);
    let mut run = Attended::start(home.path(), &rules);
    run.hears("Onboard a point of sale on the till");
    run.ask("what");
    run.hears("unknown command; available");
    till(home.path(), "onboard");
    run.hears("\u{2713} onboarding/1");
    run.hears("Offboard the point of sale");
    run.ask("again onboarding/1");
    run.hears("onboarding/1 has already passed");
    run.ask("notify");
    run.hears("no callback URL");
    run.ask("skip");
    run.hears("\u{2717} onboarding/2 Offboard a PoS: step 1 of 1 (DeletePos (timeout) (500)) was not tried: the operator skipped it");
    run.ask("again onboarding/2");
    run.hears("repeating onboarding/2");
    run.hears("Offboard the point of sale");
    till(home.path(), "offboard");
    run.hears("\u{2713} onboarding/2");
    till(home.path(), "onboard");
    run.hears("\u{2713} onboarding/3");
    run.ask("start over");
    run.hears("attempt 2 started; the previous one ended with verdict passed");
    run.hears("Onboard a point of sale on the till");
    // The till finds its existing point of sale, and is asked to offboard it first.
    till(home.path(), "onboard");
    run.hears("Offboard the point of sale that the till has");
    till(home.path(), "offboard");
    till(home.path(), "onboard");
    run.hears("\u{2713} onboarding/1");
    run.ask("end");
    assert_eq!(ended(&mut run.process).code(), Some(3));
    let verdict = verdict(home.path(), Some(&rules));
    assert_eq!(verdict["capture"]["attempts"], 2);
    let statuses: Vec<String> = cases(&verdict).into_iter().map(|(_, status)| status).collect();
    // The till's look-up before the offboarding shows the restart.
    assert_eq!(statuses, ["passed", "not-tested", "not-tested", "passed"], "of the second attempt alone");
}

#[test]
fn killed_certification_resumes() {
    let home = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = certify(home.path(), "payment-restrictions");
        command.args(["--poll-delay", "300", "--", "python3", SCRIPTED]).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    let mut first = start();
    // Kill it during a payment.
    let out = BufReader::new(first.stderr.take().unwrap());
    let mut lines = out.lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("payment-restrictions/1 step 2") || line.contains("customer checks in")));
    first.kill().unwrap();
    first.wait().unwrap();
    let second = start().wait_with_output().unwrap();
    let said = text(&second.stdout) + &text(&second.stderr);
    assert!(said.contains("\u{2713} onboarding/1 Onboard a PoS: already passed in"), "{said}");
    assert!(said.contains("has no point of sale at this backend"), "{said}");
    // An interrupted run can never pass, which is reported at once; completed cases are not repeated.
    assert!(said.contains("A run in this capture did not stop cleanly"), "{said}");
    assert_eq!(second.status.code(), Some(3), "{said}");
    let verdict = verdict(home.path(), None);
    assert_eq!(verdict["capture"]["complete"], false);
    for wanted in ["onboarding/1", "onboarding/2", "onboarding/3", "payment-restrictions/1"] {
        let status = cases(&verdict).into_iter().find(|(id, _)| id == wanted).map(|(_, status)| status);
        assert_eq!(status.as_deref(), Some("passed"), "{wanted}: {said}");
    }
}
