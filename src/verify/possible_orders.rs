//! Alternative readings of a capture whose times leave the order of events open.
//!
//! Requests with equal times may have been sent in any order. With a coarse clock, a response may have arrived before
//! or after the next request. Such a capture is evaluated in several orders: a requirement or case is broken only if it
//! is broken in all of them, and passed only if it is passed in all of them.

use super::verdict::{CaseStatus, CaseVerdict, Level, Outcome, Status, StepStatus, Verdict};
use std::collections::BTreeSet;

/// The maximum number of orders in which a capture is evaluated.
const MOST: usize = 120;

/// The number of random orders.
const SHUFFLES: usize = 8;

/// The maximum number of exchanges evaluated in all orders together.
const MOST_EXCHANGES: usize = 400_000;

/// Evaluates a capture in several orders. `verdict` is the verdict in the order of exchange numbers. `ties` are groups
/// of positions of exchanges whose order is open. `evaluate` evaluates the exchanges in the given order of positions.
///
/// # Errors
/// As for `evaluate`.
pub(crate) fn in_all_orders<E>(
    mut verdict: Verdict,
    exchanges: usize,
    ties: &[Vec<usize>],
    mut evaluate: impl FnMut(&[usize]) -> Result<Verdict, E>,
) -> Result<Verdict, E> {
    let most = MOST.min(MOST_EXCHANGES.checked_div(exchanges).unwrap_or(MOST)).max(3);
    let mut left = most;
    let mut best: Vec<usize> = (0..exchanges).collect();
    let mut fewest = broken(&verdict);
    let mut evaluated = |order: Vec<usize>, best: &mut Vec<usize>| -> Result<bool, E> {
        let other = evaluate(&order)?;
        keep_common(&mut verdict, &other, false);
        if broken(&other) < fewest {
            (fewest, *best) = (broken(&other), order);
        }
        left = left.saturating_sub(1);
        Ok(left > 0)
    };
    evaluated(arranged(&best, ties, |group| group.iter().rev().copied().collect()), &mut best)?;
    // Each group on its own, with the others in the order that breaks least.
    'groups: for group in ties {
        for order in arrangements(group) {
            let mut whole = best.clone();
            put(&mut whole, group, &order);
            if !evaluated(whole, &mut best)? {
                break 'groups;
            }
        }
    }
    // All groups shuffled, with a fixed seed.
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..SHUFFLES {
        if ties.iter().any(|group| group.len() > 2) {
            evaluated(arranged(&best, ties, |group| shuffled(group, &mut seed)), &mut best)?;
        }
    }
    Ok(verdict)
}

/// An order in which each group is rearranged.
fn arranged(order: &[usize], ties: &[Vec<usize>], mut how: impl FnMut(&[usize]) -> Vec<usize>) -> Vec<usize> {
    let mut whole = order.to_vec();
    for group in ties {
        put(&mut whole, group, &how(group));
    }
    whole
}

/// Rearranges the exchanges of a group within an order.
fn put(whole: &mut [usize], group: &[usize], order: &[usize]) {
    for (place, now) in group.iter().zip(order) {
        if let Some(slot) = whole.get_mut(*place) {
            *slot = *now;
        }
    }
}

/// All other orders of a group of at most four; for a larger group, those with two neighbours swapped.
fn arrangements(group: &[usize]) -> Vec<Vec<usize>> {
    if group.len() > 4 {
        let swapped = |at: usize| {
            let mut order = group.to_vec();
            order.swap(at, at + 1);
            order
        };
        return (0..group.len() - 1).map(swapped).collect();
    }
    let mut all = vec![Vec::new()];
    for &one in group {
        let with = |order: &Vec<usize>| {
            let order = order.clone();
            (0..=order.len()).map(move |at| {
                let mut order = order.clone();
                order.insert(at, one);
                order
            })
        };
        all = all.iter().flat_map(with).collect();
    }
    all.retain(|order| order != group);
    all
}

fn shuffled(group: &[usize], seed: &mut u64) -> Vec<usize> {
    let mut order = group.to_vec();
    for at in (1..order.len()).rev() {
        // Knuth's linear congruential generator is sufficient.
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let other = usize::try_from(*seed >> 33).unwrap_or(0) % (at + 1);
        order.swap(at, other);
    }
    order
}

/// The number of findings and failed cases in a verdict.
fn broken(verdict: &Verdict) -> usize {
    let findings: usize = verdict.requirements.iter().map(|requirement| requirement.findings.len()).sum();
    findings + cases(verdict).filter(|case| case.status == CaseStatus::Failed).count()
}

/// Whether a verdict has a finding or a failed case.
pub(crate) fn breaks_something(verdict: &Verdict) -> bool {
    broken(verdict) > 0
}

/// Removes from a verdict what another reading of the same capture does not confirm. `only_broken`: passed requirements
/// and cases need no confirmation.
pub(crate) fn keep_common(verdict: &mut Verdict, other: &Verdict, only_broken: bool) {
    let mut changed = BTreeSet::new();
    for requirement in &mut verdict.requirements {
        let status = other.requirements.iter().find(|one| one.id == requirement.id).map(|one| one.status);
        let Some(status) = status.filter(|status| *status != requirement.status) else { continue };
        if is_broken(requirement.status) && !is_broken(status) {
            let features = requirement.findings.iter().flat_map(|finding| finding.features.iter().copied());
            changed.extend(features.filter(|_| requirement.level == Level::Must));
            requirement.findings.clear();
            requirement.status = Status::NotExercised;
        } else if requirement.status == Status::Passed && !only_broken {
            requirement.status = Status::NotExercised;
        }
    }
    for feature in &mut verdict.features {
        let others = other.features.iter().find(|one| one.id == feature.id);
        for case in &mut feature.cases {
            let status = others.and_then(|feature| feature.cases.iter().find(|one| one.id == case.id));
            let Some(status) = status.map(|one| one.status).filter(|status| *status != case.status) else { continue };
            let unsaid = match case.status {
                CaseStatus::Failed => true,
                CaseStatus::Passed => !only_broken,
                _ => false,
            };
            if unsaid {
                leave_open(case, status);
                changed.insert(feature.id);
            }
        }
    }
    let musts = || verdict.requirements.iter().filter(|requirement| requirement.level == Level::Must);
    for feature in &mut verdict.features {
        let broken = musts().any(|must| must.findings.iter().any(|finding| finding.features.contains(&feature.id)));
        let failed = feature.cases.iter().any(|case| !case.optional && case.status == CaseStatus::Failed);
        if changed.contains(feature.id) || feature.verdict == Outcome::Failed {
            feature.verdict = if broken || failed { Outcome::Failed } else { Outcome::Incomplete };
        }
    }
    let broken = musts().any(|must| must.status == Status::Failed);
    let is = |outcome: Outcome| verdict.features.iter().any(|feature| feature.verdict == outcome);
    verdict.verdict = match verdict.verdict {
        _ if broken || is(Outcome::Failed) => Outcome::Failed,
        Outcome::Passed if !is(Outcome::Incomplete) => Outcome::Passed,
        _ => Outcome::Incomplete,
    };
}

fn leave_open(case: &mut CaseVerdict, other: CaseStatus) {
    case.status = if other == CaseStatus::InProgress { other } else { CaseStatus::NotTested };
    case.witness.clear();
    for step in &mut case.steps {
        (step.status, step.exchange) = (StepStatus::Pending, None);
    }
}

fn is_broken(status: Status) -> bool {
    matches!(status, Status::Failed | Status::Warning)
}

fn cases(verdict: &Verdict) -> impl Iterator<Item = &CaseVerdict> {
    verdict.features.iter().flat_map(|feature| &feature.cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_groups_are_fully_permuted_and_untied_exchanges_keep_their_place() {
        assert_eq!(arrangements(&[4, 7]), [vec![7, 4]]);
        let all: BTreeSet<Vec<usize>> = arrangements(&[1, 2, 3, 4]).into_iter().collect();
        assert_eq!(all.len(), 23);
        assert_eq!(arrangements(&[1, 2, 3, 4, 5]).len(), 4);
        let mut seed = 7;
        let order =
            arranged(&(0..9).collect::<Vec<_>>(), &[vec![1, 2], vec![4, 5, 6]], |group| shuffled(group, &mut seed));
        assert_eq!((order[0], order[3], order[7], order[8]), (0, 3, 7, 8));
        assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), 9);
    }
}
