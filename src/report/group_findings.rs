//! Grouping of similar findings: one entry and a count instead of a thousand entries.

use super::wording;
use crate::verify::verdict::Finding;

/// Maximum number of groups that are shown in full.
const SHOWN_IN_FULL: usize = 6;

/// A group of similar findings.
pub(crate) struct Fold<'a> {
    pub first: &'a Finding,
    /// The others, in order.
    pub rest: Vec<&'a Finding>,
    /// Whether all messages are equal, including their values.
    pub identical: bool,
}

impl Fold<'_> {
    /// The other findings, as a phrase: `and 2 more: 4, 7`; empty if there are none.
    pub(crate) fn more(&self) -> String {
        if self.rest.is_empty() {
            return String::new();
        }
        let like = if self.identical { "more" } else { "more like it" };
        format!("and {} {like}: {}", self.rest.len(), wording::own_exchanges(&self.all(), 1))
    }

    fn all(&self) -> Vec<&Finding> {
        std::iter::once(self.first).chain(self.rest.iter().copied()).collect()
    }
}

/// The groups to show in full, and a phrase for the others: `and 3 other findings: 4, 5, 6`; empty if there are none.
pub(crate) fn shown(findings: &[Finding]) -> (Vec<Fold<'_>>, String) {
    let mut folds = fold(findings);
    let rest = folds.split_off(folds.len().min(SHOWN_IN_FULL));
    let rest: Vec<&Finding> = rest.iter().flat_map(Fold::all).collect();
    let others = match wording::count(rest.len(), "other finding") {
        _ if rest.is_empty() => String::new(),
        count => format!("and {count}: {}", wording::own_exchanges(&rest, 0)),
    };
    (folds, others)
}

/// Groups findings whose messages differ only in values (numbers, ids), ordered by their first finding.
pub(crate) fn fold(findings: &[Finding]) -> Vec<Fold<'_>> {
    let mut keys = std::collections::HashMap::new();
    let mut folds: Vec<Fold> = Vec::new();
    for finding in findings {
        let key = (shape(&finding.message), &finding.remedy, &finding.features);
        let at = *keys.entry(key).or_insert(folds.len());
        match folds.get_mut(at) {
            Some(fold) => {
                fold.identical &= fold.first.message == finding.message;
                fold.rest.push(finding);
            }
            None => folds.push(Fold { first: finding, rest: Vec::new(), identical: true }),
        }
    }
    folds
}

/// A message with `#` in place of each word that contains a digit.
fn shape(message: &str) -> String {
    let mut out = String::with_capacity(message.len());
    for word in message.split_inclusive(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '.' | ':'))) {
        if word.bytes().any(|b| b.is_ascii_digit()) {
            out.push('#');
        } else {
            out.push_str(word);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(number: u64, message: &str) -> Finding {
        Finding {
            exchanges: vec![number],
            message: message.into(),
            remedy: "r".into(),
            features: vec!["payment"],
            is_missing: false,
        }
    }

    #[test]
    fn messages_that_differ_only_in_values_are_grouped() {
        let findings = [
            finding(1, "came 512.5 ms after"),
            finding(2, "no key"),
            finding(3, "came 12 ms after"),
            finding(4, "no key"),
        ];
        let folds = fold(&findings);
        let summary: Vec<_> = folds.iter().map(|f| (f.first.exchanges[0], f.rest.len(), f.identical)).collect();
        assert_eq!(summary, [(1, 1, false), (2, 1, true)]);
    }

    #[test]
    fn findings_with_other_remedies_or_features_are_not_grouped() {
        let mut other = finding(2, "no key");
        other.features = vec!["onboarding"];
        assert_eq!(fold(&[finding(1, "no key"), other]).len(), 2);
    }
}
