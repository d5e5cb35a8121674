//! A recorded request as a curl command line. Redacted values stay redacted.

use crate::report::ExchangeView;

/// Headers that curl sets itself.
const OWN: [&str; 5] = ["host", "content-length", "connection", "accept-encoding", "transfer-encoding"];

/// The command line, for a POSIX shell; `None` if the capture does not have the whole request. `ca`: the CA certificate.
pub(super) fn of(view: &ExchangeView, ca: &str) -> Option<String> {
    let mut words = view.request.line.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let headers = &view.request.headers;
    let host = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, value)| value.as_str())?;
    // A line of the body in brackets is a remark: the body is not in the capture, or only a part of it.
    let is_whole = !view.request.body.iter().any(|line| line.starts_with('(') && line.ends_with(')'));
    if !target.starts_with('/') || !is_whole {
        return None;
    }
    let mut parts = vec![format!("curl --cacert {} -X {}", quoted(ca), quoted(method))];
    let sent = headers.iter().filter(|(name, _)| !OWN.iter().any(|own| name.eq_ignore_ascii_case(own)));
    parts.extend(sent.map(|(name, value)| format!("-H {}", quoted(&format!("{name}: {value}")))));
    if !view.request.body.is_empty() {
        parts.push(format!("--data-raw {}", quoted(&view.request.body.join("\n"))));
    }
    parts.push(quoted(&format!("https://{host}{target}")));
    Some(parts.join(" "))
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::exchange_view::Message;

    #[test]
    fn request_is_one_shell_command_without_secrets() {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let request = Message {
            line: "POST /pos/v10/payments HTTP/1.1".into(),
            headers: vec![header("Host", "127.0.0.1:8443"), header("X-A", "it's"), header("Content-Length", "3")],
            body: vec!["{".into(), "}".into()],
        };
        let view = ExchangeView { request, ..ExchangeView::default() };
        assert_eq!(
            of(&view, "/a b/ca.pem").unwrap(),
            "curl --cacert '/a b/ca.pem' -X 'POST' -H 'X-A: it'\\''s' --data-raw '{\n}' 'https://127.0.0.1:8443/pos/v10/payments'"
        );
        let mut cut = view.clone();
        cut.request.body = vec!["(12 bytes; the capture has only a keyed digest)".into()];
        assert_eq!(of(&cut, "ca"), None);
    }
}
