//! The formats of a report, as `--format` and `--report FORMAT=FILE` name them.

use super::{ExchangeView, Style, html, json, junit, markdown, text};
use crate::verify::Verdict;
use std::path::PathBuf;
use std::str::FromStr;

/// A format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people at a terminal.
    Text,
    /// `poscert.verdict/1`, for scripts.
    Json,
    /// JUnit XML, for build servers.
    Junit,
    /// One file for browsers and printers.
    Html,
    /// A step summary for GitHub Actions.
    Markdown,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 5] = [Format::Text, Format::Json, Format::Junit, Format::Html, Format::Markdown];

    /// Its name in options.
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
            format!("{name:?} is no format of a report: one of {}", Format::ALL.map(Format::name).join(", "))
        })
    }
}

/// A report that goes to a file: `--report FORMAT=FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// In which format.
    pub format: Format,
    /// Into which file.
    pub file: PathBuf,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Target, String> {
        match text.split_once('=') {
            Some((_, "")) | None => Err(format!("{text:?} names no file: write FORMAT=FILE, as in json=verdict.json")),
            Some((format, file)) => Ok(Target { format: format.parse()?, file: PathBuf::from(file) }),
        }
    }
}

/// A verdict in a format. `style` concerns text alone, `exchanges` HTML alone ([`html::cited`] says which it shows).
pub fn render(format: Format, verdict: &Verdict, exchanges: &[ExchangeView], style: Style) -> String {
    match format {
        Format::Text => text::render(verdict, style),
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
