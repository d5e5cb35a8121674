//! Tests of the choice of the proxy by option and variable, and of exempt hosts.

use super::*;

fn read(flag: Option<&str>, variables: &[(&str, &str)]) -> Outgoing {
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Outgoing::read(flag, variable).unwrap()
}

fn to(outgoing: &Outgoing, host: &str) -> Option<String> {
    outgoing.to(true, host, 443).unwrap().map(ToString::to_string)
}

#[test]
fn proxy_url_is_parsed_and_its_password_is_never_shown() {
    let proxy = OutgoingProxy::parse("http://me:p%40ss%3a/w@Proxy.example:3128/", "HTTPS_PROXY").unwrap();
    assert_eq!(proxy.to_string(), "http://proxy.example:3128 (HTTPS_PROXY)");
    assert_eq!(proxy.authorization(), Some(format!("Basic {}", STANDARD.encode("me:p@ss:/w")).as_str()));
    assert!(!format!("{proxy:?}").contains("Basic"));
    let origin = |text| OutgoingProxy::parse(text, "x").unwrap().origin();
    assert_eq!(origin(" proxy "), "http://proxy:80");
    assert_eq!(origin("HTTP://[::1]:8080"), "http://[::1]:8080");
    for (text, wanted) in [
        ("socks5://me:secret@proxy:1080", "SOCKS proxy, which is not supported"),
        ("socks5h://proxy", "SOCKS"),
        ("https://me:secret@proxy", "over TLS"),
        ("ftp://proxy", "is not the URL"),
        ("http://", "is not the URL"),
        ("http://me:secret@proxy:port", "is not the URL"),
        ("http://pro xy", "is not the URL"),
    ] {
        let sentence = OutgoingProxy::parse(text, "ALL_PROXY").unwrap_err();
        assert!(sentence.starts_with("ALL_PROXY ") && sentence.contains(wanted), "{sentence}");
        assert!(sentence.contains("--upstream-proxy none") && !sentence.contains("secret"), "{sentence}");
    }
}

#[test]
fn option_precedes_variables_and_lower_case_precedes_upper_case() {
    let variables = [("HTTPS_PROXY", "http://upper:1"), ("all_proxy", "http://all:2"), ("NO_PROXY", "near.example")];
    let outgoing = read(None, &variables);
    assert_eq!(to(&outgoing, "far.example").as_deref(), Some("http://upper:1 (HTTPS_PROXY)"));
    assert_eq!(to(&outgoing, "near.example"), None);
    assert_eq!(outgoing.to(false, "far.example", 80).unwrap().unwrap().source(), "all_proxy");
    let both = read(None, &[("https_proxy", "http://lower:1"), ("HTTPS_PROXY", "http://upper:1")]);
    assert_eq!(to(&both, "far.example").as_deref(), Some("http://lower:1 (https_proxy)"));
    // Hosts on this machine are never reached through a proxy from the environment.
    for here in ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST.", "a.localhost", "[::1]", "[::ffff:127.0.0.1]"] {
        assert_eq!(to(&outgoing, here), None, "{here}");
    }
    let flag = read(Some("http://flag:3"), &variables);
    assert_eq!(to(&flag, "near.example").as_deref(), Some("http://flag:3 (--upstream-proxy)"));
    assert_eq!(to(&flag, "127.0.0.1").as_deref(), Some("http://flag:3 (--upstream-proxy)"));
    assert_eq!(to(&read(Some("none"), &variables), "far.example"), None);
    assert_eq!(to(&read(Some(""), &[("HTTPS_PROXY", " ")]), "far.example"), None);
    // An unusable variable is an error only when it would be used.
    let socks = read(None, &[("ALL_PROXY", "socks5://p"), ("NO_PROXY", "near.example")]);
    assert!(socks.to(true, "far.example", 443).unwrap_err().contains("SOCKS"));
    assert_eq!(to(&socks, "near.example"), None);
    assert!(Outgoing::read(Some("socks5://p"), |_| None).unwrap_err().contains("SOCKS"));
}

#[test]
fn no_proxy_exempts_hosts_as_in_other_programs() {
    for (list, host, port) in [
        ("*", "far.example", 443),
        ("example.com", "example.com", 443),
        ("example.com", "API.example.com", 443),
        (".example.com", "api.example.com", 443),
        (".example.com", "example.com", 443),
        ("*.example.com", "api.example.com", 443),
        ("a, example.com:8443 ,b", "api.example.com", 8443),
        ("a example.com", "example.com.", 443),
        ("example.com.", "example.com", 443),
        ("10.1.2.3", "10.1.2.3", 443),
        ("10.0.0.0/8", "10.1.2.3", 443),
        ("0.0.0.0/0", "10.1.2.3", 443),
        ("10.1.2.3:443", "10.1.2.3", 443),
        ("fe80::1", "[fe80::1]", 443),
        ("[fe80::1]:443", "[fe80::1]", 443),
        ("fe80::/10", "[fe80::1]", 443),
    ] {
        assert!(is_exempt(list, host, port), "{list:?} names {host}:{port}");
    }
    for (list, host, port) in [
        ("", "example.com", 443),
        (",", "example.com", 443),
        (".", "example.com", 443),
        ("example.com", "notexample.com", 443),
        ("api.example.com", "example.com", 443),
        ("example.com:8443", "example.com", 443),
        ("*:8443", "example.com", 443),
        ("10.0.0.0/8", "11.1.2.3", 443),
        ("10.0.0.0/99", "10.1.2.3", 443),
        ("10.0.0.0/x", "10.1.2.3", 443),
        ("10.0.0.0/8", "10.example.com", 443),
        ("fe80::/10", "10.1.2.3", 443),
        ("1", "10.0.0.1", 443),
    ] {
        assert!(!is_exempt(list, host, port), "{list:?} does not name {host}:{port}");
    }
}

#[test]
fn proxy_that_is_the_recorder_itself_is_ignored() {
    let own: Vec<SocketAddr> = vec!["127.0.0.1:8443".parse().unwrap(), "0.0.0.0:8080".parse().unwrap()];
    for url in ["http://127.0.0.1:8080", "http://localhost:8080", "http://127.0.0.1:8443"] {
        let (outgoing, said) = read(None, &[("HTTPS_PROXY", url)]).without(&own);
        assert_eq!(to(&outgoing, "far.example"), None);
        assert!(said.unwrap().contains("HTTPS_PROXY names this recorder itself"), "{url}");
    }
    let (outgoing, said) = read(None, &[("HTTPS_PROXY", "http://127.0.0.1:8081")]).without(&own);
    assert!(to(&outgoing, "far.example").is_some() && said.is_none());
}
