//! One pass over the texts of an exchange. It remembers the secrets it met by name, so that one which is echoed
//! where no name stands beside it (an error's message) is found as well, and the claims of the tokens.

use super::names::{Named, decoded, named, named_parameter};
use super::{Redactor, text};
use crate::api::customer::{Account, CUSTOMERS};
use crate::capture::claims;
use crate::seal::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What every replacement of a text begins with.
pub(super) const MARK: &str = "redacted-";
/// Shorter secrets are not looked for elsewhere: they may be part of any word.
const SHORTEST_ECHO: usize = 8;
/// Words that may stand before a credential (RFC 9110 section 11.4, and what is seen beside it).
const SCHEMES: [&str; 10] =
    ["bearer", "basic", "digest", "negotiate", "ntlm", "token", "apikey", "dpop", "mac", "hawk"];
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) struct Pass<'r> {
    redactor: &'r Redactor,
    /// Secrets that were met, with what stands in their place.
    pub met: Vec<(String, String)>,
    /// Claims of the tokens that were met.
    pub claims: BTreeMap<String, Map<String, Value>>,
    /// How deep in JSON that stands in a text of JSON.
    pub nested: usize,
}

impl<'r> Pass<'r> {
    pub fn new(redactor: &'r Redactor) -> Pass<'r> {
        Pass { redactor, met: Vec::new(), claims: BTreeMap::new(), nested: 0 }
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
        if let Some(claims) = claims::of(value) {
            self.claims.insert(new.clone(), claims);
        }
        self.remember(value, &new);
        new
    }

    fn remember(&mut self, value: &str, new: &str) {
        let tellable = value.len() >= SHORTEST_ECHO && !is_word(value);
        if tellable && !self.met.iter().any(|(met, _)| met == value) {
            self.met.push((value.to_owned(), new.to_owned()));
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
                Some((name, value)) if at == 0 || !is_set => format!("{name}={}", self.secret(value)),
                None if at == 0 => self.secret(pair),
                _ => self.text(pair),
            });
        }
        pairs.join(";")
    }

    /// A text in which secrets may stand.
    pub fn text(&mut self, value: &str) -> String {
        let new = text::redact(self, value);
        self.echoes(new)
    }

    /// Replaces what was met by name before.
    pub fn echoes(&self, mut value: String) -> String {
        for (met, new) in &self.met {
            if value.contains(met.as_str()) {
                value = value.replace(met.as_str(), new);
            }
        }
        value
    }

    /// A request target, or a URL in a header (RFC 3986): names are kept, so that it is seen that a credential stood
    /// there.
    pub fn url(&mut self, url: &str) -> String {
        let (rest, fragment) = url.split_once('#').map_or((url, None), |(a, b)| (a, Some(b)));
        let (base, query) = rest.split_once('?').map_or((rest, None), |(a, b)| (a, Some(b)));
        let mut new = self.base(base);
        for (sign, pairs) in [('?', query), ('#', fragment)] {
            if let Some(pairs) = pairs {
                new.push(sign);
                new.push_str(&self.pairs(pairs));
            }
        }
        new
    }

    fn base(&mut self, base: &str) -> String {
        let (scheme, rest) = match base.split_once("://") {
            Some((scheme, rest)) => (format!("{scheme}://"), rest),
            None if base.starts_with("//") => ("//".to_owned(), base.trim_start_matches('/')),
            None => return self.segments(base),
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let port = rest.get(..end).and_then(|authority| authority.split_once(':')).map_or("", |(_, port)| port);
        // A password with a slash in it is not legal there, and is seen all the same.
        let end = match rest.rfind('@') {
            Some(at) if at > end && !port.bytes().all(|b| b.is_ascii_digit()) => {
                rest.get(at..).and_then(|tail| tail.find('/')).map_or(rest.len(), |slash| at + slash)
            }
            _ => end,
        };
        let (authority, path) = rest.split_at(end);
        scheme + &self.authority(authority) + &self.segments(path)
    }

    /// `user:password@host`, without the first two.
    pub fn authority(&mut self, authority: &str) -> String {
        match authority.rsplit_once('@') {
            Some((user, host)) => {
                if let Some((_, password)) = user.split_once(':') {
                    self.secret(&decoded(password));
                }
                format!("{}@{host}", self.secret(user))
            }
            None => authority.to_owned(),
        }
    }

    fn segments(&mut self, path: &str) -> String {
        let segments: Vec<String> = path.split('/').map(|segment| self.part(segment)).collect();
        segments.join("/")
    }

    /// `name=value&name=value` of a query or a form, percent-encoded.
    pub fn pairs(&mut self, pairs: &str) -> String {
        let pairs: Vec<String> = pairs.split('&').map(|pair| self.pair(pair)).collect();
        pairs.join("&")
    }

    fn pair(&mut self, pair: &str) -> String {
        let Some((name, value)) = pair.split_once('=') else { return self.part(pair) };
        let plain = decoded(value);
        let new = match named_parameter(name) {
            Named::Plain => return format!("{}={}", self.part(name), self.part(value)),
            Named::Secret => self.credential(&plain),
            Named::Phone => self.phone(plain.replace('+', " ").trim()),
        };
        let unchanged = new == plain || plain.trim().is_empty();
        format!("{name}={}", if unchanged { value.to_owned() } else { encoded(&new) })
    }

    /// A percent-encoded piece, as it was where no secret stands in it.
    fn part(&mut self, raw: &str) -> String {
        let plain = decoded(raw);
        let new = self.text(&plain);
        if new == plain { raw.to_owned() } else { encoded(&new) }
    }

    /// A header's value, by its name.
    pub fn header(&mut self, name: &str, value: &str) -> String {
        if name.eq_ignore_ascii_case("cookie") || name.eq_ignore_ascii_case("set-cookie") {
            return self.cookie(value, name.eq_ignore_ascii_case("set-cookie"));
        }
        match named(name) {
            Named::Secret => self.credential(value),
            Named::Phone => self.phone(value),
            Named::Plain if is_url_header(name) => self.url(value),
            Named::Plain => self.text(value),
        }
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
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
