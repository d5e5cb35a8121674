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
            let mut is_open = false;
            for piece in text.split_inclusive(' ') {
                let word = piece.trim_end_matches(' ');
                let width = word.chars().count();
                // GitHub's runner treats a line that starts with two colons as a command.
                let breaks = !fresh && !word.starts_with("::");
                if breaks && width > 0 && column + width > self.style.width {
                    self.close(&mut is_open);
                    self.out.truncate(self.out.trim_end_matches(' ').len());
                    self.out.push('\n');
                    self.out.push_str(hanging);
                    column = hanging.chars().count();
                }
                if self.style.color && !color.is_empty() && !word.is_empty() && !is_open {
                    self.out.push_str(&format!("\u{1b}[{color}m"));
                    is_open = true;
                }
                self.out.push_str(word);
                let spaces = piece.len() - word.len();
                self.out.push_str(&" ".repeat(spaces));
                column += width + spaces;
                // A line may break only after a space.
                fresh = spaces == 0 && (width > 0 || fresh);
            }
            self.close(&mut is_open);
        }
        self.out.truncate(self.out.trim_end_matches(' ').len());
        self.out.push('\n');
    }

    /// The text.
    pub(crate) fn finish(self) -> String {
        self.out
    }

    /// Ends the color of a span, before its last spaces: they are not underlined.
    fn close(&mut self, is_open: &mut bool) {
        if std::mem::take(is_open) {
            let end = self.out.trim_end_matches(' ').len();
            self.out.insert_str(end, "\u{1b}[0m");
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
        let underlined = set(12, true, &[("aaa bbb ccc", "4"), ("d ", ""), ("e ", "4")]);
        assert_eq!(underlined, "- \u{1b}[4maaa bbb\u{1b}[0m\n  \u{1b}[4mccc\u{1b}[0md \u{1b}[4me\u{1b}[0m\n");
        assert_eq!(colored, "- \u{1b}[1maaa bbb\u{1b}[0m\n  ccc ddd\n");
    }
}
