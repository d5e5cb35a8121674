//! The commands in README and docs: each subcommand exists, and its help names each option that is used.
//!
//! Also the book: each page is in `docs/SUMMARY.md`, and each relative link leads somewhere.

use regex::Regex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// README and the pages of the book, by path.
fn pages() -> BTreeMap<PathBuf, String> {
    let docs = std::fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let all =
        pages.chain(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root().join(name)));
    all.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The lines in fenced blocks that run poscert, with continued lines joined, from the word after `poscert` on.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut inside, mut line) = (false, String::new());
    for next in text.lines() {
        if next.trim_start().starts_with("```") {
            (inside, line) = (!inside, String::new());
            continue;
        }
        if !inside {
            continue;
        }
        line.push_str(next.trim());
        if let Some(open) = line.strip_suffix('\\') {
            line = format!("{} ", open.trim_end());
            continue;
        }
        let command = line.trim_start_matches("$ ");
        let command = command.strip_prefix("poscert ").or_else(|| command.strip_prefix("target/release/poscert "));
        found.extend(command.map(str::to_owned));
        line.clear();
    }
    found
}

/// The words of a command up to a comment, a pipe, a redirection or another command; quoted text is one word.
fn words(command: &str) -> Vec<String> {
    let word = Regex::new(r#"'[^']*'|"[^"]*"|[^\s'"]+"#).unwrap();
    let all = word.find_iter(command).map(|found| found.as_str().to_owned());
    all.take_while(|word| !["#", "|", ">", "2>", "&&", "||", "&", ";", "--", "..."].contains(&word.as_str())).collect()
}

fn help(subcommand: &[String]) -> Option<String> {
    let output = Command::new(env!("CARGO_BIN_EXE_poscert")).args(subcommand).arg("--help").output().unwrap();
    output.status.success().then(|| String::from_utf8(output.stdout).unwrap())
}

/// What is wrong with a command, if anything.
fn wrong(command: &str) -> Option<String> {
    let words = words(command);
    let is_name = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.starts_with('-');
    let names: Vec<String> = words.iter().take_while(is_name).cloned().collect();
    let Some(help) = (1..=names.len()).rev().find_map(|count| help(&names[..count])) else {
        let is_global = words.first().is_some_and(|word| ["--version", "--help"].contains(&word.as_str()));
        return (!is_global).then(|| format!("`poscert {command}`: no such subcommand"));
    };
    let option = Regex::new(r"^--[a-z][a-z-]*").unwrap();
    let options = words.iter().filter_map(|word| option.find(word)).map(|found| found.as_str());
    let named = |option: &str| Regex::new(&format!(r"(?m){option}(?:[^a-z-]|$)")).unwrap().is_match(&help);
    let unknown: Vec<&str> = options.filter(|option| *option != "--help" && !named(option)).collect();
    (!unknown.is_empty()).then(|| format!("`poscert {command}`: the help does not name {unknown:?}"))
}

#[test]
fn commands_in_the_docs_exist() {
    let (mut count, mut found) = (0, Vec::new());
    for (path, text) in pages() {
        for command in commands(&text) {
            count += 1;
            found.extend(wrong(&command).map(|why| format!("{}: {why}", path.display())));
        }
    }
    assert!(count > 30, "only {count} commands were found");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn wrong_commands_are_found() {
    for command in ["judge capture", "verify --no-such-option x", "ledger check --trusted"] {
        assert!(wrong(command).is_some(), "{command}");
    }
    assert_eq!(wrong("verify capture --format json | jq . --tab"), None);
    assert_eq!(
        commands("x\n```sh\n$ poscert verify a \\\n  --format json\nother\n```\nposcert no\n"),
        ["verify a --format json"]
    );
}

#[test]
fn pages_are_in_the_summary_and_links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]+)(?:#[^)]*)?\)").unwrap();
    let summary = std::fs::read_to_string(root().join("docs/SUMMARY.md")).unwrap();
    let mut wrong = Vec::new();
    for (path, text) in pages() {
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.parent() == Some(&*root().join("docs"))
            && name != "SUMMARY.md"
            && !summary.contains(&format!("({name})"))
        {
            wrong.push(format!("{name} is not in docs/SUMMARY.md"));
        }
        for found in link.captures_iter(&text) {
            let target = &found[1];
            let is_local = !target.contains("://") && !target.starts_with("mailto:");
            if is_local && !path.parent().unwrap_or(Path::new(".")).join(target).exists() {
                wrong.push(format!("{}: {target} does not exist", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
