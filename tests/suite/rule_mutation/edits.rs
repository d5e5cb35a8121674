//! Tests that every edit fails exactly the requirements it lists, and its unchanged fixture does not.

use super::edit::{self, Edit};
use super::{FIXTURES, judge, rules};
use poscert::rules::model::Level;
use std::collections::{BTreeMap, BTreeSet};

/// The files of edits sorted by requirement.
pub(super) const BY_REQUIREMENT: [&str; 5] =
    ["common.toml", "common-more.toml", "overlapping.toml", "onboarding-and-payment.toml", "others.toml"];

/// The deviations of a file's edits, a paragraph each.
fn wrong(file: &str) -> Vec<String> {
    let edits = edit::read(file);
    let mut wrong = Vec::new();
    for (at, edit) in edits.iter().enumerate() {
        assert!(FIXTURES.contains(&edit.of.as_str()), "{file}: {}: no fixture {}", edit.shows, edit.of);
        let found = judge(&edit.applied());
        let open = found.cases.iter().filter(|(_, status)| **status != "passed");
        let open: BTreeMap<String, String> = open.map(|(id, status)| (id.clone(), (*status).to_owned())).collect();
        let said = (&edit.failed, &edit.warned, &edit.cases);
        if said != (&found.failed, &found.warned, &open) {
            wrong.push(format!(
                "{file}, edit {} ({}, {}{}):\n  expected {said:?}\n  found    {:?}",
                at + 1,
                edit.shows,
                edit.requirement,
                edit.line,
                (&found.failed, &found.warned, &open)
            ));
        }
        let verdict = if found.failed.is_empty() { found.verdict } else { "failed" };
        assert_eq!(found.verdict, verdict, "{file}: {}", edit.shows);
    }
    wrong
}

#[test]
fn each_edit_has_exactly_its_expected_findings() {
    let wrong: Vec<String> = BY_REQUIREMENT.iter().flat_map(|file| wrong(file)).collect();
    assert!(wrong.is_empty(), "{} edits:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn each_requirement_has_an_edit_that_breaks_it() {
    let edits: Vec<Edit> = BY_REQUIREMENT.iter().flat_map(|file| edit::read(file)).collect();
    for requirement in &rules().requirements {
        let own: Vec<&Edit> = edits.iter().filter(|edit| edit.requirement == requirement.id).collect();
        assert!(!own.is_empty(), "no edit breaks {}", requirement.id);
        for edit in own {
            let set = if requirement.level == Level::Must { &edit.failed } else { &edit.warned };
            assert!(set.contains(&requirement.id), "{}: {} does not break it", requirement.id, edit.shows);
        }
    }
    let known: BTreeSet<&String> = rules().requirements.iter().map(|requirement| &requirement.id).collect();
    for edit in &edits {
        assert!(known.contains(&edit.requirement), "{}: no requirement {}", edit.shows, edit.requirement);
        assert!(edit.line.is_empty(), "{}", edit.shows);
    }
}

#[test]
fn legal_behaviour_seen_in_the_wild_is_tolerated() {
    let edits = edit::read("tolerated.toml");
    assert!(edits.iter().all(|edit| edit.failed.is_empty() && !edit.line.is_empty()));
    assert_eq!(wrong("tolerated.toml"), [""; 0]);
}

#[test]
fn wrong_behaviour_seen_in_the_wild_is_detected() {
    let edits = edit::read("seen_in_the_wild.toml");
    assert!(edits.iter().all(|edit| !edit.failed.is_empty() && !edit.line.is_empty()));
    assert_eq!(wrong("seen_in_the_wild.toml"), [""; 0]);
}

#[test]
fn settled_interpretations_are_kept() {
    let edits = edit::read("settled.toml");
    assert!(edits.iter().all(|edit| !edit.line.is_empty()));
    assert_eq!(wrong("settled.toml"), [""; 0]);
}
