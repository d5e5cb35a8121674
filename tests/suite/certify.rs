//! Tests of `poscert certify --unattended` as in a CI job: whole certifications, passing and failing.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub(super) const POSCERT: &str = env!("CARGO_BIN_EXE_poscert");
/// A scripted till that can be quick, slow or wrong.
pub(super) const SCRIPTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/scripted_till.py");

pub(super) fn poscert(home: &Path) -> Command {
    let mut command = Command::new(POSCERT);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("POSCERT_")) {
        command.env_remove(name);
    }
    command.current_dir(home).env("POSCERT_CA_DIR", home.join("ca")).env("POSCERT_TILL_MEMORY", home.join("till.json"));
    // Key and ledger belong to the test, too.
    command.env("XDG_DATA_HOME", home.join("data")).stdin(Stdio::null());
    command
}

pub(super) fn certify(home: &Path, features: &str) -> Command {
    let mut command = poscert(home);
    command.args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    command.args(["--bound", "400", "--features", features, "--capture", "capture"]);
    command
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The verdict on the capture, as any reader gets it.
pub(super) fn verdict(home: &Path, rules: Option<&Path>) -> Value {
    let mut command = poscert(home);
    command.args(["verify", "capture", "--format", "json"]);
    if let Some(rules) = rules {
        command.arg("--rules").arg(rules);
    }
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
}

pub(super) fn cases(verdict: &Value) -> Vec<(String, String)> {
    let features = verdict["features"].as_array().unwrap().iter();
    let cases = features.flat_map(|feature| feature["cases"].as_array().unwrap());
    cases.map(|case| (case["id"].as_str().unwrap().to_owned(), case["status"].as_str().unwrap().to_owned())).collect()
}

pub(super) fn all_passed(verdict: &Value) -> bool {
    cases(verdict).iter().all(|(_, status)| status == "passed")
}

/// The built-in rules with shorter waits: the tests check that a wait ends, not how long it is.
pub(super) fn hasty_rules(home: &Path, unattended_s: u32) -> PathBuf {
    let folder = home.join("rules");
    std::fs::create_dir_all(&folder).unwrap();
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/rules")).unwrap() {
        let from = entry.unwrap().path();
        let rules = std::fs::read_to_string(&from).unwrap();
        let hasty = rules
            .replace("unattended_s = 20", &format!("unattended_s = {unattended_s}"))
            .replace("by_hand_s = 300", "by_hand_s = 60")
            .replace("wait-s = 90", "wait-s = 1");
        std::fs::write(folder.join(from.file_name().unwrap()), hasty).unwrap();
    }
    folder
}

/// Checks that a failed case is reported in the same words live, in the final report and in a later verdict.
pub(super) fn told_alike(home: &Path, rules: &Path, output: &Output, wanted: &str) {
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(said.lines().any(|line| line.ends_with(wanted)), "no line of {said} ends with {wanted:?}");
    let later = poscert(home).args(["verify", "capture", "--rules"]).arg(rules).output().unwrap();
    let sentence = wanted.split_once(": ").unwrap().1;
    // The report wraps its lines.
    let report = text(&later.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(report.contains(sentence), "{report} does not say {sentence:?}");
}

#[test]
fn reference_till_is_certified_in_all_features() {
    let home = tempfile::tempdir().unwrap();
    let all = "onboarding,payment,prepared-payment,refund,loyalty,payment-restrictions";
    let mut command = certify(home.path(), all);
    command.args(["--integrator-id", "ACME", "--client-version", "2.1.0", "--system-name", "poscert till"]);
    let output = command.args(["--", POSCERT, "till", "drive"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let verdict = verdict(home.path(), None);
    assert!(all_passed(&verdict), "{:?}", cases(&verdict));
    assert_eq!(verdict["profile"]["integrator_id"], "ACME");
    assert_eq!(verdict["verdict"], "passed");
}

#[test]
fn refunds_alone_are_certified_with_payments_to_refund() {
    let home = tempfile::tempdir().unwrap();
    let output = certify(home.path(), "refund").args(["--", POSCERT, "till", "drive"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(all_passed(&verdict(home.path(), None)));
}

#[test]
fn till_without_pauses_meets_every_due_fault() {
    let home = tempfile::tempdir().unwrap();
    let features = "onboarding,payment,prepared-payment,refund,loyalty,payment-restrictions";
    let mut command = certify(home.path(), features);
    let output = command.env("SCRIPTED_PACE", "eager").args(["--", "python3", SCRIPTED]).output().unwrap();
    let verdict = verdict(home.path(), None);
    assert!(all_passed(&verdict), "{:?}\n{}", cases(&verdict), text(&output.stderr));
    // It polls without a pause, which is a separate failure.
    assert_eq!(output.status.code(), Some(1));
    let failed = verdict["requirements"].as_array().unwrap().iter().filter(|one| one["status"] == "failed");
    let failed: Vec<&str> = failed.map(|one| one["id"].as_str().unwrap()).collect();
    assert_eq!(failed, ["ALL-16", "ALL-17"]);
}

#[test]
fn slow_till_is_certified() {
    let home = tempfile::tempdir().unwrap();
    let mut command = certify(home.path(), "payment-restrictions");
    let output = command.env("SCRIPTED_PACE", "slow").args(["--", "python3", SCRIPTED]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let verdict = verdict(home.path(), None);
    let mandatory = cases(&verdict).into_iter().filter(|(id, _)| id != "payment-restrictions/3");
    assert!(mandatory.into_iter().all(|(_, status)| status == "passed"), "{:?}", cases(&verdict));
}

#[test]
fn till_without_retries_fails_at_that_step_and_the_certification_continues() {
    let home = tempfile::tempdir().unwrap();
    let rules = hasty_rules(home.path(), 4);
    let mut command = certify(home.path(), "onboarding");
    command.arg("--rules").arg(&rules).args(["--", POSCERT, "till", "--broken", "no-retry", "drive"]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    let verdict = verdict(home.path(), Some(&rules));
    assert_eq!(cases(&verdict)[0], ("onboarding/1".to_owned(), "failed".to_owned()));
    // The exact wait depends on the machine.
    let wanted = "✗ onboarding/1 Onboard a PoS: failed at step 1 of 1 (CreatePos (timeout) (500)): its timeout ";
    let said = text(&output.stdout) + &text(&output.stderr);
    let line = said.lines().find_map(|line| line.find(wanted).map(|at| &line[at..]));
    let line = line.unwrap_or_else(|| panic!("no {wanted:?} in {said}"));
    assert!(line.ends_with(" expired (1 call of this step arrived)"), "{line}");
    told_alike(home.path(), &rules, &output, line);
}

#[test]
fn till_without_requests_times_out_and_has_tried_nothing() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("session.toml"), "wait = 1\nfeatures = [\"onboarding\"]\n").unwrap();
    let mut command = poscert(home.path());
    command.args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    command.args([
        "--session",
        "session.toml",
        "--capture",
        "capture",
        "--",
        "sh",
        "-c",
        "while read line; do :; done",
    ]);
    let output = command.output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.contains("failed at step"), "{said}");
    assert!(said.contains("--wait SECONDS"), "{said}");
    let verdict = verdict(home.path(), None);
    let first = &verdict["features"][0]["cases"][0];
    assert_eq!((&first["status"], &first["wait"]["ended"]), (&"failed".into(), &"timed-out".into()), "{first}");
    assert_eq!((&first["wait"]["calls"], &first["wait"]["step"]), (&0.into(), &1.into()), "{first}");
    let message = first["steps"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("no call arrived within "), "{message}");
    // Only the first call has a longer wait.
    let waited = |case: usize| verdict["features"][0]["cases"][case]["wait"]["waited_ms"].as_u64().unwrap();
    assert!(waited(0) >= 6000 && waited(1) >= 1000, "{} {}", waited(0), waited(1));
    let wanted = format!("step 1 of 1 (CreatePos (timeout) (500)) was not tried: {message}");
    for format in ["text", "junit", "html", "markdown"] {
        let output = poscert(home.path()).args(["verify", "capture", "--format", format]).output().unwrap();
        let report = text(&output.stdout).replace("&#40;", "(").replace("&#41;", ")").replace("&#58;", ":");
        let report = report.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(report.contains(&wanted), "{format}: {report} does not say {wanted:?}");
    }
    for (arguments, wanted) in [(["--wait", "0"], "--wait"), (["--wait", "99999999"], "--wait")] {
        let output = poscert(home.path()).arg("certify").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(wanted), "{}", text(&output.stderr));
    }
    std::fs::write(home.path().join("session.toml"), "wait = 0\n").unwrap();
    let output = poscert(home.path()).args(["certify", "--session", "session.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("wait: 0 is not 1 to 86400 seconds"), "{}", text(&output.stderr));
}

#[test]
fn certification_resumes_and_a_new_attempt_starts_over() {
    let home = tempfile::tempdir().unwrap();
    let session = "integrator-id = \"ACME\"\nclient-version = \"2.1.0\"\nfeatures = []\n";
    std::fs::write(home.path().join("session.toml"), session).unwrap();
    let run = |more: &[&str], till: &[&str]| {
        let mut command = poscert(home.path());
        command.args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
        command
            .args(["--bound", "200", "--capture", "capture"])
            .args(more)
            .arg("--")
            .args([POSCERT, "till"])
            .args(till);
        command.output().unwrap()
    };
    // The driver ends after the first action.
    let first = run(&["--session", "session.toml"], &["onboard"]);
    assert_eq!(first.status.code(), Some(3), "{}", text(&first.stderr));
    assert!(text(&first.stderr).contains("before all cases were done"));
    let second = run(&[], &["drive"]);
    let said = text(&second.stdout) + &text(&second.stderr);
    assert_eq!(second.status.code(), Some(0), "{said}");
    assert!(
        said.contains("✓ onboarding/1 Onboard a PoS: already passed in")
            && said.contains("has no point of sale at this backend"),
        "{said}"
    );
    assert_eq!(verdict(home.path(), None)["profile"]["integrator_id"], "ACME");
    let third = run(&["--new-attempt"], &["drive"]);
    assert_eq!(third.status.code(), Some(0), "{}", text(&third.stderr));
    let verdict = verdict(home.path(), None);
    assert_eq!((verdict["capture"]["attempts"].as_u64(), verdict["verdict"].as_str()), (Some(2), Some("passed")));
    assert!(all_passed(&verdict));
}

#[test]
fn invalid_settings_are_refused_with_a_message() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("odd.toml"), "client-version = \"2\"\n").unwrap();
    for (arguments, wanted) in [
        (&["--unattended"][..], "--unattended needs a driver command"),
        (&["--session", "none.toml"], "cannot read the session file none.toml"),
        (&["--session", "odd.toml"], "is not Major.Minor.Build"),
        (&["--features", "cash"], "is not a feature"),
        (&["--client-id", "x"], "is not a GUID"),
    ] {
        let output = poscert(home.path()).arg("certify").args(arguments).output().unwrap();
        let said = text(&output.stdout) + &text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(wanted) && crate::poscert_process::is_one_error(&said), "{said}");
    }
    assert!(!home.path().join("poscert-capture").exists(), "nothing was started");
}

#[test]
fn hanging_driver_is_killed_at_the_bound_with_its_children() {
    let home = tempfile::tempdir().unwrap();
    let mut command = poscert(home.path());
    command.args(["certify", "--unattended", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    command.args(["--capture", "capture", "--features", "onboarding", "--bound", "1"]);
    let begun = std::time::Instant::now();
    let output = command.args(["--driver", "sleep 300 & echo $! > child; wait"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("did not exit in time"));
    assert!(begun.elapsed() < std::time::Duration::from_secs(25), "{:?}", begun.elapsed());
    let child = std::fs::read_to_string(home.path().join("child")).unwrap();
    let left = std::fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
    assert!(left.is_empty() || left.contains(") Z "), "{left}");
}
