//! Tests of HARs with missing content: what it would have shown is not exercised, never passed, and breaks nothing;
//! findings on the rest stay.

use super::edit;
use super::edits::BY_REQUIREMENT;
use super::scenario::Walk;
use super::{FIXTURES, Shown, certified, har, judge, judge_har};
use serde_json::{Value, json};

/// Whether the request and the response body of the entry at this position are removed.
type Which = fn(usize) -> (bool, bool);

/// The choices of bodies to remove.
const HIDDEN: [(&str, Which); 4] = [
    ("requests", |_| (true, false)),
    ("answers", |_| (false, true)),
    ("both", |_| (true, true)),
    ("every third", |at| (at % 3 == 0, at % 3 == 1)),
];

/// The HAR of a scenario with only the size of some bodies, as HAR exporters write it.
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
    let seen = |(name, which): (&str, Which)| compared(&format!("{what}, {name}"), walk, &without(walk, which), whole);
    HIDDEN.into_iter().flat_map(seen).collect()
}

/// The errors in the verdict on an incomplete HAR of a scenario.
fn compared(what: &str, walk: &Walk, har: &str, whole: &Shown) -> Vec<String> {
    let mut wrongs = Vec::new();
    {
        let seen = judge_har(har, &walk.features);
        let mut wrong = |words: String| wrongs.push(format!("{what} hidden: {words}"));
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
fn missing_bodies_pass_nothing_and_break_nothing() {
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
fn without_bodies_no_case_passes_and_no_requirement_on_bodies() {
    for name in FIXTURES {
        let walk = certified(name);
        let seen = judge_har(&without(&walk, |_| (true, true)), &walk.features);
        assert_eq!((seen.verdict, seen.failed.len(), seen.warned.len()), ("incomplete", 0, 0), "{name}: {seen:?}");
        // Other requirements are judged by requests and statuses: that no payment was started before, that a capture
        // succeeded.
        let of_bodies = ["PAY-01", "PAY-05", "PRE-01", "REF-01", "REF-03"];
        let passed: Vec<&str> = of_bodies.into_iter().filter(|id| seen.exercised.contains(*id)).collect();
        assert!(passed.is_empty(), "{name}: {passed:?} depend on bodies");
        let entries: Value = serde_json::from_str(&without(&walk, |_| (true, true))).unwrap();
        assert!(!entries.to_string().contains("Reserved"), "{name}");
    }
}

/// Removes one thing from an entry; `false` if the entry does not have it.
type Hide = fn(&mut Value) -> bool;

/// The parts of an entry that a HAR may lack.
const PARTS: [(&str, Hide); 12] = [
    ("request body", |entry| {
        let size = entry["request"]["postData"]["text"].as_str().map_or(0, str::len);
        entry["request"]["bodySize"] = json!(-1);
        size > 0 && entry["request"].as_object_mut().unwrap().remove("postData").is_some()
    }),
    ("response body", |entry| {
        let shown = entry["response"]["content"]["text"].as_str().is_some_and(|text| !text.is_empty());
        entry["response"]["content"] = json!({"mimeType": "application/json"});
        shown
    }),
    ("end of the response body", |entry| {
        let text = entry["response"]["content"]["text"].as_str().unwrap_or_default().to_owned();
        entry["response"]["content"]["text"] = json!(&text[..text.len() / 2]);
        text.len() > 1
    }),
    ("response state", |entry| {
        let text = entry["response"]["content"]["text"].as_str().unwrap_or_default();
        let Ok(mut body) = serde_json::from_str::<Value>(text) else { return false };
        let Some(state) = body.get_mut("status") else { return false };
        *state = json!("[redacted]");
        entry["response"]["content"] = json!({"text": body.to_string()});
        true
    }),
    ("request amount", |entry| {
        let text = entry["request"]["postData"]["text"].as_str().unwrap_or_default();
        let Ok(mut body) = serde_json::from_str::<Value>(text) else { return false };
        let Some(amount) = body.get_mut("amount") else { return false };
        *amount = json!("***");
        entry["request"]["bodySize"] = json!(-1);
        entry["request"]["postData"] = json!({"text": body.to_string()});
        true
    }),
    ("headers", |entry| entry["request"].as_object_mut().unwrap().remove("headers").is_some()),
    ("token", |entry| masked(entry, "Authorization", "Bearer [redacted]")),
    ("key", |entry| masked(entry, "x-mobilepay-idempotency-key", "REDACTED")),
    ("version", |entry| masked(entry, "x-mobilepay-client-system-version", "***")),
    ("VAT number", |entry| masked(entry, "x-mobilepay-merchant-vat-number", "DKxxxxxxxx")),
    ("client id", |entry| masked(entry, "x-ibm-client-id", "<redacted>")),
    ("id in the path", |entry| {
        let url = entry["request"]["url"].as_str().unwrap().to_owned();
        let is_id = |part: &&str| part.len() == 36 && part.matches('-').count() == 4;
        let path = url.split('?').next().unwrap().to_owned();
        let Some(id) = path.split('/').find(is_id) else { return false };
        entry["request"]["url"] = json!(url.replace(id, "[redacted]"));
        true
    }),
];

fn masked(entry: &mut Value, name: &str, mask: &str) -> bool {
    let headers = entry["request"]["headers"].as_array_mut().unwrap();
    let is = |header: &&mut Value| header["name"].as_str().unwrap().eq_ignore_ascii_case(name);
    let mut found = headers.iter_mut().filter(is);
    found.next().map(|header| header["value"] = json!(mask)).is_some()
}

/// The HAR of a scenario without these parts of the chosen entries; `None` if there was nothing to remove.
fn hidden(walk: &Walk, hide: Hide, which: impl Fn(usize) -> bool) -> Option<String> {
    let mut file = har::value(walk);
    let entries = file["log"]["entries"].as_array_mut().unwrap();
    let mut any = false;
    for (_, entry) in entries.iter_mut().enumerate().filter(|(at, _)| which(*at)) {
        let mut changed = entry.clone();
        if is_call(entry) && hide(&mut changed) {
            (*entry, any) = (changed, true);
        }
    }
    any.then(|| file.to_string())
}

fn is_call(entry: &Value) -> bool {
    let url = entry["request"]["url"].as_str().unwrap();
    url.contains("/v10/") && !url.contains("/usersimulation/")
}

/// The number of random choices of entries for each edit and part.
const SALTS: usize = 4;

#[test]
fn one_missing_part_passes_nothing_and_breaks_nothing() {
    let mut found = Vec::new();
    for name in FIXTURES {
        let walk = certified(name);
        let whole = judge(&walk);
        for (part, (what, hide)) in PARTS.into_iter().enumerate() {
            // Rotated, so that all parts together cover every entry more than once.
            for at in (part % 5..walk.calls.len()).step_by(5) {
                let har = hidden(&walk, hide, |place| place == at);
                found.extend(
                    har.iter().flat_map(|har| compared(&format!("{name}, {what} of {}", at + 1), &walk, har, &whole)),
                );
            }
            let har = hidden(&walk, hide, |_| true);
            found.extend(har.iter().flat_map(|har| compared(&format!("{name}, {what} of all"), &walk, har, &whole)));
        }
    }
    for (count, edit) in BY_REQUIREMENT.iter().flat_map(|file| edit::read(file)).enumerate() {
        let walk = edit.applied();
        let whole = judge(&walk);
        for (part, (what, hide)) in PARTS.into_iter().enumerate() {
            // Some entries of each edit, different ones for each part.
            for salt in 0..SALTS {
                let har = hidden(&walk, hide, |at| (at * 7 + count + part + salt * 3).is_multiple_of(11));
                let name = format!("{} {}, {what} of some ({salt})", edit.requirement, edit.shows);
                found.extend(har.iter().flat_map(|har| compared(&name, &walk, har, &whole)));
            }
        }
    }
    assert!(found.is_empty(), "{} wrong:\n{}", found.len(), found.join("\n"));
}

/// A response of a store look-up says nothing about a payment or a point of sale.
#[test]
fn missing_store_bodies_silence_no_requirement() {
    for edit in BY_REQUIREMENT.iter().flat_map(|file| edit::read(file)) {
        let walk = edit.applied();
        let mut file = har::value(&walk);
        let mut any = false;
        for entry in file["log"]["entries"].as_array_mut().unwrap() {
            let url = entry["request"]["url"].as_str().unwrap();
            if url.contains("/v10/stores") && entry["response"]["status"] == 200 {
                entry["response"]["content"] = json!({"size": 60, "mimeType": "application/json"});
                any = true;
            }
        }
        let (whole, seen) = (judge(&walk), judge_har(&file.to_string(), &walk.features));
        let verdict = if any && whole.verdict == "passed" { "incomplete" } else { whole.verdict };
        assert_eq!(seen, Shown { verdict, ..whole }, "{} {}", edit.requirement, edit.shows);
    }
}
