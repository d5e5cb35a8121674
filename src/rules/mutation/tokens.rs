//! The tokens of an expression, as far as its mutants need them.

/// A lexical unit with its place in the text and the number of brackets around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    /// Its text.
    pub text: &'a str,
    /// The position of the text, in bytes.
    pub at: usize,
    /// The number of brackets around it.
    pub depth: usize,
    /// Its kind.
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A field, a function or a constant.
    Word,
    Number,
    /// In quotes.
    Text,
    Operator,
}

impl Token<'_> {
    /// The position after its text, in bytes.
    pub(super) fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// Whether it compares two operands.
    pub(super) fn is_comparison(&self) -> bool {
        self.kind == Kind::Operator && ["==", "!=", "<", "<=", ">", ">="].contains(&self.text)
    }

    /// Whether operands of a comparison end here.
    pub(super) fn is_border(&self) -> bool {
        self.kind == Kind::Operator && ["&&", "||", "?", ":", ","].contains(&self.text)
    }

    /// The end of the text before an operator, without the space between.
    pub(super) fn end_of_gap(&self, source: &str, operator: &Token) -> usize {
        let text = source.get(self.at..operator.at).unwrap_or("");
        self.at + text.trim_end().len()
    }
}

/// The tokens of an expression; `None` if it has a character that is not understood.
pub(super) fn tokens(source: &str) -> Option<Vec<Token<'_>>> {
    let bytes = source.as_bytes();
    let (mut found, mut at, mut depth) = (Vec::new(), 0_usize, 0_usize);
    while let Some(&byte) = bytes.get(at) {
        let run = |is: fn(u8) -> bool| bytes.get(at..).map_or(0, |rest| rest.iter().take_while(|b| is(**b)).count());
        let (length, kind) = match byte {
            b' ' | b'\t' | b'\n' | b'\r' => {
                at += 1;
                continue;
            }
            b'\'' | b'"' => (text_length(bytes.get(at..)?)?, Kind::Text),
            b'0'..=b'9' => (run(|b| b.is_ascii_alphanumeric() || b == b'.'), Kind::Number),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => {
                (run(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'.'), Kind::Word)
            }
            _ => {
                let two = source.get(at..at + 2).is_some_and(|two| ["&&", "||", "==", "!=", "<=", ">="].contains(&two));
                (if two { 2 } else { 1 }, Kind::Operator)
            }
        };
        let text = source.get(at..at + length)?;
        if [")", "]", "}"].contains(&text) {
            depth = depth.checked_sub(1)?;
        }
        found.push(Token { text, at, depth, kind });
        depth += usize::from(["(", "[", "{"].contains(&text));
        at += length;
    }
    Some(found)
}

/// The length of a quoted text, with its quotes.
fn text_length(bytes: &[u8]) -> Option<usize> {
    let quote = bytes.first()?;
    let mut at = 1;
    loop {
        match bytes.get(at)? {
            b'\\' => at += 2,
            byte if byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_operators_are_text_and_brackets_have_depth() {
        let found = tokens("!(a.b_c<=10) && x in ['(', \"&&\\\"\"]").unwrap();
        let shown: Vec<(&str, usize)> = found.iter().map(|token| (token.text, token.depth)).collect();
        let expected = [
            ("!", 0),
            ("(", 0),
            ("a.b_c", 1),
            ("<=", 1),
            ("10", 1),
            (")", 0),
            ("&&", 0),
            ("x", 0),
            ("in", 0),
            ("[", 0),
            ("'('", 1),
            (",", 1),
            ("\"&&\\\"\"", 1),
            ("]", 0),
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn unclosed_text_and_wrong_brackets_are_not_understood() {
        assert!(tokens("'a").is_none() && tokens("a)").is_none());
        assert!(tokens("a == 'ø'").is_some());
    }
}
