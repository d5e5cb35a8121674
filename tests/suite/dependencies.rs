//! Licences and sources of all dependencies, by `deny.toml`: what `cargo deny` checks and needs no network for.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

#[derive(serde::Deserialize)]
struct Deny {
    licenses: Licenses,
}

#[derive(serde::Deserialize)]
struct Licenses {
    allow: BTreeSet<String>,
}

/// Whether an SPDX expression can be fulfilled with the allowed licences. `/` is the old spelling of OR.
fn is_allowed(expression: &str, allow: &BTreeSet<String>) -> bool {
    let expression = expression.replace('/', " OR ");
    let all_of = |part: &str| part.split(" AND ").all(|one| any_of(one, allow));
    if let Some(inner) = expression.strip_prefix('(').and_then(|rest| rest.split_once(')')) {
        let (group, rest) = inner;
        let rest = rest.trim_start();
        return any_of(group, allow) && rest.strip_prefix("AND ").is_none_or(|rest| is_allowed(rest, allow));
    }
    expression.split(" OR ").any(all_of)
}

fn any_of(expression: &str, allow: &BTreeSet<String>) -> bool {
    expression.split(" OR ").any(|one| allow.contains(one.trim()))
}

#[test]
fn licences_and_sources_are_allowed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let deny: Deny = toml::from_str(&std::fs::read_to_string(root.join("deny.toml")).unwrap()).unwrap();
    // Packages of other platforms are not on this machine.
    let version = Command::new("rustc").arg("-vV").current_dir(root).output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host];
    let output = Command::new(env!("CARGO")).args(metadata).current_dir(root).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "the dependencies were not found");
    let mut wrong = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("");
        if !is_allowed(licence, &deny.licenses.allow) {
            wrong.push(format!("{name}: licence {licence:?} is not in deny.toml"));
        }
        let source = package["source"].as_str().unwrap_or("path");
        if !source.starts_with("registry+") && name != "poscert" {
            wrong.push(format!("{name}: comes from {source}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn expressions_are_evaluated() {
    let allow: BTreeSet<String> = ["MIT", "ISC"].map(str::to_owned).into();
    for (expression, allowed) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("GPL-3.0 OR MIT", true),
        ("GPL-3.0/MIT", true),
        ("MIT AND ISC", true),
        ("MIT AND GPL-3.0", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("(GPL-3.0 OR MIT) AND GPL-3.0", false),
        ("", false),
    ] {
        assert_eq!(is_allowed(expression, &allow), allowed, "{expression}");
    }
}
