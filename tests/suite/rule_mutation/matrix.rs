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
struct Fate {
    operator: &'static str,
    what: String,
    at: String,
    shown: Shown,
    killed: bool,
}

fn fates(fixture: &str) -> (Shown, Vec<Fate>) {
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
            own.push(fate(fixture, &walk, &base, mutant));
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

fn fate(fixture: &str, walk: &Walk, base: &Shown, mutant: &Mutant) -> Fate {
    let call = &walk.calls[mutant.at];
    let shown = judge(&mutant.of(walk));
    let killed = shown.differs(base);
    let at = format!("{} {fixture}:{}", call.operation(), call.name);
    Fate { operator: mutant.operator, what: mutant.what.clone(), at, shown, killed }
}

#[test]
fn each_mutant_is_killed_or_listed_as_harmless() {
    let known = equivalent_mutants::read();
    let mut exercised: BTreeSet<String> = BTreeSet::new();
    let mut all: Vec<Fate> = Vec::new();
    for fixture in FIXTURES {
        let (base, fates) = fates(fixture);
        exercised.extend(base.exercised);
        all.extend(fates);
    }
    write_down(&all);
    print_operators(&all);
    let by_requirement = by_requirement(&all);
    print_requirements(&by_requirement);
    let unknown: Vec<String> = all
        .iter()
        .filter(|fate| !fate.killed && !known.iter().any(|entry| covers(entry, fate)))
        .map(|fate| format!("{} | {} | {}", fate.operator, fate.what, fate.at))
        .collect();
    assert!(unknown.is_empty(), "{} survivors that are not reviewed:\n{}", unknown.len(), unknown.join("\n"));
    if EVERY > 1 {
        return;
    }
    // An entry that matches more killed than surviving mutants is too broad.
    let broad: Vec<&String> = known
        .iter()
        .filter(|entry| {
            let covered = all.iter().filter(|fate| covers(entry, fate));
            covered.map(|fate| if fate.killed { 1 } else { -1 }).sum::<i64>() > 0
        })
        .map(|entry| &entry.line)
        .collect();
    assert!(broad.is_empty(), "entries of equivalent_mutants.toml that are too broad: {broad:#?}");
    let idle: Vec<&String> = known
        .iter()
        .filter(|entry| !all.iter().any(|fate| !fate.killed && covers(entry, fate)))
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
fn write_down(all: &[Fate]) {
    let line = |fate: &Fate| {
        let broken: Vec<&str> = fate.shown.failed.iter().chain(&fate.shown.warned).map(String::as_str).collect();
        let fell = if fate.killed { "killed" } else { "alive" };
        format!(
            "{fell} | {} | {} | {} | {} {}\n",
            fate.operator,
            fate.what,
            fate.at,
            fate.shown.verdict,
            broken.join(" ")
        )
    };
    let text: String = all.iter().map(line).collect();
    std::fs::write(std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants.txt"), text).unwrap();
}

fn covers(entry: &Entry, fate: &Fate) -> bool {
    entry.covers(fate.operator, &fate.what, &fate.at)
}

fn print_operators(all: &[Fate]) {
    let mut table: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for fate in all {
        let row = table.entry(fate.operator).or_default();
        row.0 += 1;
        row.1 += usize::from(fate.killed);
    }
    println!("{:<10} {:>7} {:>7} {:>7}", "operator", "mutants", "killed", "alive");
    for (operator, (count, killed)) in &table {
        println!("{operator:<10} {count:>7} {killed:>7} {:>7}", count - killed);
    }
    let killed = all.iter().filter(|fate| fate.killed).count();
    println!("{:<10} {:>7} {killed:>7} {:>7}", "all", all.len(), all.len() - killed);
}

/// The number of mutants that broke each requirement, by operator.
fn by_requirement(all: &[Fate]) -> BTreeMap<String, BTreeMap<&'static str, usize>> {
    let mut table: BTreeMap<String, BTreeMap<&'static str, usize>> = BTreeMap::new();
    for fate in all {
        for id in fate.shown.failed.iter().chain(&fate.shown.warned) {
            *table.entry(id.clone()).or_default().entry(fate.operator).or_default() += 1;
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
