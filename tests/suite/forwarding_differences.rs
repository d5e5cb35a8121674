//! The permitted differences between what one side sent and the other side received: these and no others.

use super::wire::find;

/// A permitted difference.
pub(crate) enum Permitted {
    /// The value of this header belongs to the next hop.
    Value(&'static str),
    /// Hop-by-hop headers: these, and all that `Connection` names.
    HopByHop(&'static [&'static str]),
    /// Optional white space around header values.
    WhiteSpace,
    /// Chunk boundaries and chunk extensions.
    Chunks,
    /// The absolute form of a target becomes the origin form.
    AbsoluteForm,
    /// Interim (1xx) responses of the backend are recorded and not forwarded; the recorder itself sends the 100 that a
    /// client waits for.
    Interim,
}

pub(crate) const PERMITTED: &[Permitted] = &[
    Permitted::Value("host"),
    Permitted::HopByHop(&["connection", "keep-alive", "proxy-authorization", "proxy-connection", "te", "upgrade"]),
    Permitted::WhiteSpace,
    Permitted::Chunks,
    Permitted::AbsoluteForm,
    Permitted::Interim,
];

/// A message without the permitted differences.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Start line and headers.
    pub head: Vec<String>,
    /// Content; of a truncated message, the received part.
    pub body: Vec<u8>,
    /// Trailers.
    pub trailers: Vec<String>,
    /// Whether it is complete.
    pub whole: bool,
}

/// The messages in one direction of a connection. `bodyless`: responses to HEAD.
pub(crate) fn messages(bytes: &[u8], bodyless: bool) -> Vec<Message> {
    let mut rest = bytes;
    let mut found = Vec::new();
    while let Some(end) = find(rest, b"\r\n\r\n") {
        let text: String = rest[..end].iter().map(|&b| b as char).collect();
        rest = &rest[end + 4..];
        let lines: Vec<&str> = text.split("\r\n").collect();
        let value = |name: &str| {
            let named = |line: &&&str| line.split(':').next().unwrap().eq_ignore_ascii_case(name);
            lines.iter().skip(1).find(named).map(|line| line.split_once(':').unwrap().1.trim().to_owned())
        };
        let is_answer = lines[0].starts_with("HTTP/");
        let status = if is_answer { lines[0][9..12].parse().unwrap() } else { 0 };
        let head = normal_head(&lines);
        let mut message = Message { head, body: Vec::new(), trailers: Vec::new(), whole: true };
        if (100..200).contains(&status) {
            continue; // Permitted::Interim
        }
        if bodyless || matches!(status, 204 | 304) {
        } else if value("transfer-encoding").is_some() {
            rest = unchunk(rest, &mut message);
        } else if let Some(length) = value("content-length") {
            let length: usize = length.parse().unwrap();
            message.whole = rest.len() >= length;
            message.body = rest[..length.min(rest.len())].to_vec();
            rest = &rest[length.min(rest.len())..];
        } else if is_answer {
            message.body = rest.to_vec();
            rest = &[];
        }
        found.push(message);
    }
    if !rest.is_empty() {
        let head = vec!["(half a head)".to_owned()];
        found.push(Message { head, body: rest.to_vec(), trailers: Vec::new(), whole: false });
    }
    found
}

fn unchunk<'a>(mut rest: &'a [u8], message: &mut Message) -> &'a [u8] {
    message.whole = false;
    while let Some(at) = find(rest, b"\r\n") {
        let line = String::from_utf8_lossy(&rest[..at]).into_owned();
        rest = &rest[at + 2..];
        let size = usize::from_str_radix(line.split(';').next().unwrap().trim(), 16).unwrap();
        if size == 0 {
            while let Some(at) = find(rest, b"\r\n") {
                let line = String::from_utf8_lossy(&rest[..at]).into_owned();
                rest = &rest[at + 2..];
                if line.is_empty() {
                    message.whole = true;
                    return rest;
                }
                message.trailers.push(line);
            }
            return rest;
        }
        message.body.extend_from_slice(&rest[..size.min(rest.len())]);
        rest = &rest[(size + 2).min(rest.len())..];
    }
    rest
}

fn normal_head(lines: &[&str]) -> Vec<String> {
    let mut start = lines[0].to_owned();
    let mut headers: Vec<(String, String)> = lines[1..]
        .iter()
        .map(|line| line.split_once(':').map(|(n, v)| (n.to_owned(), v.to_owned())).unwrap())
        .collect();
    for permitted in PERMITTED {
        match permitted {
            Permitted::Value(name) => {
                for (n, value) in &mut headers {
                    if n.eq_ignore_ascii_case(name) {
                        "(of the hop)".clone_into(value);
                    }
                }
            }
            Permitted::HopByHop(names) => {
                let named: Vec<String> = headers
                    .iter()
                    .filter(|(name, _)| name.eq_ignore_ascii_case("connection"))
                    .flat_map(|(_, value)| value.split(',').map(|v| v.trim().to_ascii_lowercase()).collect::<Vec<_>>())
                    .collect();
                headers.retain(|(name, _)| {
                    let name = name.to_ascii_lowercase();
                    !names.contains(&name.as_str()) && !named.contains(&name)
                });
            }
            Permitted::WhiteSpace => headers.iter_mut().for_each(|(_, value)| *value = value.trim().to_owned()),
            Permitted::AbsoluteForm => {
                if let Some(at) = start.find(" https://") {
                    let path = start[at + 9..].find('/').unwrap();
                    start = format!("{} {}", &start[..at], &start[at + 9 + path..]);
                }
            }
            Permitted::Chunks | Permitted::Interim => {} // Where the messages are told apart.
        }
    }
    std::iter::once(start).chain(headers.into_iter().map(|(name, value)| format!("{name}: {value}"))).collect()
}
