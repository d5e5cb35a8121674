//! Verification settings: trusted keys, required chain heads, rules, and handling of damaged captures.

use super::CliError;
use crate::capture::{self, Capture, scratch};
use crate::profile::Profile;
use crate::rules::{self, RuleSet, load};
use crate::seal::{ChainHead, Fingerprint};
use crate::verify::{Options, Verdict, verify_capture};
use std::path::Path;

/// Value of `--rules` for the rule files in the archive. A directory of that name is `./sealed`.
const SEALED: &str = "sealed";

/// Settings for reading and evaluating captures.
pub(super) struct VerifyInput {
    trusted: Vec<Fingerprint>,
    /// Chain heads that the history must contain.
    witnessed: Vec<ChainHead>,
    /// A certificate is checked too: a trusted key may have signed that instead of the capture.
    certified: bool,
    /// The rules to apply; `None`: those in the archive.
    rules: Option<RuleSet>,
    salvage: bool,
    profile: &'static Profile,
}

impl VerifyInput {
    /// Settings with these rules and trusted keys.
    ///
    /// # Errors
    /// Invalid rules or an invalid key.
    pub(super) fn new(
        rules: Option<&Path>,
        trusted: &[String],
        salvage: bool,
        profile: &'static Profile,
    ) -> Result<VerifyInput, CliError> {
        let key =
            |key: &String| Fingerprint::of_argument(key).map_err(|why| CliError::new(format!("--trusted-key: {why}")));
        let trusted = trusted.iter().map(key).collect::<Result<_, _>>()?;
        let sealed = rules.is_some_and(|rules| rules.as_os_str() == SEALED);
        let rules = if sealed { None } else { Some(load_rules(rules, profile)?) };
        Ok(VerifyInput { trusted, witnessed: Vec::new(), certified: false, rules, salvage, profile })
    }

    /// The same, but a trusted key may have signed the certificate instead of the capture.
    pub(super) fn certified(self) -> VerifyInput {
        VerifyInput { certified: true, ..self }
    }

    /// The same, but requires these chain heads (COUNT:DIGEST) in the history of the capture.
    ///
    /// # Errors
    /// An invalid head.
    pub(super) fn witnessed(self, heads: &[String]) -> Result<VerifyInput, CliError> {
        let head = |text: &String| {
            ChainHead::parse(text).filter(|head| head.count > 0).ok_or_else(|| {
                CliError::new(format!(
                    "--witnessed: invalid chain head `{text}`: use COUNT:DIGEST, as shown by recorder, page and \
                     notification"
                ))
            })
        };
        let witnessed = heads.iter().map(head).collect::<Result<_, _>>()?;
        Ok(VerifyInput { witnessed, ..self })
    }

    /// The trusted keys.
    pub(super) fn trusted(&self) -> &[Fingerprint] {
        &self.trusted
    }

    /// Opens a capture and evaluates it.
    ///
    /// # Errors
    /// A capture that cannot be read or evaluated, is not signed by a trusted key, or lacks a required chain head.
    pub(super) fn judge(&self, path: &Path, options: &Options) -> Result<(Capture, Verdict), CliError> {
        scratch::refuse(path).map_err(CliError::new)?;
        let open = if self.salvage { capture::open_or_salvage } else { capture::open_for };
        let capture = open(path, self.profile).map_err(|error| CliError::new(error.to_string()))?;
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
        let noted = self
            .witnessed
            .iter()
            .map(|head| format!("The chain head {head} is in the capture's history (--witnessed)."));
        verdict.remarks.extend(noted);
        verdict.remarks.extend(self.about_rules(&capture));
        Ok((capture, verdict))
    }

    /// A remark about the rules in the archive.
    fn about_rules(&self, capture: &Capture) -> Option<String> {
        let Some(own) = &self.rules else {
            return Some("Evaluated with the rule files in the archive.".to_owned());
        };
        let sealed = load::digest(&texts(capture)?);
        (!capture.rules.is_empty() && sealed != own.digest).then(|| {
            format!("The rule files in the archive (digest {sealed}) differ from those used; `--rules sealed` evaluates with them.")
        })
    }
}

/// Rejects a capture without a required chain head in its history.
fn witnessed(path: &Path, capture: &Capture, noted: ChainHead) -> Result<(), CliError> {
    match capture.contains_head(noted) {
        Ok(true) => Ok(()),
        Ok(false) => Err(CliError::new(format!(
            "{}: chain head {noted} is not in its history: this is another capture, or it was modified before that \
             record; ask for the original capture",
            path.display()
        ))),
        Err(error) => Err(CliError::new(error.to_string())),
    }
}

/// The trusted keys that signed the capture; an error if keys are required and none of them did.
fn trusted(capture: &Capture, wanted: &[Fingerprint]) -> Result<Vec<String>, String> {
    let wanted: Vec<String> = wanted.iter().map(ToString::to_string).collect();
    let found: Vec<String> = capture.sealed_by.iter().filter(|key| wanted.contains(key)).cloned().collect();
    if wanted.is_empty() || !found.is_empty() {
        return Ok(found);
    }
    Err(match capture.sealed_by.as_slice() {
        [] => "not signed, but --trusted-key requires a signature; ask the sender for a signed archive".to_owned(),
        keys => format!(
            "signed by {}, which is not a key of --trusted-key; ask the sender for an archive signed by a trusted key",
            keys.join(" and ")
        ),
    })
}

/// The rule files of an archive as text; `None` if one is not UTF-8.
fn texts(capture: &Capture) -> Option<Vec<(String, String)>> {
    let text = |(name, bytes): &(String, Vec<u8>)| Some((name.clone(), String::from_utf8(bytes.clone()).ok()?));
    capture.rules.iter().map(text).collect()
}

fn sealed_rules(path: &Path, capture: &Capture) -> Result<RuleSet, CliError> {
    let name = path.display();
    if capture.rules.is_empty() {
        return Err(CliError::new(format!(
            "{name} contains no rule files: omit `--rules sealed`, or pass a directory"
        )));
    }
    let files =
        texts(capture).ok_or_else(|| CliError::new(format!("{name}: a rule file in the archive is not UTF-8")))?;
    load::of_files(files, capture.profile).map_err(|error| {
        CliError::new(format!(
            "{name}: this version cannot use the rules in the archive: {error}; omit `--rules sealed`"
        ))
    })
}

/// Loads the rules about an API from a directory, or those of its profile.
///
/// # Errors
/// The first error in a rule file.
pub(super) fn load_rules(folder: Option<&Path>, profile: &'static Profile) -> Result<RuleSet, CliError> {
    rules::load_for(folder, profile).map_err(|error| CliError::new(format!("rules: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::pos_v10;

    #[test]
    fn invalid_keys_and_rules_are_rejected() {
        let error = VerifyInput::new(None, &["12".to_owned()], false, pos_v10()).err().unwrap();
        assert!(error.0.starts_with("--trusted-key: `12` is neither"), "{error}");
        assert!(VerifyInput::new(Some(Path::new("./sealed")), &[], false, pos_v10()).is_err(), "a missing directory");
        assert!(
            VerifyInput::new(Some(Path::new("sealed")), &[], false, pos_v10())
                .is_ok_and(|reading| reading.rules.is_none())
        );
    }
}
