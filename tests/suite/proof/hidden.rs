//! Bodies that a HAR leaves out: what they would have shown is not exercised, never passed, and breaks nothing.

use super::edit;
use super::edits::BY_REQUIREMENT;
use super::walk::Walk;
use super::{FIXTURES, Shown, certified, har, judge, judge_har};
use serde_json::{Value, json};

/// Whether the request's and the answer's body of the entry at this place are left out.
type Which = fn(usize) -> (bool, bool);

/// Which bodies are left out.
const HIDDEN: [(&str, Which); 4] = [
    ("requests", |_| (true, false)),
    ("answers", |_| (false, true)),
    ("both", |_| (true, true)),
    ("every third", |at| (at % 3 == 0, at % 3 == 1)),
];

/// The HAR of a walk with a size in the place of some bodies, as makers of HARs write it.
fn without(walk: &Walk, which: Which) -> String {
    let mut file = har::value(walk);
    for (at, entry) in file["log"]["entries"].as_array_mut().unwrap().iter_mut().enumerate() {
        let (request, answer) = which(at);
        let size = entry["request"]["postData"]["text"].as_str().map_or(0, str::len);
        if request && size > 0 {
            entry["request"]["bodySize"] = json!(size);
            entry["request"].as_object_mut().unwrap().remove("postData");
        }
        let content = entry["response"]["content"].as_object_mut().unwrap();
        if answer && content.get("text").is_some_and(|text| text != "") {
            content.remove("text");
        }
    }
    file.to_string()
}

fn wrongs(what: &str, walk: &Walk, whole: &Shown) -> Vec<String> {
    let mut wrongs = Vec::new();
    for (name, which) in HIDDEN {
        let seen = judge_har(&without(walk, which), &walk.features);
        let mut wrong = |words: String| wrongs.push(format!("{what}, {name} hidden: {words}"));
        for id in seen.failed.difference(&whole.failed).chain(seen.warned.difference(&whole.warned)) {
            wrong(format!("{id} is broken, and was not"));
        }
        let broken = whole.failed.union(&whole.warned);
        for id in broken.filter(|id| !seen.failed.contains(*id) && !seen.warned.contains(*id)) {
            if seen.exercised.contains(id) {
                wrong(format!("{id} is passed, and was broken"));
            }
        }
        for (case, status) in &seen.cases {
            let before = whole.cases[case];
            if *status == "passed" && before != "passed" || *status == "failed" && before != "failed" {
                wrong(format!("{case} is {status}, and was {before}"));
            }
        }
        if seen.verdict == "passed" && whole.verdict != "passed" {
            wrong("the verdict is passed".to_owned());
        }
    }
    wrongs
}

#[test]
fn bodies_that_are_not_shown_make_nothing_passed_and_nothing_broken() {
    let mut found = Vec::new();
    for name in FIXTURES {
        let walk = certified(name);
        found.extend(wrongs(name, &walk, &judge(&walk)));
    }
    for edit in BY_REQUIREMENT.iter().flat_map(|file| edit::read(file)) {
        let walk = edit.applied();
        found.extend(wrongs(&format!("{}:{} {}", edit.of, edit.line, edit.shows), &walk, &judge(&walk)));
    }
    assert!(found.is_empty(), "{} wrong:\n{}", found.len(), found.join("\n"));
}

#[test]
fn without_bodies_no_case_is_shown_and_no_rule_on_them_passed() {
    for name in FIXTURES {
        let walk = certified(name);
        let seen = judge_har(&without(&walk, |_| (true, true)), &walk.features);
        assert_eq!((seen.verdict, seen.failed.len(), seen.warned.len()), ("incomplete", 0, 0), "{name}: {seen:?}");
        let gone: Vec<&String> =
            seen.exercised.iter().filter(|id| !id.starts_with("ALL-") && !id.starts_with("NOT-")).collect();
        assert!(gone.is_empty(), "{name}: {gone:?} rest on bodies");
        let entries: Value = serde_json::from_str(&without(&walk, |_| (true, true))).unwrap();
        assert!(!entries.to_string().contains("Reserved"), "{name}");
    }
}
