//! Redaction of URLs and forms (RFC 3986). Secrets are detected percent-decoded and replaced in place; everything
//! else keeps its encoding.

use super::exchange_pass::{Pass, is_word};
use super::secret_index::SHORTEST;
use super::secret_names::{Named, classify_text, decoded, named_parameter};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Pass<'_> {
    /// Redacts a request target, or a URL in a header (RFC 3986). Names are kept, so that the presence of a
    /// credential stays visible.
    pub(super) fn url(&mut self, url: &str) -> String {
        let (rest, fragment) = url.split_once('#').map_or((url, None), |(a, b)| (a, Some(b)));
        let (base, query) = rest.split_once('?').map_or((rest, None), |(a, b)| (a, Some(b)));
        let mut new = self.base(base);
        for (sign, pairs) in [('?', query), ('#', fragment)] {
            if let Some(pairs) = pairs {
                new.push(sign);
                new.push_str(&self.pairs(pairs));
            }
        }
        self.echoes(&new)
    }

    fn base(&mut self, base: &str) -> String {
        let (scheme, rest) = match base.split_once("://") {
            Some((scheme, rest)) => (format!("{scheme}://"), rest),
            None if base.starts_with("//") => ("//".to_owned(), base.trim_start_matches('/')),
            None => return self.segments(base),
        };
        let end = rest.find('/').unwrap_or(rest.len());
        let port = rest.get(..end).and_then(|authority| authority.split_once(':')).map_or("", |(_, port)| port);
        // A password with an unencoded slash is not valid in a URL, but is recognised.
        let end = match rest.rfind('@') {
            Some(at) if at > end && !port.bytes().all(|b| b.is_ascii_digit()) => {
                rest.get(at..).and_then(|tail| tail.find('/')).map_or(rest.len(), |slash| at + slash)
            }
            _ => end,
        };
        let (authority, path) = rest.split_at(end);
        scheme + &self.authority(authority) + &self.segments(path)
    }

    /// Redacts the userinfo of `user:password@host`.
    pub(super) fn authority(&mut self, authority: &str) -> String {
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

    /// Redacts a path. A segment after the name of a secret is a secret, too: `/tokens/...`.
    fn segments(&mut self, path: &str) -> String {
        let mut before = Named::Plain;
        let mut segments = Vec::new();
        for segment in path.split('/') {
            let plain = decoded(segment);
            let is_value = before != Named::Plain && plain.len() >= SHORTEST && !is_word(&plain);
            segments.push(if is_value { encoded(&self.by_name(before, &plain)) } else { self.part(segment) });
            before = classify_text(&plain);
        }
        segments.join("/")
    }

    /// Redacts the percent-encoded `name=value` pairs of a query or a form.
    pub(super) fn pairs(&mut self, pairs: &str) -> String {
        // Some clients put each pair on a separate line.
        let pairs: Vec<String> = pairs
            .split_inclusive(['&', '\r', '\n'])
            .map(|pair| {
                let bare = pair.trim_end_matches(['&', '\r', '\n']);
                self.pair(bare) + pair.get(bare.len()..).unwrap_or_default()
            })
            .collect();
        pairs.concat()
    }

    fn pair(&mut self, pair: &str) -> String {
        let Some((name, value)) = pair.split_once('=') else { return self.part(pair) };
        let plain = decoded(value);
        // In a form, a plus sign is a space, but some clients send it as a literal plus.
        let spaced = plain.replace('+', " ");
        let new = match named_parameter(name) {
            Named::Plain => return format!("{}={}", self.part(name), self.part(value)),
            Named::Phone => self.phone(spaced.trim()),
            named => {
                if spaced != plain {
                    self.by_name(named, &spaced);
                }
                self.by_name(named, &plain)
            }
        };
        let unchanged = new == plain || plain.trim().is_empty();
        format!("{name}={}", if unchanged { value.to_owned() } else { encoded(&new) })
    }

    /// Redacts a percent-encoded part; unchanged if it contains no secret.
    fn part(&mut self, raw: &str) -> String {
        let plain = decoded(raw);
        let new = self.text(&plain);
        if new == plain { raw.to_owned() } else { encoded(&new) }
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}
