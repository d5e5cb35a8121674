//! Mutants of an expression: its text with one operator, operand or number changed.
//!
//! A mutant that tests can hardly tell from the original is left out: a test for `null` that protects another part of
//! the expression, and the boundary of a comparison of times, which a HAR file does not show to the millisecond.

use super::tokens::{Kind, Token, tokens};

/// A changed expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Changed {
    /// The expression.
    pub text: String,
    /// The test that tells it from the original.
    pub hint: String,
}

/// The mutants of an expression. `beside`: the other expressions of its check.
pub(super) fn mutants(source: &str, beside: &str) -> Vec<Changed> {
    let mut found = Vec::new();
    let hint = format!("add a test in which `{source}` is true and one in which it is false, with different results");
    found.push(Changed { text: negated(source), hint });
    let Some(tokens) = tokens(source) else { return found };
    let is_operator = |token: &&Token| token.kind == Kind::Operator && !["(", ")", "!", "-"].contains(&token.text);
    let is_single = tokens.iter().filter(is_operator).count() <= 1;
    for at in 0..tokens.len() {
        of_token(source, &tokens, at, is_single, &mut found);
    }
    operands(source, &tokens, beside, &mut found);
    let mut seen = vec![plain(source)];
    found.retain(|changed| {
        let text = plain(&changed.text);
        let is_new = !seen.contains(&text);
        seen.push(text);
        is_new
    });
    found
}

/// Whether an expression is a test for `null` that protects one of the others.
pub(super) fn is_guard(expression: &str, others: &str) -> bool {
    let field = expression.trim().strip_suffix("null").map(str::trim_end);
    let field = field.and_then(|rest| rest.strip_suffix("!=").or_else(|| rest.strip_suffix("==")));
    field.is_some_and(|field| {
        let field = field.trim();
        !field.is_empty() && tokens(others).is_none_or(|tokens| tokens.iter().any(|token| token.text == field))
    })
}

/// The parts of an expression that `&&` joins outside brackets; one part if `||` joins them.
pub(super) fn conjuncts(source: &str) -> Vec<&str> {
    let Some(tokens) = tokens(source) else { return vec![source] };
    let outer = |token: &&Token| token.depth == 0 && token.kind == Kind::Operator;
    if tokens.iter().filter(outer).any(|token| ["||", "?"].contains(&token.text)) {
        return vec![source];
    }
    let mut start = 0;
    let mut parts = Vec::new();
    for token in tokens.iter().filter(outer).filter(|token| token.text == "&&") {
        parts.extend(source.get(start..token.at));
        start = token.end();
    }
    parts.extend(source.get(start..));
    parts.into_iter().map(str::trim).collect()
}

/// An expression and its opposite.
fn negated(source: &str) -> String {
    let source = source.trim();
    let is_word = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
    match source.strip_prefix('!').map(str::trim) {
        Some(rest) if is_word(rest) => rest.to_owned(),
        _ if is_word(source) => format!("!{source}"),
        _ => format!("!({source})"),
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}

fn of_token(source: &str, tokens: &[Token], at: usize, is_single: bool, found: &mut Vec<Changed>) {
    let Some(token) = tokens.get(at) else { return };
    let mut add = |new: &str, hint: String| {
        let text = format!("{}{new}{}", source.get(..token.at).unwrap_or(""), source.get(token.end()..).unwrap_or(""));
        found.push(Changed { text, hint });
    };
    let operands = operands_of(tokens, at);
    let comparison = operands.and_then(|(start, end)| source.get(start..end)).unwrap_or(source);
    let is_time = comparison.contains("_ms");
    match token.text {
        _ if token.is_comparison() => {
            let (boundary, opposite) = match token.text {
                "<" => (Some("<="), ">="),
                "<=" => (Some("<"), ">"),
                ">" => (Some(">="), "<="),
                ">=" => (Some(">"), "<"),
                "==" => (None, "!="),
                _ => (None, "=="),
            };
            if let Some(boundary) = boundary.filter(|_| !is_time) {
                add(boundary, format!("add a test in which both sides of `{comparison}` are equal"));
            }
            if !is_single {
                add(opposite, format!("add a test whose result depends on `{comparison}` alone"));
            }
        }
        "&&" => add("||", "add a test in which only one side of `&&` is true".to_owned()),
        "||" => add("&&", "add a test in which only one side of `||` is true".to_owned()),
        "!" if !is_single => add("", "add a test whose result depends on the part after `!` alone".to_owned()),
        text if token.kind == Kind::Number => {
            let Ok(number) = text.parse::<i64>() else { return };
            for changed in neighbors(number, is_time) {
                let (low, high) = (number.min(changed), number.max(changed));
                let hint = if is_time {
                    format!("add a test in which the time is between {low} and {high} ms")
                } else {
                    format!("add a test in which the value is {low}, and one in which it is {high}")
                };
                add(&changed.to_string(), hint);
            }
        }
        _ => {}
    }
}

/// The numbers beside a number: a time differs by a tenth, because clocks are coarse, any other number by one.
pub(super) fn neighbors(number: i64, is_time: bool) -> Vec<i64> {
    let step = if is_time { (number / 10).max(2) } else { 1 };
    let below = Some(number.saturating_sub(step)).filter(|below| *below >= 0);
    [Some(number.saturating_add(step)), below].into_iter().flatten().collect()
}

/// The place in the text of a comparison's two sides.
fn operands_of(tokens: &[Token], at: usize) -> Option<(usize, usize)> {
    let depth = tokens.get(at)?.depth;
    let ends = |token: &&Token| token.depth < depth || (token.depth == depth && token.is_border());
    let inner = |token: &&Token| !ends(token);
    let first = tokens.get(..=at)?.iter().rev().take_while(inner).last()?;
    let last = tokens.get(at..)?.iter().take_while(inner).last()?;
    Some((first.at, last.end()))
}

/// Mutants without one of the operands of `&&` or `||`.
fn operands(source: &str, tokens: &[Token], beside: &str, found: &mut Vec<Changed>) {
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| ["&&", "||"].contains(&token.text)) {
        // An operand of `||` ends only at another `||`, because `&&` binds closer.
        let ends = |other: &Token| {
            let is_same = other.depth == token.depth;
            other.depth < token.depth || (is_same && other.is_border() && (other.text != "&&" || token.text == "&&"))
        };
        let before = tokens.iter().take(at).rev().take_while(|other| !ends(other)).last();
        let after = tokens.iter().skip(at + 1).take_while(|other| !ends(other)).last();
        let (Some(before), Some(after)) = (before, after) else { continue };
        let mut drop_part = |from: usize, to: usize, operand: &str| {
            let rest = format!("{}{}", source.get(..from).unwrap_or(""), source.get(to..).unwrap_or(""));
            if !is_guard(operand, &format!("{rest} {beside}")) {
                let state = if token.text == "&&" { "false" } else { "true" };
                let hint = format!("add a test in which only `{operand}` is {state}");
                found.push(Changed { text: rest.trim().to_owned(), hint });
            }
        };
        let right = source.get(token.end()..after.end()).unwrap_or("").trim();
        let left = source.get(before.at..token.at).unwrap_or("").trim();
        // The left side of a chain is dropped at its first operator, each right side at its own.
        let start = tokens.iter().skip(at + 1).map(|next| next.at).next().unwrap_or(token.end());
        drop_part(before.end_of_gap(source, token), after.end(), right);
        let is_first = tokens.iter().take(at).rev().take_while(|other| other.depth >= token.depth);
        if !is_first.into_iter().any(|other| other.depth == token.depth && other.text == token.text) {
            drop_part(before.at, start, left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::Predicate;

    fn of(source: &str) -> Vec<String> {
        mutants(source, "").into_iter().map(|changed| changed.text).collect()
    }

    #[test]
    fn comparison_is_negated_and_moved_by_one() {
        assert_eq!(
            of("call.status < 300"),
            ["!(call.status < 300)", "call.status <= 300", "call.status < 301", "call.status < 299"]
        );
        assert_eq!(of("call.gap_ms >= 500"), ["!(call.gap_ms >= 500)", "call.gap_ms >= 550", "call.gap_ms >= 450"]);
        assert_eq!(of("call.op == 'a && 1'"), ["!(call.op == 'a && 1')"]);
    }

    #[test]
    fn flag_is_negated() {
        assert_eq!(of("call.succeeded"), ["!call.succeeded"]);
        assert_eq!(of("!call.succeeded"), ["call.succeeded"]);
    }

    #[test]
    fn each_operand_is_dropped_and_each_operator_changed() {
        let found = of("call.succeeded && !call.creates && call.op == 'x'");
        for expected in [
            "!(call.succeeded && !call.creates && call.op == 'x')",
            "call.succeeded || !call.creates && call.op == 'x'",
            "call.succeeded && call.creates && call.op == 'x'",
            "call.succeeded && !call.creates || call.op == 'x'",
            "call.succeeded && !call.creates && call.op != 'x'",
            "!call.creates && call.op == 'x'",
            "call.succeeded && call.op == 'x'",
            "call.succeeded && !call.creates",
        ] {
            assert!(found.iter().any(|text| text == expected), "{expected}: {found:#?}");
        }
        assert_eq!(found.len(), 8, "{found:#?}");
    }

    #[test]
    fn operands_of_nested_operators_are_dropped_whole() {
        let found = of("call.failed || (call.creates && call.is_get) || call.answered");
        for expected in [
            "(call.creates && call.is_get) || call.answered",
            "call.failed || call.answered",
            "call.failed || (call.creates) || call.answered",
            "call.failed || (call.is_get) || call.answered",
            "call.failed || (call.creates && call.is_get)",
        ] {
            assert!(found.iter().any(|text| text == expected), "{expected}: {found:#?}");
        }
        let mixed = of("call.failed || call.creates && call.is_get");
        assert!(mixed.contains(&"call.failed".to_owned()), "{mixed:#?}");
        assert!(mixed.contains(&"call.failed || call.is_get".to_owned()), "{mixed:#?}");
    }

    #[test]
    fn tests_for_null_stay_where_they_protect_something() {
        let found = of("call.amount != null && call.amount <= 5");
        assert!(!found.contains(&"call.amount <= 5".to_owned()), "{found:#?}");
        assert!(found.contains(&"call.amount != null".to_owned()), "{found:#?}");
        assert!(is_guard("call.amount != null", "call.amount <= 5"));
        assert!(!is_guard("call.amount != null", "call.amounts <= 5"));
        assert_eq!(conjuncts("a.b && (c.d || e.f) && g.h"), ["a.b", "(c.d || e.f)", "g.h"]);
    }

    #[test]
    fn mutants_of_the_built_in_rules_compile() {
        let rules = crate::rules::load(None).unwrap();
        let (mut count, mut wrong) = (0, Vec::new());
        let sources = rules.files.iter().flat_map(|(_, text)| text.lines());
        let quoted = |line: &str| {
            let (key, value) = line.split_once(" = ")?;
            let is_expression = ["when", "require", "forbid"].contains(&key.trim());
            is_expression.then(|| value.trim().trim_matches('"').to_owned())
        };
        for source in sources.filter_map(quoted) {
            for changed in mutants(&source, "") {
                count += 1;
                if Predicate::compile(&changed.text, crate::profile::pos_v10()).is_err() {
                    wrong.push(format!("{source} -> {}", changed.text));
                }
            }
        }
        assert!(count > 500 && wrong.is_empty(), "{count}: {wrong:#?}");
    }
}
