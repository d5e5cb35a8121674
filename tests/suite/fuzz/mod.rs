//! Fuzzing of every reader of foreign input: no panic, no hang, and the guarantees of each target. Seeds are in
//! `tests/fuzz/seeds`, inputs that once failed in `tests/fuzz/found`.
//!
//! In the test suite each target gets the same few thousand inputs every time. `bash tests/fuzz.sh [seconds]` runs each
//! target with new inputs for that time.

mod mutate;
mod targets;

use super::poscert_process::tests;
use mutate::{Chance, mutate};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use targets::Target;

/// How long one input may take on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

fn files(folder: &str, target: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(tests(folder).join(target)) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Runs a target. A failing input is kept, and the panic names its file.
fn feed(target: &mut Target) {
    let seconds: Option<u64> = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let seed = match seconds {
        Some(_) => u64::from_le_bytes(uuid::Uuid::new_v4().into_bytes()[..8].try_into().unwrap()),
        None => 0x0070_6f73_6365_7274,
    };
    let found = files("fuzz/found", target.name);
    let mut seeds = files("fuzz/seeds", target.name);
    seeds.extend(std::mem::take(&mut target.seeds));
    assert!(!seeds.is_empty(), "{} has no seeds", target.name);
    let (mut chance, begun, mut count) = (Chance::new(seed), Instant::now(), 0_u64);
    for input in found.iter().chain(&seeds) {
        feed_one(target, input);
        count += 1;
    }
    let inputs = target.inputs;
    let more = |count: u64| match seconds {
        Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
        None => count < inputs && begun.elapsed() < Duration::from_secs(20),
    };
    while more(count) {
        feed_one(target, &mutate(&mut chance, &seeds));
        count += 1;
    }
    eprintln!(
        "fuzz {}: {count} inputs from {} seeds and {} found earlier, in {:.1?} (seed {seed:#x})",
        target.name,
        seeds.len(),
        found.len(),
        begun.elapsed()
    );
}

fn feed_one(target: &mut Target, input: &[u8]) {
    let begun = Instant::now();
    let run = &mut target.run;
    let result = catch_unwind(AssertUnwindSafe(|| run(input)));
    let slow = begun.elapsed() > LONGEST;
    if result.is_ok() && !slow {
        return;
    }
    let folder = tests("fuzz/found").join(target.name);
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join(&poscert::seal::Digest::of(input).to_string()[..16]);
    std::fs::write(&path, input).unwrap();
    let why = if slow { format!("took {:?}", begun.elapsed()) } else { "violated an invariant".to_owned() };
    panic!("{}: an input {why}; it is kept as {}", target.name, path.display());
}

#[test]
fn framer_reads_the_same_for_any_split_of_the_bytes() {
    feed(&mut targets::requests());
    feed(&mut targets::answers());
}

#[test]
fn har_files_are_read_or_refused() {
    feed(&mut targets::har());
}

#[test]
fn changed_archives_are_damaged() {
    feed(&mut targets::archive());
}

#[test]
fn records_are_read_or_refused() {
    feed(&mut targets::records());
}

#[test]
fn rule_files_are_read_or_refused() {
    feed(&mut targets::rules());
}

#[test]
fn tokens_are_never_kept() {
    feed(&mut targets::claims());
}

#[test]
fn changed_capture_heads_are_damaged() {
    feed(&mut targets::head());
}

#[test]
fn routes_are_found_or_not() {
    feed(&mut targets::routes());
}

#[test]
fn secrets_are_redacted_in_any_context() {
    feed(&mut targets::redaction());
}
