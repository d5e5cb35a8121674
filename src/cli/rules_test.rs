//! `poscert rules test`: the tests of a directory of rule files.

use super::api_arg::ApiArg;
use super::verify_input::load_rules;
use super::{CliError, Exit};
use crate::capture;
use crate::profile::Profile;
use crate::report;
use crate::rules::load::TESTS;
use crate::rules::test_file::{self, RuleTests};
use crate::seal::bounded_read;
use crate::verify::rule_tests::{self, TestError};
use crate::verify::verify_capture::RunError;
use std::path::{Path, PathBuf};

/// The maximum size of a file of tests, in bytes.
const LONGEST: u64 = 1024 * 1024;

/// Arguments of `poscert rules test`.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  poscert rules new house-rules && poscert rules test house-rules\n\n\
    Exit codes: 0 all results are the expected ones, and each requirement has a test that it passes and one\n\
    that it fails; 1 a result is another one, or a test is missing; 2 error.")]
pub(super) struct Args {
    /// Directory with rule files and their tests.toml; its rules replace the built-in ones
    dir: PathBuf,
    #[command(flatten)]
    api: ApiArg,
    /// Fail if the tests notice fewer than this percentage of the mutants of a requirement
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min_score: Option<u8>,
}

pub(super) fn run(args: &Args) -> Result<Exit, CliError> {
    let rules = load_rules(Some(&args.dir), args.api.profile()?)?;
    if rules.own_files().all(|(name, _)| rules.requirements.iter().all(|requirement| requirement.file != *name)) {
        let dir = args.dir.display();
        return Err(CliError::new(format!(
            "{dir} has no requirement besides the built-in ones; add a rule file, as `poscert rules new` writes it"
        )));
    }
    let path = args.dir.join(TESTS);
    let text = bounded_read::read_text(&path, LONGEST).map_err(|error| {
        let what = format!("cannot read {}: {error}", path.display());
        CliError::new(format!("{what}; `poscert rules new` writes an example of it"))
    })?;
    let shown = path.display().to_string();
    let tests = test_file::parse(&shown, &text, &rules).map_err(|error| CliError::new(error.to_string()))?;
    let prepared = prepared(&args.dir, &tests, rules.profile)?;
    let run = rule_tests::run(&rules, &prepared).map_err(|error| match error {
        TestError::Run(RunError::Rule(error)) => {
            CliError::new(format!("{}/{error}; correct the rule, or add a test for `null` to it", args.dir.display()))
        }
        TestError::Run(error) => CliError::new(format!("{}: {error}", args.dir.display())),
        TestError::File(error) => CliError::new(error.to_string()),
    })?;
    let least = args.min_score.map(usize::from);
    super::print(&report::rule_tests::render(&run, least))?;
    let has_score = least.is_none_or(|least| run.has_score(least));
    Ok(if run.is_as_expected() && run.is_covered() && has_score { Exit::Passed } else { Exit::Failed })
}

/// The tests with their captures, which are opened one after the other.
fn prepared<'a>(
    dir: &Path,
    tests: &'a RuleTests,
    profile: &'static Profile,
) -> Result<Vec<rule_tests::Test<'a>>, CliError> {
    let mut all = Vec::new();
    for of_capture in &tests.captures {
        let capture = capture::open_for(&dir.join(&of_capture.file), profile)
            .map_err(|error| CliError::new(tests.error(&of_capture.span, error.to_string()).to_string()))?;
        let more = rule_tests::prepare(tests, of_capture, &capture);
        all.extend(more.map_err(|error| CliError::new(error.to_string()))?);
    }
    Ok(all)
}
