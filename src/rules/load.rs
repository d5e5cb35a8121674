//! Finds and reads the rule files: those built into the engine, or those of a folder.

use super::model::{Feature, Requirement, Timeouts};
use super::toml_file::{self, Mistake, Parsed};
use crate::seal;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

/// The rule files of this engine, in the order of their requirements.
pub const BUILTIN: [(&str, &str); 7] = [
    ("common.toml", include_str!("../../rules/common.toml")),
    ("onboarding.toml", include_str!("../../rules/onboarding.toml")),
    ("payment.toml", include_str!("../../rules/payment.toml")),
    ("prepared-payment.toml", include_str!("../../rules/prepared-payment.toml")),
    ("refund.toml", include_str!("../../rules/refund.toml")),
    ("loyalty.toml", include_str!("../../rules/loyalty.toml")),
    ("payment-restrictions.toml", include_str!("../../rules/payment-restrictions.toml")),
];

/// The stack for reading rules: the parser of expressions calls itself.
const STACK_BYTES: usize = 32 << 20;

/// The most that rule files hold together, in bytes: many times what the built-in ones do. An expression that is read
/// takes a hundred times its text.
const LONGEST: u64 = 1024 * 1024;

/// Numbers of the rule files that say what counts as what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A send without an answer that lasted so many ms counts as a time-out; a shorter one as a reset connection.
    pub timeout_ms: i64,
    /// A pause of so many ms begins a new go at a call.
    pub go_pause_ms: i64,
    /// An equal create under another key, sent within so many ms of one whose outcome is not known, is its retry.
    pub retry_window_ms: i64,
    /// A token has been used until it nears its end when so much of its life is over.
    pub token_worn_percent: i64,
    /// A token that carried no more calls than this was fetched for them alone.
    pub token_few_calls: i64,
}

/// All rules.
#[derive(Debug)]
pub struct RuleSet {
    /// In the order of the seed document.
    pub features: Vec<Feature>,
    /// In the order of the files.
    pub requirements: Vec<Requirement>,
    /// Numbers that say what counts as what.
    pub limits: Limits,
    /// How long the guided certification waits, where a file says so.
    pub waits: Option<Timeouts>,
    /// SHA-256 over the names and texts of the files.
    pub digest: String,
    /// The files, by name and text, in the order in which they were read.
    pub files: Vec<(String, String)>,
    /// Whether they are those built into this engine.
    pub builtin: bool,
}

/// A rule file that cannot be used: where, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleError {
    /// The file.
    pub file: String,
    /// The line and column, from 1; 0 where the whole file is meant.
    pub place: (usize, usize),
    /// The line's text.
    pub line: String,
    /// What is wrong and what was meant.
    pub message: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            (0, _) => write!(f, "{}: {}", self.file, self.message),
            (line, column) => {
                write!(f, "{}:{line}:{column}: {}\n  | {}", self.file, self.message, self.line)
            }
        }
    }
}

impl std::error::Error for RuleError {}

impl RuleError {
    fn whole(file: &str, message: String) -> RuleError {
        RuleError { file: file.to_owned(), place: (0, 0), line: String::new(), message }
    }

    fn at(file: &str, text: &str, mistake: &Mistake) -> RuleError {
        let start = mistake.span.start.min(text.len());
        let before = text.get(..start).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
        RuleError {
            file: file.to_owned(),
            place: (line, column),
            line: text.lines().nth(line - 1).unwrap_or("").to_owned(),
            message: mistake.message.clone(),
        }
    }
}

/// Loads the rules of a folder, or, without one, those built into the engine.
///
/// # Errors
/// The first file that cannot be read or used, with its line.
pub fn load(folder: Option<&Path>) -> Result<RuleSet, RuleError> {
    match folder {
        None => of_files(builtin()),
        Some(folder) => of_files(read_folder(folder)?),
    }
}

fn builtin() -> Vec<(String, String)> {
    BUILTIN.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// The rules in these files, given by name (or path) and text.
///
/// # Errors
/// As [`load`].
pub fn of_files(files: Vec<(String, String)>) -> Result<RuleSet, RuleError> {
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(move || assemble(&files));
    let worker = worker.map_err(|error| RuleError::whole("rules", format!("no thread to read them on: {error}")))?;
    worker.join().unwrap_or_else(|_| Err(RuleError::whole("rules", "reading them ended in a fault of poscert".into())))
}

fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, RuleError> {
    let shown = folder.display().to_string();
    let unreadable = |error: std::io::Error| RuleError::whole(&shown, format!("cannot be read: {error}"));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map_err(unreadable)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    // The order of the built-in files first, so that a copied folder gives the same verdict; others after them.
    let rank = |name: &str| BUILTIN.iter().position(|(known, _)| *known == name).unwrap_or(BUILTIN.len());
    names.sort_by(|a, b| (rank(a), a).cmp(&(rank(b), b)));
    if names.is_empty() {
        return Err(RuleError::whole(&shown, "holds no .toml file; a rule folder has one for each feature".into()));
    }
    names
        .into_iter()
        .map(|name| {
            let path = folder.join(&name);
            let text = seal::bounded_read::read_text(&path, LONGEST)
                .map_err(|error| RuleError::whole(&path.display().to_string(), format!("cannot be read: {error}")))?;
            Ok((path.display().to_string(), text))
        })
        .collect()
}

fn assemble(files: &[(String, String)]) -> Result<RuleSet, RuleError> {
    let mut named = Vec::new();
    let mut features: Vec<Feature> = Vec::new();
    let mut requirements: Vec<Requirement> = Vec::new();
    let (mut limits, mut guide) = (None, None);
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > LONGEST) {
        let what =
            format!("they have {bytes} bytes together, and {LONGEST} at most are read: leave out what is no rule");
        return Err(RuleError::whole("rule files", what));
    }
    for (path, text) in files {
        let name = Path::new(path).file_name().map_or(path.clone(), |name| name.to_string_lossy().into_owned());
        let Parsed { feature, limits: numbers, waits, requirements: more } =
            toml_file::parse(&name, text).map_err(|mistake| RuleError::at(path, text, &mistake))?;
        named.push((name, text.clone()));
        guide = waits.or(guide);
        if let Some(numbers) = numbers {
            limits = Some(Limits {
                timeout_ms: numbers.timeout_ms,
                go_pause_ms: numbers.go_pause_ms,
                retry_window_ms: numbers.retry_window_ms,
                token_worn_percent: numbers.token_worn_percent,
                token_few_calls: numbers.token_few_calls,
            });
        }
        if let Some(again) = feature.as_ref().filter(|new| features.iter().any(|old| old.feature == new.feature)) {
            return Err(RuleError::whole(path, format!("the feature `{}` has a file already", again.feature)));
        }
        features.extend(feature);
        requirements.extend(more);
    }
    let mut ids = BTreeSet::new();
    let cases = features.iter().flat_map(|feature| feature.cases.iter().map(|case| &case.id));
    for id in requirements.iter().map(|requirement| &requirement.id).chain(cases) {
        if !ids.insert(id) {
            return Err(RuleError::whole("rules", format!("the id {id} is used twice")));
        }
    }
    if !features.iter().any(|feature| feature.feature == crate::api::Feature::Onboarding) {
        return Err(RuleError::whole("rules", "no file describes the feature `onboarding`, which is mandatory".into()));
    }
    features.sort_by_key(|feature| feature.feature);
    let limits = limits.ok_or_else(|| RuleError::whole("rules", "no file has the [limits] table".into()))?;
    let digest = digest(&named);
    let builtin = digest == self::digest(&builtin());
    Ok(RuleSet { features, requirements, limits, waits: guide, digest, files: named, builtin })
}

/// The digest of rule files, given by name and text, in their order.
pub fn digest(files: &[(String, String)]) -> String {
    let lines = files.iter().map(|(name, text)| format!("{name} {}\n", seal::Digest::of(text.as_bytes())));
    seal::Digest::of(lines.collect::<String>().as_bytes()).to_string()
}
