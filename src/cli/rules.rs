//! `poscert rules`: list, explain, check, write and test rule files.

use super::{CliError, Exit, rules_new, rules_test, verify_input::load_rules};
use crate::rules::fields::{FIELDS, Kind};
use crate::rules::model::{Case, Level, Requirement};
use crate::rules::{RuleSet, examples, load, predicate};
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
}

#[derive(clap::Args)]
struct Explain {
    /// Id of a requirement or a case, or `fields`
    id: String,
    /// Print a certification that passes the requirement, one call per line
    #[arg(long)]
    walk: bool,
    #[command(flatten)]
    folder: Folder,
}

#[derive(clap::Args)]
struct Check {
    /// Directory with the rule files [default: the built-in rules]
    dir: Option<PathBuf>,
}

pub(super) fn run(args: Args) -> Result<Exit, CliError> {
    match args.command {
        Command::List(folder) => super::print(&list(&load_rules(folder.rules.as_deref())?))?,
        Command::Explain(explain) if explain.id == "fields" => super::print(&fields())?,
        Command::Explain(explain) if explain.walk => {
            let id = explain.id.to_uppercase();
            let example = examples::of(&id).ok_or_else(|| {
                CliError::new(format!("no example for `{id}`; `poscert rules list` shows the requirements"))
            })?;
            super::print(example.walk)?;
        }
        Command::Explain(explain) => {
            let rules = load_rules(explain.folder.rules.as_deref())?;
            super::print(&explained(&rules, &explain.id)?)?;
        }
        Command::Check(check) => return checked(check),
        Command::New(new) => return rules_new::run(&new),
        Command::Test(test) => return rules_test::run(&test),
    }
    Ok(Exit::Passed)
}

fn checked(check: Check) -> Result<Exit, CliError> {
    match load(check.dir.as_deref()) {
        Ok(rules) => {
            let cases: usize = rules.features.iter().map(|feature| feature.cases.len()).sum();
            let count = rules.requirements.len();
            super::print(&format!("{count} requirements and {cases} cases are valid; digest {}\n", rules.digest))?;
            Ok(Exit::Passed)
        }
        Err(error) if check.dir.as_ref().is_some_and(|dir| !dir.is_dir()) => Err(CliError::new(error.to_string())),
        Err(error) => {
            eprintln!("{error}");
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
    for requirement in &rules.requirements {
        let _ = writeln!(text, "{:<7} {:<6} {}", requirement.id, level(requirement), requirement.title);
    }
    for feature in &rules.features {
        let _ = writeln!(text, "\n{} ({})", feature.title, feature.feature);
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
    let mut cases = rules.features.iter().flat_map(|feature| &feature.cases);
    if let Some(case) = cases.find(|case| case.id.eq_ignore_ascii_case(id)) {
        return Ok(case_text(case));
    }
    let cases = rules.features.iter().flat_map(|feature| &feature.cases).map(|case| case.id.as_str());
    let known = rules.requirements.iter().map(|requirement| requirement.id.as_str()).chain(cases);
    let nearest = known.min_by_key(|known| predicate::distance(known, id)).unwrap_or("");
    Err(CliError::new(format!("unknown rule id `{id}`; did you mean `{nearest}`? `poscert rules list` shows all ids")))
}

fn requirement_text(requirement: &Requirement) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{} ({}): {}\n", requirement.id, level(requirement), requirement.title);
    let _ = writeln!(text, "Source:  {}", requirement.source);
    let _ = writeln!(text, "Why:     {}", requirement.why);
    let _ = writeln!(text, "Remedy:  {}", requirement.remedy);
    let features: Vec<&str> = requirement.judged_for.iter().map(|feature| feature.id()).collect();
    let _ = writeln!(text, "Applies: if {} is chosen", features.join(" or "));
    let _ = writeln!(text, "File:    {}", requirement.file);
    if let Some(example) = examples::of(&requirement.id) {
        let _ =
            writeln!(text, "\nPasses:  the {} certification (`--walk` prints it, one call per line)", example.passes);
        let _ = writeln!(text, "Fails:   the same, if {}:\n", example.shows);
        for line in example.change.lines() {
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}

fn case_text(case: &Case) -> String {
    let mut text = String::new();
    let optional = if case.optional { " (optional)" } else { "" };
    let _ = writeln!(text, "{}: {}{optional}\n", case.id, case.title);
    if let Some(feature) = case.needed_with {
        let _ = writeln!(text, "Required if {feature} is chosen too.");
    }
    let _ = writeln!(text, "Passes with exchanges of one {}, in this order:", about(case));
    for (at, step) in case.steps.iter().enumerate() {
        let _ = writeln!(text, "  {}. {}", at + 1, step.title);
    }
    text
}

fn about(case: &Case) -> &'static str {
    crate::verify::case::about_words(case.about)
}

fn fields() -> String {
    let mut text = "Fields of predicates, with type (?: can be null):\n\n".to_owned();
    for field in FIELDS {
        let kind = match field.kind {
            Kind::Bool => "bool",
            Kind::Int => "int",
            Kind::Money => "money",
            Kind::Text => "text",
        };
        let null = if field.nullable { "?" } else { "" };
        let _ = writeln!(text, "{:<34} {:<7} {}", field.name, format!("{kind}{null}"), field.meaning);
    }
    text
}
