//! One redaction pass over an exchange. It remembers the secrets found by name, so that they are also found where
//! they are repeated without a name (as in an error message), and it collects the claims of tokens.
//!
//! Remembered secrets are replaced everywhere, so nothing that the verifier needs may be remembered by accident, such
//! as a payment id nested below a secret's name, or a word.

use super::Redactor;
use super::secret_index::{self, KnownSecret, SHORTEST, SecretIndex};
use super::secret_names::{Named, classify_name};
use crate::api::customer::{Account, CUSTOMERS};
use crate::capture::jwt_claims;
use crate::seal::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLockReadGuard};

/// The prefix of every text replacement.
pub(super) const MARK: &str = "redacted-";
/// Cookies can contain any value; only values at least as long as a session id are searched for elsewhere.
const SHORTEST_COOKIE: usize = 16;
/// Longer secrets are not searched for in later exchanges.
const LONGEST_LASTING: usize = 16 * 1024;
/// Shorter numbers are not searched for in later exchanges, where they may mean something else.
const SHORTEST_LASTING_DIGITS: usize = 10;
/// Schemes that may precede a credential (RFC 9110 section 11.4, and others seen in practice).
const SCHEMES: [&str; 10] =
    ["bearer", "basic", "digest", "negotiate", "ntlm", "token", "apikey", "dpop", "mac", "hawk"];

pub(super) struct Pass<'r> {
    redactor: &'r Redactor,
    /// Secrets found in this exchange.
    found: SecretIndex,
    earlier: RwLockReadGuard<'r, SecretIndex>,
    /// Values that are never secrets: the client's id.
    pub spared: Vec<String>,
    /// Claims of the tokens found.
    pub claims: BTreeMap<String, Map<String, Value>>,
    /// Nesting depth of texts within texts, such as JSON in a JSON string.
    pub nested: usize,
    /// Nesting depth of free text. Matches there may be false positives, so later exchanges are not searched for
    /// them.
    pub in_text: usize,
    /// Nesting depth of values that are replaced because of an outer name, and not remembered.
    pub unsure: usize,
}

impl<'r> Pass<'r> {
    pub(super) fn new(redactor: &'r Redactor) -> Pass<'r> {
        Pass {
            redactor,
            found: SecretIndex::default(),
            earlier: redactor.earlier.read().unwrap_or_else(PoisonError::into_inner),
            spared: Vec::new(),
            claims: BTreeMap::new(),
            nested: 0,
            in_text: 0,
            unsure: 0,
        }
    }

    /// The secrets to search for in later exchanges.
    pub(super) fn lasting(self) -> Vec<Arc<KnownSecret>> {
        self.found.lasting().filter(|found| !self.earlier.knows(&found.value)).map(Arc::clone).collect()
    }

    pub(super) fn redactor(&self) -> &'r Redactor {
        self.redactor
    }

    /// Returns the replacement of a secret and remembers the secret.
    pub(super) fn secret(&mut self, value: &str) -> String {
        if value.trim().is_empty() || is_replacement(value) {
            return value.to_owned();
        }
        let hash = self.redactor.key().hash(value.as_bytes());
        let new = format!("{MARK}{}", hex::encode(hash.get(..16).unwrap_or(&hash)));
        if let Some(claims) = jwt_claims::of(value) {
            self.claims.insert(new.clone(), claims);
        }
        self.remember(value, &new);
        new
    }

    fn remember(&mut self, value: &str, new: &str) {
        let spared = self.unsure > 0 || self.spared.iter().any(|spared| spared == value);
        if value.len() < SHORTEST || is_word(value) || spared {
            return;
        }
        let digits = value.bytes().filter(u8::is_ascii_digit).count();
        let short_number = digits == value.len() && digits < SHORTEST_LASTING_DIGITS;
        let lasting = self.in_text == 0 && digits > 0 && !short_number && value.len() <= LONGEST_LASTING;
        self.found.add(Arc::new(KnownSecret { value: value.to_owned(), new: new.to_owned(), lasting }));
    }

    /// Whether exactly this text is a known secret.
    pub(super) fn knows(&self, value: &str) -> bool {
        self.found.knows(value) || self.earlier.knows(value)
    }

    /// Whether bytes contain a known secret.
    pub(super) fn holds(&self, bytes: &[u8]) -> bool {
        secret_index::hold(bytes, &[&self.found, &*self.earlier])
    }

    /// Redacts a value according to its name.
    pub(super) fn by_name(&mut self, named: Named, value: &str) -> String {
        match named {
            Named::Plain => self.text(value),
            Named::Secret => self.credential(value),
            Named::Phone => self.phone(value),
            Named::Maybe if value.len() < 4 || is_word(value) => self.text(value),
            Named::Maybe if value.bytes().all(|b| b.is_ascii_digit() || b"+ -()".contains(&b)) => self.phone(value),
            Named::Maybe => self.credential(value),
        }
    }

    /// Replaces a telephone number. A documented test customer is replaced by the name of the account.
    pub(super) fn phone(&mut self, value: &str) -> String {
        if is_replacement(value) || CUSTOMERS.iter().any(|(_, account)| account.name() == value) {
            return value.to_owned();
        }
        let digits: String = value.chars().filter(char::is_ascii_digit).collect();
        match Account::of_phone(&format!("+{digits}")) {
            Some(account) => {
                self.remember(value, account.name());
                account.name().to_owned()
            }
            None => {
                // Also remember the number without its plus sign or grouping.
                let new = self.secret(value);
                if digits != value {
                    self.remember(&digits, &new);
                }
                new
            }
        }
    }

    /// Replaces a numeric secret by a number.
    pub(super) fn number(&mut self, digits: &str) -> String {
        if self.redactor.reads_own() && is_number_replacement(digits) {
            return digits.to_owned();
        }
        let hash = self.redactor.key().hash(digits.as_bytes());
        let number = hash.first_chunk::<8>().map_or(0, |eight| u64::from_be_bytes(*eight));
        let new = (BASE + number % SPAN).to_string();
        self.remember(digits, &new);
        new
    }

    /// Redacts a credential and keeps its scheme: `Bearer redacted-...`. Each word is replaced separately, so that
    /// two tokens in place of one stay recognisable.
    pub(super) fn credential(&mut self, value: &str) -> String {
        self.remember_phrase(value);
        let mut new = String::new();
        let mut rest = value;
        let mut first = true;
        while !rest.is_empty() {
            let end = rest.find([' ', '\t', ',']).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            let is_scheme = SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme));
            if is_scheme && (first || new.trim_end().ends_with(',')) {
                new.push_str(word);
            } else {
                self.remember_basic(word);
                new.push_str(&self.secret(word));
            }
            first = false;
            let next = behind.find(|c| ![' ', '\t', ','].contains(&c)).unwrap_or(behind.len());
            let (between, after) = behind.split_at(next);
            new.push_str(between);
            rest = after;
        }
        new
    }

    /// Remembers a secret of several words as a whole; it is replaced word by word.
    fn remember_phrase(&mut self, value: &str) {
        let scheme = value.split([' ', '\t']).next().unwrap_or_default();
        let is_one = |word: &str| SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme));
        let phrase = if is_one(scheme) { value.get(scheme.len()..).unwrap_or_default() } else { value }.trim();
        if phrase.contains([' ', '\t', ',']) && phrase.contains(|c: char| c.is_ascii_digit()) {
            self.secret(phrase);
        }
    }

    /// Remembers the password inside Basic credentials (RFC 7617).
    fn remember_basic(&mut self, word: &str) {
        let Ok(decoded) = STANDARD.decode(word) else { return };
        let Ok(text) = String::from_utf8(decoded) else { return };
        if let Some((_, secret)) = text.split_once(':') {
            self.secret(secret);
        }
    }

    /// Redacts the values of a cookie's `name=value` pairs; names and attributes are kept.
    pub(super) fn cookie(&mut self, value: &str, is_set: bool) -> String {
        let mut pairs = Vec::new();
        for (at, pair) in value.split(';').enumerate() {
            pairs.push(match pair.split_once('=') {
                Some((name, value)) if at == 0 || !is_set => format!("{name}={}", self.cookie_value(name, value)),
                // Two cookies on one line, as some gateways combine them.
                Some((name, value)) if !name.trim().eq_ignore_ascii_case("expires") && value.contains(',') => {
                    let (value, next) = value.split_once(',').unwrap_or((value, ""));
                    format!("{name}={value},{}", self.cookie(next, true))
                }
                None if at == 0 || !is_set => {
                    let value = pair.trim_start();
                    let space = pair.get(..pair.len() - value.len()).unwrap_or_default();
                    format!("{space}{}", self.secret(value))
                }
                _ => self.text(pair),
            });
        }
        pairs.join(";")
    }

    fn cookie_value(&mut self, name: &str, value: &str) -> String {
        let may_be_an_id = value.len() < SHORTEST_COOKIE || uuid::Uuid::try_parse(value).is_ok();
        let unsure = usize::from(classify_name(name) == Named::Plain && may_be_an_id);
        self.unsure += unsure;
        let new = self.secret(value);
        self.unsure -= unsure;
        new
    }

    /// Runs `read` on structured data inside a text: its names identify secrets reliably.
    pub(super) fn as_structure<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let in_text = std::mem::take(&mut self.in_text);
        let read = read(self);
        self.in_text = in_text;
        read
    }

    /// Replaces known secrets.
    pub(super) fn echoes(&self, value: &str) -> String {
        secret_index::replace(value, &[&self.found, &*self.earlier]).unwrap_or_else(|| value.to_owned())
    }

    /// Redacts a header's value according to its name.
    pub(super) fn header(&mut self, name: &str, value: &str) -> String {
        if name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("set-cookie") {
            return self.cookie(value, name.eq_ignore_ascii_case("set-cookie"));
        }
        match classify_name(name) {
            Named::Plain if is_url_header(name) => self.url(value),
            named => self.by_name(named, value),
        }
    }
}

fn is_url_header(name: &str) -> bool {
    ["location", "content-location", "referer", "origin", "x-original-url", "x-forwarded-uri", "x-rewrite-url"]
        .iter()
        .any(|url| name.eq_ignore_ascii_case(url))
}

/// Whether this may be a word or an identifier (`password`, `client_secret`), not a credential.
pub(super) fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic());
    text.len() <= 16 && first && bytes.all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'-')
}

/// The replacements of numbers.
const BASE: u64 = 900_000_000_000_000;
const SPAN: u64 = 1_000_000_000_000;

fn is_number_replacement(digits: &str) -> bool {
    digits.parse::<u64>().is_ok_and(|number| (BASE..BASE + SPAN).contains(&number))
}

/// Whether this text has a replacement in it.
pub(crate) fn is_redacted(text: &str) -> bool {
    is_number_replacement(text)
        || text.match_indices(MARK).any(|(at, _)| text.get(at..at + MARK.len() + 32).is_some_and(is_replacement))
}

/// Whether this text is a replacement already.
pub(super) fn is_replacement(text: &str) -> bool {
    text.strip_prefix(MARK)
        .is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
}
