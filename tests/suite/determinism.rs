//! Tests that two evaluations of one capture are equal byte for byte, regardless of place, time and user.

use super::poscert_process::*;
use std::path::Path;
use std::process::Command;

fn json(mut command: Command, folder: &Path, capture: &str) -> Vec<u8> {
    let output = command.current_dir(folder).args(["verify", "--format", "json", capture]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stderr));
    assert!(!output.stdout.is_empty());
    output.stdout
}

/// The verdict of another user on a copy that nobody can write; `None` if this user cannot switch.
fn by_nobody(home: &Path) -> Option<Vec<u8>> {
    let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"];
    if !Command::new("setpriv").args(nobody).arg("true").status().is_ok_and(|status| status.success()) {
        return None;
    }
    let place = tempfile::tempdir().unwrap();
    // The program is copied too: its build directory may be closed to others.
    let script = "cp -r \"$1/first\" \"$2/theirs\" && cp \"$3\" \"$2/poscert\" && chmod 755 \"$2\" && chmod -R a+rX,a-w \"$2\"/*";
    let copied = Command::new("sh")
        .args(["-ec", script, "sh"])
        .args([home, place.path()])
        .arg(env!("CARGO_BIN_EXE_poscert"))
        .status();
    assert!(copied.unwrap().success());
    let mut command = clean("setpriv");
    command.args(nobody).arg(place.path().join("poscert")).env("HOME", "/nonexistent");
    Some(json(command, place.path(), "theirs"))
}

#[test]
fn verdict_depends_on_the_capture_alone() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    // A verdict with content: findings, faults and a hanging payment.
    let demo = poscert(home).args(["demo", "--broken", "new-key-per-attempt", "--capture", "first"]).output().unwrap();
    assert_eq!(demo.status.code(), Some(1), "{}{}", text(&demo.stdout), text(&demo.stderr));
    let other = home.join("ein anderer Ordner/über/there");
    std::fs::create_dir_all(other.parent().unwrap()).unwrap();
    let copied = Command::new("cp").args(["-a", "first"]).arg(&other).current_dir(home).status().unwrap();
    assert!(copied.success());
    let program = || clean(env!("CARGO_BIN_EXE_poscert"));
    let first = json(program(), home, "first");
    let with = |pairs: &[(&str, &str)]| {
        let mut command = program();
        command.envs(pairs.iter().copied());
        command
    };
    let mut bare = program();
    bare.env_clear();
    let home_text = other.to_str().unwrap();
    let mut readings = vec![
        ("again", json(program(), home, "first")),
        ("a copy", json(program(), Path::new("/"), home_text)),
        ("from inside", json(program(), &home.join("first"), ".")),
        ("HOME", json(with(&[("HOME", "/nonexistent"), ("USER", "nobody")]), home, "first")),
        ("TZ", json(with(&[("TZ", "Pacific/Kiritimati")]), home, "./first")),
        ("LANG", json(with(&[("LANG", "da_DK.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")]), home, "first/")),
        ("terminal", json(with(&[("COLUMNS", "40"), ("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]), home, "first")),
        ("no variables", json(bare, home, "first")),
    ];
    for cores in ["0", "0,1"] {
        if Command::new("taskset").args(["-c", cores, "true"]).status().is_ok_and(|status| status.success()) {
            let mut bound = clean("taskset");
            bound.args(["-c", cores, env!("CARGO_BIN_EXE_poscert")]);
            readings.push(("so many cores", json(bound, home, "first")));
        }
    }
    readings.extend(by_nobody(home).map(|reading| ("another user", reading)));
    for (what, reading) in &readings {
        assert!(*reading == first, "{what}: {}\n{}", text(reading), text(&first));
    }
    // File times must not matter either.
    let touched = Command::new("find").args([home_text, "-exec", "touch", "-d", "2001-02-03", "{}", "+"]).status();
    assert!(touched.unwrap().success());
    assert!(json(program(), home, home_text) == first);
    assert!(!text(&first).contains(home.to_str().unwrap()), "a verdict has no details of the machine");
}
