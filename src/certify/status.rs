//! How a certification stands at a moment, for whoever shows it: nothing here decides.

use super::driver_command::Line;
use crate::api::Fault;
use crate::report::wording;
use crate::rules::model::Step;
use crate::verify::Evaluator;
use crate::verify::verdict::{CaseVerdict, Finding};
use std::time::{Duration, Instant};

/// How everything stands.
#[derive(Clone, Debug, Default)]
pub struct CertificationStatus {
    /// The cases of the chosen features, in the order of the verdict, as the verifier sees them.
    pub cases: Vec<CaseVerdict>,
    /// How many of them are behind.
    pub gone_through: usize,
    /// The case under way and its step that is due; `None` between two cases and at the end.
    pub due: Option<CurrentStep>,
    /// All cases were gone through.
    pub over: bool,
    /// The musts that have been broken so far: the verdict cannot be passed any more.
    pub broken: Vec<BrokenRequirement>,
}

/// A must that has been broken.
#[derive(Clone, Debug, PartialEq)]
pub struct BrokenRequirement {
    /// The requirement's id.
    pub id: String,
    /// What it asks.
    pub title: String,
    /// What was found first.
    pub first: Finding,
    /// How often it was found beside that.
    pub more: usize,
}

impl BrokenRequirement {
    /// What a judge has found so far.
    pub fn of(evaluator: &Evaluator<'_>) -> Vec<BrokenRequirement> {
        let broken = evaluator.broken().filter_map(|(requirement, found)| {
            let (first, rest) = found.split_first()?;
            let (id, title) = (requirement.id.clone(), requirement.title.clone());
            Some(BrokenRequirement { id, title, first: first.clone(), more: rest.len() })
        });
        broken.collect()
    }

    /// It in a line.
    pub fn line(&self) -> String {
        let BrokenRequirement { id, title, first, .. } = self;
        format!("✗ {id} {title}: {}: {}", wording::place(&first.exchanges), wording::safe(&first.message))
    }
}

/// The step that is due.
#[derive(Clone, Debug)]
pub struct CurrentStep {
    /// The case's id.
    pub case: String,
    /// The case's title.
    pub title: String,
    /// The step, from 0; the count of steps where none is left and the end is only looked at.
    pub at: usize,
    /// How many steps the case has.
    pub steps: usize,
    /// The step.
    pub step: Option<Step>,
    /// Since when it is waited for.
    pub since: Instant,
    /// For how long it is waited for.
    pub wait: Duration,
    /// The faults that its call has met so far.
    pub met: Vec<Fault>,
}

impl CertificationStatus {
    /// Whether a line that the till was told is still to be done: until its step has been shown or its case is left.
    pub fn is_due(&self, line: &Line) -> bool {
        match &self.due {
            _ if self.over => line.case.is_empty(),
            Some(due) => line.step > 0 && due.case == line.case && due.at < line.step,
            // Between two cases something may be left on the till that has to be cancelled.
            None => line.step == 0 && !line.case.is_empty(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn certification_status(case: &str, at: usize) -> CertificationStatus {
        let now = Instant::now();
        let (case, title) = (case.to_owned(), String::new());
        let wait = Duration::from_secs(1);
        let due = CurrentStep { case, title, at, steps: 3, step: None, since: now, wait, met: Vec::new() };
        CertificationStatus { due: Some(due), ..CertificationStatus::default() }
    }

    #[test]
    fn a_line_is_due_until_its_step_is_shown() {
        let line = Line { case: "a/1".into(), step: 2, act: "pay".into(), ..Line::default() };
        assert!(certification_status("a/1", 0).is_due(&line) && certification_status("a/1", 1).is_due(&line));
        assert!(!certification_status("a/1", 2).is_due(&line) && !certification_status("a/2", 0).is_due(&line));
        let between = CertificationStatus::default();
        assert!(!between.is_due(&line) && between.is_due(&Line::abort("a/1")) && !between.is_due(&Line::end()));
        assert!(!certification_status("a/2", 0).is_due(&Line::abort("a/1")));
        let over = CertificationStatus { over: true, ..CertificationStatus::default() };
        assert!(over.is_due(&Line::end()) && !over.is_due(&line));
    }
}
