//! Tests that files with evidence are readable by their owner only, whatever the umask, and that a failed start leaves
//! no files.

use super::poscert_process::*;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap_or_else(|e| panic!("{}: {e}", path.display())).permissions().mode() & 0o777
}

#[test]
fn files_with_evidence_are_readable_by_their_owner_only() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let binary = env!("CARGO_BIN_EXE_poscert");
    let script = "umask 000
        ADDRESSES='--listen 127.0.0.1:0 --proxy-listen 127.0.0.1:0'
        $P record $ADDRESSES --capture c --ready-file ready.json -- sh -c 'curl -sS $POSCERT_BASE_URL/stores' 
        $P verify c --report html=r.html --report json=r.json --output v.txt
        $P verify c --output /dev/stdout --report text=/dev/stderr
        touch there.txt; chmod 640 there.txt; $P verify c --output there.txt
        $P export c -o c.poscert --key key.pem; $P export c -o c.har";
    let mut shell = clean("bash");
    shell
        .args(["-c", script])
        .current_dir(home)
        .env("P", binary)
        .env("HOME", home)
        .env("POSCERT_CA_DIR", home.join("ca"));
    let output = shell.output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    for file in ["ready.json", "r.html", "r.json", "v.txt", "c.poscert", "c.har", "key.pem"] {
        assert_eq!(mode(&home.join(file)), 0o600, "{file}: {said}");
    }
    // An existing file keeps its mode.
    assert_eq!(mode(&home.join("there.txt")), 0o640, "{said}");
    assert!(std::fs::read_to_string(home.join("there.txt")).unwrap().contains("FAILED"));
    // The verdicts of the run itself, and those on standard output and standard error.
    assert_eq!(said.matches("ALL-03").count() % 3, 0, "{said}");
    assert!(text(&output.stdout).contains("FAILED"), "{said}");
}

#[test]
fn failed_start_leaves_no_capture() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let holder = std::net::TcpListener::bind(taken).unwrap();
    let address = holder.local_addr().unwrap().to_string();
    for (listen, proxy) in [(address.as_str(), "127.0.0.1:0"), ("127.0.0.1:0", address.as_str())] {
        for command in ["record", "certify"] {
            let mut run = poscert(home);
            run.args([command, "--listen", listen, "--proxy-listen", proxy]);
            if command == "certify" {
                run.args(["--unattended", "--driver", "true"]);
            }
            refused(&run.output().unwrap(), &["is already in use"]);
            assert!(!home.join("poscert-capture").exists(), "{command} {listen} {proxy}");
        }
    }
    drop(holder);
    // Another test may take a port as soon as it is free.
    let itself = || {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut run = poscert(home);
        run.args(["record", "--proxy-listen", "127.0.0.1:0", "--listen", &free, "--upstream"]);
        run.arg(format!("https://{free}")).output().unwrap()
    };
    let runs: Vec<_> = std::iter::repeat_with(itself).take(5).collect();
    let tried = runs.iter().find(|run| !text(&run.stderr).contains("is already in use"));
    refused(tried.expect("a free port"), &["is this recorder itself"]);
    let output = record(home).args(["--ready-file", "no/such/folder/ready.json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = record(home).args(["--", "./no-such-till"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(!home.join("poscert-capture").exists(), "{}", text(&output.stderr));
    // An existing one stays, whatever is in it.
    let made = record(home).args(["--", "true"]).output().unwrap();
    assert_eq!(made.status.code(), Some(3));
    let output = record(home).args(["--", "./no-such-till"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(shown(home, "poscert-capture").len() >= 2);
}
