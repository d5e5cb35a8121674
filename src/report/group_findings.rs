//! Grouping of similar findings: one entry and a count instead of a thousand entries.

use super::wording;
use crate::verify::verdict::Finding;

/// A group of similar findings.
pub(crate) struct Fold<'a> {
    pub first: &'a Finding,
    /// The others, in order.
    pub rest: Vec<&'a Finding>,
    /// Whether all messages are equal, including their values.
    pub identical: bool,
}

impl Fold<'_> {
    /// The exchanges of the other findings, as text.
    pub(crate) fn others(&self) -> String {
        let all: Vec<&Finding> = std::iter::once(self.first).chain(self.rest.iter().copied()).collect();
        wording::own_exchanges(&all, 1)
    }
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
        Finding { exchanges: vec![number], message: message.into(), remedy: "r".into(), features: vec!["payment"] }
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
