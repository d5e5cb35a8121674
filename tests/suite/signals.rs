//! Tests of signals that ask to stop: closing the terminal ends a run like Ctrl-C, and loses nothing.

use super::poscert_process::*;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn send(signal: &str, pid: u32) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

/// Starts a command and waits for its ready file.
fn started(home: &Path, arguments: &[&str]) -> Child {
    let ready = home.join("ready.json");
    let _ = std::fs::remove_file(&ready);
    let mut command = poscert(home);
    command.args(arguments).args(["--ready-file", "ready.json"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let begun = Instant::now();
    while !ready.exists() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it is not ready");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

const ADDRESSES: [&str; 4] = ["--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"];

#[test]
fn sighup_ends_every_command_gracefully() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let commands: [(&[&str], Option<i32>); 3] = [
        (&["record", "--capture", "a"], Some(0)),
        // Nothing was recorded.
        (&["certify", "--no-page", "--capture", "b"], Some(3)),
        (&["sandbox", "--listen", "127.0.0.1:0"], Some(0)),
    ];
    for (arguments, code) in commands {
        let addresses = if arguments[0] == "sandbox" { &[][..] } else { &ADDRESSES[..] };
        let child = started(home, &[arguments, addresses].concat());
        send("-HUP", child.id());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), code, "{arguments:?}: {}", text(&output.stderr));
    }
    for capture in ["a", "b"] {
        assert!(poscert::capture::open(&home.join(capture)).unwrap().complete, "{capture}");
    }
}

#[test]
fn sighup_is_ignored_if_it_was_ignored_at_the_start() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let mut command = clean("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" record --listen 127.0.0.1:0 --proxy-listen 127.0.0.1:0"]);
    command.arg(env!("CARGO_BIN_EXE_poscert")).current_dir(home).env("POSCERT_CA_DIR", home.join("ca"));
    let recording = Recording::spawn(home, command);
    send("-HUP", recording.pid());
    let ca = recording.field("ca").to_owned();
    let called = clean("curl")
        .args(["-sS", "-m", "20", "--cacert", &ca, "-o", "/dev/null"])
        .arg(format!("{}/stores", recording.field("base_url")))
        .status();
    assert!(called.unwrap().success());
    recording.stop();
    assert_eq!(exchanges(home, "poscert-capture").len(), 1);
}

/// Runs a command in its own terminal, calls the recorder, and closes the terminal: SIGHUP is sent, and every write to
/// the terminal fails.
const TERMINAL: &str = r#"
import json, os, pty, subprocess, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])
deadline = time.time() + 60
while not os.path.exists("ready.json") and time.time() < deadline:
    time.sleep(0.01)
ready = json.load(open("ready.json"))
call = ["curl", "-sS", "-m", "20", "--cacert", ready["ca"], "-o", "/dev/null", ready["base_url"] + "/stores"]
subprocess.run(call, check=True)
os.close(terminal)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"#;

#[test]
fn closing_the_terminal_loses_nothing() {
    for (command, code) in
        [(&[][..], "0"), (&["--", "sh", "-c", "trap 'exit 0' HUP; while :; do sleep 0.1; done"][..], "1")]
    {
        let home = tempfile::tempdir().unwrap();
        let home = home.path();
        let output = clean("python3")
            .args(["-c", TERMINAL, env!("CARGO_BIN_EXE_poscert"), "record", "--ready-file", "ready.json"])
            .args(ADDRESSES)
            .args(command)
            .current_dir(home)
            .env("HOME", home)
            .env("POSCERT_CA_DIR", home.join("ca"))
            .output()
            .unwrap();
        assert_eq!(text(&output.stdout).trim(), code, "{}", text(&output.stderr));
        let capture = poscert::capture::open(&home.join("poscert-capture")).unwrap();
        assert!(capture.complete && capture.exchanges == 1);
    }
}
