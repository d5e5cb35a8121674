//! Scenarios: traffic in a readable text format, one exchange per line with its details indented below
//! (`fixtures/README.md`).

use super::fixture_text;
use poscert::seal::Digest;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The base URL of calls without a host.
pub(super) const BASE: &str = "https://api.sandbox.mobilepay.dk/pos-self-certification-api/pos/v10";

/// One request and its response.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    /// Its name in the scenario.
    pub name: String,
    /// The fixture it was written in.
    pub of: String,
    /// When it is sent, in ms.
    pub at: i64,
    /// Its duration, in ms.
    pub lasts: i64,
    /// The method.
    pub method: String,
    /// A path under [`BASE`], or a whole URL.
    pub path: String,
    /// In the order in which they are sent.
    pub headers: Vec<(String, String)>,
    /// The request's body.
    pub body: Option<String>,
    /// The status of the response; 0 without one.
    pub status: u16,
    /// The response body.
    pub answer: String,
    /// The HTTP version, e.g. `HTTP/1.1`.
    pub http: String,
    /// The TLS version, e.g. `TLSv1.3`; empty for none.
    pub tls: String,
}

impl Call {
    /// When it ends, in ms.
    pub(crate) fn end(&self) -> i64 {
        self.at + self.lasts
    }

    /// The value of a header, by its name in any letter case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Sets the header to one value, replacing all others.
    pub(crate) fn set_header(&mut self, name: &str, value: &str) {
        match self.headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some(header) => value.clone_into(&mut header.1),
            None => self.headers.push((name.to_owned(), value.to_owned())),
        }
    }

    /// Removes a header.
    pub(crate) fn unset_header(&mut self, name: &str) {
        self.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// A field of the request body.
    pub(crate) fn field(&self, name: &str) -> Option<Value> {
        serde_json::from_str::<Value>(self.body.as_deref()?).ok()?.get(name).cloned()
    }

    /// The called operation; empty if there is none.
    pub(crate) fn operation(&self) -> &'static str {
        let path = self.path.split_once("/v10").map_or(self.path.as_str(), |(_, rest)| rest);
        let target = format!("/v10{path}");
        poscert::profile::pos_v10().route(&self.method, &target).operation().map_or("", poscert::api::Operation::name)
    }
}

/// Traffic, in the order in which it was sent.
#[derive(Clone, Debug, Default)]
pub(crate) struct Walk {
    /// The certified features.
    pub features: Vec<String>,
    /// The calls.
    pub calls: Vec<Call>,
    /// Records of the capture that are not exchanges.
    pub records: Vec<Value>,
    /// The texts that `$name` stands for.
    lets: BTreeMap<String, String>,
    every: Vec<(String, String)>,
}

/// The GUID that `@name` stands for, the same everywhere.
pub(super) fn guid(name: &str) -> String {
    let hex = Digest::of(format!("fixture {name}").as_bytes()).to_string();
    format!("{}-{}-4{}-9{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}

/// Replaces `@name` by its GUID, and `@^name` by the same in upper case.
pub(super) fn with_guids(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('@') {
        out.push_str(&rest[..at]);
        let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let upper = rest[at + 1..].starts_with('^');
        let start = at + 1 + usize::from(upper);
        let name: String = rest[start..].chars().take_while(|c| word(*c)).collect();
        let name = name.trim_end_matches('-');
        match (name, upper) {
            // `@@` is an at sign.
            ("", _) => {
                out.push('@');
                rest = rest[start..].strip_prefix('@').unwrap_or(&rest[start..]);
                continue;
            }
            (name, false) => out.push_str(&guid(name)),
            (name, true) => out.push_str(&guid(name).to_uppercase()),
        }
        rest = &rest[start + name.len()..];
    }
    out + rest
}

impl Walk {
    /// Reads a fixture with the scenarios it continues.
    pub(crate) fn read(name: &str) -> Walk {
        let mut walk = Walk::default();
        walk.add(&fixture_text(&format!("passing/{name}.scenario")), name);
        walk
    }

    /// Appends the calls of a text.
    pub(crate) fn add(&mut self, text: &str, of: &str) {
        let mut every = false;
        for (number, raw) in text.lines().enumerate() {
            let wrong = |what: &str| -> ! { panic!("{of}, line {}: {what}: {raw}", number + 1) };
            let line = self.filled(raw);
            let indented = line.starts_with(' ');
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if !indented {
                every = line == "every call";
            }
            if indented {
                match (every, self.calls.last_mut()) {
                    (true, _) => put(&mut self.every, header(line).unwrap_or_else(|| wrong("no header"))),
                    (false, Some(call)) => detail(call, line).unwrap_or_else(|| wrong("neither body nor header")),
                    (false, None) => wrong("stands before the first call"),
                }
            } else if let Some(features) = line.strip_prefix("features ") {
                self.features = features.split(',').map(|id| id.trim().to_owned()).collect();
            } else if let Some(before) = line.strip_prefix("after ") {
                let features = std::mem::take(&mut self.features);
                self.add(&fixture_text(&format!("passing/{}.scenario", before.trim())), before.trim());
                self.features = features;
            } else if let Some(definition) = line.strip_prefix("let ") {
                let (name, text) = definition.split_once('=').unwrap_or_else(|| wrong("no `=`"));
                self.lets.insert(name.trim().to_owned(), text.trim().to_owned());
            } else if let Some(statuses) = line.strip_prefix("notified =") {
                let statuses: Vec<u16> = statuses.split_whitespace().filter_map(|s| s.parse().ok()).collect();
                let after = self.calls.len();
                self.records
                    .push(json!({"record": "notification", "wall_us": 0, "statuses": statuses, "after_number": after}));
            } else if !every {
                let call = self.call(line, of).unwrap_or_else(|| wrong("no call"));
                self.calls.push(call);
            }
        }
    }

    /// `NAME +GAP METHOD PATH [key KEY] = STATUS [MS] [< ANSWER]`.
    fn call(&self, line: &str, of: &str) -> Option<Call> {
        let (request, answer) = line.split_once(" = ")?;
        let mut words = request.split_whitespace();
        let (name, gap) = (words.next()?, words.next()?.strip_prefix('+')?.parse::<i64>().ok()?);
        let (method, path) = (words.next()?, words.next()?);
        let (head, answer) = answer.split_once(" < ").unwrap_or((answer, ""));
        let mut numbers = head.split_whitespace();
        let status = numbers.next()?;
        let lasts = numbers.next().map_or(Some(30), |ms| ms.parse().ok())?;
        let mut call = Call {
            name: name.to_owned(),
            of: of.to_owned(),
            at: self.calls.last().map_or(0, Call::end) + gap,
            lasts,
            method: method.to_owned(),
            path: path.to_owned(),
            headers: if path.starts_with('/') { self.every.clone() } else { Vec::new() },
            body: None,
            status: if status == "none" { 0 } else { status.parse().ok()? },
            answer: answer.trim().to_owned(),
            http: "HTTP/1.1".to_owned(),
            tls: "TLSv1.3".to_owned(),
        };
        match (words.next(), words.next(), words.next()) {
            (None, ..) => {}
            (Some("key"), Some(key), None) => call.set_header("x-mobilepay-idempotency-key", key),
            _ => return None,
        }
        Some(call)
    }

    fn filled(&self, line: &str) -> String {
        let mut text = line.to_owned();
        // The value of a name may contain names; the longest matching name wins.
        for _ in 0..4 {
            for (name, value) in self.lets.iter().rev() {
                text = text.replace(&format!("${name}"), value);
            }
        }
        with_guids(&text)
    }

    /// The positions of the calls whose names match a pattern; at least one must match.
    pub(crate) fn places(&self, pattern: &str) -> Vec<usize> {
        let found: Vec<usize> = (0..self.calls.len()).filter(|&at| fits(pattern, &self.calls[at].name)).collect();
        assert!(!found.is_empty(), "no call is named {pattern}");
        found
    }

    /// Moves a call and all later ones by this many ms.
    pub(crate) fn shift(&mut self, from: usize, ms: i64) {
        self.calls[from..].iter_mut().for_each(|call| call.at += ms);
    }
}

/// Whether a name matches a pattern, in which `*` stands for any text.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name
            .strip_prefix(start)
            .is_some_and(|name| (0..=name.len()).any(|at| name.is_char_boundary(at) && fits(rest, &name[at..]))),
    }
}

fn header(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let token = |c: char| c.is_ascii_alphanumeric() || c == '-';
    (!name.is_empty() && name.chars().all(token)).then(|| (name.to_owned(), value.trim().to_owned()))
}

fn put(headers: &mut Vec<(String, String)>, header: (String, String)) {
    headers.retain(|(name, _)| !name.eq_ignore_ascii_case(&header.0));
    headers.push(header);
}

fn detail(call: &mut Call, line: &str) -> Option<()> {
    if let Some(body) = line.strip_prefix('>') {
        call.body = Some(body.trim().to_owned());
    } else if let Some(answer) = line.strip_prefix('<') {
        answer.trim().clone_into(&mut call.answer);
    } else {
        let (name, value) = header(line)?;
        call.set_header(&name, &value);
    }
    Some(())
}
