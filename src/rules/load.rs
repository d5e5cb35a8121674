//! Loading of rule files: the built-in ones, or those of a directory.

use super::fold::{self, FoldedField};
use super::guidance::Timeouts;
use super::model::{Feature, Requirement};
use super::toml_file::{self, Parsed};
use crate::profile::toml_text::FileError as RuleError;
use crate::profile::{Profile, pos_v10};
use crate::seal;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// The built-in rule files, in the order of their requirements.
pub(crate) const BUILTIN: [(&str, &str); 7] = [
    ("common.toml", include_str!("../../rules/common.toml")),
    ("onboarding.toml", include_str!("../../rules/onboarding.toml")),
    ("payment.toml", include_str!("../../rules/payment.toml")),
    ("prepared-payment.toml", include_str!("../../rules/prepared-payment.toml")),
    ("refund.toml", include_str!("../../rules/refund.toml")),
    ("loyalty.toml", include_str!("../../rules/loyalty.toml")),
    ("payment-restrictions.toml", include_str!("../../rules/payment-restrictions.toml")),
];

/// The stack size of the thread that reads rules: the expression parser is recursive.
const STACK_BYTES: usize = 32 << 20;

/// The maximum total size of rule files in bytes, many times that of the built-in ones. A parsed expression takes a
/// hundred times the memory of its text.
const LONGEST: u64 = 1024 * 1024;

/// The directory of the rule files in that of a profile.
const RULES: &str = "rules";

/// The name of the file of tests in a directory of rule files; it has no rules.
pub(crate) const TESTS: &str = "tests.toml";

/// Thresholds from the rule files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// An attempt without a response is a timeout if it lasts at least this many ms; else its connection was reset.
    pub timeout_ms: i64,
    /// After a pause of at least this many ms, the next attempt of a call starts a new burst.
    pub go_pause_ms: i64,
    /// An equal create with another key, sent within this many ms after one whose outcome is unknown, is its retry.
    pub retry_window_ms: i64,
    /// From this percentage of its lifetime on, a token may be replaced.
    pub token_worn_percent: i64,
    /// A token used for at most this many calls counts as fetched for them alone.
    pub token_few_calls: i64,
}

impl Default for Limits {
    /// The thresholds where no file has a `[limits]` table.
    fn default() -> Limits {
        Limits {
            timeout_ms: 400,
            go_pause_ms: 30_000,
            retry_window_ms: 60_000,
            token_worn_percent: 50,
            token_few_calls: 1,
        }
    }
}

/// The rules of all loaded files.
#[derive(Debug)]
pub struct RuleSet {
    /// The API that they are about.
    pub profile: &'static Profile,
    /// In the order of the profile.
    pub features: Vec<Feature>,
    /// In the order of the files.
    pub requirements: Vec<Requirement>,
    /// The fields of the profile that are folds.
    pub(crate) folds: Arc<Vec<FoldedField>>,
    /// Thresholds.
    pub limits: Limits,
    /// The timeouts of the guided certification.
    pub waits: Timeouts,
    /// SHA-256 digest of the names and texts of the files, in hexadecimal.
    pub digest: String,
    /// The name and text of each file, in the order in which they were read.
    pub files: Vec<(String, String)>,
    /// Whether these are the built-in rules.
    pub builtin: bool,
    /// Whether an expression has raw access, so that exchanges have to be kept whole.
    pub raw: bool,
}

impl RuleSet {
    /// The files that are not unchanged copies of built-in ones.
    pub(crate) fn own_files(&self) -> impl Iterator<Item = &(String, String)> {
        self.files.iter().filter(|(name, text)| !BUILTIN.contains(&(name.as_str(), text.as_str())))
    }

    /// The same features and limits with one requirement, and without cases.
    pub(crate) fn with_only(&self, requirement: Requirement) -> RuleSet {
        let without_cases = |feature: &Feature| Feature { cases: Vec::new(), ..feature.clone() };
        RuleSet {
            profile: self.profile,
            features: self.features.iter().map(without_cases).collect(),
            requirements: vec![requirement],
            folds: self.folds.clone(),
            limits: self.limits,
            waits: self.waits,
            digest: String::new(),
            files: Vec::new(),
            builtin: false,
            raw: self.raw,
        }
    }
}

/// Loads the rules of the PoS API v10 from a directory, or the built-in ones if there is no directory.
///
/// # Errors
/// The first file that cannot be read or is not valid, with its line.
pub fn load(folder: Option<&Path>) -> Result<RuleSet, RuleError> {
    load_for(folder, pos_v10())
}

/// Loads the rules about an API from a directory, or those of its profile if there is no directory.
///
/// # Errors
/// As for [`load`].
pub(crate) fn load_for(folder: Option<&Path>, profile: &'static Profile) -> Result<RuleSet, RuleError> {
    match (folder, &profile.directory) {
        (Some(folder), _) => of_files(read_folder(folder)?, profile),
        (None, Some(directory)) => of_files(read_folder(&directory.join(RULES))?, profile),
        (None, None) => of_files(builtin(), profile),
    }
}

fn builtin() -> Vec<(String, String)> {
    BUILTIN.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// Parses rule files of an API, given by name (or path) and text.
///
/// # Errors
/// As for [`load`].
pub(crate) fn of_files(files: Vec<(String, String)>, profile: &'static Profile) -> Result<RuleSet, RuleError> {
    on_large_stack(move || assemble(&files, profile))?
}

/// Runs a function that reads rules, on a stack that is large enough for every expression.
pub(super) fn on_large_stack<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> Result<T, RuleError> {
    let worker = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(read);
    let worker = worker.map_err(|error| RuleError::whole("rules", format!("cannot start a thread: {error}")))?;
    worker.join().map_err(|_| RuleError::whole("rules", "internal error while reading them".into()))
}

fn read_folder(folder: &Path) -> Result<Vec<(String, String)>, RuleError> {
    let shown = folder.display().to_string();
    let unreadable = |error: std::io::Error| RuleError::whole(&shown, unreadable_file(&error));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .map_err(unreadable)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "toml"))
        .filter(|name| name != TESTS)
        .collect();
    // Built-in file names come first, in their own order, so that a copied directory gives the same digest.
    let rank = |name: &str| BUILTIN.iter().position(|(known, _)| *known == name).unwrap_or(BUILTIN.len());
    names.sort_by(|a, b| (rank(a), a).cmp(&(rank(b), b)));
    if names.is_empty() {
        return Err(RuleError::whole(&shown, "no .toml file; pass a directory with rule files".into()));
    }
    names
        .into_iter()
        .map(|name| {
            let path = folder.join(&name);
            let text = seal::bounded_read::read_text(&path, LONGEST)
                .map_err(|error| RuleError::whole(&path.display().to_string(), unreadable_file(&error)))?;
            Ok((path.display().to_string(), text))
        })
        .collect()
}

fn unreadable_file(error: &std::io::Error) -> String {
    format!("cannot be read: {}", seal::io_reason(error))
}

fn assemble(files: &[(String, String)], profile: &'static Profile) -> Result<RuleSet, RuleError> {
    let mut named = Vec::new();
    let mut features: Vec<Feature> = Vec::new();
    let mut requirements: Vec<Requirement> = Vec::new();
    let (mut limits, mut guide) = (None, None);
    let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
    if u64::try_from(bytes).is_ok_and(|bytes| bytes > LONGEST) {
        let what =
            format!("too large: {bytes} bytes in total, at most {LONGEST} are read; remove files that are not rules");
        return Err(RuleError::whole("rule files", what));
    }
    for (path, text) in files {
        let name = Path::new(path).file_name().map_or(path.clone(), |name| name.to_string_lossy().into_owned());
        let Parsed { feature, limits: numbers, waits, requirements: more } =
            toml_file::parse(&name, text, profile).map_err(|mistake| RuleError::at(path, text, &mistake))?;
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
            return Err(RuleError::whole(path, format!("feature `{}` is defined in two files", again.feature)));
        }
        features.extend(feature);
        requirements.extend(more);
    }
    let mut ids = BTreeSet::new();
    let cases = features.iter().flat_map(|feature| feature.cases.iter().map(|case| &case.id));
    for id in requirements.iter().map(|requirement| &requirement.id).chain(cases) {
        if !ids.insert(id) {
            return Err(RuleError::whole("rules", format!("duplicate id {id}")));
        }
    }
    if !features.iter().any(|feature| feature.feature == profile.mandatory) {
        let message = format!("no file defines the mandatory feature `{}`", profile.mandatory);
        return Err(RuleError::whole("rules", message));
    }
    for requirement in &requirements {
        let is_defined = |id| features.iter().any(|feature: &Feature| feature.feature == id);
        if !requirement.judged_for.iter().any(|id| is_defined(*id)) {
            let ids: Vec<&str> = requirement.judged_for.iter().map(|id| id.id()).collect();
            let what = "which no file defines; it would never be evaluated";
            let message = format!("requirement {} is judged for {}, {what}", requirement.id, ids.join(" or "));
            return Err(RuleError::whole(&requirement.file, message));
        }
    }
    features.sort_by_key(|feature| feature.feature);
    let limits = limits.unwrap_or_default();
    let digest = digest(&named);
    let builtin = profile.directory.is_none() && digest == self::digest(&builtin());
    let folds = fold::of(profile)?;
    // Folds read ids from bodies.
    let raw = !profile.is_native || folds.iter().any(FoldedField::has_raw_access);
    let raw =
        raw || requirements.iter().any(Requirement::has_raw_access) || features.iter().any(Feature::has_raw_access);
    Ok(RuleSet {
        profile,
        folds: Arc::new(folds),
        features,
        requirements,
        limits,
        waits: guide.unwrap_or_default(),
        digest,
        files: named,
        builtin,
        raw,
    })
}

/// The digest of rule files, given by name and text; their order counts.
pub(crate) fn digest(files: &[(String, String)]) -> String {
    let lines = files.iter().map(|(name, text)| format!("{name} {}\n", seal::Digest::of(text.as_bytes())));
    seal::Digest::of(lines.collect::<String>().as_bytes()).to_string()
}
