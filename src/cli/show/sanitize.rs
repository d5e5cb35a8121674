//! Escaping of control characters and bidirectional overrides in recorded text, so that they cannot affect the
//! terminal.

use std::fmt::Write;

/// A text on one line, escaped.
pub(super) fn line(text: &str) -> String {
    escaped(text, false)
}

/// A text with its line breaks, escaped.
pub(super) fn block(text: &str) -> String {
    escaped(text, true)
}

fn escaped(text: &str, keep_lines: bool) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' if keep_lines => safe.push(c),
            c if c.is_control() || steers(c) => {
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    safe
}

/// Line separators, zero-width characters and bidirectional controls.
fn steers(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// JSON text with line breaks and indentation; otherwise unchanged, even with duplicate fields.
pub(super) fn indented(json: &str) -> String {
    let (mut text, mut depth, mut in_string, mut escaped) =
        (String::with_capacity(json.len() * 2), 0_usize, false, false);
    let mut chars = json.chars().peekable();
    let new_line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(c) = chars.next() {
        if in_string {
            text.push(c);
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            ' ' | '\t' | '\r' | '\n' => {}
            '{' | '[' => {
                text.push(c);
                while chars.peek().is_some_and(char::is_ascii_whitespace) {
                    chars.next();
                }
                depth += 1;
                if !matches!(chars.peek(), Some('}' | ']')) {
                    new_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !text.ends_with(['{', '[']) {
                    new_line(&mut text, depth);
                }
                text.push(c);
            }
            ',' => {
                text.push(c);
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ => {
                in_string = c == '"';
                text.push(c);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(line("a\x1b[31mb\nc\u{9b}\u{202e}é"), "a\\u{1b}[31mb\\u{a}c\\u{9b}\\u{202e}é");
        assert_eq!(block("a\nb\rc"), "a\nb\\u{d}c");
    }

    #[test]
    fn indenting_changes_only_white_space() {
        let text = r#"{"a":1.00,"a":[],"b":{ },"c":[{"d":"x, {y}: \"z\\"},1E2]}"#;
        let new = indented(text);
        assert_eq!(new.lines().count(), 11, "{new}");
        assert!(
            new.contains("\"a\": 1.00,\n  \"a\": [],\n  \"b\": {},") && new.contains(r#""d": "x, {y}: \"z\\""#),
            "{new}"
        );
    }
}
