//! Index of known secrets, for finding them where no name identifies them: in a message, a path, a header name. The
//! lookup is by the last eight bytes, so its cost does not depend on the number of secrets.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

/// Shorter secrets are not searched for elsewhere: they may be part of any word.
pub(super) const SHORTEST: usize = 8;
/// Below this length, a secret of decimal or hexadecimal digits may be a part of another number or GUID by chance.
const SHORTEST_OF_DIGITS: usize = 16;
/// Limits of the number and total size of known secrets: memory stays bounded in long runs.
const MOST: usize = 4096;
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Maximum number of nested percent-encodings.
const DEEPEST: usize = 3;

/// A known secret.
#[derive(Debug)]
pub(super) struct KnownSecret {
    pub value: String,
    /// Its replacement.
    pub new: String,
    /// Whether it is also searched for in later exchanges.
    pub lasting: bool,
}

/// Known secrets. `Debug` does not print them.
#[derive(Default)]
pub(super) struct SecretIndex {
    by_tail: HashMap<u64, Vec<Arc<KnownSecret>>>,
    /// A Bloom filter of the tails: most positions of a text are skipped by it.
    tails: Vec<u64>,
    in_order: VecDeque<Arc<KnownSecret>>,
    bytes: usize,
}

/// An occurrence of a secret in a text.
struct Hit<'e> {
    start: usize,
    end: usize,
    new: &'e str,
}

/// A decoded text, and the original offset of each of its bytes.
struct View {
    bytes: Vec<u8>,
    /// One more than there are bytes: the last is the end of the text.
    places: Vec<usize>,
}

impl fmt::Debug for SecretIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Echoes({})", self.in_order.len())
    }
}

impl SecretIndex {
    pub(super) fn add(&mut self, secret: Arc<KnownSecret>) {
        let Some(tail) = tail(secret.value.as_bytes()) else { return };
        if self.knows(&secret.value) {
            return;
        }
        if self.tails.is_empty() {
            self.tails = vec![0; 1024];
        }
        let (word, bit) = place(tail);
        if let Some(bits) = self.tails.get_mut(word) {
            *bits |= bit;
        }
        self.bytes = self.bytes.saturating_add(secret.value.len());
        self.in_order.push_back(Arc::clone(&secret));
        self.by_tail.entry(tail).or_default().push(secret);
    }

    /// Removes the oldest secrets if a limit is exceeded.
    pub(super) fn forget(&mut self) {
        while self.in_order.len() > MOST || self.bytes > MOST_BYTES {
            let oldest = self.in_order.len() / 4 + 1;
            let kept: Vec<Arc<KnownSecret>> = self.in_order.drain(..).skip(oldest).collect();
            *self = SecretIndex::default();
            kept.into_iter().for_each(|secret| self.add(secret));
        }
    }

    /// Whether exactly this text is a known secret.
    pub(super) fn knows(&self, value: &str) -> bool {
        let same_tail = tail(value.as_bytes()).and_then(|tail| self.by_tail.get(&tail));
        same_tail.is_some_and(|all| all.iter().any(|secret| secret.value == value))
    }

    /// All secrets to search for in later exchanges.
    pub(super) fn lasting(&self) -> impl Iterator<Item = &Arc<KnownSecret>> {
        self.in_order.iter().filter(|secret| secret.lasting)
    }

    /// The occurrences of secrets in these bytes.
    fn hits(&self, text: &[u8]) -> Vec<Hit<'_>> {
        let mut hits = Vec::new();
        if self.by_tail.is_empty() {
            return hits;
        }
        let mut window = 0_u64;
        for (at, &byte) in text.iter().enumerate() {
            window = window << 8 | u64::from(byte);
            let (word, bit) = place(window);
            if at + 1 < SHORTEST || self.tails.get(word).is_none_or(|bits| bits & bit == 0) {
                continue;
            }
            for secret in self.by_tail.get(&window).into_iter().flatten() {
                let before = text.get(..=at).and_then(|text| text.strip_suffix(secret.value.as_bytes()));
                let span = before.map(|before| (before.len(), at + 1));
                if let Some((start, end)) = span.filter(|&(start, end)| !is_chance(text, start, end)) {
                    hits.push(Hit { start, end, new: &secret.new });
                }
            }
        }
        hits
    }
}

/// Replaces known secrets in a text, percent-encoded or not; `None` if there are none.
pub(super) fn replace(text: &str, all: &[&SecretIndex]) -> Option<String> {
    if text.len() < SHORTEST {
        return None;
    }
    let mut hits: Vec<Hit<'_>> = all.iter().flat_map(|echoes| echoes.hits(text.as_bytes())).collect();
    for view in views(text.as_bytes()) {
        let found = all.iter().flat_map(|echoes| echoes.hits(&view.bytes));
        hits.extend(found.filter_map(|hit| {
            let (start, end) = (*view.places.get(hit.start)?, *view.places.get(hit.end)?);
            Some(Hit { start, end, new: hit.new })
        }));
    }
    if hits.is_empty() {
        return None;
    }
    // Overlapping occurrences are replaced together, by the replacement of the first and longest.
    hits.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
    let mut new = String::with_capacity(text.len());
    let mut from = 0;
    for hit in hits {
        if hit.start >= from {
            new.push_str(text.get(from..hit.start).unwrap_or_default());
            new.push_str(hit.new);
        }
        from = from.max(hit.end);
    }
    new.push_str(text.get(from..).unwrap_or_default());
    Some(new)
}

/// Whether these bytes contain a known secret, with or without JSON and URL escapes.
pub(super) fn hold(bytes: &[u8], all: &[&SecretIndex]) -> bool {
    let found = |bytes: &[u8]| all.iter().any(|echoes| !echoes.hits(bytes).is_empty());
    if found(bytes) || views(bytes).iter().any(|view| found(&view.bytes)) {
        return true;
    }
    let plain = if bytes.contains(&b'\\') { View::of(bytes).taken_off(b'\\') } else { None };
    plain.is_some_and(|view| found(&view.bytes) || views(&view.bytes).iter().any(|view| found(&view.bytes)))
}

/// The text with one, two, ... layers of percent-encoding removed.
fn views(text: &[u8]) -> Vec<View> {
    let mut all = Vec::new();
    let mut next = if text.contains(&b'%') { View::of(text).taken_off(b'%') } else { None };
    while let Some(view) = next {
        next = if all.len() + 1 < DEEPEST { view.taken_off(b'%') } else { None };
        all.push(view);
    }
    all
}

impl View {
    fn of(bytes: &[u8]) -> View {
        View { bytes: bytes.to_vec(), places: (0..=bytes.len()).collect() }
    }

    /// Removes one layer of escapes that begin with this character; `None` if there are none.
    fn taken_off(&self, sign: u8) -> Option<View> {
        if !self.bytes.contains(&sign) {
            return None;
        }
        let mut new = View { bytes: Vec::new(), places: Vec::new() };
        let mut at = 0;
        while let Some(&byte) = self.bytes.get(at) {
            let rest = self.bytes.get(at..).unwrap_or_default();
            let escaped = if byte == sign { escape(rest) } else { None };
            let (plain, length) = escaped.unwrap_or((char::from(byte), 1));
            let place = self.places.get(at).copied().unwrap_or_default();
            if escaped.is_none() || sign == b'%' {
                // A byte, not a character: a character may consist of several.
                new.bytes.push(u8::try_from(u32::from(plain)).unwrap_or(byte));
                new.places.push(place);
            } else {
                let mut buffer = [0; 4];
                let plain = plain.encode_utf8(&mut buffer).as_bytes();
                new.bytes.extend_from_slice(plain);
                new.places.extend(plain.iter().map(|_| place));
            }
            at += length;
        }
        new.places.push(self.places.last().copied().unwrap_or_default());
        (new.bytes.len() < self.bytes.len()).then_some(new)
    }
}

/// The character of an escape at the beginning of these bytes, and the escape's length.
fn escape(bytes: &[u8]) -> Option<(char, usize)> {
    let code = |from: usize, to: usize| {
        let digits = std::str::from_utf8(bytes.get(from..to)?).ok()?;
        let hexadecimal = digits.bytes().all(|b| b.is_ascii_hexdigit());
        u32::from_str_radix(digits, 16).ok().filter(|_| hexadecimal)
    };
    match bytes {
        [b'%', ..] => Some((char::from_u32(code(1, 3)?)?, 3)),
        [b'\\', b'u', ..] => Some((char::from_u32(code(2, 6)?)?, 6)),
        [b'\\', sign @ (b'"' | b'\'' | b'/' | b'\\'), ..] => Some((char::from(*sign), 2)),
        _ => None,
    }
}

/// The last eight bytes of a secret, as a number; `None` if it is shorter.
fn tail(value: &[u8]) -> Option<u64> {
    value.last_chunk::<SHORTEST>().map(|tail| u64::from_be_bytes(*tail))
}

/// Word and bit of a tail in the filter of 65,536 bits.
fn place(tail: u64) -> (usize, u64) {
    let hash = tail.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48;
    (usize::try_from(hash >> 6).unwrap_or_default(), 1 << (hash & 63))
}

/// Whether an occurrence may be part of a longer number or of a GUID by chance.
fn is_chance(text: &[u8], start: usize, end: usize) -> bool {
    let value = text.get(start..end).unwrap_or_default();
    if value.len() >= SHORTEST_OF_DIGITS || !value.iter().all(u8::is_ascii_hexdigit) {
        return false;
    }
    let is_of_guid = |b: &u8| b.is_ascii_alphanumeric() || *b == b'-';
    let before = text.get(..start).unwrap_or_default().iter().rev().take_while(|b| is_of_guid(b)).count();
    let after = text.get(end..).unwrap_or_default().iter().take_while(|b| is_of_guid(b)).count();
    let around = text.get(start - before..end + after).and_then(|around| std::str::from_utf8(around).ok());
    let joins = |at: Option<&u8>| at.is_some_and(u8::is_ascii_alphanumeric);
    joins(start.checked_sub(1).and_then(|at| text.get(at)))
        || joins(text.get(end))
        || around.is_some_and(|around| uuid::Uuid::try_parse(around).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn echoes(values: &[&str]) -> SecretIndex {
        let mut echoes = SecretIndex::default();
        for (at, value) in values.iter().enumerate() {
            echoes.add(Arc::new(KnownSecret { value: (*value).to_owned(), new: format!("<{at}>"), lasting: true }));
        }
        echoes
    }

    fn swept(values: &[&str], text: &str) -> String {
        replace(text, &[&echoes(values)]).unwrap_or_else(|| text.to_owned())
    }

    #[test]
    fn secret_is_replaced_in_any_encoding_and_the_rest_is_kept() {
        let secret = ["se/cret-0=1", "another-one", "another-one-still"];
        assert_eq!(swept(&secret, "a se/cret-0=1 b%20c"), "a <0> b%20c");
        assert_eq!(swept(&secret, "/x%2F%73e%2Fcret-0%3d1%2Fy?%41"), "/x%2F<0>%2Fy?%41");
        assert_eq!(swept(&secret, "se%252Fcret-0%253D1é%zz"), "<0>é%zz");
        assert_eq!(swept(&secret, "another-one-still, another-one"), "<2>, <1>");
        assert_eq!(swept(&["abcdefghij", "hijklmnopq"], "abcdefghijklmnopq"), "<0>");
        let all = echoes(&secret);
        for text in ["se\\/cret-0\\u003d1", "se%2fcret-0=1", "se\\u00252fcret-0=1"] {
            assert!(hold(text.as_bytes(), &[&all]), "{text}");
        }
        assert!(!hold(b"se/cret-0", &[&all]));
    }

    #[test]
    fn digits_in_a_guid_or_a_longer_number_are_not_replaced() {
        let secret = ["00000001", "20031801", "deadbeef", "4000800000"];
        for text in
            ["3f1c0000-0000-4000-8000-000000000001", "deadbeef-0000-4000-8000-0000200318ab", "DK20031801", "120031801"]
        {
            assert_eq!(swept(&secret, text), text);
        }
        assert_eq!(swept(&secret, "no 20031801, deadbeef-x"), "no <1>, <2>-x");
    }

    #[test]
    fn oldest_secrets_are_removed_and_memory_is_bounded() {
        let value = |at: usize| format!("a-secret-of-{at:06}");
        let mut echoes = SecretIndex::default();
        for at in 0..3 * MOST {
            echoes.add(Arc::new(KnownSecret { value: value(at), new: String::new(), lasting: true }));
            echoes.forget();
            assert!(echoes.in_order.len() <= MOST && echoes.bytes <= MOST_BYTES);
        }
        assert!(echoes.knows(&value(3 * MOST - 1)) && !echoes.knows(&value(0)));
        assert!(echoes.in_order.len() >= MOST / 2);
        for at in 0..9 {
            let value = format!("{at}{}", "x".repeat(1024 * 1024));
            echoes.add(Arc::new(KnownSecret { value, new: String::new(), lasting: true }));
            echoes.forget();
            assert!(echoes.bytes <= MOST_BYTES);
        }
    }
}
