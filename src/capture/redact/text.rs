//! Redaction of free text: error messages, notes, rejected heads, header values. Secrets are recognised by their
//! shape (a JWT, a scheme and a credential, a telephone number) or by the name before them (`password=...`).

use super::exchange_pass::{Pass, is_replacement, is_word};
use super::json;
use super::secret_names::{self, Named, classify_text, decoded};
use crate::capture::jwt_claims;
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// A text without a match is not searched any further.
static HINT: LazyLock<Regex> = LazyLock::new(|| {
    const SHAPES: &str =
        r"basic|dpop|e[yw][a-z0-9_-]{8,}\.|\+[0-9]|%[0-9a-f]{2}|://[^/ ]*@|\\u[0-9a-f]{4}|[?&]code=|api[-_ ]?key";
    pattern(&format!("(?i){}|{SHAPES}", secret_names::words()))
});
static JWT: LazyLock<Regex> = LazyLock::new(|| pattern(r"e[yw][A-Za-z0-9_-]{8,}={0,2}(?:\.[A-Za-z0-9_-]*={0,2})+"));
static SCHEME: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r#"(?i)\b(bearer|basic|dpop|token|api-?key)((?:\s+|%20|\+)["']?)([A-Za-z0-9._~+/-]{6,}={0,2})"#)
});
static COOKIE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b((?:set-)?cookie2?\s*[:=]\s*)([^\r\n]+)"));
/// A name, a separator and a value: a list, a quoted value (with plain or escaped quotes), or a bare value up to the
/// end of the word.
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    const SIGN: &str = r#"\\*["']?\s*(?:={1,3}>?|:|-+>|\bis\b)\s*"#;
    const BARE: &str = r#"((?:bearer|basic|dpop|digest)\s+)?([^\s"'\\,;&<>\[\]}]+)"#;
    const LIST: &str = r"(\[)([^\[\]{}]+)";
    const QUOTED: &str = r#"(")((?:[^"\\]|\\.)+)|(')((?:[^'\\]|\\.)+)|(\\+["'])([^"'\\]+)"#;
    pattern(&format!("(?is)({})({SIGN})(?:{LIST}|{QUOTED}|{BARE})", secret_names::pattern()))
});
/// A name and a value without a separator: the value is quoted, in brackets, or a word with a digit in it.
static BESIDE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(&format!(r#"(?i)({})(\s+(?:was\s+)?\\*["'(]?)([a-z0-9._~+/=-]{{8,}})"#, secret_names::pattern()))
});
/// A value in an XML or HTML element with its name, or in an attribute next to it.
static MARKED: LazyLock<Regex> = LazyLock::new(|| {
    let name = secret_names::pattern();
    pattern(&format!(
        r#"(?i)(<({name})(?:\s[^<>]*)?>)([^<>]+)|(name=\\*["']({name})\\*["'][^<>]*?value=\\*["'])([^"'\\]+)"#
    ))
});
static PEM: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?s)(-----BEGIN [A-Z ]*PRIVATE KEY-----)(.+?)(-----END|$)"));
static CODE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(?i)([?&]code=)([^&\s"'<>#]{8,})"#));
static PHONE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"\+[1-9][0-9]{0,2}\)?[ .-]?\(?[0-9](?:[ ().-]{0,2}[0-9]){6,11}"));
/// A telephone number after its name, without a separator.
static PHONED: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)((?:phone|msisdn|mobile)(?:[-_ ]?(?:number|no\.?))?\s+)([0-9](?:[ -]?[0-9]){7,14})\b")
});
static USERINFO: LazyLock<Regex> = LazyLock::new(|| pattern(r#"(://)([^/\s?#"'<>]+)(@)"#));
static ESCAPED: LazyLock<Regex> = LazyLock::new(|| pattern(r"[^\s]*%[0-9A-Fa-f]{2}[^\s]*"));

/// Maximum nesting of texts within texts.
const DEEPEST: usize = 4;
/// Minimum length of a value after the word `token` to count as a token.
const LONG: usize = 16;

fn pattern(text: &str) -> Regex {
    #[allow(clippy::expect_used)] // Patterns are constants; a test compiles each.
    Regex::new(text).expect("the pattern is a constant")
}

/// Whether a text may contain a secret, by shape alone.
pub(super) fn has_shape(text: &str) -> bool {
    PHONE.is_match(text) || JWT.find_iter(text).any(|found| is_jwt(found.as_str()))
}

/// Redacts a text.
pub(super) fn redact(pass: &mut Pass<'_>, text: &str) -> String {
    if let Some(read) = as_json(pass, text) {
        return read;
    }
    if !HINT.is_match(text) {
        return text.to_owned();
    }
    if text.contains("\\u") && pass.nested < DEEPEST {
        let plain = secret_names::unescaped(text);
        pass.nested += 1;
        let clean = redact(pass, &plain);
        pass.nested -= 1;
        if clean != plain {
            return clean;
        }
    }
    let mut new = replaced(&JWT, text, |found| {
        is_jwt(found.get(0)?.as_str()).then(|| pass.secret(found.get(0).map_or("", |token| token.as_str())))
    });
    new = replaced(&COOKIE, &new, |found| {
        let is_set = found[1].to_ascii_lowercase().starts_with("set");
        Some(format!("{}{}", &found[1], pass.cookie(&found[2], is_set)))
    });
    new = replaced(&SCHEME, &new, |found| {
        // `Bearer realm="x"` is a challenge, and `Bearer authentication` a phrase.
        let challenge = found[3].ends_with('=') && text.contains(&format!("{}\"", &found[3]));
        let is_scheme = ["bearer", "basic", "dpop"].iter().any(|scheme| found[1].eq_ignore_ascii_case(scheme));
        let opaque = found[3].len() >= LONG && found[3].contains(|c: char| c.is_ascii_digit());
        let word = is_word(&found[3]) || !(is_scheme || opaque);
        (!challenge && !word).then(|| format!("{}{}{}", &found[1], &found[2], pass.credential(&found[3])))
    });
    new = replaced(&PAIR, &new, |found| {
        let named = classify_text(&found[1]);
        let around = [(3, 4), (5, 6), (7, 8), (9, 10)]
            .into_iter()
            .find_map(|(open, value)| Some((found.get(open)?.as_str(), found.get(value)?.as_str())));
        let value = match (named, around) {
            (Named::Plain, _) => return None,
            (named, Some((open, value))) => format!("{open}{}", pass.by_name(named, value)),
            (Named::Phone, None) => pass.phone(&found[12]),
            (_, None) => found.get(11).map_or("", |scheme| scheme.as_str()).to_owned() + &pass.secret(&found[12]),
        };
        Some(format!("{}{}{value}", &found[1], &found[2]))
    });
    new = replaced(&BESIDE, &new, |found| {
        let opaque = found[3].contains(|c: char| c.is_ascii_digit()) && uuid::Uuid::try_parse(&found[3]).is_err();
        let known = is_replacement(&found[3]) || classify_text(&found[1]) != Named::Secret;
        (opaque && !known).then(|| format!("{}{}{}", &found[1], &found[2], pass.secret(&found[3])))
    });
    new = replaced(&MARKED, &new, |found| {
        let (before, name, value) = match (found.get(1), found.get(4)) {
            (Some(before), _) => (before.as_str(), &found[2], &found[3]),
            (None, before) => (before?.as_str(), &found[5], &found[6]),
        };
        let named = classify_text(name);
        (named != Named::Plain).then(|| format!("{before}{}", pass.by_name(named, value)))
    });
    new = replaced(&PEM, &new, |found| Some(format!("{}{}{}", &found[1], pass.secret(&found[2]), &found[3])));
    new = replaced(&CODE, &new, |found| Some(format!("{}{}", &found[1], pass.secret(&found[2]))));
    new = replaced(&PHONE, &new, |found| Some(pass.phone(&found[0])));
    new = replaced(&PHONED, &new, |found| Some(format!("{}{}", &found[1], pass.phone(&found[2]))));
    new = replaced(&USERINFO, &new, |found| Some(format!("://{}@", pass.secret(&found[2]))));
    replaced(&ESCAPED, &new, |found| {
        let plain = decoded(&found[0]);
        if plain == found[0] || pass.nested >= DEEPEST {
            return None;
        }
        pass.nested += 1;
        let clean = redact(pass, &plain);
        pass.nested -= 1;
        (clean != plain).then_some(clean)
    })
}

/// Redacts a text that is JSON as JSON; `None` if it is not.
fn as_json(pass: &mut Pass<'_>, text: &str) -> Option<String> {
    if pass.nested >= DEEPEST || !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    pass.nested += 1;
    let read = pass.as_structure(|pass| json::redact(pass, text));
    pass.nested -= 1;
    read.ok().map(|new| new.unwrap_or_else(|| text.to_owned()))
}

fn replaced(pattern: &Regex, text: &str, mut new: impl FnMut(&Captures<'_>) -> Option<String>) -> String {
    pattern.replace_all(text, |found: &Captures<'_>| new(found).unwrap_or_else(|| found[0].to_owned())).into_owned()
}

fn is_jwt(text: &str) -> bool {
    text.split('.').next().is_some_and(jwt_claims::is_header)
}

impl Pass<'_> {
    /// Redacts a text.
    pub(super) fn text(&mut self, value: &str) -> String {
        // Known secrets first: a pattern may match only a part of one.
        let known = self.echoes(value);
        self.in_text += 1;
        let new = redact(self, &known);
        self.in_text -= 1;
        new
    }
}
