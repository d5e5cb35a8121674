//! The command line as its users meet it: streams, colors, help, completions, manual pages, and `poscert.toml`.

use super::poscert_process::*;
use std::path::Path;
use std::process::{Output, Stdio};

fn run(home: &Path, arguments: &[&str]) -> Output {
    poscert(home).args(arguments).output().unwrap()
}

fn out(home: &Path, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// An empty HAR file, which any command reads.
fn har(home: &Path) {
    let empty = r#"{"log": {"version": "1.2", "creator": {"name": "x", "version": "1"}, "entries": []}}"#;
    std::fs::write(home.join("empty.har"), empty).unwrap();
}

#[test]
fn verdicts_go_to_standard_output_and_progress_to_standard_error() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let listen = ["--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--features", "onboarding"];
    let certify = ["certify", "--unattended", "--wait", "1", "--capture", "guided", "--driver", "cat > /dev/null"];
    for command in [
        [&certify[..], &listen].concat(),
        [&["certify", "--no-page", "--capture", "attended"][..], &listen].concat(),
        [&["record", "--capture", "recorded"][..], &listen, &["--", "true"]].concat(),
    ] {
        let mut started = poscert(home);
        // Without an operator who types anything, `end` ends the attended run.
        started.args(&command).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = started.spawn().unwrap();
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"end\n").unwrap();
        let output = child.wait_with_output().unwrap();
        let (out, errors) = (text(&output.stdout), text(&output.stderr));
        assert!(out.contains("for onboarding\n") && out.contains("\nCases\n"), "{command:?}: {out}\n---\n{errors}");
        assert!(!out.contains("Recording into") && errors.contains("Recording into"), "{command:?}: {out}---{errors}");
        assert!(!errors.contains("\nCases\n") && !errors.contains('\u{1b}'), "{command:?}: {errors}");
    }
}

#[test]
fn color_is_an_option() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    har(home);
    let is_colored = |arguments: &[&str], variable: &str| {
        let mut command = poscert(home);
        command.args(arguments).envs(variable.split_once('='));
        text(&command.output().unwrap().stdout).contains('\u{1b}')
    };
    assert!(!is_colored(&["verify", "empty.har"], ""));
    assert!(is_colored(&["verify", "empty.har", "--color", "always"], "NO_COLOR=1"));
    assert!(is_colored(&["verify", "empty.har"], "CLICOLOR_FORCE=1"));
    assert!(!is_colored(&["--color=never", "verify", "empty.har"], "CLICOLOR_FORCE=1"));
    let wrong = run(home, &["verify", "--color", "always", "--no-such-option"]);
    assert!(text(&wrong.stderr).contains('\u{1b}'), "errors of the parser are colored, too");
    assert_eq!(run(home, &["verify", "empty.har", "--color", "blue"]).status.code(), Some(2));
}

#[test]
fn brief_help_is_brief_and_long_help_has_the_variables() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for command in ["record", "certify"] {
        let (brief, long) = (out(home, &[command, "-h"]), out(home, &[command, "--help"]));
        assert!(brief.lines().count() < 75, "{command}: {} lines", brief.lines().count());
        assert!(!brief.contains("[env:") && !brief.contains("--max-head"), "{brief}");
        assert!(long.contains("[env: POSCERT_UPSTREAM]") && long.contains("--max-head"), "{long}");
        for heading in ["Connection:", "Recording:", "Identity:", "Output:", "Example"] {
            assert!(brief.contains(heading) && long.contains(heading), "{command}: {heading}");
        }
    }
    assert!(out(home, &["certify", "--help"]).contains("\nCertification:"));
    // A value of a variable may be a secret.
    let mut command = poscert(home);
    command.args(["till", "--help"]).env("POSCERT_CLIENT_SECRET", "hidden-one");
    assert!(!text(&command.output().unwrap().stdout).contains("hidden-one"));
    // Inherited options are explained once.
    let (till, pay) = (out(home, &["till", "--help"]), out(home, &["till", "pay", "--help"]));
    assert!(till.contains("--base-url") && !pay.contains("--base-url") && pay.contains("poscert till --help"), "{pay}");
    let refused = run(home, &["till", "pay", "1.00", "--base-url", "https://127.0.0.1:9/pos/v10", "--pos", "x"]);
    assert!(!text(&refused.stderr).contains("unexpected argument"), "{}", text(&refused.stderr));
    assert!(!out(home, &["--help"]).contains("replay"));
    assert_eq!(run(home, &["replay", "x"]).status.code(), Some(2));
    let alone = run(home, &[]);
    assert!(alone.status.code() == Some(2) && text(&alone.stderr).contains("Usage: poscert"));
}

#[test]
fn completions_and_manual_pages_name_the_commands() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = out(home, &["completions", shell]);
        assert!(script.contains("certify") && script.contains("upstream-ca"), "{shell}");
    }
    std::fs::write(home.join("poscert.bash"), out(home, &["completions", "bash"])).unwrap();
    let complete = "source ./poscert.bash; COMP_WORDS=(poscert rec); COMP_CWORD=1; _poscert poscert rec poscert; \
                    echo ${COMPREPLY[@]}";
    let completed = clean("bash").args(["-c", complete]).current_dir(home).output().unwrap();
    assert_eq!(text(&completed.stdout), "record\n", "{}", text(&completed.stderr));
    assert!(out(home, &["man"]).contains(".TH poscert 1"));
    out(home, &["man", "man/man1"]);
    let page = std::fs::read_to_string(home.join("man/man1/poscert-record.1")).unwrap();
    assert!(page.contains("POSCERT_UPSTREAM") && page.contains("\\-\\-listen"), "{page}");
}

#[test]
fn nothing_listening_is_named() {
    let home = tempfile::tempdir().unwrap();
    let output = run(home.path(), &["till", "onboard", "--base-url", "https://127.0.0.1:9/pos/v10"]);
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(said.contains("nothing listens at 127.0.0.1:9; start `poscert record`, or pass --base-url"), "{said}");
}

#[test]
fn record_prints_what_a_client_needs_and_the_next_command() {
    let home = tempfile::tempdir().unwrap();
    let recording = Recording::start(home.path(), &["--capture", "my capture"]);
    let base = recording.field("base_url").to_owned();
    let mut till = poscert(home.path());
    till.args(["till", "onboard", "--base-url", &base, "--state-file", "till.json"]);
    let onboarded = till.output().unwrap();
    assert!(onboarded.status.success(), "{}", text(&onboarded.stderr));
    let said = recording.stop();
    for wanted in ["x-mobilepay-client-system-version", "x-ibm-client-id", "DK90000028", "+4520031801", "Stores:"] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    assert!(said.contains("Next: poscert verify 'my capture'\n"), "{said}");
    let judged = run(home.path(), &["verify", "my capture", "--features", "onboarding"]);
    let report = text(&judged.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(judged.status.code(), Some(3), "{report}");
    assert!(report.contains("`poscert certify --capture 'my capture'` continues this capture"), "{report}");
}

/// The features in the verdict: each level of precedence names another one.
fn features(home: &Path, arguments: &[&str], variable: Option<&str>) -> String {
    let mut command = poscert(home);
    command.args(["verify", "empty.har", "--format", "json"]).args(arguments);
    command.envs(variable.map(|value| ("POSCERT_FEATURES", value)));
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
    let verdict: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = verdict["profile"]["features"].as_array().unwrap();
    all.iter().map(|one| one.as_str().unwrap()).collect::<Vec<_>>().join(",")
}

#[test]
fn a_flag_precedes_a_variable_and_that_the_file() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    har(home);
    let all = features(home, &[], None);
    assert!(all.contains("loyalty") && all.contains("refund"), "{all}");
    std::fs::write(home.join("poscert.toml"), "features = [\"onboarding\", \"refund\"]\n").unwrap();
    assert_eq!(features(home, &[], None), "onboarding,refund");
    assert_eq!(features(home, &[], Some("onboarding,loyalty")), "onboarding,loyalty");
    assert_eq!(features(home, &["--features", "onboarding,payment"], Some("onboarding,loyalty")), "onboarding,payment");
    // The table of a command precedes the top, another file is an option, and so is none.
    std::fs::write(home.join("other.toml"), "features = \"onboarding\"\n[verify]\nfeatures = \"payment\"\n").unwrap();
    assert!(features(home, &["--config", "other.toml"], None).ends_with("payment"));
    assert_eq!(features(home, &["--config", "none"], None), all);
    let told = text(&run(home, &["verify", "empty.har"]).stderr);
    assert!(told.contains("poscert: poscert.toml sets --features\n"), "{told}");
}

#[test]
fn a_file_sets_switches_and_options_of_subcommands() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let config = "[ledger]\nledger = \"mine.jsonl\"\n[ledger.list]\njson = true\n[till]\nvat = \"DK90000036\"\n";
    std::fs::write(home.join("poscert.toml"), config).unwrap();
    let listed = run(home, &["ledger", "list"]);
    assert!(text(&listed.stdout).contains("\"poscert.ledger/1\""), "{}", text(&listed.stdout));
    assert!(text(&listed.stderr).contains("no ledger at mine.jsonl"), "{}", text(&listed.stderr));
    assert!(run(home, &["rules", "list"]).stderr.is_empty(), "nothing in the file is for this command");
    // A driver in the file gives way to the command of the command line.
    std::fs::write(home.join("poscert.toml"), "[certify]\ndriver = \"exit 9\"\nunattended = true\n").unwrap();
    let arguments = ["certify", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--features", "onboarding"];
    let run = poscert(home).args(arguments).args(["--wait", "1", "--", "cat"]).output().unwrap();
    assert!(!text(&run.stderr).contains("exit 9") && text(&run.stderr).contains("sets --unattended"), "{run:?}");
}

#[test]
fn mistakes_in_the_file_have_a_place_and_a_suggestion() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    har(home);
    for (config, wanted) in [
        (
            "\n[record]\nlisen = \"127.0.0.1:1\"\n",
            "poscert.toml:3:1: unknown key `lisen`: `poscert record` has no such option; did you mean `listen`?",
        ),
        ("[recrod]\n", "poscert.toml:1:2: unknown key `recrod`: no command has it; did you mean `record`?"),
        ("[verify]\nfeatures = [\"payment\"\n", "poscert.toml:"),
        ("[verify]\nopen = \"yes\"\n", "poscert.toml:2:8: `open` is true or false"),
        ("[verify]\nformat = [\"json\"]\n", "poscert.toml:2:10: `format` takes one text or number"),
        ("[verify]\nformat = \"jsn\"\n", "poscert.toml:2:1: invalid value 'jsn' for '--format <FORMAT>'"),
    ] {
        std::fs::write(home.join("poscert.toml"), config).unwrap();
        let output = run(home, &["verify", "empty.har"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{config}: {said}");
        assert!(said.starts_with(&format!("error: {wanted}")), "{config}: {said}");
    }
    let missing = run(home, &["--config", "no.toml", "verify", "empty.har"]);
    assert!(text(&missing.stderr).contains("no.toml: not found; check --config"), "{}", text(&missing.stderr));
    // Help needs no file.
    assert_eq!(run(home, &["verify", "--help"]).status.code(), Some(0));
}

#[test]
fn certify_shows_on_a_terminal_what_it_waits_for() {
    // It gives a command a terminal.
    if clean("script").arg("--version").output().is_err() {
        eprintln!("skipped: no `script`");
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let program = env!("CARGO_BIN_EXE_poscert");
    let certify = format!(
        "{program} certify --no-page --features onboarding --capture capture --listen 127.0.0.1:0 --proxy-listen 127.0.0.1:0"
    );
    let line = format!("(sleep 4; echo end) | timeout 60 script -qec '{certify}' terminal.txt");
    clean("bash").args(["-c", &line]).current_dir(home).env("HOME", home).env("TERM", "xterm").output().unwrap();
    let seen = std::fs::read_to_string(home.join("terminal.txt")).unwrap();
    assert!(seen.contains("waiting 0:01 for onboarding/1 step 1"), "{seen}");
    // The line is gone when the verdict is printed.
    let (_, verdict) = seen.split_once("INCOMPLETE").unwrap();
    assert!(!verdict.contains("waiting") && !verdict.contains("\u{1b}[2K"), "{verdict:?}");
}
