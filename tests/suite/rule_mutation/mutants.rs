//! Mutants: single small changes of a scenario, and how they are made. `operators.rs` lists them.

use super::scenario::{Call, Walk, with_guids};
use serde_json::json;

/// The header of the idempotency key.
pub(super) const KEY: &str = "x-mobilepay-idempotency-key";

/// A small change of a scenario.
#[derive(Clone, Debug)]
pub(super) struct Mutant {
    /// `drop`, `double`, `change`, `swap`, `shorten`, `repeat`, `lengthen` or `cut`.
    pub operator: &'static str,
    /// What it changes in the exchange, and to what.
    pub what: String,
    /// The index of the exchange.
    pub at: usize,
    /// How it is made.
    pub act: Act,
}

/// How a mutant is made.
#[derive(Clone, Debug)]
pub(super) enum Act {
    Edit(Edit),
    Drop,
    /// This many copies after it, this many ms apart.
    Copies(usize, i64),
    /// One copy at the end of the scenario.
    Late,
    /// The opposite action after it.
    Opposite,
    Neighbours,
    /// Swaps the bodies of two exchanges.
    Bodies(usize),
    Pause(i64),
    Lasts(i64),
    Cut(i64),
    /// This status for all attempts of the exchange's call from it on.
    Refused(u16),
    /// Replaces the call by another one.
    Instead(&'static str, String, Option<String>),
    Feature(String),
    Statuses(Vec<u16>),
}

/// A change within one exchange.
#[derive(Clone, Debug)]
pub(super) enum Edit {
    Unset(String),
    Also(String),
    Header(String, String),
    Exchanged(&'static str, &'static str),
    Http(&'static str),
    Tls(&'static str),
    Method(&'static str),
    Path(String),
    Status(u16, &'static str),
    Body(Option<String>),
    Answer(String),
}

impl Mutant {
    /// The changed scenario.
    pub(super) fn of(&self, base: &Walk) -> Walk {
        let mut walk = base.clone();
        let at = self.at;
        match &self.act {
            Act::Edit(edit) => edit.apply(&mut walk.calls[at]),
            Act::Drop => drop(walk.calls.remove(at)),
            Act::Copies(count, gap) => (0..*count).for_each(|_| {
                let mut again = walk.calls[at].clone();
                again.at = again.end() + gap;
                insert(&mut walk, at + 1, again, *gap);
            }),
            Act::Late => {
                let mut again = walk.calls[at].clone();
                again.at = walk.calls.iter().map(Call::end).max().unwrap_or(0) + 3000;
                walk.calls.push(again);
            }
            Act::Opposite => {
                let mut other = walk.calls[at].clone();
                let amount = amount_of(&walk, &other.path);
                let payment = other.path.starts_with("/payments");
                if other.path.ends_with("/capture") {
                    other.path = other.path.replace("/capture", "/cancel");
                    other.body = None;
                } else {
                    other.path = other.path.replace("/cancel", "/capture");
                    other.body = payment.then(|| format!("{{\"amount\": {amount}}}"));
                }
                (other.status, other.answer) = (200, String::new());
                other.at = other.end() + 300;
                insert(&mut walk, at + 1, other, 300);
            }
            Act::Neighbours => {
                let (first, second) = (walk.calls[at].clone(), walk.calls[at + 1].clone());
                let gap = second.at - first.end();
                walk.calls.swap(at, at + 1);
                walk.calls[at].at = first.at;
                walk.calls[at + 1].at = first.at + second.lasts + gap;
            }
            Act::Bodies(other) => {
                let other_body = walk.calls[*other].body.clone();
                let body = std::mem::replace(&mut walk.calls[at].body, other_body);
                walk.calls[*other].body = body;
            }
            Act::Pause(ms) => {
                let by = walk.calls[at - 1].end() + ms - walk.calls[at].at;
                walk.shift(at, by);
            }
            Act::Lasts(ms) => {
                let by = ms - walk.calls[at].lasts;
                walk.calls[at].lasts = *ms;
                walk.calls[at + 1..].iter_mut().for_each(|call| call.at += by);
            }
            Act::Cut(ms) => {
                let by = ms - walk.calls[at].lasts;
                (walk.calls[at].status, walk.calls[at].lasts) = (0, *ms);
                walk.calls[at + 1..].iter_mut().for_each(|call| call.at += by);
            }
            Act::Refused(status) => {
                let (method, path) = (walk.calls[at].method.clone(), walk.calls[at].path.clone());
                let key = walk.calls[at].header(KEY).map(str::to_owned);
                let same =
                    |call: &&mut Call| call.method == method && call.path == path && call.header(KEY) == key.as_deref();
                for call in walk.calls[at..].iter_mut().filter(same) {
                    (call.status, call.answer) = (*status, String::new());
                }
            }
            Act::Instead(method, path, body) => {
                let call = &mut walk.calls[at];
                (*method).clone_into(&mut call.method);
                call.path.clone_from(path);
                call.body.clone_from(body);
            }
            Act::Feature(id) => walk.features.retain(|known| known != id),
            Act::Statuses(statuses) => walk.records[0]["statuses"] = json!(statuses),
        }
        walk.calls.sort_by_key(|call| call.at);
        walk
    }
}

fn insert(walk: &mut Walk, at: usize, call: Call, gap: i64) {
    let room = call.lasts + gap;
    walk.calls.insert(at, call);
    walk.calls[at + 1..].iter_mut().for_each(|call| call.at += room);
}

fn amount_of(walk: &Walk, path: &str) -> String {
    let id = path.split('/').nth(2).unwrap_or_default();
    let create =
        walk.calls.iter().find(|call| call.status == 200 && call.answer.contains(id) && call.field("amount").is_some());
    create.and_then(|call| call.field("amount")).map_or("1.00".to_owned(), |amount| amount.to_string())
}

impl Edit {
    fn apply(&self, call: &mut Call) {
        match self {
            Edit::Unset(name) => call.unset_header(name),
            Edit::Also(name) => {
                let value = call.header(name).unwrap_or_default().to_owned();
                call.headers.push((name.clone(), value));
            }
            Edit::Header(name, value) => call.set_header(name, value),
            Edit::Exchanged(one, other) => {
                let (first, second) = (call.header(one).map(str::to_owned), call.header(other).map(str::to_owned));
                call.set_header(one, &second.unwrap_or_default());
                call.set_header(other, &first.unwrap_or_default());
            }
            Edit::Http(version) => (*version).clone_into(&mut call.http),
            Edit::Tls(version) => (*version).clone_into(&mut call.tls),
            Edit::Method(method) => (*method).clone_into(&mut call.method),
            Edit::Path(path) => call.path.clone_from(path),
            Edit::Status(status, answer) => (call.status, call.answer) = (*status, with_guids(answer)),
            Edit::Body(body) => call.body.clone_from(body),
            Edit::Answer(answer) => call.answer.clone_from(answer),
        }
    }
}
