//! Line wrapping at words with hanging indentation; color codes do not count for the width.

use super::Style;

/// A text builder.
pub(crate) struct Page {
    style: Style,
    out: String,
}

impl Page {
    /// An empty text.
    pub(crate) fn new(style: Style) -> Page {
        Page { style, out: String::new() }
    }

    /// Adds an empty line.
    pub(crate) fn blank(&mut self) {
        self.out.push('\n');
    }

    /// Adds a heading after an empty line.
    pub(crate) fn title(&mut self, title: &str) {
        self.blank();
        self.line("", "  ", &[(title, "1;4")]);
    }

    /// Adds a line of spans (text and color), wrapped at spaces: its first line starts with `first`, the others with
    /// `hanging`.
    pub(crate) fn line(&mut self, first: &str, hanging: &str, spans: &[(&str, &str)]) {
        self.out.push_str(first);
        let mut column = first.chars().count();
        let mut fresh = true;
        for (text, color) in spans {
            for piece in text.split_inclusive(' ') {
                let word = piece.trim_end_matches(' ');
                let width = word.chars().count();
                // GitHub's runner treats a line that starts with two colons as a command.
                let breaks = !fresh && !word.starts_with("::");
                if breaks && width > 0 && column + width > self.style.width {
                    self.out.truncate(self.out.trim_end_matches(' ').len());
                    self.out.push('\n');
                    self.out.push_str(hanging);
                    column = hanging.chars().count();
                }
                self.word(word, color);
                let spaces = piece.len() - word.len();
                self.out.push_str(&" ".repeat(spaces));
                column += width + spaces;
                // A line may break only after a space.
                fresh = spaces == 0 && (width > 0 || fresh);
            }
        }
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    fn word(&mut self, word: &str, color: &str) {
        if self.style.color && !color.is_empty() && !word.is_empty() {
            self.out.push_str(&format!("\u{1b}[{color}m{word}\u{1b}[0m"));
        } else {
            self.out.push_str(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(width: usize, color: bool, spans: &[(&str, &str)]) -> String {
        let mut page = Page::new(Style { color, width });
        page.line("- ", "  ", spans);
        page.finish()
    }

    #[test]
    fn words_are_not_split() {
        assert_eq!(set(12, false, &[("aaa bbb ccc ddd", "")]), "- aaa bbb\n  ccc ddd\n");
        assert_eq!(set(8, false, &[("a 0123456789 b", "")]), "- a\n  0123456789\n  b\n");
        assert_eq!(set(8, false, &[("a bcdef ::g::h i", "")]), "- a\n  bcdef ::g::h\n  i\n");
        assert_eq!(set(8, false, &[("abcd", ""), ("efgh", "")]), "- abcdefgh\n");
    }

    #[test]
    fn color_codes_have_no_width() {
        let colored = set(12, true, &[("aaa bbb", "1"), (" ccc ddd", "")]);
        assert_eq!(colored, "- \u{1b}[1maaa\u{1b}[0m \u{1b}[1mbbb\u{1b}[0m\n  ccc ddd\n");
    }
}
