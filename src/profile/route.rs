//! Routing of request lines: to an operation of the API, the token endpoint, the customer simulation, or unknown.
//!
//! Only the path after the base decides on the operation. What precedes the base is ignored: it differs between
//! revisions of an API, and the recorder has its own host.

use super::{Operation, Profile};
use percent_encoding::percent_decode_str;

/// The target of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// An operation of the API.
    Operation(Operation),
    /// The token endpoint.
    Token,
    /// The simulated customer.
    Simulation,
    /// Not documented.
    Unknown,
}

/// A parsed request line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The target.
    pub place: Place,
    /// The path up to and including the base; the whole path if it has no such segment.
    pub base: String,
    /// The path without the query, not decoded.
    pub path: String,
    /// The ids in the path, percent-decoded, in the order of their placeholders.
    pub ids: Vec<String>,
    /// Query parameters in order, percent-decoded.
    pub query: Vec<(String, String)>,
}

impl Profile {
    /// Parses a request line. `target` may be in origin form (`/pos/v10/stores?x=y`) or in absolute form.
    pub fn route(&self, method: &str, target: &str) -> Route {
        let (path, query) = split_target(target);
        let query = parse_query(query);
        let (base, rest) = split_base(path, &self.base);
        let (place, ids) = match rest {
            Some(rest) => self.operation_at(method, rest),
            None => (Place::Unknown, Vec::new()),
        };
        let place = match place {
            Place::Unknown if method == "POST" && ends_with(path, &self.token) => Place::Token,
            Place::Unknown if !self.simulation.is_empty() && path.contains(&self.simulation) => Place::Simulation,
            other => other,
        };
        Route { place, base: base.to_owned(), path: path.to_owned(), ids, query }
    }

    /// Whether a path is below the base, documented or not. With no base, that says nothing.
    pub(crate) fn is_below_base(&self, path: &str) -> bool {
        !self.base.is_empty() && split_base(path, &self.base).1.is_some()
    }

    fn operation_at(&self, method: &str, rest: &str) -> (Place, Vec<String>) {
        let given: Vec<&str> = rest.split('/').collect();
        let fitting = self.templates.iter().filter(|template| template.method == method && template.fits(&given));
        // A literal path takes precedence over one with ids.
        match fitting.min_by_key(|template| template.placeholders) {
            Some(template) => (Place::Operation(template.operation), template.ids(&given)),
            None => (Place::Unknown, Vec::new()),
        }
    }
}

/// The path of an operation, split at its slashes.
#[derive(Debug)]
pub(super) struct Template {
    operation: Operation,
    method: &'static str,
    segments: Vec<&'static str>,
    placeholders: usize,
}

impl Template {
    pub(super) fn of(operation: Operation) -> Template {
        let segments: Vec<&str> = operation.template().split('/').collect();
        let placeholders = segments.iter().filter(|segment| is_placeholder(segment)).count();
        Template { operation, method: operation.method(), segments, placeholders }
    }

    fn fits(&self, given: &[&str]) -> bool {
        let fits = |(want, have): (&&str, &&str)| if is_placeholder(want) { !have.is_empty() } else { want == have };
        self.segments.len() == given.len() && self.segments.iter().zip(given).all(fits)
    }

    /// The ids at its placeholders, percent-decoded.
    fn ids(&self, given: &[&str]) -> Vec<String> {
        let ids = self.segments.iter().zip(given).filter(|(want, _)| is_placeholder(want));
        ids.map(|(_, have)| percent_decode_str(have).decode_utf8_lossy().into_owned()).collect()
    }
}

fn is_placeholder(segment: &str) -> bool {
    segment.starts_with('{')
}

impl Route {
    /// The operation, if the target is one.
    pub fn operation(&self) -> Option<Operation> {
        match self.place {
            Place::Operation(op) => Some(op),
            _ => None,
        }
    }

    /// The last id in the path, which is that of the resource itself; `None` if the operation has none.
    pub fn id(&self) -> Option<&str> {
        self.ids.last().map(String::as_str)
    }

    /// The first value of a query parameter. Names are compared without regard to letter case.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.as_str())
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

/// The path up to the last place of the base, and what follows it.
fn split_base<'p>(path: &'p str, base: &str) -> (&'p str, Option<&'p str>) {
    if base.is_empty() {
        return ("", Some(path));
    }
    let mut ends = path.rmatch_indices(base).map(|(at, _)| at + base.len());
    match ends.find(|end| path[*end..].starts_with('/')) {
        Some(end) => (&path[..end], Some(&path[end..])),
        None if path.ends_with(base) => (path, Some("")),
        None => (path, None),
    }
}

fn ends_with(path: &str, end: &str) -> bool {
    !end.is_empty() && path.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::pos_v10;

    fn route(method: &str, target: &str) -> Route {
        pos_v10().route(method, target)
    }

    #[test]
    fn every_template_is_recognised_behind_any_prefix() {
        for &operation in &pos_v10().operations {
            for base in ["/pos/v10", "/api/v10", "/v10", "/pos-self-certification-api/pos/v10"] {
                let id = "0F8FAD5B-d9cb-469f-a165-70867728950e";
                let path = operation.template().split('/').map(|s| if s.starts_with('{') { id } else { s });
                let target = format!("{base}{}?a=b", path.collect::<Vec<_>>().join("/"));
                let route = route(operation.method(), &target);
                assert_eq!(route.place, Place::Operation(operation), "{target}");
                assert_eq!(route.base, base);
                assert_eq!(route.id().is_some(), operation.template().contains('{'));
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
            ("GET", "/pos/v100/payments"),
            ("GET", "/"),
            ("POST", "/pos/v10/payments/prepare/x"),
        ] {
            assert_eq!(route(method, target).place, Place::Unknown, "{method} {target}");
        }
    }

    #[test]
    fn absolute_form_is_the_same_request() {
        let listed = route("GET", "https://a.example:1/pos/v10/payments?posId=1%2C2&orderId=a+b");
        assert_eq!(listed.operation().map(Operation::name), Some("QueryPaymentIds"));
        assert_eq!(listed.parameter("posid"), Some("1,2"));
        assert_eq!(listed.parameter("orderId"), Some("a b"));
        assert_eq!(route("POST", "https://h/integrator-authentication/connect/token").place, Place::Token);
    }
}
