//! Tests of how a command or driver started by poscert ended, and of the resulting exit code.

use super::certify::{POSCERT, cases, certify, poscert, text, verdict};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const TOKEN: &str = "curl -sS -o token -u $POSCERT_CLIENT_ID:$POSCERT_CLIENT_SECRET -d grant_type=client_credentials \
                     -d merchant_vat=DK90000028 ${POSCERT_BASE_URL%/pos/v10}/integrator-authentication/connect/token";

fn record(home: &Path, command: &[&str]) -> Command {
    let mut record = poscert(home);
    record.args(["record", "-q", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--capture", "capture"]);
    record.args(["--features", "onboarding", "--"]).args(command);
    record
}

/// Checks the exit code, and that the output reports how the command ended.
fn ends(output: &Output, code: i32, words: &str) {
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    assert!(said.contains(words), "{words:?} is not in {said}");
}

fn ledger(home: &Path) -> String {
    text(&poscert(home).args(["ledger", "list"]).output().unwrap().stdout)
}

#[test]
fn failed_driver_prevents_the_certificate_and_failed_command_the_pass() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let run = |driver: &str| {
        let mut command = certify(home, "onboarding");
        command.args(["--integrator-id", "ACME", "--client-version", "2.1.0"]);
        command.args(["--client-id", "c0ffee00-0000-4000-8000-000000000001"]);
        command.args(["--", "sh", "-c", driver]).output().unwrap()
    };
    // It carries out all actions and the end, and then fails by itself.
    let output = run(&format!("'{POSCERT}' till drive; exit 9"));
    ends(&output, 4, "the recording passed, but the command `sh` ended with exit status: 9: the exit code is 4");
    ends(&output, 4, "No certificate is issued: the command `sh` ended with exit status: 9.");
    assert_eq!(verdict(home, None)["verdict"], "passed");
    assert!(!ledger(home).contains("ACME"), "{}", ledger(home));
    assert!(
        !std::fs::read_dir(home).unwrap().any(|entry| entry
            .unwrap()
            .file_name()
            .to_string_lossy()
            .contains("certificate"))
    );

    // The recording passes, so the command decides. It fetches a token, so that something is recorded.
    let after_a_call = |end: &str| record(home, &["sh", "-c", &format!("{TOKEN} && {end}")]).output().unwrap();
    ends(&after_a_call("exit 7"), 4, "`sh` ended with exit status: 7");
    ends(&after_a_call("kill -9 $$"), 4, "`sh` was killed by signal: 9");
    ends(&after_a_call("true"), 0, "PASSED");
    ends(&record(home, &["./not-there"]).output().unwrap(), 2, "cannot start `./not-there`");

    // Only the driver's exit code prevented the certificate.
    let output = run(&format!("'{POSCERT}' till drive"));
    ends(&output, 0, "Certificate ");
    assert!(ledger(home).contains("ACME"), "{}", ledger(home));
}

#[test]
fn exit_code_of_a_recording_that_did_not_pass_stays_and_the_command_is_named() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    // No call was made.
    ends(&record(home, &["sh", "-c", "exit 7"]).output().unwrap(), 3, "the command `sh` ended with exit status: 7");
    ends(&record(home, &["true"]).output().unwrap(), 3, "INCOMPLETE");
    // A driver that crashes while a step is due ends the wait.
    let begun = Instant::now();
    let output = certify(home, "onboarding").args(["--", "sh", "-c", "read line; kill -TERM $$"]).output().unwrap();
    ends(&output, 3, "the command was killed by signal: 15");
    ends(&output, 3, "before all cases were done (onboarding/1 step 1 was due)");
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
    let output = certify(home, "onboarding").args(["--", "./not-there"]).output().unwrap();
    ends(&output, 2, "cannot start `./not-there`");
    assert!(cases(&verdict(home, None)).iter().all(|(_, status)| status == "not-tested"));
}

#[test]
fn exit_status_of_an_interrupted_command_is_ignored() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    // Like Ctrl-C in a terminal: the signal goes to the recorder and to its command.
    let mut command = record(home, &["sh", "-c", "trap 'exit 130' INT; touch begun; while :; do sleep 0.1; done"]);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let child = command.stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while !home.join("begun").exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "the command does not begin");
        std::thread::sleep(Duration::from_millis(20));
    }
    let group = format!("-{}", child.id());
    assert!(Command::new("kill").args(["-INT", "--", &group]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(!said.contains("exit status"), "{said}");
}
