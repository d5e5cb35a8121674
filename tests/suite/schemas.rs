//! The JSON Schemas that `poscert schema` prints: they accept every rule file and session file that the program accepts,
//! and reject what it rejects.

use crate::har_producers::browser_env;
use crate::poscert_process::{clean, poscert, text};
use std::path::{Path, PathBuf};
use std::process::Output;

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Prints the schema of a kind of file into a directory.
fn schema(home: &Path, kind: &str) -> PathBuf {
    let output = poscert(home).args(["schema", kind]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let path = home.join(format!("{kind}.schema.json"));
    std::fs::write(&path, output.stdout).unwrap();
    path
}

/// Checks TOML documents against a schema.
fn check(home: &Path, schema: &Path, documents: &[(String, String)]) -> Output {
    let files = documents.iter().map(|(name, document)| {
        let value: serde_json::Value = toml::from_str(document).unwrap_or_else(|error| panic!("{name}: {error}"));
        let path = home.join(format!("{name}.json"));
        std::fs::write(&path, value.to_string()).unwrap();
        path
    });
    let files: Vec<PathBuf> = files.collect();
    clean("node").arg(root("tests/browser/schema_check.mjs")).arg(schema).args(files).output().unwrap()
}

fn built_in_rules() -> Vec<(String, String)> {
    let files = std::fs::read_dir(root("rules")).unwrap().map(|entry| entry.unwrap().path());
    files
        .map(|path| (path.file_stem().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

#[test]
fn schema_accepts_the_built_in_rules() {
    browser_env();
    let home = tempfile::tempdir().unwrap();
    let rules = built_in_rules();
    assert!(rules.len() >= 7);
    let output = check(home.path(), &schema(home.path(), "rules"), &rules);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn schema_rejects_mistakes_in_rules() {
    browser_env();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let schema = schema(home, "rules");
    let common = std::fs::read_to_string(root("rules/common.toml")).unwrap();
    for (from, to) in [
        ("pattern = \"each\"", "pattern = \"every\""),
        ("scope = \"client\"", "scope = \"shop\""),
        ("on = [\"any\"", "on = [\"anything\""),
        ("level = \"must\"", "level = \"has to\""),
        ("remedy = ", "remedies = "),
        ("timeout_ms = 400", "timeout_ms = \"400\""),
        ("judged_for = [\"onboarding\"]", "judged_for = [\"onboard\"]"),
    ] {
        assert!(common.contains(from), "{from}");
        let documents = [("wrong".to_owned(), common.replacen(from, to, 1))];
        let output = check(home, &schema, &documents);
        assert_eq!(output.status.code(), Some(1), "{to}: {}", text(&output.stderr));
    }
}

#[test]
fn schema_of_session_files_has_their_keys() {
    browser_env();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let schema = schema(home, "session");
    let session = "integrator-id = \"acme\"\nclient-id = \"c0ffee00-0000-4000-8000-000000000001\"\n\
                   client-version = \"2.1.0\"\nfeatures = [\"payment\"]\ntoken-file = \"token\"\nwait = 60\n";
    let good = check(home, &schema, &[("session".to_owned(), session.to_owned())]);
    assert!(good.status.success(), "{}{}", text(&good.stdout), text(&good.stderr));
    for wrong in ["integrator = \"acme\"\n", "wait = \"long\"\n", "features = \"payment\"\n"] {
        let output = check(home, &schema, &[("session".to_owned(), wrong.to_owned())]);
        assert_eq!(output.status.code(), Some(1), "{wrong}: {}", text(&output.stderr));
    }
}

#[test]
fn schema_accepts_profiles_and_rejects_mistakes_in_them() {
    browser_env();
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let schema = schema(home, "profile");
    let read = |path: &str| std::fs::read_to_string(root(path)).unwrap();
    let (library, pos) = (read("fixtures/library-profile/profile.toml"), read("profiles/pos-v10/profile.toml"));
    let output = check(home, &schema, &[("library".to_owned(), library.clone()), ("pos".to_owned(), pos)]);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    for (from, to) in [
        ("fold = \"last\"", "fold = \"latest\""),
        ("polled = true", "poled = true"),
        ("ids = \"/ids\"", "id = \"/ids\""),
    ] {
        assert!(library.contains(from), "{from}");
        let output = check(home, &schema, &[("wrong".to_owned(), library.replacen(from, to, 1))]);
        assert_eq!(output.status.code(), Some(1), "{to}: {}", text(&output.stderr));
    }
}
