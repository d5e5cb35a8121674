//! Shared wording and text sanitization of all reports.

use crate::verify::verdict::{
    CaseStatus, CaseVerdict, Finding, Level, Outcome, RecordingPeriod, Status, StepStatus, WaitVerdict,
};
use std::fmt::Write;

/// Maximum numbers in a list before it ends in an ellipsis.
const SPELT_OUT: usize = 10;

/// A sanitized text: control characters (terminal escapes, line breaks), bidirectional controls, invisible characters
/// and those outside of XML 1.0 are written as `\u{..}`. So is the second `#` of two: build servers treat `##[...]` and
/// `##vso[...]` as commands anywhere in a line.
pub(crate) fn safe(text: &str) -> String {
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

/// A sanitized text for the start of a line, where `::` is a command to GitHub's runner.
pub(crate) fn safe_line(text: &str) -> String {
    let safe = safe(text);
    match safe.trim_start().strip_prefix("::") {
        Some(rest) => format!("\\u{{3a}}:{rest}"),
        None => safe,
    }
}

/// Whether a character is invisible or affects its display.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}'
            | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e0fff}')
}

/// `1 case`, `2 cases`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn list<T: AsRef<str>>(items: &[T]) -> String {
    joined(items, "and")
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn any_of<T: AsRef<str>>(items: &[T]) -> String {
    joined(items, "or")
}

fn joined<T: AsRef<str>>(items: &[T], word: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.as_ref().to_owned(),
        [most @ .., last] => {
            let most: Vec<&str> = most.iter().map(AsRef::as_ref).collect();
            format!("{} {word} {}", most.join(", "), last.as_ref())
        }
    }
}

/// The sentence about a case that no exchange belongs to.
pub(crate) const NO_EXCHANGE: &str = "no matching exchange in the capture";

/// Ids of cases, with consecutive numbers of a feature as a range: `payment/1 to /3, refund/2`.
pub(crate) fn case_ranges(ids: &[&str]) -> String {
    let parts = |id: &str| {
        let (feature, number) = id.rsplit_once('/')?;
        Some((feature.to_owned(), number.parse::<u64>().ok()?))
    };
    let mut ranges: Vec<(&str, &str)> = Vec::new();
    for id in ids {
        let follows = |last: &str| match (parts(last), parts(id)) {
            (Some((before, first)), Some((feature, second))) => {
                before == feature && first.checked_add(1) == Some(second)
            }
            _ => false,
        };
        match ranges.last_mut() {
            Some((_, last)) if follows(last) => *last = id,
            _ => ranges.push((id, id)),
        }
    }
    let range = |(first, last): &(&str, &str)| match last.rsplit_once('/') {
        Some((_, number)) if first != last => safe(&format!("{first} to /{number}")),
        _ => safe(first),
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(", ")
}

/// The first ten numbers, separated by commas.
pub(crate) fn numbers(numbers: &[u64]) -> String {
    let shown: Vec<String> = numbers.iter().take(SPELT_OUT).map(u64::to_string).collect();
    let more = if numbers.len() > SPELT_OUT { ", ..." } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// The place of a finding: `exchange 3`, `exchanges 3, 5`, `on a connection`.
pub(crate) fn place(exchanges: &[u64]) -> String {
    match exchanges {
        [] => "on a connection".to_owned(),
        [one] => format!("exchange {one}"),
        more => format!("exchanges {}", numbers(more)),
    }
}

/// A finding with its place: `exchange 3: no key`.
pub(crate) fn finding(finding: &Finding) -> String {
    format!("{}: {}", place(&finding.exchanges), safe(&finding.message))
}

/// The places of findings, without the first `but` ones. Each is named by its first exchange that no other finding has:
/// the capture of a payment, for example, is in the findings of all its refunds.
pub(crate) fn own_exchanges(findings: &[&Finding], but: usize) -> String {
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

/// The name of an outcome, as in JSON.
pub(crate) fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Failed => "failed",
        Outcome::Incomplete => "incomplete",
    }
}

/// The name of a requirement's status.
pub(crate) fn status(status: Status) -> &'static str {
    match status {
        Status::Passed => "passed",
        Status::Failed => "failed",
        Status::Warning => "warning",
        Status::NotExercised => "not exercised",
        Status::Inconclusive => "inconclusive",
    }
}

/// The name of a case's status.
pub(crate) fn case_status(status: CaseStatus) -> &'static str {
    match status {
        CaseStatus::Passed => "passed",
        CaseStatus::Failed => "failed",
        CaseStatus::NotTested => "not tested",
        CaseStatus::InProgress => "in progress",
    }
}

/// The name of a step's status.
pub(crate) fn step_status(status: StepStatus) -> &'static str {
    match status {
        StepStatus::Passed => "passed",
        StepStatus::Failed => "failed",
        StepStatus::Pending => "pending",
    }
}

/// The name of a requirement's level.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "must",
        Level::Should => "should",
    }
}

/// How many of the mandatory cases have passed: `2 of 3 cases passed`.
pub(crate) fn cases_passed(cases: &[CaseVerdict]) -> String {
    let mandatory = || cases.iter().filter(|case| !case.optional);
    let passed = mandatory().filter(|case| case.status == CaseStatus::Passed).count();
    format!("{passed} of {} passed", count(mandatory().count(), "case"))
}

/// The result of a case, as a clause: its exchanges, the step that failed, or the missing step.
pub(crate) fn case_sentence(case: &CaseVerdict) -> String {
    let step = |status| case.steps.iter().zip(1..).find(|(step, _)| step.status == status);
    let named = |(step, at): (&crate::verify::verdict::StepVerdict, usize)| {
        let seen = step.exchange.map(|number| format!(", exchange {number}")).unwrap_or_default();
        format!("step {at} of {} ({}{seen})", case.steps.len(), safe(&step.call))
    };
    match case.status {
        CaseStatus::Passed => format!("passed in {}", place(&case.witness)),
        CaseStatus::Failed => {
            let message = case.wait.as_ref().and_then(WaitVerdict::message);
            match (step(StepStatus::Failed), message) {
                (Some((step, at)), Some(message)) if case.is_untried() => {
                    format!("step {at} of {} ({}) was not tried: {message}", case.steps.len(), safe(&step.call))
                }
                (Some(found), Some(message)) => format!("failed at {}: {message}", named(found)),
                (Some(found), None) => format!("failed at {}", named(found)),
                (None, _) => "failed".to_owned(),
            }
        }
        CaseStatus::NotTested | CaseStatus::InProgress => match step(StepStatus::Pending) {
            Some((_, 1)) | None => NO_EXCHANGE.to_owned(),
            Some(found) => format!("pending from {}", named(found)),
        },
    }
}

/// The pages of the API documentation that requirements name.
const PAGES: [&str; 11] = [
    "api_principles",
    "best_practices",
    "detecting_mobilepay",
    "endpoint_errors",
    "input_formats",
    "notification_service",
    "overview_of_changes",
    "payment_flows",
    "pos_integratorauthentication",
    "pos_management",
    "self_certification",
];

/// The address of a source: of a page of the API documentation, or the source itself if it is an https URL. `None` if a
/// character of it could end a link.
pub(crate) fn source_url(source: &str) -> Option<String> {
    let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "-._~/#?=%+:".contains(c));
    if !is_plain(source) {
        return None;
    }
    let page = source.split('#').next().unwrap_or_default();
    match source.strip_prefix("https://") {
        Some(rest) => (!rest.is_empty()).then(|| source.to_owned()),
        None => PAGES.contains(&page).then(|| format!("https://mobilepaydev.github.io/MobilePay-PoS-v10/{source}")),
    }
}

/// The time of a recording: `2026-11-30 06:24:10 to 06:31:02 UTC`.
pub(crate) fn period(period: &RecordingPeriod) -> String {
    let parts = |moment: &str| {
        let (day, time) = moment.trim_end_matches('Z').split_once('T').unwrap_or((moment, ""));
        (safe(day), safe(time))
    };
    let ((day, from), (last, to)) = (parts(&period.from), parts(&period.to));
    if day == last { format!("{day} {from} to {to} UTC") } else { format!("{day} {from} to {last} {to} UTC") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_links_only_if_they_are_harmless() {
        let page = "https://mobilepaydev.github.io/MobilePay-PoS-v10/api_principles#error_handling";
        assert_eq!(source_url("api_principles#error_handling").as_deref(), Some(page));
        assert_eq!(source_url("https://example.com/a#b").as_deref(), Some("https://example.com/a#b"));
        for none in
            ["OpenAPI 10.2.6", "http://a", "https://", "https://a\"onclick=", "https://a)b", "javascript:x", "wiki#x"]
        {
            assert_eq!(source_url(none), None, "{none}");
        }
    }

    #[test]
    fn periods_name_the_day_once() {
        let of = |from: &str, to: &str| period(&RecordingPeriod { from: from.into(), to: to.into() });
        assert_eq!(of("2026-11-18T11:06:40Z", "2026-11-18T11:09:21Z"), "2026-11-18 11:06:40 to 11:09:21 UTC");
        assert_eq!(
            of("2026-11-18T23:59:00Z", "2026-11-19T00:01:00Z"),
            "2026-11-18 23:59:00 to 2026-11-19 00:01:00 UTC"
        );
    }

    #[test]
    fn consecutive_cases_are_a_range() {
        assert_eq!(
            case_ranges(&["onboarding/1", "onboarding/2", "onboarding/3", "payment/4", "refund/1", "refund/3"]),
            "onboarding/1 to /3, payment/4, refund/1, refund/3"
        );
        assert_eq!(case_ranges(&[]), "");
    }

    #[test]
    fn active_and_invisible_characters_are_escaped() {
        assert_eq!(safe("a\u{1b}[31mb\r\n\u{9b}2J"), "a\\u{1b}[31mb\\r\\n\\u{9b}2J");
        assert_eq!(
            safe("x\u{202e}y\u{2066}z\u{200b}\u{feff}\u{e0041}"),
            "x\\u{202e}y\\u{2066}z\\u{200b}\\u{feff}\\u{e0041}"
        );
        assert_eq!((safe("##vso[a]"), safe_line(" ::error::")), ("#\\u{23}vso[a]".into(), "\\u{3a}:error::".into()));
        assert_eq!(safe("Ærø, 5 € \u{5d0}"), "Ærø, 5 € \u{5d0}");
    }

    #[test]
    fn lists_and_places_are_formatted() {
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
        assert_eq!(place(&[]), "on a connection");
        let found = [vec![25, 30], vec![25, 34], vec![25]].map(|exchanges| Finding {
            exchanges,
            message: String::new(),
            remedy: String::new(),
            features: Vec::new(),
            is_missing: false,
        });
        assert_eq!(own_exchanges(&found.iter().collect::<Vec<_>>(), 1), "34, 25");
        assert_eq!(own_exchanges(&[], 0), "on connections");
        assert_eq!(place(&(1..=12).collect::<Vec<_>>()), "exchanges 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ...");
        assert_eq!(count(1, "case"), "1 case");
    }
}
