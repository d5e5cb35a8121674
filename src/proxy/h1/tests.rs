//! Tests of the framer on byte strings.

use super::*;
use proptest::prelude::*;

/// The events of a whole input, with content joined, and how it ended.
#[derive(Debug, PartialEq)]
enum Read<L> {
    Head(Head<L>, Framing),
    Interim(Head<L>),
    Content(Vec<u8>),
    End(Vec<Header>),
    Refused(String),
    Left(EofState),
}

fn read<L: StartLine + Clone>(pieces: &[&[u8]], bodyless: bool) -> Vec<Read<L>> {
    let mut framer = Framer::<L>::new(1000);
    framer.answers_head(bodyless);
    let mut seen: Vec<Read<L>> = Vec::new();
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let step = match framer.step(rest) {
                Ok(step) => step,
                Err(refusal) => {
                    seen.push(Read::Refused(refusal.0));
                    return seen;
                }
            };
            let used = &rest[..step.used];
            rest = &rest[step.used..];
            match step.event {
                None if step.used == 0 => break,
                None | Some(Event::Chunk(_)) => {}
                Some(Event::Head(head, framing)) => seen.push(Read::Head(head, framing)),
                Some(Event::Interim(head)) => seen.push(Read::Interim(head)),
                Some(Event::End(trailers)) => seen.push(Read::End(trailers)),
                Some(Event::Data) => match seen.last_mut() {
                    Some(Read::Content(content)) => content.extend_from_slice(used),
                    _ => seen.push(Read::Content(used.to_vec())),
                },
            }
        }
    }
    seen.push(Read::Left(framer.at_end()));
    seen
}

fn request(bytes: &[u8]) -> Vec<Read<RequestLine>> {
    read(&[bytes], false)
}

fn refusal(bytes: &[u8]) -> String {
    match request(bytes).pop() {
        Some(Read::Refused(why)) => why,
        other => panic!("{:?} was read as {other:?}", String::from_utf8_lossy(bytes)),
    }
}

#[test]
fn head_is_returned_as_received() {
    let seen = request(
        b"POST /pos/v10/x?a=%20 HTTP/1.1\r\nhOST: a\r\nX-B: 1\r\nx-a:\t2 \r\nX-B: 3\r\nContent-Length: 3\r\n\r\nabc",
    );
    let [Read::Head(head, Framing::Length(3)), Read::Content(content), Read::End(_), Read::Left(EofState::Between)] =
        seen.as_slice()
    else {
        panic!("{seen:?}")
    };
    let names: Vec<&str> = head.headers.iter().map(|h| h.name.as_str()).collect();
    assert_eq!(names, ["hOST", "X-B", "x-a", "X-B", "Content-Length"]);
    assert_eq!(head.headers[2].value, "2");
    assert_eq!(head.line.target, "/pos/v10/x?a=%20");
    assert_eq!(content, b"abc");
    assert_eq!(
        head.bytes(),
        b"POST /pos/v10/x?a=%20 HTTP/1.1\r\nhOST: a\r\nX-B: 1\r\nx-a: 2\r\nX-B: 3\r\nContent-Length: 3\r\n\r\n"
    );
}

#[test]
fn pipelined_requests_are_separated() {
    let seen = request(b"\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT-Name: v\r\n\r\nGET /3 HTTP/1.0\r\n\r\nGET");
    let heads: Vec<&str> = seen
        .iter()
        .filter_map(|r| match r {
            Read::Head(head, _) => Some(head.line.target.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(heads, ["/1", "/2", "/3"]);
    assert!(seen.contains(&Read::End(vec![Header { name: "T-Name".into(), value: "v".into() }])));
    assert_eq!(seen.last(), Some(&Read::Left(EofState::InHead)));
}

#[test]
fn ambiguous_framing_is_refused() {
    let head = |lines: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{lines}\r\n").into_bytes();
    for (bytes, why) in [
        (head("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), "both Content-Length and Transfer-Encoding"),
        (head("Content-Length: 3\r\nContent-Length: 3\r\n"), "more than one Content-Length"),
        (head("Content-Length: 3, 3\r\n"), "not a number"),
        (head("Content-Length: +3\r\n"), "not a number"),
        (head("Content-Length: 99999999999999999999\r\n"), "not a number"),
        (head("Content-Length:\r\n"), "not a number"),
        (head("Transfer-Encoding: gzip, chunked\r\n"), "not `chunked`"),
        (head("Transfer-Encoding: xchunked\r\n"), "not `chunked`"),
        (head("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), "more than one Transfer-Encoding"),
        (head("X: a\r\n b\r\n"), "obsolete folding"),
        (head("X: a\rb\r\n"), "CR that is not followed by LF"),
        (head("X: a\nY: b\r\n"), "LF alone"),
        (head("X: a\0b\r\n"), "NUL"),
        (head("X : a\r\n"), "name"),
        (head(": a\r\n"), "name"),
        (head("X\r\n"), "no colon"),
        (head("X: a\x01\r\n"), "control character"),
        (head("Host: b\r\n"), "more than one Host"),
        (head(&format!("X: {}\r\n", "a".repeat(1000))), "longer than 1000 bytes"),
        (b"GET / HTTP/1.1\r\n\r\n".to_vec(), "no Host"),
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), "request line"),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n".to_vec(), "version"),
        (b"GET /\x7f HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), "target"),
        (b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(), "method"),
        (b"GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), "HTTP/1.0"),
        (b"GET / HTTP/1.1\n".to_vec(), "LF alone"),
        (b"\x16\x03\x01\x02\0".to_vec(), "NUL"),
    ] {
        let seen = refusal(&bytes);
        assert!(seen.contains(why), "{seen:?} for {:?}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn invalid_chunks_are_refused() {
    for (body, why) in [
        ("x\r\n", "hexadecimal"),
        ("\r\n", "hexadecimal"),
        ("-1\r\n", "hexadecimal"),
        ("0x3\r\nabc\r\n", "hexadecimal"),
        ("1000000000000000\r\n", "hexadecimal"),
        ("3\nabc\r\n", "CRLF"),
        ("3\rabc\r\n", "CRLF"),
        ("3\r\nabcd\r\n", "longer than the chunk size"),
        ("0\r\nbad trailer\r\n\r\n", "no colon"),
        ("0\r\nX: a\nb: c\r\n\r\n", "LF alone"),
    ] {
        let bytes = format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        let seen = refusal(bytes.as_bytes());
        assert!(seen.contains(why), "{seen:?} for {body:?}");
    }
}

#[test]
fn responses_end_as_their_heads_announce() {
    let ends = |bytes: &str, bodyless| read::<StatusLine>(&[bytes.as_bytes()], bodyless).pop();
    assert_eq!(ends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", false), Some(Read::Left(EofState::Between)));
    assert_eq!(ends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na", false), Some(Read::Left(EofState::InBody)));
    assert_eq!(ends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", true), Some(Read::Left(EofState::Between)));
    assert_eq!(
        ends("HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n", false),
        Some(Read::Left(EofState::Between))
    );
    assert_eq!(ends("HTTP/1.1 204 \r\n\r\n", false), Some(Read::Left(EofState::Between)));
    assert_eq!(ends("HTTP/1.0 200 OK\r\n\r\nabc", false), Some(Read::Left(EofState::CloseDelimited)));
    let seen =
        read::<StatusLine>(&[b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"], false);
    assert!(matches!(
        seen.as_slice(),
        [Read::Interim(_), Read::Head(_, Framing::Length(0)), Read::End(_), Read::Left(_)]
    ));
}

#[test]
fn lenient_headers_join_folded_lines() {
    let (first, headers, left_out) =
        lenient_headers(b"GET / HTTP/1.1\r\nAuthorization: Bearer\r\n abc\r\njunk\r\nB:2\n");
    assert_eq!(first, "GET / HTTP/1.1");
    assert_eq!(headers[0], Header { name: "Authorization".into(), value: "Bearer abc".into() });
    assert_eq!((headers.len(), left_out), (2, 1));
}

/// Bytes similar enough to HTTP to reach every state.
fn nearly_http() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("GET /a HTTP/1.1\r\nHost: a\r\n".to_owned()),
        Just("POST /b HTTP/1.0\r\n".to_owned()),
        Just("HTTP/1.1 200 OK\r\n".to_owned()),
        Just("HTTP/1.1 100 Continue\r\n\r\n".to_owned()),
        Just("HTTP/1.1 204 No Content\r\n".to_owned()),
        Just("Transfer-Encoding: chunked\r\n\r\n".to_owned()),
        (0u32..20).prop_map(|n| format!("Content-Length: {n}\r\n\r\n")),
        (0u32..20).prop_map(|n| format!("{n:x}\r\n{}\r\n", "d".repeat(n as usize))),
        Just("0\r\nTrailer-A: b\r\n\r\n".to_owned()),
        Just("X-Y: z\r\n".to_owned()),
        Just("\r\n".to_owned()),
        Just("\n".to_owned()),
        "[ -~]{0,20}",
        "\\PC{0,5}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat().into_bytes())
}

/// Splits bytes into pieces.
fn cut<'a>(bytes: &'a [u8], at: &[prop::sample::Index]) -> Vec<&'a [u8]> {
    let mut places: Vec<usize> = at.iter().map(|i| i.index(bytes.len() + 1)).collect();
    places.sort_unstable();
    let mut pieces = Vec::new();
    let mut from = 0;
    for place in places {
        pieces.push(&bytes[from..place]);
        from = place;
    }
    pieces.push(&bytes[from..]);
    pieces
}

proptest! {
    #[test]
    fn requests_do_not_depend_on_segmentation(bytes in nearly_http(), at in prop::collection::vec(any::<prop::sample::Index>(), 0..8)) {
        prop_assert_eq!(read::<RequestLine>(&[&bytes], false), read::<RequestLine>(&cut(&bytes, &at), false));
    }

    #[test]
    fn responses_do_not_depend_on_segmentation(bytes in nearly_http(), bodyless: bool) {
        let single: Vec<&[u8]> = bytes.chunks(1).collect();
        prop_assert_eq!(read::<StatusLine>(&[&bytes], bodyless), read::<StatusLine>(&single, bodyless));
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes: Vec<u8>) {
        read::<RequestLine>(&[&bytes], false);
        read::<StatusLine>(&[&bytes], false);
        lenient_headers(&bytes);
    }

    #[test]
    fn parsed_head_is_written_back_unchanged(bytes in nearly_http()) {
        for item in read::<RequestLine>(&[&bytes], false) {
            if let Read::Head(head, _) = item {
                prop_assert_eq!(&Head::<RequestLine>::parse(&head.bytes()).unwrap(), &head);
            }
        }
    }
}
