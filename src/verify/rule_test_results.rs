//! The results of tests of rule files: deviations from the expected results, coverage of the requirements, and the
//! number of mutants that the tests notice.

use crate::rules::test_file::{Expected, ExpectedStatus};

/// The result of a test.
#[derive(Debug)]
pub(crate) struct TestResult {
    /// The path of the capture, as in the file of tests.
    pub capture: String,
    /// What an edit shows; `None` for the capture as it is.
    pub shows: Option<String>,
    /// The expected results.
    pub expected: Expected,
    /// The requirements with another result.
    pub deviations: Vec<Deviation>,
}

/// A requirement whose result is not the expected one.
#[derive(Debug)]
pub(crate) struct Deviation {
    /// The id of the requirement.
    pub id: String,
    /// The expected result; `None`: no finding.
    pub expected: Option<ExpectedStatus>,
    /// The result.
    pub seen: ExpectedStatus,
    /// The exchanges and the message of its first finding.
    pub finding: Option<(Vec<u64>, String)>,
}

/// How well the tests cover a requirement.
#[derive(Debug, Default)]
pub(crate) struct Coverage {
    /// The id of the requirement.
    pub id: String,
    /// A test exercises it, and it passes.
    pub passes: bool,
    /// A test breaks it.
    pub fails: bool,
    /// The mutants; `None` if they were not evaluated because a test has another result than expected.
    pub mutants: Option<Score>,
}

/// The number of mutants that the tests notice.
#[derive(Debug, Default)]
pub(crate) struct Score {
    /// The mutants that change the result of a test.
    pub killed: usize,
    /// The mutants that change no result.
    pub survivors: Vec<Survivor>,
}

/// A mutant that no test notices.
#[derive(Debug)]
pub(crate) struct Survivor {
    /// The rule file.
    pub file: String,
    /// The changed line, from 1.
    pub line: usize,
    /// The change.
    pub change: String,
    /// The test that would notice it.
    pub hint: String,
}

impl Score {
    /// The number of mutants.
    pub(crate) fn total(&self) -> usize {
        self.killed + self.survivors.len()
    }

    /// The percentage of mutants that the tests notice, rounded down; 100 without mutants.
    pub(crate) fn percent(&self) -> usize {
        (self.killed * 100).checked_div(self.total()).unwrap_or(100)
    }
}

/// The result of all tests of a directory of rule files.
#[derive(Debug)]
pub(crate) struct TestRun {
    /// The result of each test, in the order of the file.
    pub tests: Vec<TestResult>,
    /// The requirements that have to be tested.
    pub requirements: Vec<Coverage>,
    /// The number of requirements in unchanged copies of built-in files, which need no tests.
    pub built_in: usize,
}

impl TestRun {
    /// Whether every test has its expected results.
    pub(crate) fn is_as_expected(&self) -> bool {
        self.tests.iter().all(|test| test.deviations.is_empty())
    }

    /// Whether every requirement has a test that passes and one that fails.
    pub(crate) fn is_covered(&self) -> bool {
        self.requirements.iter().all(|requirement| requirement.passes && requirement.fails)
    }

    /// Whether the tests notice at least this percentage of the mutants of every requirement.
    pub(crate) fn has_score(&self, percent: usize) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.mutants.as_ref().is_some_and(|score| score.percent() >= percent))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn score_is_a_percentage_of_all_mutants() {
        let survivor = || Survivor { file: String::new(), line: 1, change: String::new(), hint: String::new() };
        let score = Score { killed: 2, survivors: vec![survivor()] };
        assert_eq!((score.total(), score.percent()), (3, 66));
        assert_eq!(Score::default().percent(), 100);
    }
}
