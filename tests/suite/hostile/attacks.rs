//! Attacks of hostile clients as data, each with the expected record.

/// The bytes that a client sends, and words of the refusal.
pub(crate) struct Attack {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub why: &'static str,
}

fn attack(name: &'static str, bytes: impl Into<Vec<u8>>, why: &'static str) -> Attack {
    Attack { name, bytes: bytes.into(), why }
}

/// A POST with these header lines and this body.
fn post(headers: &str, body: &str) -> Vec<u8> {
    format!("POST /attack HTTP/1.1\r\nHost: a\r\n{headers}\r\n{body}").into_bytes()
}

/// A chunked POST with these chunks.
fn chunks(chunks: &str) -> Vec<u8> {
    post("Transfer-Encoding: chunked\r\n", chunks)
}

fn get(line: &str, headers: &str) -> Vec<u8> {
    format!("{line}\r\n{headers}\r\n").into_bytes()
}

/// Requests that two parsers could read differently, or that are too large: each is one refused exchange.
pub(crate) fn attacks() -> Vec<Attack> {
    let line = "GET /attack HTTP/1.1";
    let mut all = lengths();
    all.extend(chunked());
    all.extend([
        attack("bare LF", "GET /attack HTTP/1.1\nHost: a\n\n", "LF alone"),
        attack("LF in one line", get(line, "Host: a\nX: 1\r\n"), "LF alone"),
        attack("bare CR", get(line, "Host: a\r\nX: a\rb\r\n"), "CR that is not followed by LF"),
        attack("NUL in a value", get(line, "Host: a\r\nX: a\0b\r\n"), "NUL"),
        attack("NUL in a name", get(line, "Host: a\r\nX\0: ab\r\n"), "NUL"),
        attack("NUL in the target", get("GET /att\0ack HTTP/1.1", "Host: a\r\n"), "NUL"),
        attack("folded header", get(line, "Host: a\r\nX: 1\r\n folded\r\n"), "obsolete folding"),
        attack("folded first line", get(line, " Host: a\r\n"), "obsolete folding"),
        attack("no host", get(line, ""), "no Host"),
        attack("two hosts", get(line, "Host: a\r\nHost: b\r\n"), "more than one Host"),
        attack("no colon", get(line, "Host: a\r\nnonsense\r\n"), "no colon"),
        attack("no name", get(line, "Host: a\r\n: x\r\n"), "name"),
        attack("space before colon", get(line, "Host: a\r\nX : 1\r\n"), "name"),
        attack("control character", get(line, "Host: a\r\nX: \x08\r\n"), "control character"),
        attack("method", get("G@T /attack HTTP/1.1", "Host: a\r\n"), "method"),
        attack("HTTP/0.9", "GET /attack\r\n\r\n", "request line"),
        attack("space in the target", get("GET /att ack HTTP/1.1", "Host: a\r\n"), "request line"),
        attack("tab in the line", get("GET\t/attack\tHTTP/1.1", "Host: a\r\n"), "request line"),
        attack("version", get("GET /attack HTTP/3.0", "Host: a\r\n"), "version"),
        attack("version in lower case", get("GET /attack http/1.1", "Host: a\r\n"), "version"),
        attack("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "version"),
        attack("CONNECT inside", get("CONNECT 127.0.0.1:22 HTTP/1.1", "Host: a\r\n"), "CONNECT"),
        attack("long head", get(line, &format!("Host: a\r\nX: {}\r\n", "x".repeat(70_000))), "longer than"),
        attack(
            "long target",
            get(&format!("GET /attack{} HTTP/1.1", "x".repeat(70_000)), "Host: a\r\n"),
            "longer than",
        ),
        attack("many headers", get(line, &format!("Host: a\r\n{}", "a:\r\n".repeat(9_000))), "lines"),
        attack("only empty lines", "\r\n".repeat(9_000), "lines"),
        attack("endless word", "x".repeat(70_000), "longer than"),
    ]);
    all
}

/// Contradictory or malformed Content-Length and Transfer-Encoding.
fn lengths() -> Vec<Attack> {
    vec![
        attack(
            "CL.TE",
            post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
            "both Content-Length and Transfer-Encoding",
        ),
        attack(
            "TE.CL",
            post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
            "both Content-Length and Transfer-Encoding",
        ),
        attack(
            "two lengths",
            post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"),
            "more than one Content-Length",
        ),
        attack("one length twice", post("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), "more than one"),
        attack("list of lengths", post("Content-Length: 3, 3\r\n", "abc"), "not a number"),
        attack("plus", post("Content-Length: +3\r\n", "abc"), "not a number"),
        attack("negative length", post("Content-Length: -1\r\n", "abc"), "not a number"),
        attack("hexadecimal length", post("Content-Length: 0x3\r\n", "abc"), "not a number"),
        attack("length of 20 digits", post("Content-Length: 99999999999999999999\r\n", "abc"), "not a number"),
        attack("empty length", post("Content-Length:\r\n", "abc"), "not a number"),
        attack("folded coding", post("Transfer-Encoding:\r\n chunked\r\n", "0\r\n\r\n"), "obsolete folding"),
        attack("other coding", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), "not `chunked`"),
        attack("identity", post("Transfer-Encoding: identity\r\n", "0\r\n\r\n"), "not `chunked`"),
        attack("gzip, chunked", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), "not `chunked`"),
        attack("quoted coding", post("Transfer-Encoding: \"chunked\"\r\n", "0\r\n\r\n"), "not `chunked`"),
        attack("vertical tab", post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"), "control character"),
        attack("form feed", post("Transfer-Encoding: \x0cchunked\r\n", "0\r\n\r\n"), "control character"),
        attack("coding with space", post("Transfer-Encoding : chunked\r\n", "0\r\n\r\n"), "name"),
        attack(
            "two codings",
            post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", "0\r\n\r\n"),
            "more than one Transfer-Encoding",
        ),
        attack(
            "coding in HTTP/1.0",
            get("POST /attack HTTP/1.0", "Host: a\r\nTransfer-Encoding: chunked\r\n"),
            "HTTP/1.0",
        ),
    ]
}

/// Malformed chunks.
fn chunked() -> Vec<Attack> {
    vec![
        attack("no size", chunks("nonsense\r\n"), "hexadecimal"),
        attack("empty size", chunks("\r\n"), "hexadecimal"),
        attack("negative size", chunks("-1\r\nx\r\n"), "hexadecimal"),
        attack("size with 0x", chunks("0x1\r\nx\r\n0\r\n\r\n"), "hexadecimal"),
        attack("size with a space before it", chunks(" 1\r\nx\r\n0\r\n\r\n"), "hexadecimal"),
        attack("size that overflows", chunks("10000000000000001\r\nx\r\n0\r\n\r\n"), "hexadecimal"),
        attack("size with a form feed", chunks("1\x0c\r\nx\r\n0\r\n\r\n"), "hexadecimal"),
        attack("size line with LF", chunks("1\nx\r\n0\r\n\r\n"), "CRLF"),
        attack("size line with CR", chunks("1\rx\r\n0\r\n\r\n"), "CRLF"),
        attack("size with NUL", chunks("1\0\r\nx\r\n0\r\n\r\n"), "CRLF"),
        attack("long extension", chunks(&format!("1;{}\r\nx\r\n", "x".repeat(5_000))), "too long"),
        attack("more than its size", chunks("1\r\nxyz\r\n0\r\n\r\n"), "longer than the chunk size"),
        attack("folded trailer", chunks("0\r\nX: 1\r\n 2\r\n\r\n"), "obsolete folding"),
        attack("trailer with LF", chunks("0\r\nX: 1\n\r\n"), "LF alone"),
        attack("endless trailers", chunks(&format!("0\r\n{}", "a: b\r\n".repeat(3_000))), "lines"),
    ]
}

/// Input below HTTP: the bytes on a new connection, the recorded event, and words of its detail.
pub(crate) fn below_http() -> Vec<(&'static str, Vec<u8>, &'static str, &'static str)> {
    let hello = [&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3][..], &[0xff; 600]].concat();
    vec![
        ("nothing", Vec::new(), "tls-failed", "before sending any data"),
        ("plain HTTP", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), "not-tls", "https://"),
        ("noise", vec![0x80; 3_000], "not-tls", "not TLS"),
        ("a hello that is none", hello, "tls-failed", "TLS with the client failed"),
        ("a record of the wrong kind", vec![0x16, 3, 3, 0xff, 0xff, 7, 7, 7, 7, 7, 7, 7], "tls-failed", "TLS"),
        ("SSLv3", [&[0x16, 3, 0, 0, 50, 1, 0, 0, 46, 3, 0][..], &[0; 44]].concat(), "tls-too-old", "SSLv3"),
    ]
}
