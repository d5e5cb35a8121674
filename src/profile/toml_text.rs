//! TOML files that people write: parsing, and mistakes with their place and the most similar known word.

use serde::de::DeserializeOwned;
use std::fmt;
use std::ops::Range;
use toml::Spanned;

/// A mistake in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// The position in the text, in bytes.
    pub span: Range<usize>,
    /// The error message.
    pub message: String,
}

/// A mistake in a file, with its place for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileError {
    /// The path of the file, or a name for all of them.
    pub file: String,
    /// The line and column, from 1; (0, 0) if the error concerns the whole file.
    pub place: (usize, usize),
    /// The text of the line.
    pub line: String,
    /// The error message, with a suggestion if there is one.
    pub message: String,
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            (0, _) => write!(f, "{}: {}", self.file, self.message),
            (line, column) => {
                write!(f, "{}:{line}:{column}: {}\n  | {}", self.file, self.message, self.line)
            }
        }
    }
}

impl std::error::Error for FileError {}

impl FileError {
    /// An error that concerns the whole file.
    pub(crate) fn whole(file: &str, message: String) -> FileError {
        FileError { file: file.to_owned(), place: (0, 0), line: String::new(), message }
    }

    /// A mistake in the text of a file.
    pub(crate) fn at(file: &str, text: &str, mistake: &Mistake) -> FileError {
        let (line, column) = place(text, mistake.span.start);
        FileError {
            file: file.to_owned(),
            place: (line, column),
            line: text.lines().nth(line - 1).unwrap_or("").to_owned(),
            message: mistake.message.clone(),
        }
    }
}

/// The line and column of a position in bytes, from 1.
pub(crate) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at.min(text.len())).unwrap_or("");
    let line = before.matches('\n').count() + 1;
    (line, before.chars().rev().take_while(|c| *c != '\n').count() + 1)
}

/// A TOML text as a table of a known form.
///
/// # Errors
/// The first mistake in it.
pub(crate) fn table<T: DeserializeOwned>(text: &str) -> Result<T, Mistake> {
    toml::from_str(text).map_err(|error| Mistake {
        span: error.span().unwrap_or(0..0),
        message: with_meaning(&error.message().replace('\n', " ")),
    })
}

/// A mistake at the place of a value.
pub(crate) fn fault<T>(at: &Spanned<T>, message: String) -> Mistake {
    Mistake { span: at.span(), message }
}

/// The parser's message about an unknown key, with the most similar key in place of the list of all keys.
fn with_meaning(message: &str) -> String {
    let words: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    match words.split_first() {
        Some((word, known)) if message.starts_with("unknown field") && !known.is_empty() => {
            format!("unknown key `{word}`{}", meant(word, known))
        }
        _ => message.to_owned(),
    }
}

/// A suggestion: the most similar known word, or all of them if none is similar.
pub(crate) fn meant(word: &str, known: &[&str]) -> String {
    let nearest = known.iter().min_by_key(|known| (distance(known, word), known.len().abs_diff(word.len())));
    match nearest.filter(|candidate| distance(candidate, word) <= 4) {
        Some(candidate) => format!("; did you mean `{candidate}`?"),
        None => format!("; expected one of {}", known.join(", ")),
    }
}

/// The Levenshtein distance between two words.
pub(crate) fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Checks the name of something in a profile.
///
/// # Errors
/// A name with other characters.
pub(super) fn check_name(name: &Spanned<String>, what: &str) -> Result<(), Mistake> {
    let text = name.as_ref();
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_');
    let message =
        || format!("the name of a {what} starts with a letter and has small letters, digits, `-` and `_` only");
    if fits { Ok(()) } else { Err(fault(name, message())) }
}

/// A JSON pointer (RFC 6901).
///
/// # Errors
/// A text that is none.
pub(super) fn pointer(text: &Spanned<String>) -> Result<String, Mistake> {
    let source = text.as_ref();
    let is_escaped = source.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    let message = if !source.starts_with('/') {
        format!("`{source}` is not a JSON pointer: it starts with `/`, as in `/id`")
    } else if !is_escaped {
        format!("`{source}` is not a JSON pointer: `~` is written `~0`, and `/` in a name `~1`")
    } else if source.split('/').any(|step| step == "*") {
        format!("`{source}` has `*`, which only `ids` of `lists` can have")
    } else {
        return Ok(source.clone());
    };
    Err(fault(text, message))
}

/// A JSON pointer that may have one `*`, for all items of an array.
///
/// # Errors
/// As for [`pointer`].
pub(super) fn pointer_with_star(text: &Spanned<String>) -> Result<String, Mistake> {
    let source = text.as_ref();
    let stars = source.split('/').filter(|step| *step == "*").count();
    if stars > 1 {
        return Err(fault(text, format!("`{source}` has several `*`; one is possible")));
    }
    let plain = Spanned::new(text.span(), source.replacen("/*", "", 1));
    if stars == 0 || !plain.as_ref().is_empty() {
        pointer(&plain)?;
    }
    Ok(source.clone())
}
