//! Tests of `kill -9` at random moments: under load from many connections, while parts of the capture are closed, and
//! while a response is withheld. Every complete response is in the capture, which opens, names its gaps, and is
//! incomplete, not passed.
//!
//! `bash tests/kill.sh 300` runs more rounds.

use super::load::{Load, answer, call, connected, token};
use super::poscert_process::*;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;

const CALLERS: usize = 6;

/// The number of kills: `KILLS`, or 24.
fn kills() -> u64 {
    std::env::var("KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(24)
}

/// Waits for a random time.
async fn a_while(round: u64, most_ms: u64) {
    let random = u64::from_le_bytes(uuid::Uuid::new_v4().into_bytes()[..8].try_into().unwrap());
    tokio::time::sleep(Duration::from_millis(random.wrapping_add(round) % most_ms)).await;
}

/// Under load; in every third round the parts of the capture are small, so that they are closed often.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_under_load_lose_no_response() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let load = Load::new(home);
    let begun = Instant::now();
    let patience = Duration::from_secs(4 * kills());
    let rounds = kills() * 5 / 6;
    for round in 0..rounds {
        let before = load.count();
        let mut command = record(home);
        command.arg("--quiet").env("POSCERT_PART_EXCHANGES", if round % 3 == 2 { "3" } else { "20000" });
        let recording = Recording::spawn(home, command);
        let callers = load.begin(&recording, &round.to_string(), CALLERS, true).await;
        // Killed at a random moment, but not before there is load.
        while load.count() < before + 20 {
            assert!(begun.elapsed() < patience, "round {round} is too slow");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        a_while(round, 250).await;
        recording.kill();
        for caller in callers {
            caller.await.unwrap();
        }
    }
    let recorded = load.nothing_lost(home, "poscert-capture");
    let numbers: BTreeSet<u64> = recorded.iter().map(|exchange| exchange["number"].as_u64().unwrap()).collect();

    // Each interrupted run is named, and so are the numbers of the exchanges in progress.
    let runs = recorded.iter().map(|exchange| exchange["run"].as_u64().unwrap()).collect::<BTreeSet<_>>();
    assert_eq!(runs.len() as u64, rounds);
    let last = *numbers.last().unwrap();
    let missing: Vec<u64> = (1..=last).filter(|number| !numbers.contains(number)).collect();
    let parts = std::fs::read_dir(home.join("poscert-capture")).unwrap().flatten();
    let parts = parts.filter(|entry| entry.file_name().to_string_lossy().starts_with("part-")).count();
    eprintln!(
        "kill -9 under load: {rounds} kills, {parts} parts, {} answers acknowledged, {} found, 0 lost; {} exchanges were \
         under way ({:?})",
        load.count(),
        load.count(),
        missing.len(),
        begun.elapsed()
    );
    let show = poscert(home).args(["show", "poscert-capture", "1"]).output().unwrap();
    let remarks = text(&show.stderr);
    assert!(remarks.contains("interrupted"), "{remarks}");
    assert!(!missing.is_empty(), "no exchange was in progress at any kill: there was no load");
    for number in missing.iter().take(3) {
        let output = poscert(home).args(["show", "poscert-capture", &number.to_string()]).output().unwrap();
        refused(&output_without_remarks(output), &[&format!("exchange {number}"), "lost"]);
    }
    let (verdict, code) = verdict(home, &["poscert-capture"]);
    assert_eq!((verdict["verdict"].as_str(), code), (Some("incomplete"), 3), "{:?}", with_status(&verdict, "failed"));
    assert_eq!(verdict["capture"]["complete"], false);
    assert_eq!(verdict["capture"]["exchanges"].as_u64(), Some(recorded.len() as u64));
    let plain = poscert(home).args(["verify", "poscert-capture"]).output().unwrap();
    assert!(text(&plain.stdout).contains("not complete") || text(&plain.stdout).contains("interrupted"));
}

/// The guided certification withholds the response of the first call that creates a point of sale.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kills_while_a_response_is_withheld_lose_no_response() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let load = Load::new(home);
    let rounds = (kills() / 6).max(1);
    for round in 0..rounds {
        let before = load.count();
        let mut command = poscert(home);
        command.args(["certify", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--capture", "capture"]);
        command.args(["--no-page", "--features", "onboarding", "--client-id", CLIENT_ID, "--client-version", "1.0.0"]);
        let recording = Recording::spawn(home, command);
        let address = recording.field("listen").to_owned();
        let token = token(&address, &load.authority).await;
        let mut held = connected(&address, &load.authority).await.unwrap();
        held.write_all(call(&token, &format!("held-{round}"), true).as_bytes()).await.unwrap();
        held.flush().await.unwrap();
        let callers = load.begin(&recording, &round.to_string(), CALLERS, false).await;
        let begun = Instant::now();
        while load.count() < before + 20 {
            assert!(begun.elapsed() < Duration::from_secs(60), "round {round} is too slow");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        a_while(round, 250).await;
        let mut buffer = Vec::new();
        let early = tokio::time::timeout(Duration::from_millis(50), answer(&mut held, &mut buffer)).await;
        assert!(early.is_err(), "round {round}: no response was withheld");
        recording.kill();
        assert_eq!(answer(&mut held, &mut buffer).await, None, "round {round}");
        for caller in callers {
            caller.await.unwrap();
        }
    }
    let recorded = load.nothing_lost(home, "capture");
    assert!(recorded.iter().all(|exchange| !exchange.to_string().contains("\"held-")), "it was in progress");
    let (verdict, code) = verdict(home, &["capture"]);
    assert_eq!((verdict["verdict"].as_str(), code), (Some("incomplete"), 3), "{:?}", with_status(&verdict, "failed"));
    eprintln!(
        "kill -9 while a fault is held: {rounds} kills, {} answers acknowledged, {} found, 0 lost",
        load.count(),
        load.count()
    );
}

/// Only the last line of the output, without the remarks on the capture.
fn output_without_remarks(mut output: std::process::Output) -> std::process::Output {
    let last = text(&output.stderr).lines().last().unwrap_or_default().to_owned();
    output.stderr = last.into_bytes();
    output
}
