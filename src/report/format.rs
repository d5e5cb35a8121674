//! Report formats and the values of `--format` and `--report`.

use super::{ExchangeView, Style, html, json, junit, markdown, text};
use crate::verify::Verdict;
use std::path::PathBuf;
use std::str::FromStr;

/// A format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Text for terminals.
    Text,
    /// JSON for scripts (`poscert.verdict/1`).
    Json,
    /// JUnit XML for build servers.
    Junit,
    /// A self-contained HTML file.
    Html,
    /// A step summary for GitHub Actions.
    Markdown,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 5] = [Format::Text, Format::Json, Format::Junit, Format::Html, Format::Markdown];

    /// The name in options.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Junit => "junit",
            Format::Html => "html",
            Format::Markdown => "markdown",
        }
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Format, String> {
        let found = Format::ALL.into_iter().find(|format| format.name() == name);
        found.ok_or_else(|| {
            format!("unknown report format {name:?}: use one of {}", Format::ALL.map(Format::name).join(", "))
        })
    }
}

/// A report to write to a file: `--report FORMAT=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The format.
    pub format: Format,
    /// The file.
    pub file: PathBuf,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        match text.split_once('=') {
            Some((_, "")) | None => Err(format!("no file in {text:?}: use FORMAT=FILE, such as json=verdict.json")),
            Some((format, file)) => Ok(Target { format: format.parse()?, file: PathBuf::from(file) }),
        }
    }
}

/// Renders a verdict. `exchanges` is used by HTML only ([`html::cited`] returns the numbers it needs), `style` and
/// `capture` (an argument for commands) by text only.
pub fn render(
    format: Format,
    verdict: &Verdict,
    exchanges: &[ExchangeView],
    style: Style,
    capture: Option<&str>,
) -> String {
    match format {
        Format::Text => text::render(verdict, style, capture),
        Format::Json => json::render(verdict),
        Format::Junit => junit::render(verdict),
        Format::Html => html::render(verdict, exchanges),
        Format::Markdown => markdown::render(verdict),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_and_targets_are_read() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
        }
        let target: Target = "json=a=b.json".parse().unwrap();
        assert_eq!((target.format, target.file), (Format::Json, PathBuf::from("a=b.json")));
        for wrong in ["json", "json=", "pdf=x", "=x", ""] {
            assert!(wrong.parse::<Target>().is_err(), "{wrong}");
        }
    }
}
