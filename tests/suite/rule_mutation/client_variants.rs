//! Property tests that these changes alter no verdict: the order of a HAR's entries, the time of day, the letter case
//! of GUIDs and header names, the order of headers. Applied to passing certifications and to edits of them that fail.

use super::edit::{self, Edit};
use super::scenario::Walk;
use super::{FIXTURES, certified, har, judge, judge_har};
use proptest::prelude::*;
use proptest::sample::Index;
use regex::{Captures, Regex};
use serde_json::Value;
use std::sync::OnceLock;

fn walks() -> &'static Vec<Walk> {
    static WALKS: OnceLock<Vec<Walk>> = OnceLock::new();
    WALKS.get_or_init(|| {
        let files = ["common.toml", "common-more.toml", "onboarding-and-payment.toml", "others.toml"];
        let edits: Vec<Edit> = files.iter().flat_map(|file| edit::read(file)).collect();
        let edited = edits.iter().map(Edit::applied);
        FIXTURES.iter().map(|name| certified(name)).chain(edited).collect()
    })
}

/// Converts the GUIDs of randomly chosen calls to upper case.
fn guids_in_upper_case(walk: &mut Walk, coins: &[bool]) {
    let guid = Regex::new(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b").unwrap();
    let upper = |text: &str| guid.replace_all(text, |found: &Captures| found[0].to_uppercase()).into_owned();
    for (call, _) in walk.calls.iter_mut().zip(coins.iter().cycle()).filter(|(_, coin)| **coin) {
        call.path = upper(&call.path);
        call.body = call.body.as_deref().map(upper);
        for (name, value) in &mut call.headers {
            if !name.eq_ignore_ascii_case("authorization") {
                *value = upper(value);
            }
        }
    }
}

fn header_names_in_other_case(walk: &mut Walk, coins: &[bool]) {
    for (call, coin) in walk.calls.iter_mut().zip(coins.iter().cycle()) {
        for (name, _) in &mut call.headers {
            *name = if *coin { name.to_uppercase() } else { name.to_lowercase() };
        }
        if *coin {
            call.headers.reverse();
        }
    }
}

/// Reorders the entries. Entries that begin in the same millisecond keep their order, because it is significant.
fn entries_in_another_order(har: &mut Value, keys: &[u64]) {
    let Some(entries) = har["log"]["entries"].as_array_mut() else { return };
    let moments: Vec<Value> = entries.iter().map(|entry| entry["startedDateTime"].clone()).collect();
    let mut at = 0;
    entries.sort_by_cached_key(|_| {
        let first = moments.iter().position(|moment| *moment == moments[at]).unwrap_or(at);
        at += 1;
        (keys[first % keys.len()].rotate_left(u32::try_from(first % 64).unwrap()), first)
    });
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn irrelevant_changes_alter_no_verdict(
        which in any::<Index>(),
        shift in -86_400_000_000_i64..86_400_000_000,
        coins in prop::collection::vec(any::<bool>(), 1..9),
        keys in prop::collection::vec(any::<u64>(), 1..40),
    ) {
        let walk = which.get(walks());
        let base = judge(walk);
        let mut shifted = walk.clone();
        shifted.calls.iter_mut().for_each(|call| call.at += shift);
        prop_assert_eq!(&judge(&shifted), &base, "times shifted");
        let mut upper = walk.clone();
        guids_in_upper_case(&mut upper, &coins);
        prop_assert_eq!(&judge(&upper), &base, "GUIDs in upper case");
        let mut named = walk.clone();
        header_names_in_other_case(&mut named, &coins);
        prop_assert_eq!(&judge(&named), &base, "header names in other case");
        let mut har = har::value(walk);
        entries_in_another_order(&mut har, &keys);
        prop_assert_eq!(&judge_har(&har.to_string(), &walk.features), &base, "entries in another order");
        // All changes together.
        guids_in_upper_case(&mut shifted, &coins);
        header_names_in_other_case(&mut shifted, &coins);
        let mut har = har::value(&shifted);
        entries_in_another_order(&mut har, &keys);
        prop_assert_eq!(&judge_har(&har.to_string(), &walk.features), &base, "all at once");
    }
}
