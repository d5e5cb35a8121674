//! Edits of a fixture, kept as data, with the exact sets of requirements that must then fail or warn.

use super::scenario::{Walk, with_guids};
use super::{certified, fixture_path};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A file of edits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    edit: Vec<Edit>,
}

/// A change and its expected findings.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Edit {
    /// The requirement it breaks, in the files sorted by requirement.
    #[serde(default)]
    pub requirement: String,
    /// The line of the certification page it illustrates, in the other files.
    #[serde(default)]
    pub line: String,
    /// What the client does then, in one sentence.
    pub shows: String,
    /// The fixture.
    pub of: String,
    /// The certified features, if they differ from the fixture's.
    pub features: Option<Vec<String>>,
    /// The musts that fail, all of them.
    #[serde(default)]
    pub failed: BTreeSet<String>,
    /// The shoulds that warn, all of them.
    #[serde(default)]
    pub warned: BTreeSet<String>,
    /// The cases that do not pass, all of them.
    #[serde(default)]
    pub cases: BTreeMap<String, String>,
    /// The steps, in order.
    #[serde(rename = "do")]
    pub acts: Vec<Act>,
}

/// One step of an edit. Calls are named by patterns, in which `*` stands for any text.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Act {
    /// Removes these calls; the others keep their times.
    drop: Option<String>,
    /// Repeats this call after it, `times` times, `gap` ms apart.
    repeat: Option<String>,
    times: Option<usize>,
    gap: Option<i64>,
    /// Moves this call after the one named by `after`, or before the one named by `before`, `gap` ms apart.
    r#move: Option<String>,
    /// Inserts these scenario lines after the call named by `after`, or at the end.
    insert: Option<String>,
    after: Option<String>,
    before: Option<String>,
    /// Changes these calls by the fields below.
    set: Option<String>,
    status: Option<u16>,
    lasts: Option<i64>,
    method: Option<String>,
    path: Option<String>,
    http: Option<String>,
    tls: Option<String>,
    body: Option<String>,
    no_body: bool,
    answer: Option<String>,
    header: BTreeMap<String, String>,
    also: BTreeMap<String, String>,
    unset: Vec<String>,
    rename: BTreeMap<String, String>,
    replace: Option<(String, String)>,
    replace_answer: Option<(String, String)>,
    /// Sets the pause before this call, and moves it and all later ones.
    pause: Option<i64>,
    /// Adds a record that is not an exchange.
    record: Option<toml::Table>,
    /// Removes the fixture's own records.
    no_records: bool,
}

/// All edits of a file in `fixtures/mutations/`.
pub(super) fn read(name: &str) -> Vec<Edit> {
    let path = fixture_path("mutations").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let file: File = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    file.edit
}

impl Edit {
    /// The fixture with all steps applied.
    pub(super) fn applied(&self) -> Walk {
        let mut walk = certified(&self.of);
        for act in &self.acts {
            act.apply(&mut walk);
        }
        if let Some(features) = &self.features {
            walk.features.clone_from(features);
        }
        // The entries of a HAR are sorted by time; steps may have changed the order.
        walk.calls.sort_by_key(|call| call.at);
        walk
    }
}

impl Act {
    fn apply(&self, walk: &mut Walk) {
        if let Some(pattern) = &self.drop {
            let places = walk.places(pattern);
            let mut at = 0;
            walk.calls.retain(|_| {
                at += 1;
                !places.contains(&(at - 1))
            });
        }
        if let Some(name) = &self.repeat {
            self.repeated(walk, name);
        }
        if let Some(name) = &self.r#move {
            self.moved(walk, name);
        }
        if let Some(text) = &self.insert {
            self.inserted(walk, text);
        }
        if let Some(pattern) = &self.set {
            for at in walk.places(pattern) {
                self.changed(walk, at);
            }
        }
        if self.no_records {
            walk.records.clear();
        }
        if let Some(record) = &self.record {
            walk.records.push(serde_json::to_value(record).unwrap());
        }
    }

    fn repeated(&self, walk: &mut Walk, name: &str) {
        let at = walk.places(name)[0];
        let (gap, call) = (self.gap.unwrap_or(300), walk.calls[at].clone());
        for time in 1..=self.times.unwrap_or(1) {
            let mut again = call.clone();
            again.at = walk.calls[at + time - 1].end() + gap;
            again.name = format!("{}-again-{time}", call.name);
            let room = gap + call.lasts;
            walk.calls.insert(at + time, again);
            if at + time + 1 < walk.calls.len() {
                walk.shift(at + time + 1, room);
            }
        }
    }

    fn moved(&self, walk: &mut Walk, name: &str) {
        let at = walk.places(name)[0];
        let mut call = walk.calls.remove(at);
        let gap = self.gap.unwrap_or(10);
        let behind = match (&self.after, &self.before) {
            (Some(after), _) => walk.places(after)[0] + 1,
            (None, Some(before)) => walk.places(before)[0],
            (None, None) => panic!("{name} is moved nowhere"),
        };
        call.at = behind.checked_sub(1).map_or(0, |last| walk.calls[last].end()) + gap;
        let room = call.lasts + 2 * gap;
        walk.calls.insert(behind, call);
        if behind + 1 < walk.calls.len() {
            walk.shift(behind + 1, room);
        }
    }

    fn inserted(&self, walk: &mut Walk, text: &str) {
        let behind = self.after.as_ref().map_or(walk.calls.len(), |name| walk.places(name)[0] + 1);
        let rest = walk.calls.split_off(behind);
        let before = walk.calls.last().map_or(0, super::scenario::Call::end);
        walk.add(text, "edit");
        let room = walk.calls.last().map_or(0, super::scenario::Call::end) - before;
        let from = walk.calls.len();
        walk.calls.extend(rest);
        if from < walk.calls.len() {
            walk.shift(from, room);
        }
    }

    fn changed(&self, walk: &mut Walk, at: usize) {
        if let Some(pause) = self.pause {
            let before = at.checked_sub(1).map_or(0, |last| walk.calls[last].end());
            let by = before + pause - walk.calls[at].at;
            walk.shift(at, by);
        }
        if let Some(lasts) = self.lasts {
            let by = lasts - walk.calls[at].lasts;
            walk.calls[at].lasts = lasts;
            if at + 1 < walk.calls.len() {
                walk.shift(at + 1, by);
            }
        }
        let call = &mut walk.calls[at];
        let given = |field: &mut String, value: &Option<String>| {
            if let Some(value) = value {
                *field = with_guids(value);
            }
        };
        given(&mut call.method, &self.method);
        given(&mut call.path, &self.path);
        given(&mut call.http, &self.http);
        given(&mut call.tls, &self.tls);
        given(&mut call.answer, &self.answer);
        call.status = self.status.unwrap_or(call.status);
        call.body = self.body.as_deref().map(with_guids).or(call.body.take()).filter(|_| !self.no_body);
        self.header.iter().for_each(|(name, value)| call.set_header(name, &with_guids(value)));
        self.unset.iter().for_each(|name| call.unset_header(name));
        call.headers.extend(self.also.iter().map(|(name, value)| (name.clone(), with_guids(value))));
        for header in &mut call.headers {
            if let Some(name) = self.rename.get(&header.0) {
                header.0.clone_from(name);
            }
        }
        if let Some((from, to)) = self.replace.as_ref().map(|(from, to)| (with_guids(from), with_guids(to))) {
            let body = call.body.take().unwrap_or_default();
            assert!(body.contains(&from) || call.path.contains(&from), "{} does not contain {from}", call.name);
            call.path = call.path.replace(&from, &to);
            call.body = Some(body.replace(&from, &to)).filter(|body| !body.is_empty());
        }
        if let Some((from, to)) = self.replace_answer.as_ref().map(|(from, to)| (with_guids(from), with_guids(to))) {
            assert!(call.answer.contains(&from), "the response to {} does not contain {from}", call.name);
            call.answer = call.answer.replace(&from, &to);
        }
    }
}
