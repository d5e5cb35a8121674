//! The kill matrix: evaluates every mutant of every fixture, and counts the kills by operator and requirement.

use super::equivalent_mutants::{self, Entry};
use super::mutants::Mutant;
use super::operators;
use super::scenario::Walk;
use super::{FIXTURES, Shown, certified, judge, rules};
use poscert::rules::model::Level;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};

/// A debug build is ten times slower: it uses a sample, and the counts are left to the release build.
const EVERY: usize = if cfg!(debug_assertions) { 13 } else { 1 };

/// The result of a mutant.
struct MutantResult {
    operator: &'static str,
    what: String,
    at: String,
    shown: Shown,
    killed: bool,
}

fn mutant_results(fixture: &str) -> (Shown, Vec<MutantResult>) {
    let walk = certified(fixture);
    let base = judge(&walk);
    // A mutant must change something.
    let changes = |mutant: &Mutant| {
        let other = mutant.of(&walk);
        (&other.calls, &other.records, &other.features) != (&walk.calls, &walk.records, &walk.features)
    };
    let mutants: Vec<Mutant> = operators::all(&walk, fixture).into_iter().step_by(EVERY).filter(changes).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        let mut own = Vec::new();
        while let Some(mutant) = mutants.get(next.fetch_add(1, Ordering::Relaxed)) {
            own.push(result(fixture, &walk, &base, mutant));
        }
        own
    };
    // The machine is shared, so only two threads.
    let mut found = std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let mut found = work();
        found.extend(other.join().unwrap());
        found
    });
    found.sort_by(|a, b| (&a.at, a.operator, &a.what).cmp(&(&b.at, b.operator, &b.what)));
    (base, found)
}

fn result(fixture: &str, walk: &Walk, base: &Shown, mutant: &Mutant) -> MutantResult {
    let call = &walk.calls[mutant.at];
    let shown = judge(&mutant.of(walk));
    let killed = shown.differs(base);
    let at = format!("{} {fixture}:{}", call.operation(), call.name);
    MutantResult { operator: mutant.operator, what: mutant.what.clone(), at, shown, killed }
}

#[test]
fn each_mutant_is_killed_or_listed_as_harmless() {
    let known = equivalent_mutants::read();
    let mut exercised: BTreeSet<String> = BTreeSet::new();
    let mut all: Vec<MutantResult> = Vec::new();
    for fixture in FIXTURES {
        let (base, mutant_results) = mutant_results(fixture);
        exercised.extend(base.exercised);
        all.extend(mutant_results);
    }
    write_down(&all);
    print_operators(&all);
    let by_requirement = by_requirement(&all);
    print_requirements(&by_requirement);
    let unknown: Vec<String> = all
        .iter()
        .filter(|result| !result.killed && !known.iter().any(|entry| covers(entry, result)))
        .map(|result| format!("{} | {} | {}", result.operator, result.what, result.at))
        .collect();
    assert!(unknown.is_empty(), "{} survivors that are not reviewed:\n{}", unknown.len(), unknown.join("\n"));
    if EVERY > 1 {
        return;
    }
    // An entry that matches more killed than surviving mutants is too broad.
    let broad: Vec<&String> = known
        .iter()
        .filter(|entry| {
            let covered = all.iter().filter(|result| covers(entry, result));
            covered.map(|result| if result.killed { 1 } else { -1 }).sum::<i64>() > 0
        })
        .map(|entry| &entry.line)
        .collect();
    assert!(broad.is_empty(), "entries of equivalent_mutants.toml that are too broad: {broad:#?}");
    let idle: Vec<&String> = known
        .iter()
        .filter(|entry| !all.iter().any(|result| !result.killed && covers(entry, result)))
        .map(|entry| &entry.line)
        .collect();
    assert!(idle.is_empty(), "entries of equivalent_mutants.toml that no survivor needs: {idle:#?}");
    let musts = rules().requirements.iter().filter(|requirement| requirement.level == Level::Must);
    let weak: Vec<String> = musts
        .filter_map(|requirement| {
            let kills = by_requirement.get(&requirement.id).cloned().unwrap_or_default();
            let (count, operators) = (kills.values().sum::<usize>(), kills.len());
            (count < 5 || operators < 2).then(|| format!("{}: {kills:?}", requirement.id))
        })
        .collect();
    assert!(weak.is_empty(), "musts that fewer than five mutants of two operators break: {weak:#?}");
}

/// Writes all mutants with their results to a file, to review the survivors.
fn write_down(all: &[MutantResult]) {
    let line = |result: &MutantResult| {
        let broken: Vec<&str> = result.shown.failed.iter().chain(&result.shown.warned).map(String::as_str).collect();
        let fell = if result.killed { "killed" } else { "alive" };
        format!(
            "{fell} | {} | {} | {} | {} {}\n",
            result.operator,
            result.what,
            result.at,
            result.shown.verdict,
            broken.join(" ")
        )
    };
    let text: String = all.iter().map(line).collect();
    std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants.txt"), text).unwrap();
}

fn covers(entry: &Entry, result: &MutantResult) -> bool {
    entry.covers(result.operator, &result.what, &result.at)
}

fn print_operators(all: &[MutantResult]) {
    let mut table: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for result in all {
        let row = table.entry(result.operator).or_default();
        row.0 += 1;
        row.1 += usize::from(result.killed);
    }
    println!("{:<10} {:>7} {:>7} {:>7}", "operator", "mutants", "killed", "alive");
    for (operator, (count, killed)) in &table {
        println!("{operator:<10} {count:>7} {killed:>7} {:>7}", count - killed);
    }
    let killed = all.iter().filter(|result| result.killed).count();
    println!("{:<10} {:>7} {killed:>7} {:>7}", "all", all.len(), all.len() - killed);
}

/// The number of mutants that broke each requirement, by operator.
fn by_requirement(all: &[MutantResult]) -> BTreeMap<String, BTreeMap<&'static str, usize>> {
    let mut table: BTreeMap<String, BTreeMap<&'static str, usize>> = BTreeMap::new();
    for result in all {
        for id in result.shown.failed.iter().chain(&result.shown.warned) {
            *table.entry(id.clone()).or_default().entry(result.operator).or_default() += 1;
        }
    }
    table
}

fn print_requirements(table: &BTreeMap<String, BTreeMap<&'static str, usize>>) {
    println!("\nrequirement, and by how many mutants of which operator it was broken");
    for requirement in &rules().requirements {
        let row = table.get(&requirement.id);
        let cells = row.into_iter().flatten().map(|(operator, count)| format!("{operator} {count}"));
        println!("{:<8} {}", requirement.id, cells.collect::<Vec<_>>().join(", "));
    }
    println!();
}
