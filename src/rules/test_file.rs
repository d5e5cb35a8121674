//! The file of tests that belongs to a directory of rule files: captures, edits of them, and the results that the
//! rules must have.

use super::RuleError;
use super::load::RuleSet;
use super::model::Level;
use super::test_edits::{self, EditRow};
use super::toml_file::{self, Mistake, fault, feature_id, meant};
use crate::api::Feature;
use crate::capture::edit::Edit;
use crate::profile::toml_text::distance;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// The tests of a directory of rule files.
#[derive(Debug)]
pub(crate) struct RuleTests {
    /// The path of the file, for messages.
    pub path: String,
    /// Its text.
    pub text: String,
    /// The captures, in the order of the file.
    pub captures: Vec<CaptureTests>,
}

/// The tests that use one capture.
#[derive(Debug)]
pub(crate) struct CaptureTests {
    /// The path of the capture, relative to the directory.
    pub file: String,
    /// The position of the path in the file of tests, in bytes.
    pub span: Range<usize>,
    /// The features to evaluate; `None`: those of the capture's session, else all.
    pub features: Option<Vec<Feature>>,
    /// The expected results of the unedited capture.
    pub expected: Expected,
    /// The edits, each of the unedited capture.
    pub edits: Vec<EditTest>,
}

/// An edited capture with its expected results.
#[derive(Debug)]
pub(crate) struct EditTest {
    /// What the client does then, in one sentence.
    pub shows: String,
    /// The changes, in order.
    pub edits: Vec<Edit>,
    /// The position of each change in the file of tests, in bytes.
    pub spans: Vec<Range<usize>>,
    /// The expected results.
    pub expected: Expected,
}

/// The expected result of each named requirement. A requirement that is not named must have no finding.
pub(crate) type Expected = BTreeMap<String, ExpectedStatus>;

/// An expected result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpectedStatus {
    /// A `must` is broken.
    Fails,
    /// A `should` is broken.
    Warns,
    /// Exercised, and not broken.
    Passes,
    /// No event exercises it.
    NotExercised,
    /// An obligation is open at the end of an incomplete capture.
    Inconclusive,
}

impl ExpectedStatus {
    /// The key in the file.
    pub(crate) fn key(self) -> &'static str {
        match self {
            ExpectedStatus::Fails => "fails",
            ExpectedStatus::Warns => "warns",
            ExpectedStatus::Passes => "passes",
            ExpectedStatus::NotExercised => "not_exercised",
            ExpectedStatus::Inconclusive => "inconclusive",
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    capture: Vec<CaptureRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CaptureRow {
    file: Spanned<String>,
    features: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    fails: Vec<Spanned<String>>,
    #[serde(default)]
    warns: Vec<Spanned<String>>,
    #[serde(default)]
    passes: Vec<Spanned<String>>,
    #[serde(default)]
    not_exercised: Vec<Spanned<String>>,
    #[serde(default)]
    inconclusive: Vec<Spanned<String>>,
    #[serde(default)]
    edit: Vec<EditTestRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EditTestRow {
    shows: Spanned<String>,
    #[serde(rename = "do")]
    changes: Vec<Spanned<EditRow>>,
    #[serde(default)]
    fails: Vec<Spanned<String>>,
    #[serde(default)]
    warns: Vec<Spanned<String>>,
    #[serde(default)]
    passes: Vec<Spanned<String>>,
    #[serde(default)]
    not_exercised: Vec<Spanned<String>>,
    #[serde(default)]
    inconclusive: Vec<Spanned<String>>,
}

/// Parses a file of tests of these rules.
///
/// # Errors
/// The first mistake in it, with its line.
pub(crate) fn parse(path: &str, text: &str, rules: &RuleSet) -> Result<RuleTests, RuleError> {
    let captures = captures(text, rules).map_err(|mistake| RuleError::at(path, text, &mistake))?;
    if captures.is_empty() {
        let message = "no [[capture]]; name a capture that passes the rules, and edits of it that do not".to_owned();
        return Err(RuleError::whole(path, message));
    }
    Ok(RuleTests { path: path.to_owned(), text: text.to_owned(), captures })
}

impl RuleTests {
    /// An error at a position in this file.
    pub(crate) fn error(&self, span: &Range<usize>, message: String) -> RuleError {
        RuleError::at(&self.path, &self.text, &Mistake { span: span.clone(), message })
    }
}

fn captures(text: &str, rules: &RuleSet) -> Result<Vec<CaptureTests>, Mistake> {
    let file: File = toml_file::table(text)?;
    file.capture.into_iter().map(|row| capture(row, rules)).collect()
}

fn capture(row: CaptureRow, rules: &RuleSet) -> Result<CaptureTests, Mistake> {
    let features = row
        .features
        .map(|ids| ids.iter().map(|id| feature_id(id, rules.profile)).collect::<Result<_, _>>())
        .transpose()?;
    let named = [
        (ExpectedStatus::Fails, row.fails),
        (ExpectedStatus::Warns, row.warns),
        (ExpectedStatus::Passes, row.passes),
        (ExpectedStatus::NotExercised, row.not_exercised),
        (ExpectedStatus::Inconclusive, row.inconclusive),
    ];
    Ok(CaptureTests {
        span: row.file.span(),
        file: row.file.into_inner(),
        features,
        expected: expected(named, rules)?,
        edits: row.edit.into_iter().map(|row| edit(row, rules)).collect::<Result<_, _>>()?,
    })
}

fn edit(row: EditTestRow, rules: &RuleSet) -> Result<EditTest, Mistake> {
    if row.changes.is_empty() {
        return Err(fault(&row.shows, "an edit needs at least one change in `do`".to_owned()));
    }
    let named = [
        (ExpectedStatus::Fails, row.fails),
        (ExpectedStatus::Warns, row.warns),
        (ExpectedStatus::Passes, row.passes),
        (ExpectedStatus::NotExercised, row.not_exercised),
        (ExpectedStatus::Inconclusive, row.inconclusive),
    ];
    if named.iter().all(|(_, ids)| ids.is_empty()) {
        let message = "an edit needs an expected result: `fails`, `warns`, `passes`, `not_exercised` or `inconclusive`";
        return Err(fault(&row.shows, message.to_owned()));
    }
    let spans = row.changes.iter().map(Spanned::span).collect();
    let edits = row.changes.into_iter().map(|row| test_edits::edit(row, rules.profile)).collect::<Result<_, _>>()?;
    Ok(EditTest { shows: row.shows.into_inner(), edits, spans, expected: expected(named, rules)? })
}

fn expected(named: [(ExpectedStatus, Vec<Spanned<String>>); 5], rules: &RuleSet) -> Result<Expected, Mistake> {
    let mut expected = Expected::new();
    for (status, ids) in named {
        for id in ids {
            let Some(requirement) = rules.requirements.iter().find(|requirement| requirement.id == *id.as_ref()) else {
                return Err(fault(&id, unknown(id.as_ref(), rules)));
            };
            let wrong = match (status, requirement.level) {
                (ExpectedStatus::Fails, Level::Should) => Some("is a `should`, so it warns: name it in `warns`"),
                (ExpectedStatus::Warns, Level::Must) => Some("is a `must`, so it fails: name it in `fails`"),
                _ => None,
            };
            if let Some(wrong) = wrong {
                return Err(fault(&id, format!("{} {wrong}", id.as_ref())));
            }
            if let Some(other) = expected.insert(id.as_ref().clone(), status) {
                let message =
                    format!("{} is named in `{}` and `{}`; remove one", id.as_ref(), other.key(), status.key());
                return Err(fault(&id, message));
            }
        }
    }
    Ok(expected)
}

fn unknown(id: &str, rules: &RuleSet) -> String {
    let known: Vec<&str> = rules.requirements.iter().map(|requirement| requirement.id.as_str()).collect();
    let is_near = known.iter().any(|known| distance(known, id) <= 4);
    let next = if is_near { meant(id, &known) } else { "; `poscert rules list --rules DIR` shows all ids".to_owned() };
    format!("unknown requirement `{id}`{next}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::edit::{Change, Target};

    fn parsed(text: &str) -> Result<RuleTests, String> {
        let rules = super::super::load(None).unwrap();
        parse("tests.toml", text, &rules).map_err(|error| error.to_string())
    }

    #[test]
    fn captures_and_edits_are_read() {
        let text = "[[capture]]\nfile = \"a.har\"\nfeatures = [\"payment\"]\npasses = [\"PAY-01\"]\n\
                    [[capture.edit]]\nshows = \"x\"\ndo = [{ exchange = 2, remove = true }]\nfails = [\"PAY-01\"]\n";
        let tests = parsed(text).unwrap();
        let capture = &tests.captures[0];
        assert_eq!((capture.file.as_str(), capture.features.as_deref()), ("a.har", Some(&[Feature::PAYMENT][..])));
        assert_eq!(capture.expected["PAY-01"], ExpectedStatus::Passes);
        let edit = &capture.edits[0];
        assert_eq!(edit.edits, [Edit { target: Target::Exchange(2), change: Change::Remove }]);
        assert_eq!(edit.expected["PAY-01"], ExpectedStatus::Fails);
    }

    #[test]
    fn mistakes_have_a_line_and_a_next_step() {
        let edit = "[[capture]]\nfile = \"a.har\"\n[[capture.edit]]\nshows = \"x\"\n";
        for (text, message) in [
            (String::new(), "tests.toml: no [[capture]]"),
            ("[[capture]]\nfil = \"a\"\n".to_owned(), "tests.toml:2:1: unknown key `fil`; did you mean `file`?"),
            (format!("{edit}do = []\n"), "tests.toml:4:9: an edit needs at least one change"),
            (format!("{edit}do = [{{ exchange = 1, remove = true }}]\n"), "needs an expected result"),
            (
                format!("{edit}do = [{{ exchange = 1, remove = true }}]\nfails = [\"PAY-1\"]\n"),
                "did you mean `PAY-01`?",
            ),
            (format!("{edit}do = [{{ exchange = 1, remove = true }}]\nwarns = [\"PAY-01\"]\n"), "name it in `fails`"),
            (
                "[[capture]]\nfile = \"a\"\nfails = [\"PAY-01\"]\npasses = [\"PAY-01\"]\n".to_owned(),
                "PAY-01 is named in `fails` and `passes`",
            ),
            ("[[capture]]\nfile = \"a\"\nfeatures = [\"pay\"]\n".to_owned(), "unknown feature `pay`"),
        ] {
            let found = parsed(&text).unwrap_err();
            assert!(found.contains(message), "{found}");
        }
    }
}
