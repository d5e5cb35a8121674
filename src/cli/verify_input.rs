//! How a reader of captures goes about it: whom they trust, by which rules they judge, and whether they take what is
//! left of a damaged one.

use super::CliError;
use crate::capture::{self, Capture};
use crate::rules::{self, RuleSet, load};
use crate::seal::{ChainHead, Fingerprint};
use crate::verify::{Options, Verdict, verify_capture};
use std::path::Path;

/// What `--rules` says for the rule files in the archive. A folder of that name is `./sealed`.
const SEALED: &str = "sealed";

/// How captures are read.
pub(super) struct VerifyInput {
    trusted: Vec<Fingerprint>,
    /// Heads of the chain that somebody noted.
    witnessed: Vec<ChainHead>,
    /// A certificate is held against the capture: a trusted key may have signed that instead.
    certified: bool,
    /// The reader's own rules; `None`: those that are sealed with the capture.
    rules: Option<RuleSet>,
    salvage: bool,
}

impl VerifyInput {
    /// By these rules, with these trusted keys.
    ///
    /// # Errors
    /// Rules that cannot be used, or a key that is none.
    pub fn new(rules: Option<&Path>, trusted: &[String], salvage: bool) -> Result<VerifyInput, CliError> {
        let key =
            |key: &String| Fingerprint::of_argument(key).map_err(|why| CliError::new(format!("--trusted-key: {why}")));
        let trusted = trusted.iter().map(key).collect::<Result<_, _>>()?;
        let sealed = rules.is_some_and(|rules| rules.as_os_str() == SEALED);
        let rules = if sealed { None } else { Some(load_rules(rules)?) };
        Ok(VerifyInput { trusted, witnessed: Vec::new(), certified: false, rules, salvage })
    }

    /// The same, where a trusted key may have signed a certificate on the capture instead of the capture.
    pub fn certified(self) -> VerifyInput {
        VerifyInput { certified: true, ..self }
    }

    /// The same, of captures alone whose chain went through these heads, each COUNT:DIGEST.
    ///
    /// # Errors
    /// A head that is none.
    pub fn witnessed(self, heads: &[String]) -> Result<VerifyInput, CliError> {
        let head = |text: &String| {
            ChainHead::parse(text).filter(|head| head.count > 0).ok_or_else(|| {
                CliError::new(format!(
                    "--witnessed: `{text}` is not COUNT:DIGEST, as recorder, page and notification show the chain's head"
                ))
            })
        };
        let witnessed = heads.iter().map(head).collect::<Result<_, _>>()?;
        Ok(VerifyInput { witnessed, ..self })
    }

    /// The keys whose word is taken.
    pub fn trusted(&self) -> &[Fingerprint] {
        &self.trusted
    }

    /// Opens a capture and judges it.
    ///
    /// # Errors
    /// One that cannot be read, that no trusted key has sealed, whose chain is another than the one that was witnessed, or
    /// that cannot be judged.
    pub fn judge(&self, path: &Path, options: &Options) -> Result<(Capture, Verdict), CliError> {
        let open = if self.salvage { capture::open_or_salvage } else { capture::open };
        let capture = open(path).map_err(|error| CliError::new(error.to_string()))?;
        for noted in &self.witnessed {
            witnessed(path, &capture, *noted)?;
        }
        let trusted = match trusted(&capture, &self.trusted) {
            Err(why) if !self.certified => return Err(CliError::new(format!("{}: {why}", path.display()))),
            found => found.unwrap_or_default(),
        };
        let judge = |rules: &RuleSet| {
            verify_capture::evaluate(&capture, rules, options).map_err(|error| CliError::new(error.to_string()))
        };
        let mut verdict = match &self.rules {
            Some(rules) => judge(rules)?,
            None => judge(&sealed_rules(path, &capture)?)?,
        };
        verdict.capture.trusted = trusted;
        let noted =
            self.witnessed.iter().map(|head| format!("The chain went through the head {head}, as --witnessed asks."));
        verdict.remarks.extend(noted);
        verdict.remarks.extend(self.about_rules(&capture));
        Ok((capture, verdict))
    }

    /// What is to be said of the rules in the archive.
    fn about_rules(&self, capture: &Capture) -> Option<String> {
        let Some(own) = &self.rules else {
            return Some("Judged by the rule files that are sealed in the archive.".to_owned());
        };
        let sealed = load::digest(&texts(capture)?);
        (!capture.rules.is_empty() && sealed != own.digest).then(|| {
            format!(
                "The rule files that are sealed in the archive are others (digest {sealed}); `--rules sealed` judges by them."
            )
        })
    }
}

/// Refuses a capture whose chain never had a head that somebody noted.
fn witnessed(path: &Path, capture: &Capture, noted: ChainHead) -> Result<(), CliError> {
    match capture.went_through(noted) {
        Ok(true) => Ok(()),
        Ok(false) => Err(CliError::new(format!(
            "{}: its chain never had the head {noted}, which was witnessed: this is another capture, or it was altered before \
             that record; ask for the one that was recorded then",
            path.display()
        ))),
        Err(error) => Err(CliError::new(error.to_string())),
    }
}

/// Those of the keys that sealed the capture, where any is asked for.
fn trusted(capture: &Capture, wanted: &[Fingerprint]) -> Result<Vec<String>, String> {
    let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let found: Vec<String> = capture.sealed_by.iter().filter(|key| wanted.contains(key)).cloned().collect();
    if wanted.is_empty() || !found.is_empty() {
        return Ok(found);
    }
    Err(match capture.sealed_by.as_slice() {
        [] => "nobody sealed it, and --trusted-key asks for a seal; ask whoever you had it from for a sealed archive"
            .to_owned(),
        keys => format!(
            "it is sealed by {}, and not by a key that --trusted-key names; ask whoever you had it from for one that is",
            keys.join(" and ")
        ),
    })
}

/// The rule files of an archive as text; `None` where one is none.
fn texts(capture: &Capture) -> Option<Vec<(String, String)>> {
    let text = |(name, bytes): &(String, Vec<u8>)| Some((name.clone(), String::from_utf8(bytes.clone()).ok()?));
    capture.rules.iter().map(text).collect()
}

fn sealed_rules(path: &Path, capture: &Capture) -> Result<RuleSet, CliError> {
    let name = path.display();
    if capture.rules.is_empty() {
        return Err(CliError::new(format!("{name} holds no rule files: leave out `--rules sealed`, or name a folder")));
    }
    let files = texts(capture).ok_or_else(|| CliError::new(format!("{name}: a sealed rule file is no text")))?;
    load::of_files(files).map_err(|error| {
        CliError::new(format!(
            "{name}: the sealed rules cannot be used by this version: {error}; leave out `--rules sealed`"
        ))
    })
}

/// The rules of a folder, or the built-in ones.
///
/// # Errors
/// The first mistake in a rule file.
pub fn load_rules(folder: Option<&Path>) -> Result<RuleSet, CliError> {
    rules::load(folder).map_err(|error| CliError::new(format!("rules: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_none_and_rules_that_are_none_are_said() {
        let error = VerifyInput::new(None, &["12".to_owned()], false).err().unwrap();
        assert!(error.0.starts_with("--trusted-key: `12` is neither"), "{error}");
        assert!(VerifyInput::new(Some(Path::new("./sealed")), &[], false).is_err(), "a folder that is not there");
        assert!(VerifyInput::new(Some(Path::new("sealed")), &[], false).is_ok_and(|reading| reading.rules.is_none()));
    }
}
