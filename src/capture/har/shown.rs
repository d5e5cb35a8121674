//! Which parts of a request's head an entry shows, and which ones exporters and sanitisers have removed.

use super::masks;
use super::message::{Pair, Request};
use crate::api::header;
use crate::capture::record::{Exchange, NotShown, values};
use crate::profile::{Place, Profile};
use percent_encoding::percent_decode_str;

/// The parts of a request's head that are not shown. `target` is the target of its request line.
pub(super) fn of_request(request: &Request, target: &str) -> NotShown {
    let mut not_shown = of_headers(request.headers.as_deref().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let is_masked = |text: &str| masks::is_mask_in_url(&percent_decode_str(text).decode_utf8_lossy());
    not_shown.path = path.split('/').any(is_masked);
    not_shown.query = query.split(['&', '=']).any(is_masked);
    not_shown
}

/// The headers that are not shown. Every message has at least one header (`Host`, `Date`), or a pseudo-header of HTTP/2.
pub(super) fn of_headers(pairs: &[Pair]) -> NotShown {
    let name = |pair: &Pair| pair.name.clone().unwrap_or_default().to_ascii_lowercase();
    // A header whose name is missing or masked could be any.
    let is_unnamed = |pair: &Pair| name(pair).is_empty() || masks::is_marked(&name(pair));
    let none = pairs.is_empty() || pairs.iter().any(is_unnamed);
    let mut not_shown = NotShown { headers: none, ..NotShown::default() };
    for pair in pairs {
        let name = name(pair);
        let is_credential = name == header::AUTHORIZATION;
        let masked = match pair.value.as_deref() {
            None => true,
            Some(value) if is_credential => masks::masks_credential(value),
            Some(value) => masks::is_mask(value),
        };
        if masked {
            not_shown.masked.push(name);
        } else if is_credential && pair.value.as_deref().is_some_and(masks::lacks_signature) {
            not_shown.unsigned.push(name);
        }
    }
    not_shown
}

/// Evidence from the whole file about exporters that omit credentials.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Credentials {
    /// An entry shows a credential, so the exporter does not omit them.
    pub shown: bool,
    /// The exporter omits credentials by default.
    pub left_out_by_default: bool,
}

impl Credentials {
    /// The initial state for a file of this producer, before its entries are read.
    pub(super) fn by(maker: &str) -> Credentials {
        let maker = maker.to_ascii_lowercase();
        // Chromium's DevTools, under the names that browsers write.
        let known = ["webinspector", "chrome", "chromium", "devtools", "edge", "sanitizer", "sanitized"];
        Credentials { shown: false, left_out_by_default: known.iter().any(|name| maker.contains(name)) }
    }

    /// Checks the headers of an entry of any kind.
    pub(super) fn see<'a>(&mut self, headers: impl Iterator<Item = (&'a str, &'a str)>) {
        let credentials = ["authorization", "cookie", "set-cookie", "proxy-authorization"];
        let mut shown = headers.filter(|(name, value)| {
            credentials.iter().any(|known| name.eq_ignore_ascii_case(known)) && !value.trim().is_empty()
        });
        self.shown |= shown.next().is_some();
    }

    /// If the whole file shows no credential, a call without one is no evidence that the client sends none: either
    /// the exporter omits credentials, or the API responded as to an authorised call. Marks the header as possibly
    /// omitted then.
    pub(super) fn apply(self, calls: &mut [Exchange], profile: &Profile) {
        // An API without a token endpoint may need no credential.
        if self.shown || profile.token.is_empty() {
            return;
        }
        let is_call = |call: &Exchange| {
            let place = profile.route(&call.request.method, &call.request.target).place;
            !matches!(place, Place::Token | Place::Simulation)
        };
        let served =
            |call: &Exchange| is_call(call) && call.status().is_some_and(|status| (200..300).contains(&status));
        if !self.left_out_by_default && !calls.iter().any(served) {
            return;
        }
        if self.left_out_by_default {
            for call in calls.iter_mut() {
                call.request.not_shown.left_out.push("cookie".to_owned());
                call.answer.iter_mut().for_each(|answer| answer.not_shown.left_out.push("set-cookie".to_owned()));
            }
        }
        for call in calls.iter_mut().filter(|call| is_call(call)) {
            let mut given = values(&call.request.headers, header::AUTHORIZATION);
            if given.all(|value| value.trim().is_empty()) {
                call.request.not_shown.left_out.push(header::AUTHORIZATION.to_owned());
            }
        }
    }
}
