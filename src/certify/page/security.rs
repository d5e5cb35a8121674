//! Access control of the page: one operator, on this machine.
//!
//! A request must name this machine (`Host`, against DNS rebinding) and carry the token printed at start (as a cookie,
//! as `Authorization: Bearer`, or in the URL that opens the page). A command must come from the page itself (`Origin`,
//! or `Sec-Fetch-Site` if the browser sends no origin). The checks do no I/O.

use crate::api::form::fields;
use http::header::{AUTHORIZATION, COOKIE, HOST, ORIGIN};
use http::{HeaderMap, HeaderValue, Method, Uri};
use std::net::SocketAddr;
use subtle::ConstantTimeEq;

/// The content security policy of the page: only its own style, script and icon.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                          form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The content security policy of files to download. Style is left to the policy in an HTML file, which names its digest.
pub(crate) const FILE_POLICY: &str = "script-src 'none'; connect-src 'none'; img-src 'none'; font-src 'none'; media-src 'none'; \
                               object-src 'none'; frame-src 'none'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The checks of a request.
pub(crate) struct Guard {
    token: String,
    cookie: String,
    hosts: Vec<String>,
}

/// The refusal of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status: 403 or 421.
    pub status: u16,
    /// The title of the page.
    pub title: &'static str,
    /// The reason, and what to do.
    pub sentence: &'static str,
}

const fn refusal(status: u16, title: &'static str, sentence: &'static str) -> Refusal {
    Refusal { status, title, sentence }
}

const NO_TOKEN: Refusal = refusal(
    403,
    "This link has expired",
    "Open the address in poscert's terminal. Each start of `poscert certify` prints a new one.",
);
const NOT_HERE: Refusal = refusal(
    421,
    "Access denied",
    "This page is served only at its loopback address; open the address in poscert's terminal.",
);
const NOT_OURS: Refusal =
    refusal(403, "Access denied", "Commands are accepted only from this page, not from another site.");

impl Guard {
    /// The guard of a page on a loopback address. The token has to be unguessable.
    pub(crate) fn new(address: SocketAddr, token: String) -> Guard {
        let port = address.port();
        let hosts = vec![address.to_string(), format!("localhost:{port}")];
        // Browsers share cookies between ports: two pages on this machine must not overwrite each other's.
        Guard { token, cookie: format!("poscert-{port}"), hosts }
    }

    /// The `Set-Cookie` value with the token.
    pub(crate) fn cookie(&self) -> String {
        format!("{}={}; HttpOnly; SameSite=Strict; Path=/", self.cookie, self.token)
    }

    /// Checks a request.
    ///
    /// # Errors
    /// The request is refused.
    pub(crate) fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let hosts: Vec<&str> = headers.get_all(HOST).iter().filter_map(|host| host.to_str().ok()).collect();
        let host = match hosts[..] {
            [host] if self.hosts.iter().any(|own| own.eq_ignore_ascii_case(host)) => host,
            _ => return Err(NOT_HERE),
        };
        if !self.has_token(uri, headers) {
            return Err(NO_TOKEN);
        }
        let action = *method != Method::GET && *method != Method::HEAD;
        if action && !is_own(host, headers) { Err(NOT_OURS) } else { Ok(()) }
    }

    /// Whether the URL contains the token; the browser is then redirected to a URL without it.
    pub(crate) fn is_in_address(&self, uri: &Uri) -> bool {
        let query = fields(uri.query().unwrap_or_default());
        query.iter().any(|(name, value)| name == "token" && self.is_token(value))
    }

    fn has_token(&self, uri: &Uri, headers: &HeaderMap) -> bool {
        let text = |value: &HeaderValue| value.to_str().map(str::to_owned).unwrap_or_default();
        let cookies = headers.get_all(COOKIE).iter().map(text).collect::<Vec<_>>().join(";");
        let mut cookies = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        let bearer = headers.get(AUTHORIZATION).map(text).unwrap_or_default();
        cookies.any(|(name, value)| name == self.cookie && self.is_token(value))
            || bearer.strip_prefix("Bearer ").is_some_and(|token| self.is_token(token))
            || self.is_in_address(uri)
    }

    fn is_token(&self, text: &str) -> bool {
        text.as_bytes().ct_eq(self.token.as_bytes()).into()
    }
}

/// Whether a command comes from a page of this origin. Browsers send `Origin` with every POST. As this page sends no
/// referrer, the origin of its forms is `null` (Fetch, section 3.2); then only `Sec-Fetch-Site` shows it.
fn is_own(host: &str, headers: &HeaderMap) -> bool {
    let one = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?").to_owned());
    let own = |origin: &str| origin.eq_ignore_ascii_case(&format!("http://{host}"));
    match (one("sec-fetch-site").as_deref(), one(ORIGIN.as_str()).as_deref()) {
        (Some(site), origin) => site == "same-origin" && origin.is_none_or(|origin| origin == "null" || own(origin)),
        (None, Some(origin)) => own(origin),
        (None, None) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "http://127.0.0.1:8484";

    fn check(method: Method, path: &str, headers: &[(&'static str, &str)]) -> Result<(), u16> {
        let guard = Guard::new("127.0.0.1:8484".parse().unwrap(), "secret".to_owned());
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        guard.check(&method, &path.parse().unwrap(), &map).map_err(|refusal| refusal.status)
    }

    #[test]
    fn requests_with_token_from_this_machine_are_accepted() {
        let cookie = ("cookie", "a=b; poscert-8484=secret");
        let host = ("host", "127.0.0.1:8484");
        assert_eq!(check(Method::GET, "/", &[host, cookie]), Ok(()));
        assert_eq!(check(Method::GET, "/?token=secret", &[("host", "LOCALHOST:8484")]), Ok(()));
        assert_eq!(check(Method::GET, "/act", &[host, ("authorization", "Bearer secret")]), Ok(()));
        assert_eq!(check(Method::POST, "/skip", &[host, cookie, ("origin", OWN)]), Ok(()));
        let site = ("sec-fetch-site", "same-origin");
        assert_eq!(check(Method::POST, "/skip", &[host, cookie, site]), Ok(()));
        assert_eq!(check(Method::POST, "/skip", &[host, cookie, site, ("origin", "null")]), Ok(()));
    }

    #[test]
    fn other_requests_are_refused() {
        let (host, cookie) = (("host", "127.0.0.1:8484"), ("cookie", "poscert-8484=secret"));
        for rebound in ["evil.example:8484", "127.0.0.1", "127.0.0.1:9999", "127.0.0.1.evil.example:8484", ""] {
            assert_eq!(check(Method::GET, "/?token=secret", &[("host", rebound), cookie]), Err(421), "{rebound}");
        }
        assert_eq!(check(Method::GET, "/", &[cookie]), Err(421));
        assert_eq!(check(Method::GET, "/", &[host, host, cookie]), Err(421));
        for wrong in ["poscert-8484=", "poscert-8484=secre", "poscert-8484=secrets", "poscert-8485=secret", "secret"] {
            assert_eq!(check(Method::GET, "/", &[host, ("cookie", wrong)]), Err(403), "{wrong}");
        }
        assert_eq!(check(Method::GET, "/?token=", &[host]), Err(403));
        assert_eq!(check(Method::POST, "/skip", &[host, cookie]), Err(403));
        for origin in
            ["null", "http://evil.example", "https://127.0.0.1:8484", "http://localhost:8484", "http://127.0.0.1:1"]
        {
            assert_eq!(check(Method::POST, "/skip", &[host, cookie, ("origin", origin)]), Err(403), "{origin}");
        }
        let elsewhere = [host, cookie, ("origin", "http://evil.example"), ("sec-fetch-site", "same-origin")];
        assert_eq!(check(Method::POST, "/skip", &elsewhere), Err(403));
        for site in ["cross-site", "same-site", "none"] {
            let headers = [host, cookie, ("origin", OWN), ("sec-fetch-site", site)];
            assert_eq!(check(Method::DELETE, "/skip", &headers), Err(403), "{site}");
        }
    }
}
