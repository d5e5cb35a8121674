//! Content codings (RFC 9110 section 8.4): decoding of bodies.

use super::record::{Body, BodyRetention, Header, values};
use std::borrow::Cow;
use std::io::Read;

/// Maximum size of a decoded body; a small body can decode to a very large one.
pub(crate) const DECODED_LIMIT: usize = 16 * 1024 * 1024;

/// A decoded body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Decoded<'a> {
    /// There was no coding.
    Plain(&'a [u8]),
    /// The complete body.
    Whole(Vec<u8>),
    /// The decodable part of a truncated or damaged body.
    Partial(Vec<u8>),
    /// The coding is unknown, or the body decodes to more than [`DECODED_LIMIT`].
    Unreadable,
}

/// Decodes the codings that the headers name; gzip is also recognised without a header.
pub(crate) fn decode<'a>(bytes: &'a [u8], headers: &[Header]) -> Decoded<'a> {
    let named: Vec<String> = values(headers, "content-encoding")
        .flat_map(|value| value.split(','))
        .map(|coding| coding.trim().to_ascii_lowercase())
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect();
    let is_gzip = bytes.starts_with(&[0x1f, 0x8b, 8]);
    if bytes.is_empty() || (named.is_empty() && !is_gzip) {
        return Decoded::Plain(bytes);
    }
    let codings = if named.is_empty() { vec!["gzip".to_owned()] } else { named };
    let mut current = Cow::Borrowed(bytes);
    let mut whole = true;
    for coding in codings.iter().rev() {
        let Some((decoded, ended_well)) = take_off(coding, &current) else { return Decoded::Unreadable };
        if decoded.len() > DECODED_LIMIT {
            return Decoded::Unreadable;
        }
        whole &= ended_well;
        current = Cow::Owned(decoded);
    }
    if whole { Decoded::Whole(current.into_owned()) } else { Decoded::Partial(current.into_owned()) }
}

/// Whether a completely decoded body carries nothing besides its content: gzip headers can contain file names and
/// comments (RFC 1952 section 2.3), and the streams between several codings can contain anything.
pub(crate) fn is_bare(bytes: &[u8], headers: &[Header]) -> bool {
    let codings = values(headers, "content-encoding").flat_map(|value| value.split(',')).count();
    codings <= 1 && (!bytes.starts_with(&[0x1f, 0x8b, 8]) || members_are_bare(bytes))
}

fn members_are_bare(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let mut member = flate2::bufread::GzDecoder::new(bytes);
        let read = std::io::copy(&mut member, &mut std::io::sink()).is_ok();
        let says_more = member
            .header()
            .is_none_or(|head| head.filename().is_some() || head.comment().is_some() || head.extra().is_some());
        if !read || says_more {
            return false;
        }
        bytes = member.into_inner();
    }
    true
}

/// Decodes one coding; also returns whether the stream ended cleanly with no trailing bytes. `None` if the coding is
/// unknown.
fn take_off(coding: &str, bytes: &[u8]) -> Option<(Vec<u8>, bool)> {
    match coding {
        "gzip" | "x-gzip" => Some(read(flate2::read::MultiGzDecoder::new(bytes))),
        // Some senders use the zlib format, as RFC 9110 requires, and some raw deflate.
        "deflate" => {
            let (mut zlib, mut bare) =
                (flate2::bufread::ZlibDecoder::new(bytes), flate2::bufread::DeflateDecoder::new(bytes));
            let (decoded, ended_well) = read(&mut zlib);
            let one = (decoded, ended_well && zlib.into_inner().is_empty());
            if one.1 {
                return Some(one);
            }
            let (decoded, ended_well) = read(&mut bare);
            Some(longer(one, (decoded, ended_well && bare.into_inner().is_empty())))
        }
        "br" => {
            let brotli = |bytes: &[u8]| read(brotli_decompressor::Decompressor::new(bytes, 4096));
            let (decoded, ended_well) = brotli(bytes);
            // The decoder does not say how far it read. If it succeeds without the last byte, that byte is trailing
            // data.
            let needed = bytes.split_last().is_none_or(|(_, before)| !brotli(before).1);
            Some((decoded, ended_well && needed))
        }
        _ => None,
    }
}

fn longer(one: (Vec<u8>, bool), other: (Vec<u8>, bool)) -> (Vec<u8>, bool) {
    if other.1 || other.0.len() > one.0.len() { other } else { one }
}

fn read(mut from: impl Read) -> (Vec<u8>, bool) {
    let (mut decoded, mut buffer) = (Vec::new(), [0; 8192]);
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return (decoded, true),
            Ok(n) => decoded.extend_from_slice(buffer.get(..n).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return (decoded, false),
        }
        if decoded.len() > DECODED_LIMIT {
            return (decoded, false);
        }
    }
}

/// A completely stored body, decoded; `None` if it is incomplete or cannot be decoded.
pub(crate) fn content<'a>(body: &'a Body, headers: &[Header]) -> Option<Cow<'a, [u8]>> {
    if body.kept != BodyRetention::Whole {
        return None;
    }
    if body.decoded {
        return Some(Cow::Borrowed(&body.bytes));
    }
    match decode(&body.bytes, headers) {
        Decoded::Plain(bytes) => Some(Cow::Borrowed(bytes)),
        Decoded::Whole(bytes) => Some(Cow::Owned(bytes)),
        Decoded::Partial(_) | Decoded::Unreadable => None,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::io::Write;

    pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    pub(crate) fn encoding(coding: &str) -> Vec<Header> {
        vec![Header { name: "Content-Encoding".to_owned(), value: coding.to_owned() }]
    }

    #[test]
    fn codings_are_decoded_in_reverse_order() {
        let twice = gzip(&gzip(b"{}"));
        assert_eq!(decode(&twice, &encoding("gzip, x-gzip")), Decoded::Whole(b"{}".to_vec()));
        assert_eq!(decode(b"{}", &encoding("identity")), Decoded::Plain(b"{}"));
        assert_eq!(decode(&gzip(b"{}"), &[]), Decoded::Whole(b"{}".to_vec()));
        assert_eq!(decode(b"{}", &encoding("zstd")), Decoded::Unreadable);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(b"{}").unwrap();
        assert_eq!(decode(&zlib.finish().unwrap(), &encoding("deflate")), Decoded::Whole(b"{}".to_vec()));
        // A brotli stream with one uncompressed metablock, made by hand: `{}`.
        assert_eq!(decode(&[0x8b, 0x00, 0x80, 0x7b, 0x7d, 0x03], &encoding("br")), Decoded::Whole(b"{}".to_vec()));
    }

    #[test]
    fn trailing_and_embedded_data_is_detected() {
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        zlib.write_all(b"{}").unwrap();
        let streams = [
            ("gzip", gzip(b"{}")),
            ("deflate", zlib.finish().unwrap()),
            ("br", vec![0x8b, 0x00, 0x80, 0x7b, 0x7d, 0x03]),
        ];
        for (coding, mut stream) in streams {
            assert!(matches!(decode(&stream, &encoding(coding)), Decoded::Whole(_)), "{coding}");
            assert!(is_bare(&stream, &encoding(coding)), "{coding}");
            stream.extend_from_slice(b"{\"password\":\"x\"}");
            assert!(matches!(decode(&stream, &encoding(coding)), Decoded::Partial(_)), "{coding}");
        }
        let commented = flate2::GzBuilder::new().comment("password=x").write(Vec::new(), flate2::Compression::fast());
        assert!(!is_bare(&commented.finish().unwrap(), &encoding("gzip")));
        assert!(!is_bare(&gzip(&gzip(b"{}")), &encoding("gzip, gzip")));
    }

    #[test]
    fn truncated_and_oversized_bodies_are_reported() {
        let zipped = gzip(&vec![7; 100_000]);
        assert!(matches!(decode(&zipped[..zipped.len() - 9], &[]), Decoded::Partial(_)));
        let bomb = gzip(&vec![0; DECODED_LIMIT + 1]);
        assert_eq!(decode(&bomb, &encoding("gzip")), Decoded::Unreadable);
    }
}
