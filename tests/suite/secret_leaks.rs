//! Test that no written file contains a secret: `tests/clients/canaries.py` sends secrets in every known way and
//! searches for them.

use super::poscert_process::*;

#[test]
fn no_secret_is_written() {
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
