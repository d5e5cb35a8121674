//! Mutants of requirements: small changes that the tests of a rule have to notice.
//!
//! A mutant drops or changes a condition, changes a limit by one or a time by a tenth, or drops an event. A requirement
//! whose tests give the expected results for a mutant too is tested less than its author thinks.

mod events;
mod expression;
mod tokens;

use super::RuleError;
use super::load;
use super::model::{Attribution, Requirement};
use super::toml_file::{self, Mistake};
use super::toml_rows::{CheckRow, File, RequirementRow};
use crate::profile::Profile;
use std::collections::BTreeSet;
use toml::Spanned;

/// A changed requirement.
#[derive(Debug)]
pub(crate) struct Mutant {
    /// The requirement with the change, under its own id.
    pub requirement: Requirement,
    /// The line of the rule file that is changed, from 1.
    pub line: usize,
    /// The change: what is there instead of what.
    pub change: String,
    /// The test that would notice it.
    pub hint: String,
}

/// All mutants of these requirements of a rule file, given by its path and text.
///
/// # Errors
/// A file that is not valid.
pub(crate) fn mutants(
    path: &str,
    text: &str,
    ids: &BTreeSet<String>,
    profile: &'static Profile,
) -> Result<Vec<Mutant>, RuleError> {
    let (name, content, wanted) = (path.to_owned(), text.to_owned(), ids.clone());
    let made = load::on_large_stack(move || of_file(&name, &content, &wanted, profile))?;
    made.map_err(|mistake| RuleError::at(path, text, &mistake))
}

/// A change of a requirement before it is compiled.
struct Draft {
    row: RequirementRow,
    /// The position of the change, in bytes.
    at: usize,
    change: String,
    hint: String,
}

fn of_file(name: &str, text: &str, ids: &BTreeSet<String>, profile: &Profile) -> Result<Vec<Mutant>, Mistake> {
    let file: File = toml_file::table(text)?;
    let features = toml_file::judged_for(&file, profile)?;
    let mut found = Vec::new();
    for row in file.requirement.iter().filter(|row| ids.contains(row.id.as_ref())) {
        let mut drafts = Vec::new();
        for at in 0..row.check.len() {
            of_check(row, at, &mut drafts);
        }
        for draft in drafts {
            // A change that is not a valid rule tells nothing about the tests.
            if let Ok(requirement) = toml_file::requirement(name, draft.row, Attribution::Own, &features, profile) {
                let line = text.get(..draft.at).unwrap_or("").matches('\n').count() + 1;
                found.push(Mutant { requirement, line, change: draft.change, hint: draft.hint });
            }
        }
    }
    Ok(found)
}

/// An expression of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Site {
    When,
    Require,
    Forbid,
    Add,
    AtMost,
    FromWhen,
    NeedWhen(usize),
    ResetWhen(usize),
    UntilWhen(usize),
}

impl Site {
    fn all(check: &CheckRow) -> Vec<Site> {
        let mut sites = vec![Site::When, Site::Require, Site::Forbid, Site::Add, Site::AtMost, Site::FromWhen];
        sites.extend((0..check.need.len()).map(Site::NeedWhen));
        sites.extend((0..check.reset.len()).map(Site::ResetWhen));
        sites.extend((0..check.until.len()).map(Site::UntilWhen));
        sites
    }

    fn name(self) -> &'static str {
        match self {
            Site::When => "`when`",
            Site::Require => "`require`",
            Site::Forbid => "`forbid`",
            Site::Add => "`add`",
            Site::AtMost => "`at_most`",
            Site::FromWhen => "`when` of `from`",
            Site::NeedWhen(_) => "`when` of `need`",
            Site::ResetWhen(_) => "`when` of `reset`",
            Site::UntilWhen(_) => "`when` of `until`",
        }
    }

    fn slot(self, check: &mut CheckRow) -> Option<&mut Option<Spanned<String>>> {
        match self {
            Site::When => Some(&mut check.when),
            Site::Require => Some(&mut check.require),
            Site::Forbid => Some(&mut check.forbid),
            Site::Add => Some(&mut check.add),
            Site::AtMost => Some(&mut check.at_most),
            Site::FromWhen => check.from.as_mut().map(|event| &mut event.when),
            Site::NeedWhen(at) => check.need.get_mut(at).map(|event| &mut event.when),
            Site::ResetWhen(at) => check.reset.get_mut(at).map(|event| &mut event.when),
            Site::UntilWhen(at) => check.until.get_mut(at).map(|event| &mut event.when),
        }
    }
}

/// The mutants of one check of a requirement.
fn of_check(row: &RequirementRow, check_at: usize, drafts: &mut Vec<Draft>) {
    let Some(check) = row.check.get(check_at) else { return };
    let mut add = |at: usize, change: String, hint: String, edit: &dyn Fn(&mut CheckRow)| {
        let mut row = row.clone();
        if let Some(check) = row.check.get_mut(check_at) {
            edit(check);
        }
        drafts.push(Draft { row, at, change, hint });
    };
    let mut own = check.clone();
    let texts: Vec<(Site, Spanned<String>)> =
        Site::all(check).into_iter().filter_map(|site| Some((site, site.slot(&mut own)?.clone()?))).collect();
    for (site, text) in &texts {
        let (source, span) = (text.as_ref().as_str(), text.span());
        let beside: Vec<&str> =
            texts.iter().filter(|(other, _)| other != site).map(|(_, text)| text.as_ref().as_str()).collect();
        let beside = beside.join(" ");
        let put = |new: Option<&str>| {
            let new = new.map(|new| Spanned::new(span.clone(), new.to_owned()));
            move |check: &mut CheckRow| {
                if let Some(slot) = site.slot(check) {
                    slot.clone_from(&new);
                }
            }
        };
        let name = site.name();
        match site {
            Site::Require => {
                let hint = "add an edit that breaks this check alone, and must fail".to_owned();
                add(span.start, format!("{name} is `true` instead of `{source}`"), hint, &put(Some("true")));
            }
            Site::Forbid => {
                let hint = "add an edit that breaks this check alone, and must fail".to_owned();
                add(span.start, format!("{name} is `false` instead of `{source}`"), hint, &put(Some("false")));
            }
            _ if expression::conjuncts(source).iter().any(|part| expression::is_guard(part, &beside)) => {}
            _ => {
                let hint = match site {
                    Site::When => {
                        format!("add an edit that breaks the check where `{source}` is false; it must not fail")
                    }
                    _ => format!("add a test whose result depends on `{source}`"),
                };
                add(span.start, format!("{name} is dropped: `{source}`"), hint, &put(None));
            }
        }
        for changed in expression::mutants(source, &beside) {
            let change = format!("{name} is `{}` instead of `{source}`", changed.text);
            add(span.start, change, changed.hint, &put(Some(&changed.text)));
        }
    }
    events::of_events(check, &mut add);
    events::of_numbers(check, &mut add);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(check: &str) -> Vec<(usize, String)> {
        let text = format!(
            "judged_for = [\"onboarding\"]\n[[requirement]]\nid = \"H-1\"\nlevel = \"must\"\ntitle = \"t\"\nsource = \"s\"\n\
             why = \"w\"\nremedy = \"r\"\n[[requirement.check]]\nmessage = \"m\"\n{check}"
        );
        let ids = BTreeSet::from(["H-1".to_owned()]);
        let mutants = mutants("house.toml", &text, &ids, crate::profile::pos_v10()).unwrap();
        assert!(mutants.iter().all(|mutant| mutant.requirement.id == "H-1" && !mutant.hint.is_empty()));
        mutants.into_iter().map(|mutant| (mutant.line, mutant.change)).collect()
    }

    #[test]
    fn conditions_are_dropped_and_changed() {
        let found = changes(
            "pattern = \"each\"\nscope = \"client\"\non = [\"CreatePos\", \"GetPos\"]\nwhen = \"call.succeeded\"\n\
             require = \"call.status == 200\"\nat = \"answer\"\n",
        );
        for (line, expected) in [
            (14, "`when` is dropped: `call.succeeded`"),
            (14, "`when` is `!call.succeeded` instead of `call.succeeded`"),
            (15, "`require` is `true` instead of `call.status == 200`"),
            (15, "`require` is `!(call.status == 200)` instead of `call.status == 200`"),
            (15, "`require` is `call.status == 201` instead of `call.status == 200`"),
            (13, "`on` does not contain `CreatePos`"),
        ] {
            assert!(found.contains(&(line, expected.to_owned())), "{expected}: {found:#?}");
        }
        assert_eq!(found.len(), 8, "{found:#?}");
    }

    #[test]
    fn limits_times_events_and_scopes_are_changed() {
        let found = changes(
            "pattern = \"at-most\"\nscope = \"payment\"\non = [\"QueryPayment\"]\nlimit = 3\npause_ms = 500\n\
             reset = [{ on = [\"CapturePayment\"] }]\n",
        );
        let expected = [
            "`reset` does not contain `CapturePayment`",
            "`limit` is 4 instead of 3",
            "`limit` is 2 instead of 3",
            "`pause_ms` is dropped: 500",
            "`scope` is \"client\" instead of \"payment\"",
        ];
        assert_eq!(found.into_iter().map(|(_, change)| change).collect::<Vec<_>>(), expected);
        let found = changes(
            "pattern = \"gap\"\nscope = \"client\"\nfrom = { on = [\"any\"] }\non = [\"any\"]\nat_least_ms = 100\n",
        );
        let expected = ["`at_least_ms` is 110 instead of 100", "`at_least_ms` is 90 instead of 100"];
        assert_eq!(found.into_iter().map(|(_, change)| change).collect::<Vec<_>>(), expected);
        let found = changes(
            "pattern = \"after\"\nscope = \"client\"\non = [\"CreatePos\"]\nneed = [{ on = [\"GetPos\"] }, { on = [\"DeletePos\"] }]\n",
        );
        let expected = [
            "`need` does not contain `GetPos`",
            "`need` does not contain `DeletePos`",
            "`once` is true instead of false",
        ];
        assert_eq!(found.into_iter().map(|(_, change)| change).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn only_needed_event_is_replaced_by_any_call() {
        let found =
            changes("pattern = \"before\"\nscope = \"client\"\non = [\"CreatePos\"]\nneed = [{ on = [\"GetPos\"] }]\n");
        let changes: Vec<String> = found.into_iter().map(|(_, change)| change).collect();
        assert_eq!(changes, ["`need` is any call instead of `GetPos`"]);
    }

    #[test]
    fn condition_that_protects_another_one_is_not_dropped() {
        let found = changes(
            "pattern = \"each\"\nscope = \"client\"\non = [\"any\"]\nwhen = \"call.amount != null\"\nrequire = \"call.amount > 0\"\n",
        );
        assert!(!found.iter().any(|(_, change)| change.contains("dropped")), "{found:#?}");
    }
}
