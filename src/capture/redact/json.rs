//! Redaction of JSON (RFC 8259): replaces the spans of values in the bytes as sent. Everything else (number notation,
//! field order, duplicate fields) is preserved.

use super::exchange_pass::Pass;
use super::secret_names::{Named, classify_name};
use std::ops::Range;

/// Maximum nesting; a deeper body counts as unreadable.
const DEEPEST: usize = 100;

/// Fields that name the value next to them, and the fields of such values.
const LABELS: [&str; 8] = ["name", "key", "field", "header", "parameter", "type", "id", "label"];
const VALUES: [&str; 6] = ["value", "values", "val", "content", "data", "text"];

/// The text is not JSON.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotJson;

/// Redacts JSON text (one or several values, optionally after a byte order mark); `None` if it contains no secret.
pub(super) fn redact(pass: &mut Pass<'_>, text: &str) -> Result<Option<String>, NotJson> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut scan = Scan { text, at: start, edits: Vec::new(), pass, depth: 0 };
    scan.space();
    loop {
        scan.value(Named::Plain)?;
        scan.space();
        if scan.at >= text.len() {
            break;
        }
    }
    let edits = scan.edits;
    if edits.is_empty() {
        return Ok(None);
    }
    let mut new = String::with_capacity(text.len());
    let mut from = 0;
    for (span, value) in edits {
        new.push_str(text.get(from..span.start).unwrap_or_default());
        new.push_str(&value);
        from = span.end;
    }
    new.push_str(text.get(from..).unwrap_or_default());
    Ok(Some(new))
}

struct Scan<'t, 'p, 'r> {
    text: &'t str,
    at: usize,
    /// In order; each replaces one scalar or name.
    edits: Vec<(Range<usize>, String)>,
    pass: &'p mut Pass<'r>,
    depth: usize,
}

impl Scan<'_, '_, '_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn value(&mut self, named: Named) -> Result<(), NotJson> {
        match self.peek().ok_or(NotJson)? {
            b'{' => self.deeper(|scan| scan.object(named)),
            b'[' => self.deeper(|scan| scan.array(named)),
            b'"' => self.text_value(named),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(named),
        }
    }

    fn deeper(&mut self, inside: impl FnOnce(&mut Self) -> Result<(), NotJson>) -> Result<(), NotJson> {
        if self.depth >= DEEPEST {
            return Err(NotJson);
        }
        self.depth += 1;
        self.at += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }

    /// Parses an object; it is parsed a second time if the name of its value comes after the value, as in
    /// `{"value":"...","name":"client_secret"}`.
    fn object(&mut self, outer: Named) -> Result<(), NotJson> {
        let (start, edits) = (self.at, self.edits.len());
        let mut label = Named::Plain;
        if self.members(outer, &mut label)? {
            self.at = start;
            self.edits.truncate(edits);
            self.members(outer, &mut label)?;
        }
        Ok(())
    }

    /// Parses the members of an object. Returns whether a value was treated as plain before `label` identified it as
    /// a secret.
    fn members(&mut self, outer: Named, label: &mut Named) -> Result<bool, NotJson> {
        let (mut read_as_plain, mut too_early) = (false, false);
        self.space();
        if self.eat(b'}') {
            return Ok(false);
        }
        loop {
            self.space();
            let (span, name) = self.string()?;
            // A secret value can be a name below the secret's name: `{"loyaltyIds":{"0815":true}}`.
            let is_value = outer != Named::Plain && name.contains(|c: char| c.is_ascii_digit());
            let new = if is_value { self.pass.by_name(outer, &name) } else { self.pass.text(&name) };
            if new != name {
                self.edit(span, &new)?;
            }
            self.space();
            if !self.eat(b':') {
                return Err(NotJson);
            }
            self.space();
            let own = classify_name(&name);
            let is_value = VALUES.iter().any(|value| name.eq_ignore_ascii_case(value));
            if outer == Named::Plain && own == Named::Plain && is_value {
                read_as_plain |= *label == Named::Plain;
                self.value(*label)?;
            } else {
                if outer == Named::Plain && *label == Named::Plain {
                    *label = self.label(&name);
                    too_early |= read_as_plain && *label != Named::Plain;
                }
                // Everything below a secret's name is secret, whatever its own name. But a value with another name
                // may also occur elsewhere, where it is not secret, so it is not remembered.
                let unsure = usize::from(outer != Named::Plain && own == Named::Plain && !is_value);
                self.pass.unsure += unsure;
                let read = self.value(if outer == Named::Plain { own } else { outer });
                self.pass.unsure -= unsure;
                read?;
            }
            self.space();
            if self.eat(b'}') {
                return Ok(too_early);
            }
            if !self.eat(b',') {
                return Err(NotJson);
            }
        }
    }

    /// What the string at the current position says about the value next to it, if `name` is a label.
    fn label(&mut self, name: &str) -> Named {
        if !LABELS.iter().any(|label| name.eq_ignore_ascii_case(label)) || self.peek() != Some(b'"') {
            return Named::Plain;
        }
        let at = self.at;
        let said = self.string().map_or(Named::Plain, |(_, text)| classify_name(&text));
        self.at = at;
        said
    }

    fn array(&mut self, named: Named) -> Result<(), NotJson> {
        self.space();
        if self.eat(b']') {
            return Ok(());
        }
        loop {
            self.space();
            self.value(named)?;
            self.space();
            if self.eat(b']') {
                return Ok(());
            }
            if !self.eat(b',') {
                return Err(NotJson);
            }
        }
    }

    fn text_value(&mut self, named: Named) -> Result<(), NotJson> {
        let (span, value) = self.string()?;
        let new = match named {
            Named::Plain => self.pass.text(&value),
            named => self.pass.by_name(named, &value),
        };
        if new == value { Ok(()) } else { self.edit(span, &new) }
    }

    fn edit(&mut self, span: Range<usize>, new: &str) -> Result<(), NotJson> {
        let new = serde_json::to_string(new).map_err(|_| NotJson)?;
        self.edits.push((span, new));
        Ok(())
    }

    fn string(&mut self) -> Result<(Range<usize>, String), NotJson> {
        let start = self.at;
        if !self.eat(b'"') {
            return Err(NotJson);
        }
        loop {
            match self.peek().ok_or(NotJson)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        let span = start..self.at;
        let raw = self.text.get(span.clone()).ok_or(NotJson)?;
        let value: String = serde_json::from_str(raw).map_err(|_| NotJson)?;
        Ok((span, value))
    }

    fn word(&mut self, word: &str) -> Result<(), NotJson> {
        let there = self.text.get(self.at..).is_some_and(|rest| rest.starts_with(word));
        self.at += word.len();
        there.then_some(()).ok_or(NotJson)
    }

    fn number(&mut self, named: Named) -> Result<(), NotJson> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'0'..=b'9' | b'e' | b'E')) {
            self.at += 1;
        }
        let digits = self.text.get(start..self.at).filter(|digits| !digits.is_empty()).ok_or(NotJson)?;
        let _: serde_json::Number = serde_json::from_str(digits).map_err(|_| NotJson)?;
        let is_secret = match named {
            Named::Plain => self.pass.knows(digits),
            Named::Maybe => digits.len() >= 4,
            Named::Secret | Named::Phone => true,
        };
        if is_secret {
            let new = self.pass.number(digits);
            self.edits.push((start..self.at, new));
        }
        Ok(())
    }
}
