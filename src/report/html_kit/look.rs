//! How a result looks: a class, from which the style sheet takes its color, and a mark.

use crate::verify::verdict::{CaseStatus, CaseVerdict, Outcome, Status, StepStatus};
use maud::{Markup, Render, html};

/// The look of a result. As markup it is its class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Passed,
    Failed,
    Warning,
    Incomplete,
    /// In progress.
    Current,
    /// Not begun, or not exercised.
    Open,
}

impl Look {
    fn class_and_mark(self) -> (&'static str, &'static str) {
        match self {
            Look::Passed => ("passed", "✓"),
            Look::Failed => ("failed", "✗"),
            Look::Warning => ("warning", "!"),
            Look::Incomplete => ("incomplete", "…"),
            Look::Current => ("now", "▸"),
            Look::Open => ("open", "○"),
        }
    }

    /// The mark as an element, for the eye only: a text beside it has to say the same.
    pub(crate) fn mark(self) -> Markup {
        html! { span.mark aria-hidden="true" { (self.class_and_mark().1) } }
    }

    /// A word in a colored pill.
    pub(crate) fn chip(self, word: &str) -> Markup {
        html! { span.chip.(self) { (word) } }
    }
}

impl Render for Look {
    fn render(&self) -> Markup {
        html! { (self.class_and_mark().0) }
    }
}

impl From<Outcome> for Look {
    fn from(outcome: Outcome) -> Look {
        match outcome {
            Outcome::Passed => Look::Passed,
            Outcome::Failed => Look::Failed,
            Outcome::Incomplete => Look::Incomplete,
        }
    }
}

impl From<&CaseVerdict> for Look {
    fn from(case: &CaseVerdict) -> Look {
        match case.status {
            CaseStatus::Passed => Look::Passed,
            CaseStatus::Failed if case.optional => Look::Warning,
            CaseStatus::Failed => Look::Failed,
            CaseStatus::NotTested | CaseStatus::InProgress => Look::Open,
        }
    }
}

impl From<StepStatus> for Look {
    fn from(status: StepStatus) -> Look {
        match status {
            StepStatus::Passed => Look::Passed,
            StepStatus::Failed => Look::Failed,
            StepStatus::Pending => Look::Open,
        }
    }
}

impl From<Status> for Look {
    fn from(status: Status) -> Look {
        match status {
            Status::Passed => Look::Passed,
            Status::Failed => Look::Failed,
            Status::Warning => Look::Warning,
            Status::Inconclusive => Look::Incomplete,
            Status::NotExercised => Look::Open,
        }
    }
}
