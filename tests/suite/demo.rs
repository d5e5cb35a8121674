//! Tests of `poscert demo` through the built program: the correct client passes, and each mistake leads to exactly the
//! expected findings.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Demos that run at the same time: they mostly wait.
const AT_ONCE: usize = 16;
/// Delay between the first starts: the setup needs CPU time, and tills have short timeouts.
const APART: Duration = Duration::from_millis(300);

#[derive(serde::Deserialize)]
struct Catalogue {
    broken: Vec<Announced>,
}

#[derive(serde::Deserialize)]
struct Announced {
    id: String,
    fails: Vec<String>,
    #[serde(default)]
    cases_not_passed: Vec<String>,
}

fn poscert(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_poscert")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The verdict on a capture, evaluated again by `poscert verify`.
fn verdict(capture: &Path) -> (serde_json::Value, i32) {
    let output = poscert(&["verify", "--format", "json", capture.to_str().unwrap()]);
    (serde_json::from_slice(&output.stdout).unwrap(), output.status.code().unwrap())
}

fn ids(list: &serde_json::Value, wanted: impl Fn(&serde_json::Value) -> bool) -> Vec<String> {
    let wanted = list.as_array().unwrap().iter().filter(|entry| wanted(entry));
    wanted.map(|entry| entry["id"].as_str().unwrap().to_owned()).collect()
}

/// The deviation of a mistake's findings from the expected ones, if any.
fn complaint(announced: &Announced, folder: &Path) -> Option<String> {
    let capture = folder.join(&announced.id);
    let output = poscert(&["demo", "--broken", &announced.id, "--capture", capture.to_str().unwrap()]);
    let printed = text(&output.stdout);
    if output.status.code() != Some(1) || printed.contains("NOT as expected") {
        return Some(format!("{}: {:?}\n{printed}{}", announced.id, output.status.code(), text(&output.stderr)));
    }
    let (verdict, code) = verdict(&capture);
    let failed = ids(&verdict["requirements"], |requirement| requirement["status"] == "failed");
    let cases = verdict["features"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|feature| ids(&feature["cases"], |case| case["optional"] == false && case["status"] != "passed"));
    let cases: Vec<String> = cases.collect();
    let exact = failed == announced.fails && cases == announced.cases_not_passed && code == 1;
    (!exact).then(|| format!("{}: failed {failed:?}, not passed {cases:?}", announced.id))
}

#[test]
fn correct_client_passes_within_a_minute_and_without_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let capture = folder.path().join("capture");
    let start = Instant::now();
    let output = poscert(&["demo", "--capture", capture.to_str().unwrap()]);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    let printed = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{printed}{}", text(&output.stderr));
    assert!(printed.contains("\nVerdict: passed\n"), "{printed}");
    assert!(printed.contains(&format!("\nCapture: {}\n", capture.display())), "{printed}");
    let (verdict, code) = verdict(&capture);
    assert_eq!((verdict["verdict"].as_str(), code), (Some("passed"), 0));
    assert_eq!(ids(&verdict["requirements"], |requirement| requirement["status"] == "warning"), [""; 0]);
    for feature in verdict["features"].as_array().unwrap() {
        assert_eq!(ids(&feature["cases"], |case| case["status"] != "passed"), [""; 0], "optional ones too");
    }
}

#[test]
fn each_mistake_has_exactly_the_expected_findings() {
    let folder = tempfile::tempdir().unwrap();
    let catalogue: Catalogue = toml::from_str(include_str!("../../fixtures/misbehaviors.toml")).unwrap();
    assert!(catalogue.broken.len() >= 12);
    let left = Mutex::new(catalogue.broken.iter());
    let complaints = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            std::thread::sleep(APART);
            scope.spawn(|| {
                loop {
                    let Some(announced) = left.lock().unwrap().next() else { break };
                    let complaint = complaint(announced, folder.path());
                    complaints.lock().unwrap().extend(complaint);
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap();
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

#[test]
fn invalid_options_are_refused_with_a_message() {
    let list = poscert(&["demo", "--broken", "list"]);
    assert_eq!(list.status.code(), Some(0));
    assert!(text(&list.stdout).contains("polls-too-soon"));
    let unknown = poscert(&["demo", "--broken", "nonsense"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(text(&unknown.stderr).contains("--broken list"));
    let full = tempfile::tempdir().unwrap();
    std::fs::write(full.path().join("something"), "").unwrap();
    let refused = poscert(&["demo", "--capture", full.path().to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("is not empty"));
}
