//! Repair of unpaired surrogates in JSON strings: a `\uD800` without its second half, as browsers write it for a
//! truncated or binary body. No Rust string can hold one.

use std::borrow::Cow;

/// Replaces each unpaired surrogate by U+FFFD; returns the text borrowed if there is none.
pub(super) fn mend(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut out: Option<String> = None;
    let (mut at, mut copied) = (0, 0);
    while let Some(step) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| *byte == b'\\')) {
        at += step;
        let Some(unit) = unit(bytes, at) else {
            // Another escape: two bytes.
            at += 2;
            continue;
        };
        let pair = (0xd800..0xdc00).contains(&unit)
            && self::unit(bytes, at + 6).is_some_and(|second| (0xdc00..0xe000).contains(&second));
        if !pair && (0xd800..0xe000).contains(&unit) {
            let mended = out.get_or_insert_with(String::new);
            mended.push_str(text.get(copied..at).unwrap_or_default());
            mended.push_str("\\ufffd");
            copied = at + 6;
        }
        at += if pair { 12 } else { 6 };
    }
    match out {
        None => Cow::Borrowed(text),
        Some(mut mended) => {
            mended.push_str(text.get(copied..).unwrap_or_default());
            Cow::Owned(mended)
        }
    }
}

/// The UTF-16 code unit of a `\uXXXX` escape at this offset.
fn unit(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unpaired_surrogates_are_replaced() {
        for (text, mended) in [
            (r#""\ud800""#, r#""\ufffd""#),
            (r#""a\uDE00b""#, r#""a\ufffdb""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d\ud83d\ude00\ud83d""#, r#""\ufffd\ud83d\ude00\ufffd""#),
            (r#""\\ud800 \"\u0041""#, r#""\\ud800 \"\u0041""#),
            (r#""\\\ud800""#, r#""\\\ufffd""#),
            (r#""\ud8"#, r#""\ud8"#),
            ("plain", "plain"),
            ("\\", "\\"),
        ] {
            assert_eq!(mend(text), mended, "{text}");
        }
    }
}
