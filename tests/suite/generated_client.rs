//! Test of a Python client generated from the sandbox's own API description by a public generator: it calls every
//! operation once, through the recorder.

use super::poscert_process::*;
use poscert::sandbox::Sandbox;
use std::path::Path;
use std::process::Stdio;

#[test]
fn generated_client_calls_every_operation_through_the_recorder() {
    let made = clean("bash").arg(tests("python-env")).arg("generator").stderr(Stdio::inherit()).output().unwrap();
    assert!(made.status.success(), "tests/python-env generator failed");
    let python = text(&made.stdout).trim().to_owned();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let recording = Recording::start(home, &["--quiet"]);
    let ca = recording.field("ca").to_owned();
    let base = recording.field("base_url").to_owned();
    // The description as served at `/openapi.json`.
    std::fs::write(home.join("openapi.json"), Sandbox::openapi().to_string()).unwrap();
    std::fs::write(
        home.join("names.yml"),
        "project_name_override: pos-client\npackage_name_override: pos_client\npost_hooks: []\n\
         content_type_overrides:\n  text/json: application/json\n",
    )
    .unwrap();
    let generated = clean(Path::new(&python).with_file_name("openapi-python-client"))
        .args(["generate", "--path", "openapi.json", "--config", "names.yml", "--meta", "none"])
        .args(["--output-path", "package/pos_client"])
        .current_dir(home)
        .output()
        .unwrap();
    let heard = format!("{}{}", text(&generated.stdout), text(&generated.stderr));
    assert!(generated.status.success() && !heard.contains("WARNING"), "the generator must not warn: {heard}");
    let client = clean("timeout")
        .args(["120", &python])
        .arg(tests("clients/with_generated.py"))
        .env("PYTHONPATH", home.join("package"))
        .env("BASE_URL", &base)
        .env("SSL_CERT_FILE", &ca)
        .env("CLIENT_ID", CLIENT_ID)
        .env("CLIENT_SECRET", CLIENT_SECRET)
        .output()
        .unwrap();
    let heard = text(&client.stdout) + &text(&client.stderr);
    assert!(client.status.success(), "{heard}");
    recording.stop();
    let recorded = exchanges(home, "poscert-capture");
    assert!(heard.contains(&format!("{} calls of 24 operations", recorded.len())), "{heard}");
    assert!(recorded.iter().all(|one| one["answer"]["status"] == 200 && one["end"]["by"] == "complete"));
    // Its calls have the documented form in every respect that a generator decides.
    let (verdict, _) = verdict(home, &["poscert-capture"]);
    let broken = [with_status(&verdict, "failed"), with_status(&verdict, "warning")].concat();
    for id in ["ALL-02", "ALL-03", "ALL-04", "ALL-06", "ALL-08", "ALL-18", "ALL-19", "ALL-20", "ALL-22"] {
        assert!(!broken.contains(&id.to_owned()), "{id}: {verdict}");
    }
}
