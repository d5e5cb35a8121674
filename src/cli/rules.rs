//! `poscert rules`: list, explain, check, write and test rule files.

use super::api_arg::ApiArg;
use super::{CliError, Exit, rules_new, rules_test, verify_input::load_rules};
use crate::profile::Profile;
use crate::profile::toml_text::distance;
use crate::report::wording;
use crate::rules::fields;
use crate::rules::model::{Case, Feature, Level, Requirement};
use crate::rules::raw::FUNCTIONS;
use crate::rules::{RuleSet, examples, load_for};
use crate::verify::case::about_words;
use std::fmt::Write;
use std::path::PathBuf;

/// Arguments of `poscert rules`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  poscert rules list | grep capture\n  poscert rules explain <ID from the list>")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// List requirements and cases, one per line
    List(Folder),
    /// Explain a requirement or a case; `fields` lists the fields of predicates
    Explain(Explain),
    /// Check whether rule files are valid
    Check(Check),
    /// Create a directory with a rule of your own and its tests
    New(rules_new::Args),
    /// Run the tests of rule files, and measure with mutants of the rules how much they notice
    Test(rules_test::Args),
}

#[derive(clap::Args)]
struct Folder {
    /// Directory of rule files to use instead of the built-in rules
    #[arg(long, value_name = "DIR", env = "POSCERT_RULES")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    api: ApiArg,
}

impl Folder {
    fn load(&self) -> Result<RuleSet, CliError> {
        load_rules(self.rules.as_deref(), self.api.profile()?)
    }
}

#[derive(clap::Args)]
struct Explain {
    /// Id of a requirement or a case, or `fields`
    id: String,
    /// Print an example that passes, one call per line
    #[arg(long, visible_alias = "example")]
    walk: bool,
    #[command(flatten)]
    folder: Folder,
}

#[derive(clap::Args)]
struct Check {
    /// Directory with the rule files [default: the built-in rules]
    dir: Option<PathBuf>,
    #[command(flatten)]
    api: ApiArg,
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    match args.command {
        Command::List(folder) => super::print(&list(&folder.load()?))?,
        Command::Explain(explain) if explain.id == "fields" => {
            super::print(&fields_text(explain.folder.api.profile()?))?;
        }
        Command::Explain(explain) if explain.walk => {
            let id = explain.id.to_uppercase();
            let example = examples::of(&id).ok_or_else(|| {
                CliError::new(format!("no example for `{id}`; `poscert rules list` shows the requirements"))
            })?;
            super::print(example.walk)?;
        }
        Command::Explain(explain) => {
            let rules = explain.folder.load()?;
            super::print(&explained(&rules, &explain.id)?)?;
        }
        Command::Check(check) => return checked(check),
        Command::New(new) => return rules_new::run(&new),
        Command::Test(test) => return rules_test::run(&test),
    }
    Ok(Exit::Passed)
}

fn checked(check: Check) -> Result<Exit, CliError> {
    match load_for(check.dir.as_deref(), check.api.profile()?) {
        Ok(rules) => {
            let cases: usize = rules.features.iter().map(|feature| feature.cases.len()).sum();
            let count = rules.requirements.len();
            let (requirements, cases) = (wording::count(count, "requirement"), wording::count(cases, "case"));
            super::print(&format!("valid: {requirements} and {cases}; digest {}\n", rules.digest))?;
            Ok(Exit::Passed)
        }
        // The directory itself: it cannot be read, or has no rule files.
        Err(error) if check.dir.as_ref().is_some_and(|dir| error.file == dir.display().to_string()) => {
            Err(CliError::new(error.to_string()))
        }
        Err(error) => {
            super::complain(&CliError::new(error.to_string()));
            Ok(Exit::Failed)
        }
    }
}

fn level(requirement: &Requirement) -> &'static str {
    match requirement.level {
        Level::Must => "must",
        Level::Should => "should",
    }
}

fn list(rules: &RuleSet) -> String {
    let mut text = String::new();
    let mut file = None;
    for requirement in &rules.requirements {
        if file.replace(&requirement.file) != Some(&requirement.file) {
            let gap = if text.is_empty() { "" } else { "\n" };
            let _ = writeln!(text, "{gap}Requirements in {}", requirement.file);
        }
        let _ = writeln!(text, "  {:<7} {:<6} {}", requirement.id, level(requirement), requirement.title);
    }
    for feature in &rules.features {
        let _ = writeln!(text, "\nCases of {} ({})", feature.title, feature.feature);
        for case in &feature.cases {
            let optional = if case.optional { " (optional)" } else { "" };
            let _ = writeln!(text, "  {:<24} {}{optional}", case.id, case.title);
        }
    }
    text
}

fn explained(rules: &RuleSet, id: &str) -> Result<String, CliError> {
    let requirement = rules.requirements.iter().find(|requirement| requirement.id.eq_ignore_ascii_case(id));
    if let Some(requirement) = requirement {
        return Ok(requirement_text(requirement));
    }
    let mut cases = rules.features.iter().flat_map(|feature| feature.cases.iter().map(move |case| (feature, case)));
    if let Some((feature, case)) = cases.find(|(_, case)| case.id.eq_ignore_ascii_case(id)) {
        return Ok(case_text(feature, case, rules));
    }
    if let Some(feature) = rules.features.iter().find(|feature| feature.feature.id().eq_ignore_ascii_case(id)) {
        let cases: Vec<&str> = feature.cases.iter().map(|case| case.id.as_str()).collect();
        let cases = crate::report::wording::list(&cases);
        return Err(CliError::new(format!("`{id}` is a feature; pass one of its cases: {cases}")));
    }
    let cases = rules.features.iter().flat_map(|feature| &feature.cases).map(|case| case.id.as_str());
    let known = rules.requirements.iter().map(|requirement| requirement.id.as_str()).chain(cases);
    let suggestion = nearest(known, id).map(|nearest| format!("did you mean `{nearest}`? ")).unwrap_or_default();
    Err(CliError::new(format!("unknown rule id `{id}`; {suggestion}`poscert rules list` shows all ids")))
}

/// The known id that was probably meant: the number may lack its leading zero, and two characters may differ.
fn nearest<'a>(known: impl Iterator<Item = &'a str>, id: &str) -> Option<&'a str> {
    let id = match id.to_uppercase().split_once('-') {
        Some((prefix, number)) => format!("{prefix}-{number:0>2}"),
        None => id.to_uppercase(),
    };
    let ranked = known.map(|known| (distance(&known.to_uppercase(), &id), known));
    ranked.filter(|(distance, _)| *distance <= 2).min_by_key(|(distance, _)| *distance).map(|(_, known)| known)
}

fn requirement_text(requirement: &Requirement) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{} ({}): {}\n", requirement.id, level(requirement), requirement.title);
    let _ = writeln!(text, "Source:  {}", requirement.source);
    let _ = writeln!(text, "Why:     {}", requirement.why);
    let _ = writeln!(text, "Remedy:  {}", requirement.remedy);
    let features: Vec<&str> = requirement.judged_for.iter().map(|feature| feature.id()).collect();
    let _ = writeln!(text, "Applies: {}", crate::report::wording::any_of(&features));
    let _ = writeln!(text, "File:    {}", requirement.file);
    if let Some(example) = examples::of(&requirement.id) {
        let print = format!("poscert rules explain {} --walk", requirement.id);
        let _ = writeln!(text, "\nPasses:  the built-in {} scenario (print it: {print})", example.passes);
        let _ = writeln!(text, "Fails:   {}\n", example.shows);
        let _ = writeln!(text, "Fixture edit (see fixtures/README.md):");
        for line in example.change.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}

fn case_text(feature: &Feature, case: &Case, rules: &RuleSet) -> String {
    let mut text = String::new();
    let optional = if case.optional { " (optional)" } else { "" };
    let _ = writeln!(text, "{}: {}{optional}\n", case.id, case.title);
    let _ = writeln!(text, "Feature: {}", feature.title);
    if let Some(feature) = case.needed_with {
        let _ = writeln!(text, "Required if {feature} is selected too.");
    }
    let _ = writeln!(text, "Passes with exchanges of one {}, in this order:", about_words(case.about, rules.profile));
    for (at, step) in case.steps.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", at + 1, step.title);
        if let Some(instruction) = &step.guide.text {
            let _ = writeln!(text, "     {instruction}");
        }
    }
    text
}

fn fields_text(profile: &Profile) -> String {
    let mut text = "Fields of predicates (type with ?: can be null):\n\n".to_owned();
    for field in fields::of(profile) {
        let kind = field.kind.name();
        let null = if field.nullable { "?" } else { "" };
        let _ = writeln!(text, "{:<34} {:<7} {}", field.name, format!("{kind}{null}"), field.meaning);
    }
    text.push_str("\nFunctions for parts of an exchange without a field; null if it does not have the part:\n\n");
    for (call, meaning) in FUNCTIONS {
        let _ = writeln!(text, "{call:<34} {meaning}");
    }
    text
}
