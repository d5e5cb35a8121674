//! Tests of what a user does first and must not pay for: the lines that the program prints to paste, the API reference
//! beside the recorder, and scratch captures.

use super::poscert_process::*;
use std::path::Path;
use std::process::Command;

/// The printed lines that run curl, without their labels.
fn curl_lines(said: &str) -> Vec<String> {
    let commands = said.lines().filter_map(|line| line.find("curl --cacert").map(|at| line[at..].to_owned()));
    commands.collect()
}

/// Runs a line as pasted into a shell; returns its output.
fn paste(home: &Path, line: &str) -> String {
    let mut command = clean("timeout");
    command.args(["60", "sh", "-c", line]).current_dir(home).env("HOME", home);
    let output = command.output().unwrap();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

/// The requirements that a capture breaks, musts and shoulds.
fn broken(home: &Path, capture: &str) -> Vec<String> {
    let (verdict, _) = verdict(home, &[capture]);
    [with_status(&verdict, "failed"), with_status(&verdict, "warning")].concat()
}

#[test]
fn each_printed_curl_line_leaves_a_capture_unbroken() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let recording = Recording::start(home, &[]);
    let said = std::fs::read_to_string(home.join("stdout.txt")).unwrap();
    let ca = text(&poscert(home).arg("ca").output().unwrap().stdout);
    let address = recording.field("listen").to_owned();
    // `ca` knows only the default address.
    let ca_lines: Vec<String> = curl_lines(&ca).iter().map(|line| line.replace("127.0.0.1:8443", &address)).collect();
    let lines = curl_lines(&said);
    assert!(lines.len() >= 3 && ca_lines.len() >= 2, "{said}{ca}");
    let told: Vec<String> = lines.iter().chain(&ca_lines).map(|line| paste(home, line)).collect();
    assert!(told.iter().filter(|text| text.contains("trusts poscert's CA")).count() == 2, "{told:?}");
    assert!(told.iter().any(|text| text.contains("storeIds")), "the first call failed: {told:?}");
    recording.stop();
    let targets: Vec<String> = exchanges(home, "poscert-capture")
        .iter()
        .map(|exchange| exchange["request"]["target"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(targets, ["/integrator-authentication/connect/token", "/pos/v10/stores"]);
    assert_eq!(broken(home, "poscert-capture"), Vec::<String>::new());
}

#[test]
fn the_lines_of_certify_leave_a_capture_unbroken() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut command = poscert(home);
    command.args(["certify", "--capture", "capture", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    command.args(["--no-page", "--features", "onboarding", "--client-version", "3.2.1", "--bound", "600"]);
    let certifying = Recording::spawn(home, command);
    let said = || {
        std::fs::read_to_string(home.join("stdout.txt")).unwrap_or_default()
            + &std::fs::read_to_string(home.join("stderr.txt")).unwrap_or_default()
    };
    let lines = curl_lines(&said());
    assert!(lines.iter().any(|line| line.contains("System-Version: 3.2.1")), "{}", said());
    for line in &lines {
        paste(home, line);
    }
    let id = certifying.pid().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    certifying.ended();
    assert_eq!(exchanges(home, "capture").len(), 2);
    assert_eq!(broken(home, "capture"), Vec::<String>::new());
}

#[test]
fn api_reference_is_served_beside_the_recorder_and_not_recorded() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let recording = Recording::start(home, &[]);
    let (base, ca) = (recording.field("base_url").to_owned(), recording.field("ca").to_owned());
    let origin = base.strip_suffix("/pos/v10").unwrap();
    let get = |more: &[&str], path: &str| {
        let output = clean("curl")
            .current_dir(home)
            .args(["-sS", "--cacert", &ca])
            .args(more)
            .arg(format!("{origin}{path}"))
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{path}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    let page = get(&[], "/reference");
    for part in ["<h1>PoS API v10 reference</h1>", "InitiatePayment", "X-IBM-Client-Id", "+4520031801", &base] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    let openapi: serde_json::Value = serde_json::from_str(&get(&[], "/openapi.json")).unwrap();
    assert_eq!(openapi["paths"]["/pos/v10/stores"]["get"]["summary"], "Lists the ids of the merchant's stores");
    assert!(get(&["-I"], "/reference?x=1").contains("text/html"));
    // Several on one connection, with a call between them: numbers have no gap.
    let third = format!("{origin}/reference");
    let both = get(&["-o", "a", &third, "-o", "b", &format!("{base}/stores"), "-o", "c"], "/openapi.json");
    assert_eq!(both, "");
    // Only reads are answered here, and only at the base URL's address.
    get(&["-X", "POST", "-d", "x=1"], "/reference");
    recording.stop();
    let all = exchanges(home, "poscert-capture");
    let seen: Vec<_> = all.iter().map(|one| (one["number"].as_u64(), one["request"]["target"].as_str())).collect();
    assert_eq!(seen, [(Some(1), Some("/pos/v10/stores")), (Some(2), Some("/reference"))]);
    let (verdict, _) = verdict(home, &["poscert-capture"]);
    assert_eq!(verdict["capture"]["complete"], true);
}

#[test]
fn scratch_capture_is_shown_but_never_judged() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let recording = Recording::start(home, &["--scratch", "--capture", "trial"]);
    let base = recording.field("base_url").to_owned();
    paste(home, &format!("curl -s --cacert ca/ca.pem {base}/stores"));
    recording.stop();
    assert!(std::fs::read_to_string(home.join("trial/SCRATCH")).unwrap().contains("never verified"));
    assert_eq!(exchanges(home, "trial").len(), 1);
    let said = text(&poscert(home).args(["show", "trial"]).output().unwrap().stderr);
    assert!(said.contains("scratch capture"), "{said}");
    let words = ["trial is a scratch capture", "record without --scratch"];
    let run = |arguments: &[&str]| poscert(home).args(arguments).output().unwrap();
    refused(&run(&["verify", "trial"]), &words);
    refused(&run(&["export", "trial", "-o", "trial.poscert"]), &words);
    refused(&run(&["export", "trial", "-o", "trial.har"]), &words);
    refused(&run(&["certify", "--capture", "trial", "--no-page"]), &words);
    let again = |arguments: &[&str]| record(home).args(arguments).output().unwrap();
    refused(&again(&["--capture", "trial"]), &["trial is a scratch capture", "--scratch"]);
    // It can be continued as what it is, and evidence is not continued as scratch.
    Recording::start(home, &["--scratch", "--capture", "trial"]).stop();
    Recording::start(home, &["--capture", "evidence"]).stop();
    refused(&again(&["--capture", "evidence", "--scratch"]), &["choose another --capture"]);
    assert!(!home.join("evidence/SCRATCH").exists());
    // With a command, its result is the exit code, as there is no verdict.
    let with_command = again(&["--scratch", "--capture", "other", "--", "true"]);
    assert_eq!(with_command.status.code(), Some(0), "{}", text(&with_command.stderr));
    assert_eq!(again(&["--scratch", "--capture", "other", "--", "false"]).status.code(), Some(4));
}
