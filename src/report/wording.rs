//! The words that all reports share, so that a status is called the same thing wherever it is read.

use crate::verify::verdict::{CaseStatus, CaseVerdict, Finding, Level, Outcome, Status, StepStatus, WaitVerdict};
use std::fmt::Write;

/// How many numbers of a list are spelt out before it ends in an ellipsis.
const SPELT_OUT: usize = 10;

/// A text made harmless: control characters (so no terminal escapes, no line breaks), characters that turn the
/// direction of writing, invisible ones and those outside of XML 1.0 stand as `\u{..}`. So does the second `#` of
/// two: build servers take `##[...]` and `##vso[...]` for commands wherever they stand in a line.
pub fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) || (c == '#' && out.ends_with('#')) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A text made harmless that begins a line: `::` is there a command to GitHub's runner.
pub fn safe_line(text: &str) -> String {
    let safe = safe(text);
    match safe.trim_start().strip_prefix("::") {
        Some(rest) => format!("\\u{{3a}}:{rest}"),
        None => safe,
    }
}

/// Whether a character acts on what shows it instead of being shown.
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// `1 case`, `2 cases`.
pub fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `a`, `a and b`, `a, b and c`.
pub fn list<T: AsRef<str>>(items: &[T]) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", most.join(", "), last.as_ref())
        }
    }
}

/// Numbers with commas, the first ten of them.
pub fn numbers(numbers: &[u64]) -> String {
    let shown: Vec<String> = numbers.iter().take(SPELT_OUT).map(u64::to_string).collect();
    let more = if numbers.len() > SPELT_OUT { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Where a finding was made: `exchange 3`, `exchanges 3, 5`, `on a connection`.
pub fn place(exchanges: &[u64]) -> String {
    match exchanges {
        [] => "on a connection".to_owned(),
        [one] => format!("exchange {one}"),
        more => format!("exchanges {}", numbers(more)),
    }
}

/// Where findings were made, all but so many first ones: each is named by the first exchange that no other of them names,
/// for a payment's capture is a part of all that was found of its refunds.
pub fn own_exchanges(findings: &[&Finding], but: usize) -> String {
    let mut times = std::collections::HashMap::new();
    for number in findings.iter().flat_map(|finding| &finding.exchanges) {
        *times.entry(number).or_insert(0) += 1;
    }
    let own = |finding: &&Finding| {
        let numbers = &finding.exchanges;
        numbers.iter().find(|number| times.get(number) == Some(&1)).or(numbers.last()).copied()
    };
    let own: Vec<u64> = findings.iter().skip(but).filter_map(own).collect();
    if own.is_empty() { "on connections".to_owned() } else { numbers(&own) }
}

/// An outcome in lower case, as JSON names it.
pub fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Incomplete => "incomplete",
    }
}

/// A requirement's status in words.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Warning => "warning",
        Status::NotExercised => "not exercised",
        Status::Inconclusive => "inconclusive",
    }
}

/// A case's status in words.
pub fn case_status(status: CaseStatus) -> &'static str {
    match status {
        CaseStatus::Passed => "passed",
        CaseStatus::Failed => "failed",
        CaseStatus::NotTested => "not tested",
        CaseStatus::InProgress => "in progress",
    }
}

/// A step's status in words.
pub fn step_status(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Passed => "passed",
        StepStatus::Failed => "failed",
        StepStatus::Pending => "not shown",
    }
}

/// How binding, in the word of the requirements' page.
pub fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
    }
}

/// What became of a case, in a sentence: the step at which it broke, or what it still lacks.
pub fn case_sentence(case: &CaseVerdict) -> String {
    let step = |status| case.steps.iter().zip(1..).find(|(step, _)| step.status == status);
    let named = |(step, at): (&crate::verify::verdict::StepVerdict, usize)| {
        let seen = step.exchange.map(|number| format!(", exchange {number}")).unwrap_or_default();
        format!("step {at} of {} ({}{seen})", case.steps.len(), safe(&step.call))
    };
    match case.status {
        CaseStatus::Passed => format!("shown by {}", place(&case.witness)),
        CaseStatus::Failed => {
            let message = case.wait.as_ref().and_then(WaitVerdict::message);
            match (step(StepStatus::Failed), message) {
                (Some((step, at)), Some(message)) if case.is_untried() => {
                    format!("step {at} of {} ({}) was not tried: {message}", case.steps.len(), safe(&step.call))
                }
                (Some(found), Some(message)) => format!("it was tried and broke at {}: {message}", named(found)),
                (Some(found), None) => format!("it was tried and broke at {}", named(found)),
                (None, _) => "it was tried and broke".to_owned(),
            }
        }
        CaseStatus::NotTested | CaseStatus::InProgress => match step(StepStatus::Pending) {
            Some((_, 1)) => "nothing in the capture shows it".to_owned(),
            Some(found) => format!("not shown from {} on", named(found)),
            None => "nothing in the capture shows it".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_reader_is_spelt_out() {
        assert_eq!(safe("a\u{1b}[31mb\r\n\u{9b}2J"), "a\\u{1b}[31mb\\r\\n\\u{9b}2J");
        assert_eq!(
            safe("x\u{202e}y\u{2066}z\u{200b}\u{feff}\u{e0041}"),
            "x\\u{202e}y\\u{2066}z\\u{200b}\\u{feff}\\u{e0041}"
        );
        assert_eq!((safe("##vso[a]"), safe_line(" ::error::")), ("#\\u{23}vso[a]".into(), "\\u{3a}:error::".into()));
        assert_eq!(safe("Ærø, 5 € \u{5d0}"), "Ærø, 5 € \u{5d0}");
    }

    #[test]
    fn lists_read_like_sentences() {
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(place(&[]), "on a connection");
        let found = [vec![25, 30], vec![25, 34], vec![25]].map(|exchanges| Finding {
            exchanges,
            message: String::new(),
            remedy: String::new(),
            features: Vec::new(),
        });
        assert_eq!(own_exchanges(&found.iter().collect::<Vec<_>>(), 1), "34, 25");
        assert_eq!(own_exchanges(&[], 0), "on connections");
        assert_eq!(place(&(1..=12).collect::<Vec<_>>()), "exchanges 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...");
        assert_eq!(count(1, "case"), "1 case");
    }
}
