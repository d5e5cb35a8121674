//! Architecture rules that the compiler does not check: dependencies between modules, rules kept out of code, files of
//! readable length.

use regex::Regex;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The longest allowed file, in lines.
const LONGEST: usize = 400;

/// Files that may be longer for now; remove a file from this list when it no longer is.
const LONG_FILES: &[&str] = &["capture/record.rs"];

/// The files under `src/`, by relative path.
pub(super) type Sources = BTreeMap<String, String>;

pub(super) fn sources() -> Sources {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Sources::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                found.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    found
}

/// The modules in the order of the table in `src/lib.rs`.
fn modules(sources: &Sources) -> Vec<String> {
    let row = Regex::new(r"(?m)^//! \| \[`([a-z]+)`\] \|").unwrap();
    row.captures_iter(&sources["lib.rs"]).map(|found| found[1].to_owned()).collect()
}

/// The lines of a file that are part of the program, with their numbers: no comments, nothing under `#[cfg(test)]`.
pub(super) fn code(text: &str) -> Vec<(usize, &str)> {
    let mut kept = Vec::new();
    let mut lines = text.lines().zip(1..);
    while let Some((line, number)) = lines.next() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("#[cfg(test)]") {
            // An item ends with a semicolon on its first line, or with a brace at its own indentation.
            let end = format!("{}}}", &line[..line.len() - trimmed.len()]);
            let mut first = true;
            for (inner, _) in lines.by_ref().skip_while(|(inner, _)| inner.trim_start().starts_with("#[")) {
                if (first && (inner.ends_with(';') || inner.ends_with('}'))) || inner == end {
                    break;
                }
                first = false;
            }
        } else if !trimmed.starts_with("//") {
            kept.push((number, line));
        }
    }
    kept
}

/// Files that are compiled only for tests: `#[cfg(test)]` precedes their `mod` line.
pub(super) fn test_files(sources: &Sources) -> Vec<String> {
    let module = Regex::new(r"#\[cfg\(test\)\]\s+(?:pub(?:\([a-z]+\))? )?mod ([a-z_]+);").unwrap();
    let mut found = Vec::new();
    for (path, text) in sources {
        let folder = match path.rsplit_once('/') {
            Some((folder, "mod.rs")) => format!("{folder}/"),
            _ => format!("{}/", path.trim_end_matches(".rs")),
        };
        found.extend(module.captures_iter(text).map(|module| format!("{folder}{}.rs", &module[1])));
    }
    found
}

/// The modules that code names after `crate::`, also in a group: `crate::{api::{A, B}, seal}`.
fn named(code: &str) -> Vec<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect::<String>();
    let mut found = Vec::new();
    for (at, start) in code.match_indices("crate::") {
        let before = code[..at].chars().next_back();
        if before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$') {
            continue;
        }
        let rest = &code[at + start.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.push(word(rest));
            continue;
        };
        let mut depth = 1;
        found.push(word(group.trim_start()));
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => found.push(word(group[at + 1..].trim_start())),
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

/// All violations, one sentence each.
fn breaches(sources: &Sources, long_files: &[&str]) -> Vec<String> {
    let modules = modules(sources);
    let tests = test_files(sources);
    let place = |module: &str| modules.iter().position(|known| known == module);
    let requirement = Regex::new(r"\b[A-Z]{3}-\d\d\b").unwrap();
    let features = "onboarding|payment|prepared-payment|refund|loyalty|payment-restrictions";
    let case = Regex::new(&format!(r"\b(?:{features})/\d")).unwrap();
    let unsafe_word = Regex::new(r"\bunsafe\b").unwrap();
    let mut found = Vec::new();
    for (path, text) in sources {
        if !text.starts_with("//!") {
            found.push(format!("{path} does not open with a module doc comment"));
        }
        let lines = text.lines().count();
        if (lines > LONGEST) != long_files.contains(&path.as_str()) {
            found
                .push(format!("{path} has {lines} lines; {LONGEST} are the limit, and the list of exceptions differs"));
        }
        let code = code(text);
        for (number, line) in &code {
            if unsafe_word.is_match(line) {
                found.push(format!("{path}:{number} holds `unsafe`"));
            }
            let id = requirement.find(line).filter(|id| !id.as_str().starts_with("UTF-"));
            if let Some(id) = id.or_else(|| case.find(line)).filter(|_| !tests.contains(path)) {
                found.push(format!("{path}:{number} names {:?}, which belongs in a rule file", id.as_str()));
            }
        }
        let Some((module, _)) = path.split_once('/') else { continue };
        let Some(at) = place(module) else {
            found.push(format!("{path} is in a module that the table in src/lib.rs does not list"));
            continue;
        };
        if tests.contains(path) {
            continue;
        }
        let joined: Vec<&str> = code.iter().map(|(_, line)| *line).collect();
        for other in named(&joined.join("\n")) {
            match place(&other) {
                Some(there) if there > at => found.push(format!("{path} uses `{other}`, a module below `{module}`")),
                _ => {}
            }
        }
    }
    found
}

#[test]
fn source_follows_the_architecture_rules() {
    let sources = sources();
    assert!(modules(&sources).len() >= 11, "the table of modules in src/lib.rs was not found");
    assert_eq!(breaches(&sources, LONG_FILES), Vec::<String>::new());
}

#[test]
fn each_violation_is_detected() {
    let findings = |path: &str, text: &str| {
        let table = "//! | [`api`] | a |\n//! | [`capture`] | b |\n//! | [`cli`] | c |\n".to_owned();
        let sources = Sources::from([("lib.rs".to_owned(), table), (path.to_owned(), text.to_owned())]);
        breaches(&sources, &[])
    };
    for (path, text, part) in [
        ("api/a.rs", "//! A.\nuse crate::capture::Record;\n", "uses `capture`"),
        ("api/a.rs", "//! A.\nuse crate::{api::{A, B},\n    cli};\n", "uses `cli`"),
        ("capture/a.rs", "//! A.\nfn f() { g(crate::cli::run()) }\n", "uses `cli`"),
        ("api/a.rs", "//! A.\nconst A: &str = \"PAY-01\";\n", "\"PAY-01\""),
        ("cli/a.rs", "//! A.\nconst A: &str = \"prepared-payment/1\";\n", "belongs in a rule file"),
        ("cli/a.rs", "use std::fmt;\n", "does not open"),
        ("cli/a.rs", "//! A.\nfn f() { unsafe { g() } }\n", "`unsafe`"),
        ("shed/a.rs", "//! A.\n", "does not list"),
        (
            "cli/a.rs",
            "//! A.\n#[cfg(test)]\nmod tests {\n    const A: &str = \"x\";\n}\nconst B: &str = \"ALL-01\";\n",
            "a.rs:6",
        ),
    ] {
        let found = findings(path, text);
        assert!(found.len() == 1 && found[0].contains(part), "{text}: {found:?}");
    }
    assert_eq!(findings("cli/a.rs", &format!("//! A.\n{}", "\n".repeat(LONGEST))).len(), 1);
}

#[test]
fn allowed_code_has_no_violation() {
    let text = "//! A room, e.g. PAY-01.\n#![forbid(unsafe_code)]\nuse crate::{api::A, capture};\n/// As payment/1.\nfn f() -> &'static str {\n    \
                \"SHA-256 and UTF-16\"\n}\n\n#[cfg(test)]\nmod tests {\n    use crate::cli;\n    const A: &str = \"PAY-01\";\n}\n";
    let table = "//! | [`api`] | a |\n//! | [`capture`] | b |\n//! | [`cli`] | c |\n".to_owned();
    let module = "//! C.\n#[cfg(test)]\npub(crate) mod sample;\n".to_owned();
    let sources = Sources::from([
        ("lib.rs".to_owned(), table),
        ("capture/a.rs".to_owned(), text.to_owned()),
        ("capture/mod.rs".to_owned(), module),
        ("capture/sample.rs".to_owned(), "//! S.\nconst A: &str = \"payment/1\";\nuse crate::cli;\n".to_owned()),
    ]);
    assert_eq!(breaches(&sources, &[]), Vec::<String>::new());
}
