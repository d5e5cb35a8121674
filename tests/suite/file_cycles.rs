//! No file under `src` imports, over however many others, a file that imports it.
//!
//! A module and the modules inside it are one thing here: `super::` from a child is no arrow.

use super::layering::{Sources, code, sources, test_files};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// Modules by their path (`verify/state`), with the code of their files.
type Modules = BTreeMap<String, String>;

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// The modules of these files, without those that are compiled for tests only.
fn modules(sources: &Sources) -> Modules {
    let tests = test_files(sources);
    let program = sources.iter().filter(|(path, _)| !tests.contains(path));
    let name = |path: &str| {
        let path = path.trim_end_matches(".rs");
        path.strip_suffix("/mod").unwrap_or(path).to_owned()
    };
    let module = |(path, text): (&String, &String)| {
        let lines: Vec<&str> = code(text).into_iter().map(|(_, line)| line).collect();
        (name(path), lines.join("\n"))
    };
    let mut modules: Modules = program.map(module).collect();
    modules.retain(|name, _| !["lib", "main"].contains(&name.as_str()));
    modules
}

/// The paths of a use tree: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn paths(tree: &str, before: &[String], found: &mut Vec<Vec<String>>) {
    let tree = tree.trim();
    if let Some(group) = tree.strip_prefix('{') {
        let group = &group[..group.rfind('}').unwrap_or(group.len())];
        let (mut depth, mut start) = (0, 0);
        for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => {
                    paths(&group[start..at], before, found);
                    start = (at + 1).min(group.len());
                }
                _ => {}
            }
        }
        return;
    }
    let Some(end) = tree.find(|c: char| !(c.is_alphanumeric() || c == '_')).or(Some(tree.len())).filter(|end| *end > 0)
    else {
        return;
    };
    let path = [before, &[tree[..end].to_owned()]].concat();
    match tree[end..].strip_prefix("::") {
        Some(rest) => paths(rest, &path, found),
        None => found.push(path),
    }
}

/// The module that a path of that file names, with what follows it taken off.
fn target(modules: &Modules, here: &str, path: &[String], imported: &BTreeMap<String, Vec<String>>) -> Option<String> {
    let own: Vec<String> = here.split('/').map(str::to_owned).collect();
    let first = path.first()?.as_str();
    let mut full = match first {
        "crate" => path[1..].to_vec(),
        "self" => [&own[..], &path[1..]].concat(),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            [&own[..own.len().checked_sub(ups)?], &path[ups..]].concat()
        }
        _ if modules.contains_key(&format!("{here}/{first}")) => [&own[..], path].concat(),
        _ => {
            let import = imported.get(first).filter(|import| path.len() > 1 && import.as_slice() != path)?;
            return target(modules, here, &[&import[..], &path[1..]].concat(), &BTreeMap::new());
        }
    };
    while !full.is_empty() && !modules.contains_key(&full.join("/")) {
        full.pop();
    }
    let target = full.join("/");
    let inside = |outer: &str, inner: &str| inner.starts_with(&format!("{outer}/"));
    (!target.is_empty() && target != here && !inside(&target, here) && !inside(here, &target)).then_some(target)
}

fn arrows(modules: &Modules) -> Arrows {
    let import = Regex::new(r"(?m)^[ \t]*(?:pub(?:\([^)]*\))?\s+)?use\s+([^;]+);").unwrap();
    let path = Regex::new(r"[A-Za-z_][A-Za-z0-9_]*(?:::[A-Za-z_][A-Za-z0-9_]*)+").unwrap();
    let mut arrows = Arrows::new();
    for (here, text) in modules {
        let mut all = Vec::new();
        import.captures_iter(text).for_each(|found| paths(&found[1], &[], &mut all));
        let imported = all.iter().filter_map(|path| Some((path.last()?.clone(), path.clone()))).collect();
        all.extend(path.find_iter(text).map(|found| found.as_str().split("::").map(str::to_owned).collect()));
        let targets = all.iter().filter_map(|path| target(modules, here, path, &imported));
        arrows.insert(here.clone(), targets.collect());
    }
    arrows
}

/// Everything that can be reached from a file, along the arrows.
fn reached<'a>(arrows: &'a Arrows, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut next: Vec<&str> = arrows.get(from).into_iter().flatten().map(String::as_str).collect();
    while let Some(at) = next.pop() {
        if found.insert(at) {
            next.extend(arrows.get(at).into_iter().flatten().map(String::as_str));
        }
    }
    found
}

fn in_a_cycle(arrows: &Arrows) -> Vec<&str> {
    arrows.keys().map(String::as_str).filter(|file| reached(arrows, file).contains(file)).collect()
}

#[test]
fn no_file_imports_itself_through_others() {
    let arrows = arrows(&modules(&sources()));
    assert!(arrows.values().map(BTreeSet::len).sum::<usize>() > 500, "the imports were not found");
    assert_eq!(in_a_cycle(&arrows), Vec::<&str>::new());
}

#[test]
fn cycles_are_found() {
    let of = |files: &[(&str, &str)]| {
        let file = |(name, text): &(&str, &str)| (format!("{name}.rs"), (*text).to_owned());
        arrows(&modules(&files.iter().map(file).collect()))
    };
    let cycle = [
        ("a", "mod b;\nmod c;\n"),
        ("a/b", "use super::{c::C, d};\nfn f() { d::g() }\n"),
        ("a/c", "// use super::b;\nfn f() { super::super::e::f() }\n"),
        ("a/d", "//! D.\n"),
        ("e", "use crate::a::b::B;\n"),
    ];
    assert_eq!(in_a_cycle(&of(&cycle)), ["a/b", "a/c", "e"]);
    let none = [
        ("a", "mod b;\nuse b::B;\n"),
        ("a/b", "use super::A;\n#[cfg(test)]\nmod tests {\n    use crate::c;\n}\n"),
        ("c", "use crate::a::b::B;\n"),
    ];
    assert!(in_a_cycle(&of(&none)).is_empty());
}
