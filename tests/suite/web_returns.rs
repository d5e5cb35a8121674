//! Tests of the ends of a certification on the web page, and of returning to it: an expired link, a resumed capture, a
//! verdict that is served until the page is closed, a new attempt from there.

use super::poscert_process::*;
use super::served_page::{PATIENCE, Served, TOLD, body, ready, status};
use std::path::Path;
use std::process::Stdio;

/// Runs the reference client against the base URL of a page's recorder.
fn till(home: &Path, arguments: &[&str]) -> bool {
    let base = ready(home)["base_url"].as_str().unwrap().to_owned();
    let mut command = poscert(home);
    command.args(["till", "--base-url", &base, "--state-file", "till.json", "--client-version", "2.1.0"]);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success()
}

#[test]
fn expired_link_and_resumed_capture_say_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let first = Served::start(home.path(), &TOLD);
    first.until(|state| state["phase"] == "certification");
    assert!(till(home.path(), &["onboard"]));
    first.until(|state| state["cases"][0]["status"] == "passed");
    // The same address, as the next run takes the same port.
    let before = first.url();
    assert_eq!(first.end(), Some(3));
    std::fs::remove_file(home.path().join("ready.json")).unwrap();
    std::fs::remove_file(home.path().join("till.json")).unwrap();
    let address = before.split('/').nth(2).unwrap().to_owned();
    let again = Served::start(home.path(), &["--page", &address]);
    again.until(|state| state["phase"] == "certification");
    let refused = again.raw("GET /?token=00 HTTP/1.1\nHost: HOST\nConnection: close\n\n");
    assert_eq!(status(&refused), 403);
    assert!(refused.contains("This link has expired") && refused.contains("<style>"), "{refused}");
    assert!(refused.contains("content-security-policy: default-src 'none'; style-src 'sha256-"), "{refused}");
    let made = clean("bash").arg(tests("browser-env")).stderr(Stdio::inherit()).status().unwrap();
    assert!(made.success(), "tests/browser-env failed");
    let mut node = clean("node");
    node.arg(tests("browser/returning.mjs")).args([&before, &again.url()]).env("HOME", home.path());
    let walked = node.output().unwrap();
    assert!(walked.status.success(), "{}{}", text(&walked.stdout), text(&walked.stderr));
    assert_eq!(again.end(), Some(3));
}

#[test]
fn verdict_is_served_until_it_is_closed_even_if_nobody_has_opened_the_page() {
    let home = tempfile::tempdir().unwrap();
    // With everything given and a driver, no one has to look at the page.
    let told = [&TOLD[..], &["--driver", "cat > /dev/null; sleep 1", "--wait", "1"]].concat();
    let page = Served::start(home.path(), &told);
    page.until(|state| state["phase"] == "approval");
    std::thread::sleep(std::time::Duration::from_secs(2));
    let shown = page.get("/");
    assert!(status(&shown) == 200 && shown.contains("id=\"verdict-title\""), "{shown}");
    let name = shown.find("<strong><bdi>Acme till</bdi></strong>");
    let id = shown.find("c0ffee00-0000-4000-8000-000000000001, version");
    assert!(name.is_some() && name < id, "the name comes before the id: {shown}");
    assert_eq!(status(&page.get("/step/certification")), 200);
    assert_eq!(status(&page.post("/close", "")), 200);
    let mut page = page;
    assert_eq!(ended(&mut page.child).code(), Some(1), "no case was shown in time");
}

#[test]
fn resumed_capture_that_can_no_longer_pass_offers_a_new_attempt() {
    let home = tempfile::tempdir().unwrap();
    let first = Served::start(home.path(), &TOLD);
    first.until(|state| state["phase"] == "certification");
    till(home.path(), &["--broken", "no-version", "onboard"]);
    first.until(|state| state["standing"] == "failed");
    assert_eq!(first.end(), Some(1));
    std::fs::remove_file(home.path().join("ready.json")).unwrap();
    let again = Served::start(home.path(), &[]);
    again.until(|state| state["standing"] == "failed");
    let shown = again.get("/");
    for words in ["Capture resumed.", "already broken: this attempt can no longer pass", "new-attempt-resumed-ask"] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    assert_eq!(status(&again.post("/start-over", "")), 200);
    again.until(|state| state["standing"] == "incomplete");
    assert_eq!(again.end(), Some(3));
}

#[test]
fn new_attempt_starts_from_the_verdict_at_the_same_address() {
    let home = tempfile::tempdir().unwrap();
    let page = Served::start(home.path(), &TOLD);
    let begun = page.until(|state| state["phase"] == "certification");
    assert_eq!(status(&page.post("/new-attempt", "")), 422, "there is no verdict yet");
    assert!(till(home.path(), &["--broken", "no-version", "onboard"]) || page.state()["exchanges"].as_u64() > Some(0));
    let broken = page.until(|state| state["standing"] == "failed");
    assert!(!broken["broken"].as_array().unwrap().is_empty(), "{broken}");
    let shown = page.get("/");
    assert!(shown.contains("cannot be corrected in this attempt"), "{shown}");
    assert!(shown.contains("new-attempt-standing"), "{shown}");
    page.post("/verdict", "");
    page.until(|state| state["phase"] == "approval");
    assert_eq!(status(&page.post("/new-attempt", "")), 200);
    let anew = page.until(|state| state["phase"] == "certification");
    assert_eq!((&anew["base_url"], &anew["broken"]), (&begun["base_url"], &serde_json::json!([])));
    assert_eq!((&anew["exchanges"], &anew["standing"]), (&0.into(), &"incomplete".into()));
    assert!(page.get("/").contains("New attempt."));
    page.post("/verdict", "");
    page.until(|state| state["phase"] == "approval");
    assert_eq!(page.end(), Some(3));
    let (verdict, _) = verdict(home.path(), &["capture"]);
    assert_eq!((&verdict["capture"]["attempts"], &verdict["verdict"]), (&2.into(), &"incomplete".into()));
}

#[test]
fn api_reference_is_linked_and_not_recorded() {
    let home = tempfile::tempdir().unwrap();
    let page = Served::start(home.path(), &TOLD);
    page.until(|state| state["phase"] == "certification");
    assert!(page.get("/").contains("href=\"/reference\""));
    let reference = page.get("/reference");
    assert!(status(&reference) == 200 && reference.contains("PoS API v10 reference"), "{reference}");
    assert!(reference.contains("content-security-policy: script-src 'none'"), "{reference}");
    let openapi: serde_json::Value = serde_json::from_str(body(&page.get("/openapi.json"))).unwrap();
    assert_eq!(openapi["openapi"], "3.0.3");
    assert_eq!(page.state()["exchanges"], 0);
    let begun = std::time::Instant::now();
    assert_eq!(page.end(), Some(3));
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn optional_case_holds_nobody_up_and_a_skip_says_what_it_means() {
    let home = tempfile::tempdir().unwrap();
    let page = Served::start(home.path(), &TOLD);
    page.until(|state| state["due"]["case"] == "onboarding/1");
    let shown = page.get("/");
    assert!(shown.contains("Skip this case") && shown.contains("ends as failed, and so does the verdict"), "{shown}");
    assert_eq!(body(&page.post("/skip", "case=onboarding/1&step=1")), "case onboarding/1 skipped");
    let state = page.until(|state| state["cases"][0]["status"] == "failed");
    let reason = state["failures"]["onboarding/1"].as_str().unwrap();
    assert!(reason.contains("the operator skipped it after"), "{reason}");
    // The till performs what is due until only the optional case is left.
    assert_eq!(status(&page.post("/again", "case=onboarding/1")), 200);
    for (case, act) in [("onboarding/1", "onboard"), ("onboarding/2", "offboard"), ("onboarding/3", "onboard")] {
        page.until(|state| state["due"]["case"] == case);
        assert!(till(home.path(), &[act]), "{act}");
    }
    page.until(|state| state["due"]["case"] == "onboarding/4");
    let shown = page.get("/");
    assert!(shown.contains("All required cases passed.") && shown.contains("id=\"finish\""), "{shown}");
    assert_eq!(page.state()["standing"], "passed");
    page.post("/verdict", "");
    page.until(|state| state["phase"] == "approval");
    assert_eq!(page.end(), Some(0));
}
