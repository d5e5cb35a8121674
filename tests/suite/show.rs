//! Tests of `poscert show` as its users run it.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn poscert() -> Command {
    Command::new(env!("CARGO_BIN_EXE_poscert"))
}

fn show(args: &[&str]) -> Output {
    poscert().arg("show").args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A HAR of `count` calls. The second has no response, and a header of each contains terminal escapes.
fn har(dir: &Path, count: usize) -> PathBuf {
    let entries = (0..count).map(|at| {
        serde_json::json!({
            "startedDateTime": format!("2024-03-01T12:{:02}:{:02}.000Z", at / 60 % 60, at % 60), "time": 20,
            "request": {"method": "POST", "url": "https://a.example/pos/v10/payments", "httpVersion": "HTTP/1.1",
                "headers": [{"name": "X-Till", "value": "\u{1b}[2J"}, {"name": "Authorization", "value": "Bearer CANARY-123456"}],
                "postData": {"mimeType": "application/json", "text": "{\"amount\":1E2,\"customerToken\":\"CANARY-123456\"}"}},
            "response": {"status": if at == 1 { 0 } else { 200 }, "headers": [], "content": {"size": 2, "text": "{}"}},
        })
    });
    let path = dir.join("session.har");
    std::fs::write(&path, serde_json::json!({"log": {"entries": entries.collect::<Vec<_>>()}}).to_string()).unwrap();
    path
}

#[test]
fn exchanges_are_shown_without_secrets_and_without_tricks() {
    let dir = tempfile::tempdir().unwrap();
    let har = har(dir.path(), 3);
    let har = har.to_str().unwrap();
    let before = std::fs::read_dir(dir.path()).unwrap().count();
    let list = show(&[har]);
    assert!(list.status.success());
    let lines: Vec<String> = text(&list.stdout).lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!(lines[0], "    # time (UTC)    status method target  duration");
    assert_eq!(lines[1], "    1 12:00:00.000Z 200    POST   /pos/v10/payments  20.0 ms");
    assert!(lines[2].contains(" --- ") && lines[2].contains("no response delivered: the client"), "{}", lines[2]);
    assert_eq!(text(&show(&[har, "2..3"]).stdout).lines().count(), 3);

    let page = text(&show(&[har, "1"]).stdout);
    assert!(page.contains("\"amount\": 1E2") && page.contains("Authorization: Bearer redacted-"), "{page}");
    assert!(page.contains("X-Till: \\u{1b}[2J"), "{page}");
    for args in [&[har][..], &[har, "1"], &[har, "--json"], &[har, "1", "--json"]] {
        let out = show(args);
        assert!(!text(&out.stdout).contains("CANARY") && !out.stdout.contains(&0x1b), "{args:?}");
    }
    let json: Vec<serde_json::Value> =
        text(&show(&[har, "--json"]).stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(json.len(), 3);
    assert_eq!((&json[2]["number"], &json[1]["answer"]), (&3.into(), &serde_json::Value::Null));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), before, "something was written next to it");
}

#[test]
fn invalid_arguments_give_a_one_line_error_and_exit_code_2() {
    let dir = tempfile::tempdir().unwrap();
    let har = har(dir.path(), 3);
    let whole = std::fs::read(&har).unwrap();
    let cut = dir.path().join("cut.har");
    std::fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    let (har, cut) = (har.to_str().unwrap(), cut.to_str().unwrap());
    let place = dir.path().to_str().unwrap();
    for (args, words) in [
        (vec![har, "7"], "does not contain exchange 7: it contains 3"),
        (vec![cut], "cut.har is truncated or invalid JSON"),
        (vec![place], "is not a capture"),
        (vec!["nowhere"], "cannot open nowhere"),
    ] {
        let out = show(&args);
        assert_eq!(out.status.code(), Some(2), "{args:?}");
        let error = text(&out.stderr);
        assert!(error.contains(words) && crate::poscert_process::is_one_error(&error), "{args:?}: {error}");
    }
    assert_eq!(show(&[har, "0"]).status.code(), Some(2));
    assert!(text(&show(&["--help"]).stdout).contains("poscert show capture 12"));
}

#[test]
fn closed_output_pipe_gives_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let har = har(dir.path(), 3000);
    let mut child =
        poscert().arg("show").arg(&har).arg("--json").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut some = [0; 100];
    child.stdout.take().unwrap().read_exact(&mut some).unwrap();
    let out = child.wait_with_output().unwrap();
    // Only the remark on the file's clock remains, nothing about the closed pipe.
    let said = text(&out.stderr);
    let complaints: Vec<&str> =
        said.lines().filter(|line| !line.contains("the times of the HAR have a resolution")).collect();
    assert_eq!((out.status.code(), complaints), (Some(0), Vec::new()));
}
