//! Secrets in free text: error messages, notes, refused heads, header values. They are known by their shape (a JWT,
//! a scheme and a credential, a telephone number) or by the name before them (`password=...`).

use super::names::{Named, decoded, named};
use super::pass::{Pass, is_word};
use crate::capture::claims;
use regex::{Captures, Regex};
use std::sync::LazyLock;

/// Where none of this stands, nothing is looked for.
static HINT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?i)token|secret|passw|passphrase|pwd|api[-_ ]?key|[sne]-?_?key|authorization|cookie|bearer|basic|credential|assertion|loyalty|phone|msisdn|mobile|session|jwt|e[yw][a-z0-9_-]{8,}\.|\+[0-9]|%[0-9a-f]{2}|://[^/ ]*@",
    )
});
static JWT: LazyLock<Regex> = LazyLock::new(|| pattern(r"e[yw][A-Za-z0-9_-]{8,}={0,2}(?:\.[A-Za-z0-9_-]*={0,2})+"));
static SCHEME: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)\b(bearer|basic|dpop)(\s+|%20|\+)([A-Za-z0-9._~+/-]{6,}={0,2})"));
static COOKIE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(?i)\b((?:set-)?cookie2?\s*[:=]\s*)([^\r\n]+)"));
static PAIR: LazyLock<Regex> = LazyLock::new(|| {
    const NAME: &str = concat!(
        r"[a-z0-9_.\-\[\]]*(?:tokens?|secrets?|passwords?|passwd|pwd|passphrase|api[-_ ]?keys?|subscription[-_ ]?key",
        r"|access[-_ ]?key|private[-_ ]?key|authorization|cookies?|credentials?|assertion|loyalty[-_ ]?ids?|jwt|bearer",
        r"|session[-_ ]?id|code[-_ ]?verifier|user[-_ ]?info|x[-_ ]?auth|phone(?:[-_ ]?(?:numbers?|no))?|msisdn",
        r"|mobile[-_ ]?(?:number|no))\]?"
    );
    const SIGN: &str = r#"\\*["']?\s*(?:[:=]|=>|\bis\b)\s*\[?\s*\\*["']?"#;
    pattern(&format!(r#"(?i)({NAME})({SIGN})((?:bearer|basic|dpop|digest)\s+)?([^\s"'\\,;&<>\]}}]+)"#))
});
static PHONE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\+(?:45|358|46|47)[ -]?[0-9](?:[ -]?[0-9]){6,10}"));
static USERINFO: LazyLock<Regex> = LazyLock::new(|| pattern(r"(://)([^/\s@?#]+)(@)"));
static ESCAPED: LazyLock<Regex> = LazyLock::new(|| pattern(r"[^\s]*%[0-9A-Fa-f]{2}[^\s]*"));

fn pattern(text: &str) -> Regex {
    #[allow(clippy::expect_used)] // Patterns are constants; a test compiles each.
    Regex::new(text).expect("the pattern is a constant")
}

/// Whether a secret may stand in a text, by shape alone.
pub(super) fn has_shape(text: &str) -> bool {
    PHONE.is_match(text) || JWT.find_iter(text).any(|found| is_jwt(found.as_str()))
}

/// The text with secrets replaced.
pub(super) fn redact(pass: &mut Pass<'_>, text: &str) -> String {
    if !HINT.is_match(text) {
        return text.to_owned();
    }
    let mut new = replaced(&JWT, text, |found| {
        is_jwt(found.get(0)?.as_str()).then(|| pass.secret(found.get(0).map_or("", |token| token.as_str())))
    });
    new = replaced(&COOKIE, &new, |found| {
        let is_set = found[1].to_ascii_lowercase().starts_with("set");
        Some(format!("{}{}", &found[1], pass.cookie(&found[2], is_set)))
    });
    new = replaced(&SCHEME, &new, |found| {
        // `Bearer realm="x"` is a challenge, and in `Bearer authentication` a word follows.
        let challenge = found[3].ends_with('=') && text.contains(&format!("{}\"", &found[3]));
        let word = is_word(&found[3]);
        (!challenge && !word).then(|| format!("{}{}{}", &found[1], &found[2], pass.credential(&found[3])))
    });
    new = replaced(&PAIR, &new, |found| {
        let value = match named(&found[1]) {
            Named::Plain => return None,
            Named::Secret => pass.secret(&found[4]),
            Named::Phone => pass.phone(&found[4]),
        };
        let scheme = found.get(3).map_or("", |scheme| scheme.as_str());
        Some(format!("{}{}{scheme}{value}", &found[1], &found[2]))
    });
    new = replaced(&PHONE, &new, |found| Some(pass.phone(&found[0])));
    new = replaced(&USERINFO, &new, |found| Some(format!("://{}@", pass.secret(&found[2]))));
    replaced(&ESCAPED, &new, |found| {
        let plain = decoded(&found[0]);
        if plain == found[0] || pass.nested >= 4 {
            return None;
        }
        pass.nested += 1;
        let clean = redact(pass, &plain);
        pass.nested -= 1;
        (clean != plain).then_some(clean)
    })
}

fn replaced(pattern: &Regex, text: &str, mut new: impl FnMut(&Captures<'_>) -> Option<String>) -> String {
    pattern.replace_all(text, |found: &Captures<'_>| new(found).unwrap_or_else(|| found[0].to_owned())).into_owned()
}

fn is_jwt(text: &str) -> bool {
    text.split('.').next().is_some_and(claims::is_header)
}
