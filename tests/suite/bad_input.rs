//! Tests of invalid input through the built program: a one-line error with the location and the next step, exit code 2
//! if the command cannot continue, and no panic.

use super::poscert_process::*;
use super::wire;
use std::path::Path;
use std::process::Output;

const EMPTY_HAR: &str = r#"{"log":{"version":"1.2","creator":{"name":"x","version":"1"},"entries":[]}}"#;

/// Records a capture directory with a few exchanges.
fn capture(home: &Path, name: &str, calls: usize) {
    let recording = Recording::start(home, &["--quiet", "--capture", name]);
    let url = format!("{}/stores", recording.field("base_url"));
    for _ in 0..calls {
        let curl = ["--silent", "--noproxy", "*", "--max-time", "20", "--cacert", recording.field("ca"), &url];
        assert!(clean("curl").args(curl).status().unwrap().success());
    }
    recording.stop();
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Runs every command that reads a capture.
fn readers(home: &Path, capture: &str) -> Vec<Output> {
    let all = [vec!["verify"], vec!["show"], vec!["show", "--json"], vec!["export", "-o", "out.har"]];
    all.iter().map(|command| poscert(home).args(command).arg(capture).output().unwrap()).collect()
}

#[test]
fn unreadable_captures_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    capture(home, "whole", 6);
    let export = poscert(home).args(["export", "whole", "-o", "whole.har"]).output().unwrap();
    assert_eq!(export.status.code(), Some(0), "{}", text(&export.stderr));
    let har = std::fs::read(home.join("whole.har")).unwrap();
    std::fs::write(home.join("half.har"), &har[..har.len() / 2]).unwrap();
    std::fs::write(home.join("nothing.har"), "").unwrap();
    std::fs::write(home.join("nothing.poscert"), "").unwrap();
    std::fs::write(home.join("page.har"), "<html>not found</html>").unwrap();
    std::fs::write(home.join("other.har"), "{\"entries\": []}").unwrap();
    std::fs::create_dir(home.join("empty")).unwrap();
    // Stores with fewer records than their heads say: the last part is empty, removed or of another capture.
    capture(home, "whole", 4);
    capture(home, "other", 1);
    for name in ["torn", "cut", "gone", "fewer"] {
        copy(&home.join("whole"), &home.join(name));
        let part = home.join(name).join("part-000002");
        let store = part.join("db");
        match name {
            "torn" => std::fs::write(store, "").unwrap(),
            "cut" => {
                let bytes = std::fs::read(&store).unwrap();
                std::fs::write(store, &bytes[..bytes.len() / 3]).unwrap();
            }
            _ => std::fs::remove_dir_all(&part).unwrap(),
        }
        if name == "fewer" {
            copy(&home.join("other/part-000001"), &part);
        }
    }
    copy(&home.join("whole"), &home.join("headless"));
    std::fs::remove_file(home.join("headless/head")).unwrap();
    copy(&home.join("whole"), &home.join("newer"));
    let head = std::fs::read_to_string(home.join("newer/head")).unwrap();
    assert!(head.contains("\"format\":1"), "{head}");
    std::fs::write(home.join("newer/head"), head.replacen("\"format\":1", "\"format\":2", 1)).unwrap();
    let newer = text(&har).replacen("\"format\":1", "\"format\":2", 1);
    std::fs::write(home.join("newer.har"), newer).unwrap();
    for (input, words) in [
        ("half.har", ["half.har is truncated or invalid JSON", "export it again"]),
        ("nothing.har", ["nothing.har is empty", "pass a capture directory, a signed archive or a HAR file"]),
        ("nothing.poscert", ["nothing.poscert is empty", "pass a capture directory, a signed archive or a HAR file"]),
        ("page.har", ["page.har is HTML or XML, not a HAR 1.2 file", "export the session"]),
        ("other.har", ["other.har is not a HAR 1.2 file", "export it again"]),
        ("empty", ["empty is not a capture", "pass a capture directory, a signed archive or a HAR file"]),
        ("no-such", ["no-such", "check the path"]),
        ("no-such.har", ["no-such.har", "check the path"]),
        ("headless", ["headless is damaged", "use another copy"]),
        ("torn", ["torn/part-000002", "use another copy"]),
        ("cut", ["cut/part-000002", "use another copy"]),
        ("gone", ["gone/part-000002", "use another copy"]),
        ("fewer", ["fewer/part-000002", "use another copy"]),
        ("newer", ["newer has format 2, but this version reads format 1", "or a newer one"]),
        ("newer.har", ["newer.har has _poscert format 2", "use a newer poscert"]),
    ] {
        for output in readers(home, input) {
            refused(&output, &words);
        }
    }
    // The recorder resumes none of these captures.
    for (input, word) in [("headless", "damaged"), ("newer", "format 2")] {
        refused(&record(home).args(["--capture", input, "--", "true"]).output().unwrap(), &[word]);
    }
    let file = record(home).args(["--capture", "whole.har", "--", "true"]).output().unwrap();
    refused(&file, &["whole.har"]);
    // An empty HAR is readable: it shows nothing, so the verdict is incomplete.
    std::fs::write(home.join("empty.har"), EMPTY_HAR).unwrap();
    let output = poscert(home).args(["verify", "empty.har"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    assert!(text(&output.stdout).to_lowercase().contains("incomplete"), "{}", text(&output.stdout));
    // With several inputs the readable ones are judged, and the exit code is the worst one.
    let output = poscert(home).args(["verify", "empty.har", "half.har"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("half.har") && text(&output.stdout).contains("incomplete"));
}

#[test]
fn invalid_options_and_rules_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    std::fs::write(home.join("empty.har"), EMPTY_HAR).unwrap();
    let verify = |arguments: &[&str]| poscert(home).args(["verify", "empty.har"]).args(arguments).output().unwrap();
    refused(&verify(&["--features", "onboarding,paiment"]), &["--features", "`paiment`", "choose from onboarding"]);
    refused(&verify(&["--client-version", "x"]), &["--client-version", "`x`", "2.1.0"]);
    refused(&verify(&["--client-version", "1.2"]), &["--client-version", "Major.Minor.Build"]);
    refused(&verify(&["--client-id", "x"]), &["--client-id", "`x`", "GUID"]);
    refused(&verify(&["--rules", "no-such"]), &["no-such"]);
    refused(&verify(&["--output", "no/such/file"]), &["no/such/file", "choose another file"]);
    refused(&verify(&["--report", "json=no/such/file"]), &["no/such/file", "choose another file"]);
    let rules = home.join("rules");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("rules"), &rules);
    let file = rules.join("payment.toml");
    let whole = std::fs::read_to_string(&file).unwrap();
    for (from, to, meant) in [
        ("\npattern = \"each\"", "\npatern = \"each\"", "`pattern`"),
        (
            "call.amount == payment.capture_failed_amount\"",
            "call.amont == payment.capture_failed_amount\"",
            "`call.amount`",
        ),
        ("level = \"must\"", "level = must\"", "payment.toml"),
    ] {
        let broken = whole.replacen(from, to, 1);
        assert_ne!(broken, whole, "{from}");
        let line =
            1 + broken.bytes().zip(whole.bytes()).take_while(|(a, b)| a == b).filter(|(a, _)| *a == b'\n').count();
        std::fs::write(&file, &broken).unwrap();
        let output = verify(&["--rules", "rules"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let place = format!("payment.toml:{line}:");
        assert!(said.contains(&place) && said.contains(meant), "{place} {meant}: {said}");
        let column = said.split(&place).nth(1).unwrap_or_default();
        assert!(column.starts_with(|c: char| c.is_ascii_digit()), "no column: {said}");
        assert!(!said.contains("panicked at"), "{said}");
    }
}

#[test]
fn recorder_that_cannot_start_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().map(|address| (taken, address.to_string())).unwrap();
    for option in ["--listen", "--proxy-listen"] {
        let other = if option == "--listen" { "--proxy-listen" } else { "--listen" };
        let output = poscert(home).args(["record", other, "127.0.0.1:0", option, &taken.1, "--", "true"]).output();
        refused(&output.unwrap(), &[&taken.1, "is already in use", option, "or 0 for a free port"]);
    }
    std::fs::write(home.join("file"), "x").unwrap();
    let run = |arguments: &[&str]| record(home).args(arguments).args(["--", "true"]).output().unwrap();
    refused(&run(&["--capture", "file"]), &["file"]);
    refused(&run(&["--capture", "file/below"]), &["file/below"]);
    refused(&run(&["--capture", "/proc/poscert-capture"]), &["/proc/poscert-capture"]);
    refused(&run(&["--upstream", "ftp://a"]), &["ftp://a", "looks like https://"]);
    refused(&run(&["--features", "paiment"]), &["paiment"]);
    refused(&run(&["--client-version", "x"]), &["--client-version"]);
    // A capture that another recorder has locked.
    let first = Recording::start(home, &["--capture", "held"]);
    refused(&run(&["--capture", "held"]), &["held"]);
    first.stop();
    for arguments in [&["--listen", "here"][..], &["--durability", "forever"], &["--no-such-flag"]] {
        let output = run(arguments);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(arguments[0]) && said.contains("--help"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn invalid_upstream_is_reported_to_every_client() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    // A port below those that tests get from the system: nothing listens there.
    let free = "127.0.0.1:1";
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let plain_address = plain.local_addr().unwrap();
    std::thread::spawn(move || {
        use std::io::Write;
        for stream in plain.incoming() {
            let _ = stream.and_then(|mut stream| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
        }
    });
    let stranger = wire::RawBackend::start(&wire::authority(), vec![vec![wire::Act::AwaitEnd]]).await;
    for (what, upstream, words) in [
        ("unresolvable", "https://api.nowhere.invalid/pos/v10".to_owned(), ["api.nowhere.invalid", "--upstream"]),
        ("refused", format!("https://{free}"), ["refused", "--upstream"]),
        ("not TLS", format!("https://{plain_address}"), ["TLS", "--upstream"]),
        ("untrusted", format!("https://{}", stranger.addr), ["certificate", "--upstream-ca"]),
    ] {
        let capture = what.replace(' ', "-");
        let recording = Recording::start(home, &["--upstream", &upstream, "--capture", &capture]);
        let url = format!("{}/stores", recording.field("base_url"));
        let curl = ["--silent", "--noproxy", "*", "--max-time", "30", "--cacert", recording.field("ca"), &url];
        let answer = clean("curl").args(curl).args(["-w", "%{http_code}"]).output().unwrap();
        let answer = text(&answer.stdout);
        assert!(answer.ends_with("502"), "{what}: {answer}");
        let said = recording.stop();
        for word in words {
            assert!(answer.contains(word), "{what}: {word} is not in {answer}");
        }
        assert!(said.contains("502") && !said.contains("panicked at"), "{said}");
        let recorded = exchanges(home, &capture);
        assert_eq!((&recorded[0]["answered_by"], &recorded[0]["answer"]["status"]), (&"recorder".into(), &502.into()));
        assert_eq!(recorded[0]["end"]["by"], "backend", "{what}: {}", recorded[0]["end"]);
    }
}

#[test]
fn clients_that_do_not_trust_the_ca_are_reported() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let recording = Recording::start(home, &[]);
    let url = format!("{}/stores", recording.field("base_url"));
    let host = recording.field("listen").rsplit_once(':').unwrap().1.to_owned();
    let curl = clean("curl").args(["--silent", "--noproxy", "*", "--max-time", "20", &url]).output().unwrap();
    assert_eq!(curl.status.code(), Some(60), "curl does not trust it");
    let node = format!("fetch('https://127.0.0.1:{host}/').catch((e) => console.log(e.cause?.code))");
    let node = clean("node").args(["-e", &node]).output().unwrap();
    assert!(text(&node.stdout).contains("UNABLE_TO"), "{}{}", text(&node.stdout), text(&node.stderr));
    let script = format!("import requests\nrequests.get('https://127.0.0.1:{host}/', timeout=20)");
    let python = clean(python()).args(["-c", &script]).output().unwrap();
    assert!(text(&python.stderr).contains("CERTIFICATE_VERIFY_FAILED"), "{}", text(&python.stderr));
    // The recorder keeps running and logs each failure in one line.
    std::thread::sleep(std::time::Duration::from_millis(300));
    let said = recording.stop();
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("does not trust the CA")).collect();
    let (summary, lines): (Vec<&str>, Vec<&str>) =
        lines.into_iter().partition(|line| line.contains("3 connections failed; the last: "));
    assert_eq!((summary.len(), lines.len()), (1, 3), "{said}");
    assert!(lines.iter().all(|line| line.contains("poscert ca")), "{said}");
    let events: Vec<_> =
        shown(home, "poscert-capture").into_iter().filter(|record| record["record"] == "connection").collect();
    assert_eq!(events.len(), 3, "{events:?}");
    for event in &events {
        assert!(event["detail"].as_str().unwrap().contains("does not trust the CA"), "{event}");
    }
    assert!(exchanges(home, "poscert-capture").is_empty());
}

#[test]
fn endless_files_and_terminal_escapes_are_refused() {
    use super::archive::V1;
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let rules = |name: &str, file: &str, text: &str| {
        std::fs::create_dir_all(home.join(name)).unwrap();
        std::fs::write(home.join(name).join(file), text).unwrap();
    };
    std::fs::create_dir_all(home.join("endless")).unwrap();
    std::os::unix::fs::symlink("/dev/zero", home.join("endless/z.toml")).unwrap();
    let long = format!("require = {:?}", vec!["true"; 2000].join(" && "));
    for entry in std::fs::read_dir(tests("../rules")).unwrap() {
        let entry = entry.unwrap();
        let rule = std::fs::read_to_string(entry.path()).unwrap();
        let rule = rule.replace("require = \"call.base == client.base\"", &long);
        rules("long", &text(entry.file_name().as_encoded_bytes()), &rule);
    }
    for file in ["one.toml", "two.toml"] {
        rules("many", file, &format!("# {}\n", "x".repeat(600 * 1024)));
    }
    rules("loud", "a\u{1b}]0;b\u{7}.toml", "x = \u{1b}[31m\n");
    let over = |arguments: &[&str]| poscert(home).args(["verify", V1]).args(arguments).output().unwrap();
    refused(&over(&["--expect", "/dev/zero"]), &["--expect /dev/zero", "it has more than"]);
    refused(&over(&["--trusted-key", "/dev/zero"]), &["/dev/zero", "it has more than"]);
    refused(&over(&["--rules", "endless"]), &["z.toml", "it has more than"]);
    refused(&over(&["--rules", "many"]), &["at most 1048576 are read"]);
    for (folder, words) in [("long", "is too long: 15996 bytes"), ("loud", "\\u{1b}")] {
        let output = over(&["--rules", folder]);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(words), "{said}");
        assert!(said.len() < 5000 && !said.contains('\u{1b}') && !said.contains('\u{7}'), "{said:?}");
    }
    // A file-size limit causes a write error.
    let limited = "ulimit -f 1; exec \"$0\" export \"$1\" -o x.har";
    let limited = clean("sh")
        .args(["-c", limited, env!("CARGO_BIN_EXE_poscert"), V1])
        .current_dir(home)
        .env("HOME", home)
        .output();
    let limited = limited.unwrap();
    assert_eq!(limited.status.code(), Some(2), "{}", text(&limited.stderr));
    assert!(!home.join("x.har").exists());
}
