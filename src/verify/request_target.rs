//! The target of a request in canonical form, so that equal requests have equal targets however GUIDs are written.

use crate::api::{Guid, Route, id};
use percent_encoding::percent_decode_str;

/// GUIDs become canonical even if they are upper-case or percent-encoded; all other segments stay as sent.
pub(super) fn canonical_path(path: &str) -> String {
    let one = |segment: &str| {
        let decoded = percent_decode_str(segment).decode_utf8_lossy();
        Guid::parse(&decoded).map_or_else(|| segment.to_owned(), |guid| guid.to_string())
    };
    path.split('/').map(one).collect::<Vec<_>>().join("/")
}

/// The path and the query with canonical GUIDs.
pub(super) fn canonical_target(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => format!("{name}={}", id::canonical(value)),
            None => pair.to_owned(),
        })
        .collect();
    format!("{}?{}", canonical_path(path), query.join("&"))
}

/// The prefix of the text that replaces a secret.
const REDACTED: &str = "redacted-";

/// Where the URL has a credential; redaction has replaced its value and kept its name.
pub(super) fn url_credential(target: &str, route: &Route) -> String {
    if let Some((name, _)) = route.query.iter().find(|(_, value)| value.contains(REDACTED)) {
        return format!("the query parameter `{name}`");
    }
    let authority = target.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or(""));
    if authority.contains('@') {
        return "the user information before the host".to_owned();
    }
    if target.contains(REDACTED) { "the path".to_owned() } else { String::new() }
}
