//! Secrets are in nothing that is written: `tests/clients/canaries.py` sends them in every way we know, and searches.

use super::poscert_process::*;

#[test]
fn no_secret_is_in_anything_that_was_written() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("home");
    std::fs::create_dir(&folder).unwrap();
    let output = clean("timeout")
        .args(["240", python()])
        .arg(tests("clients/canaries.py"))
        .arg(env!("CARGO_BIN_EXE_poscert"))
        .arg(&folder)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}
