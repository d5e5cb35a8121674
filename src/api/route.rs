//! Routing of request lines: to an operation of the API, the token endpoint, the customer simulation, or unknown.
//!
//! Only the path after `/v10/` decides on the operation. The prefix is ignored: it differs between revisions of the
//! API, and the recorder has its own host.

use super::{Operation, id::Guid};
use percent_encoding::percent_decode_str;

/// The hosts of the documented base URLs: production, and the sandbox with the self-certification API.
pub const HOSTS: [&str; 2] = ["api.mobilepay.dk", "api.sandbox.mobilepay.dk"];

/// The target of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An operation of the API.
    Operation(Operation),
    /// `POST .../connect/token` (pos_integratorauthentication).
    Token,
    /// `.../usersimulation/...`: the sandbox's simulated customer.
    Simulation,
    /// Not documented.
    Unknown,
}

/// A parsed request line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The target.
    pub place: Place,
    /// The path up to and including `/v10`; the whole path if it has no such segment.
    pub base: String,
    /// The path without the query, not decoded.
    pub path: String,
    /// The id in the path, percent-decoded, for operations that have one.
    pub id: Option<String>,
    /// Query parameters in order, percent-decoded.
    pub query: Vec<(String, String)>,
}

impl Route {
    /// Parses a request line. `target` may be in origin form (`/pos/v10/stores?x=y`) or in absolute form.
    pub fn of(method: &str, target: &str) -> Route {
        let (path, query) = split_target(target);
        let query = parse_query(query);
        let (base, rest) = split_base(path);
        let (place, id) = match rest {
            Some(rest) => operation(method, rest),
            None => (Place::Unknown, None),
        };
        let place = match place {
            Place::Unknown if method == "POST" && path.ends_with("/connect/token") => Place::Token,
            Place::Unknown if path.contains("/usersimulation/") => Place::Simulation,
            other => other,
        };
        Route { place, base: base.to_owned(), path: path.to_owned(), id, query }
    }

    /// The operation, if the target is one.
    pub fn operation(&self) -> Option<Operation> {
        match self.place {
            Place::Operation(op) => Some(op),
            _ => None,
        }
    }

    /// The first value of a query parameter. Names are compared without regard to letter case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
    }

    /// The id in the path as a GUID, if it is one.
    pub fn guid(&self) -> Option<Guid> {
        self.id.as_deref().and_then(Guid::parse)
    }
}

/// The path and query of a request target in origin or absolute form (RFC 9112 section 3.2).
fn split_target(target: &str) -> (&str, &str) {
    let target = match target.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            rest.find(['/', '?']).map_or("/", |at| &rest[at..])
        }
        _ => target,
    };
    let target = target.split('#').next().unwrap_or("");
    target.split_once('?').unwrap_or((target, ""))
}

fn parse_query(query: &str) -> Vec<(String, String)> {
    let decode = |s: &str| percent_decode_str(&s.replace('+', " ")).decode_utf8_lossy().into_owned();
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

/// The path up to the last `/v10` segment, and what follows it.
fn split_base(path: &str) -> (&str, Option<&str>) {
    match path.rfind("/v10/") {
        Some(at) => (&path[..at + 4], Some(&path[at + 4..])),
        None if path.ends_with("/v10") => (path, Some("")),
        None => (path, None),
    }
}

fn operation(method: &str, rest: &str) -> (Place, Option<String>) {
    // A literal path takes precedence over one with an id: `/stores/detailed`, `/payments/prepare`.
    let found = Operation::ALL
        .into_iter()
        .filter(|op| op.method() == method)
        .filter_map(|op| matches(op.template(), rest).map(|id| (op, id)))
        .min_by_key(|(_, id)| id.is_some());
    match found {
        Some((op, id)) => (Place::Operation(op), id),
        None => (Place::Unknown, None),
    }
}

/// Matches a path against a template: `None` if it does not match, else the id if the template has one.
fn matches(template: &str, rest: &str) -> Option<Option<String>> {
    let mut id = None;
    let mut wanted = template.split('/');
    let mut given = rest.split('/');
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(id),
            (Some(want), Some(have)) if want.starts_with('{') && !have.is_empty() => {
                id = Some(percent_decode_str(have).decode_utf8_lossy().into_owned());
            }
            (Some(want), Some(have)) if want == have => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_template_is_recognised_behind_any_prefix() {
        for op in Operation::ALL {
            for base in ["/pos/v10", "/api/v10", "/v10", "/pos-self-certification-api/pos/v10"] {
                let id = "0F8FAD5B-d9cb-469f-a165-70867728950e";
                let path = op.template().split('/').map(|s| if s.starts_with('{') { id } else { s });
                let target = format!("{base}{}?a=b", path.collect::<Vec<_>>().join("/"));
                let route = Route::of(op.method(), &target);
                assert_eq!(route.place, Place::Operation(op), "{target}");
                assert_eq!(route.base, base);
                assert_eq!(route.id.is_some(), op.template().contains('{'));
            }
        }
    }

    #[test]
    fn undocumented_targets_are_unknown() {
        for (method, target) in [
            ("POST", "/pos/v10/payments//cancel"),
            ("PUT", "/pos/v10/payments"),
            ("GET", "/pos/v10/payments/"),
            ("GET", "/pos/v11/payments"),
            ("GET", "/"),
            ("POST", "/pos/v10/payments/prepare/x"),
        ] {
            assert_eq!(Route::of(method, target).place, Place::Unknown, "{method} {target}");
        }
    }

    #[test]
    fn absolute_form_is_the_same_request() {
        let route = Route::of("GET", "https://a.example:1/pos/v10/payments?posId=1%2C2&orderId=a+b");
        assert_eq!(route.operation(), Some(Operation::QueryPaymentIds));
        assert_eq!(route.parameter("posid"), Some("1,2"));
        assert_eq!(route.parameter("orderId"), Some("a b"));
        assert_eq!(Route::of("POST", "https://h/integrator-authentication/connect/token").place, Place::Token);
    }
}
