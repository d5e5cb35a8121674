//! One pass over the texts of an exchange. It remembers the secrets it met by name, so that one which is echoed
//! where no name stands beside it (an error's message) is found as well, and the claims of the tokens.
//!
//! What is remembered is looked for everywhere, so nothing may be remembered by chance that the verifier needs: an id of
//! a payment that stands somewhere below a secret's name, or a word.

use super::Redactor;
use super::secret_index::{self, Met, SHORTEST, SecretIndex};
use super::secret_names::{Named, named};
use crate::api::customer::{Account, CUSTOMERS};
use crate::capture::jwt_claims;
use crate::seal::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLockReadGuard};

/// What every replacement of a text begins with.
pub(super) const MARK: &str = "redacted-";
/// A cookie may hold anything: only what is as long as a session's is looked for elsewhere.
const SHORTEST_COOKIE: usize = 16;
/// What is longer is not looked for in later exchanges.
const LONGEST_LASTING: usize = 16 * 1024;
/// Shorter numbers are not looked for in later exchanges: they may be anything there.
const SHORTEST_LASTING_DIGITS: usize = 10;
/// Words that may stand before a credential (RFC 9110 section 11.4, and what is seen beside it).
const SCHEMES: [&str; 10] =
    ["bearer", "basic", "digest", "negotiate", "ntlm", "token", "apikey", "dpop", "mac", "hawk"];

pub(super) struct Pass<'r> {
    redactor: &'r Redactor,
    /// Secrets that were met here.
    met: SecretIndex,
    /// Those of earlier exchanges.
    earlier: RwLockReadGuard<'r, SecretIndex>,
    /// What is no secret, whatever it is called elsewhere: the client's id.
    pub spared: Vec<String>,
    /// Claims of the tokens that were met.
    pub claims: BTreeMap<String, Map<String, Value>>,
    /// How deep in JSON that stands in a text of JSON.
    pub nested: usize,
    /// How deep in free text: what is taken for a secret there may be none, so later exchanges are not searched for it.
    pub in_text: usize,
    /// How deep in what is replaced for the name above it, and not remembered.
    pub unsure: usize,
}

impl<'r> Pass<'r> {
    pub fn new(redactor: &'r Redactor) -> Pass<'r> {
        Pass {
            redactor,
            met: SecretIndex::default(),
            earlier: redactor.earlier.read().unwrap_or_else(PoisonError::into_inner),
            spared: Vec::new(),
            claims: BTreeMap::new(),
            nested: 0,
            in_text: 0,
            unsure: 0,
        }
    }

    /// What was met and is to be looked for in later exchanges.
    pub fn lasting(self) -> Vec<Arc<Met>> {
        self.met.lasting().filter(|met| !self.earlier.knows(&met.value)).map(Arc::clone).collect()
    }

    pub fn redactor(&self) -> &'r Redactor {
        self.redactor
    }

    /// What stands in a secret's place.
    pub fn secret(&mut self, value: &str) -> String {
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
        self.met.add(Arc::new(Met { value: value.to_owned(), new: new.to_owned(), lasting }));
    }

    /// Whether this very text was met as a secret.
    pub fn knows(&self, value: &str) -> bool {
        self.met.knows(value) || self.earlier.knows(value)
    }

    /// Whether something that was met stands in a body.
    pub fn holds(&self, bytes: &[u8]) -> bool {
        secret_index::hold(bytes, &[&self.met, &*self.earlier])
    }

    /// A text by what its name says of it.
    pub fn by_name(&mut self, named: Named, value: &str) -> String {
        match named {
            Named::Plain => self.text(value),
            Named::Secret => self.credential(value),
            Named::Phone => self.phone(value),
            Named::Maybe if value.len() < 4 || is_word(value) => self.text(value),
            Named::Maybe if value.bytes().all(|b| b.is_ascii_digit() || b"+ -()".contains(&b)) => self.phone(value),
            Named::Maybe => self.credential(value),
        }
    }

    /// What stands in a telephone number's place: a documented test customer is kept as the account it is.
    pub fn phone(&mut self, value: &str) -> String {
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
                // The same number without its sign, or in groups, is an echo too.
                let new = self.secret(value);
                if digits != value {
                    self.remember(&digits, &new);
                }
                new
            }
        }
    }

    /// What stands in the place of a secret that is a number: a number.
    pub fn number(&mut self, digits: &str) -> String {
        const BASE: u64 = 900_000_000_000_000;
        const SPAN: u64 = 1_000_000_000_000;
        let own = digits.parse::<u64>().is_ok_and(|number| (BASE..BASE + SPAN).contains(&number));
        if self.redactor.reads_own() && own {
            return digits.to_owned();
        }
        let hash = self.redactor.key().hash(digits.as_bytes());
        let number = hash.first_chunk::<8>().map_or(0, |eight| u64::from_be_bytes(*eight));
        let new = (BASE + number % SPAN).to_string();
        self.remember(digits, &new);
        new
    }

    /// A credential with the scheme before it, if there is one, kept: `Bearer redacted-...`. Each word is replaced by
    /// itself, so that two tokens where one should stand are still two.
    pub fn credential(&mut self, value: &str) -> String {
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

    /// A secret of several words is replaced word by word, and looked for as a whole.
    fn remember_phrase(&mut self, value: &str) {
        let scheme = value.split([' ', '\t']).next().unwrap_or_default();
        let is_one = |word: &str| SCHEMES.iter().any(|scheme| word.eq_ignore_ascii_case(scheme));
        let phrase = if is_one(scheme) { value.get(scheme.len()..).unwrap_or_default() } else { value }.trim();
        if phrase.contains([' ', '\t', ',']) && phrase.contains(|c: char| c.is_ascii_digit()) {
            self.secret(phrase);
        }
    }

    /// The secret inside Basic credentials (RFC 7617) is looked for elsewhere, too.
    fn remember_basic(&mut self, word: &str) {
        let Ok(decoded) = STANDARD.decode(word) else { return };
        let Ok(text) = String::from_utf8(decoded) else { return };
        if let Some((_, secret)) = text.split_once(':') {
            self.secret(secret);
        }
    }

    /// `name=value` pairs of a cookie: names and attributes are kept.
    pub fn cookie(&mut self, value: &str, is_set: bool) -> String {
        let mut pairs = Vec::new();
        for (at, pair) in value.split(';').enumerate() {
            pairs.push(match pair.split_once('=') {
                Some((name, value)) if at == 0 || !is_set => format!("{name}={}", self.cookie_value(name, value)),
                // Two on one line, as some gateways fold them.
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
        let unsure = usize::from(named(name) == Named::Plain && may_be_an_id);
        self.unsure += unsure;
        let new = self.secret(value);
        self.unsure -= unsure;
        new
    }

    /// What is read so stands in a text and is none: names there say for sure what a value is.
    pub fn as_structure<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let in_text = std::mem::take(&mut self.in_text);
        let read = read(self);
        self.in_text = in_text;
        read
    }

    /// Replaces what was met before.
    pub fn echoes(&self, value: &str) -> String {
        secret_index::replace(value, &[&self.met, &*self.earlier]).unwrap_or_else(|| value.to_owned())
    }

    /// A header's value, by its name.
    pub fn header(&mut self, name: &str, value: &str) -> String {
        if name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("set-cookie") {
            return self.cookie(value, name.eq_ignore_ascii_case("set-cookie"));
        }
        match named(name) {
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

/// Whether this may be a word of a sentence or a name (`password`, `client_secret`), and no credential.
pub(super) fn is_word(text: &str) -> bool {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic());
    text.len() <= 16 && first && bytes.all(|b| b.is_ascii_lowercase() || b == b'_' || b == b'-')
}

/// Whether this text stands in a secret's place already.
pub(super) fn is_replacement(text: &str) -> bool {
    text.strip_prefix(MARK)
        .is_some_and(|hash| hash.len() == 32 && hash.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
}
