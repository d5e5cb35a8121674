//! The quick start as a newcomer follows it: the clients on the page are saved and run as the page says.

use super::poscert_process::*;
use std::path::Path;

fn page(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)).unwrap()
}

/// The fenced block of a language that contains this text.
fn block<'a>(page: &'a str, language: &str, with: &str) -> &'a str {
    let opening = format!("```{language}\n");
    let mut blocks = page.split(opening.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.find(|block| block.contains(with)).unwrap_or_else(|| panic!("no {language} block with {with:?}"))
}

/// Runs a client of the page; returns the verdict.
fn certified(language: &str, file: &str) -> serde_json::Value {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let page = page("quickstart.md");
    let client = block(&page, language, "quickstart-till");
    assert!(client.lines().count() <= 50, "{file} has {} lines", client.lines().count());
    std::fs::write(home.join(file), client).unwrap();
    let command = block(&page, "sh", &format!(" {file}\n"));
    // Free ports, since several tests run at the same time.
    let script = format!("poscert() {{ {} \"$@\"; }}\n{command}", env!("CARGO_BIN_EXE_poscert"));
    let mut shell = clean("bash");
    shell.args(["-c", &script]).current_dir(home).env("HOME", home).env("POSCERT_CA_DIR", home.join("ca"));
    shell.env("POSCERT_LISTEN", "127.0.0.1:0").env("POSCERT_PROXY_LISTEN", "127.0.0.1:0");
    let output = shell.output().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("PASSED for onboarding") && said.contains("was issued"), "{said}");
    let capture = if language == "js" { "my-node-capture" } else { "my-capture" };
    let judged = poscert(home).args(["verify", capture, "--format", "json"]).output().unwrap();
    serde_json::from_slice(&judged.stdout).unwrap()
}

/// Whether the verdict is passed with all mandatory cases, and without a warning.
fn is_clean(verdict: &serde_json::Value) -> bool {
    let requirements = verdict["requirements"].as_array().unwrap();
    let odd = |one: &&serde_json::Value| one["status"] != "passed" && one["status"] != "not-exercised";
    assert_eq!(requirements.iter().filter(odd).collect::<Vec<_>>(), Vec::<&serde_json::Value>::new());
    verdict["verdict"] == "passed" && verdict["features"][0]["cases"][0]["status"] == "passed"
}

#[test]
fn the_python_client_passes_onboarding() {
    assert!(is_clean(&certified("python", "my_client.py")));
}

#[test]
fn the_node_client_passes_onboarding() {
    if clean("node").arg("--version").output().is_err() {
        eprintln!("skipped: no node");
        return;
    }
    assert!(is_clean(&certified("js", "my_client.mjs")));
}

#[test]
fn the_run_against_another_backend_passes() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    std::fs::write(home.join("my_client.py"), block(&page("quickstart.md"), "python", "quickstart-till")).unwrap();
    let mut sandbox = poscert(home);
    sandbox.args(["sandbox", "--listen", "127.0.0.1:0", "--ready-file", "sandbox.json"]);
    let mut sandbox = sandbox.stdout(std::process::Stdio::null()).spawn().unwrap();
    let begun = std::time::Instant::now();
    let ready: serde_json::Value = loop {
        if let Ok(text) = std::fs::read_to_string(home.join("sandbox.json")) {
            break serde_json::from_str(&text).unwrap();
        }
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "the sandbox is not ready");
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    let guide = page("integrator.md");
    let command = block(&guide, "sh", "--capture elsewhere");
    let command = command.replace("https://127.0.0.1:9443/pos/v10", ready["base_url"].as_str().unwrap());
    let command = command.replace("~/.local/share/poscert/ca/ca.pem", ready["ca"].as_str().unwrap());
    let script = format!("poscert() {{ {} \"$@\"; }}\n{command}", env!("CARGO_BIN_EXE_poscert"));
    let mut shell = clean("bash");
    shell.args(["-c", &script]).current_dir(home).env("HOME", home).env("POSCERT_CA_DIR", home.join("ca"));
    shell.env("POSCERT_LISTEN", "127.0.0.1:0").env("POSCERT_PROXY_LISTEN", "127.0.0.1:0");
    let output = shell.output().unwrap();
    sandbox.kill().unwrap();
    sandbox.wait().unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(output.status.code() == Some(0) && said.contains("PASSED for onboarding"), "{said}");
}

#[test]
fn the_page_of_test_data_has_all_that_the_sandbox_prints() {
    let home = tempfile::tempdir().unwrap();
    let recording = Recording::start(home.path(), &[]);
    let said = recording.stop().to_lowercase();
    let page = page("test-data.md").to_lowercase();
    let (_, data) = said.split_once("headers of each call").unwrap();
    let (data, _) = data.split_once("press ctrl-c").unwrap();
    let is_value = |word: &&str| {
        word.len() > 4
            && (word.chars().any(|c| c.is_ascii_digit()) || word.starts_with("x-") || word.contains("secret-"))
    };
    let missing: Vec<&str> = data.split_whitespace().filter(is_value).filter(|word| !page.contains(word)).collect();
    assert_eq!(missing, Vec::<&str>::new());
    assert!(data.contains("+4520031801"), "{data}");
}
