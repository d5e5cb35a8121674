//! Tests of damaged captures: the damage is located, and `--salvage` reads the rest but never passes it.

use super::archive::{V1, done, run};
use super::poscert_process::*;
use std::path::Path;

/// The offsets of an archive's sections, with their tags.
fn sections(bytes: &[u8]) -> Vec<(usize, String)> {
    let (mut at, mut found) = (16, Vec::new());
    while at < bytes.len() {
        let stored = u32::from_be_bytes(bytes[at + 8..at + 12].try_into().unwrap());
        found.push((at, text(&bytes[at..at + 4])));
        at += 44 + stored as usize;
    }
    found
}

/// The start and the middle of the `nth` section with this tag.
fn middle(bytes: &[u8], tag: &str, nth: usize) -> (usize, usize) {
    let sections = sections(bytes);
    let place = sections.iter().enumerate().filter(|(_, (_, found))| found == tag).nth(nth).unwrap();
    let start = place.1.0;
    let end = sections.get(place.0 + 1).map_or(bytes.len(), |next| next.0);
    (start, usize::midpoint(start + 44, end))
}

fn remarks(verdict: &serde_json::Value) -> String {
    verdict["remarks"].to_string()
}

#[test]
fn damaged_archive_is_located_and_salvaged() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let whole = std::fs::read(V1).unwrap();
    let (intact, its_code) = verdict(home, &[V1]);
    assert!(sections(&whole).iter().filter(|(_, tag)| tag == "RECS").count() >= 2, "too small to lose a block");
    for (tag, words) in [
        ("HEAD", "the header is unreadable"),
        ("RULE", "a rule file"),
        ("RECS", "records "),
        ("INDX", "the index is unreadable"),
        ("SEAL", "the signature is unreadable"),
    ] {
        let (start, inside) = middle(&whole, tag, 0);
        let mut flipped = whole.clone();
        flipped[inside] ^= 4;
        std::fs::write(home.join("bad.poscert"), &flipped).unwrap();
        refused(&run(home, &["verify", "bad.poscert"]), &[&format!("at byte {start}, "), words, "use another copy"]);
        let (salvaged, code) = verdict(home, &["bad.poscert", "--salvage"]);
        assert_ne!(code, 0, "{tag}");
        assert_ne!(salvaged["verdict"], "passed", "{tag}");
        assert_eq!(salvaged["capture"]["complete"], false, "{tag}");
        assert!(remarks(&salvaged).contains("PARTIAL"), "{tag}: {}", remarks(&salvaged));
        let sealed = salvaged["capture"]["sealed_by"].as_array().unwrap().len();
        assert_eq!(sealed, usize::from(!["INDX", "SEAL"].contains(&tag)), "{tag}");
        let all = intact["capture"]["exchanges"].as_u64().unwrap();
        let read = salvaged["capture"]["exchanges"].as_u64().unwrap();
        if tag == "RECS" {
            assert!(read < all && read > 0, "{read} of {all}");
            assert!(remarks(&salvaged).contains("is missing"), "{}", remarks(&salvaged));
            assert!(
                remarks(&salvaged).contains(&format!("{} exchanges are lost", all - read)),
                "{}",
                remarks(&salvaged)
            );
        } else {
            assert_eq!(read, all, "{tag}");
            assert_eq!(salvaged["capture"]["digest"], intact["capture"]["digest"], "{tag}");
        }
        let shown = run(home, &["show", "bad.poscert", "--salvage", "--json"]);
        assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
        refused(&run(home, &["export", "bad.poscert", "-o", "y.poscert"]), &["bad.poscert is damaged"]);
    }
    // Truncated within its records: no index and no signature, and the rest is read.
    let (start, inside) = middle(&whole, "RECS", 1);
    std::fs::write(home.join("cut.poscert"), &whole[..inside]).unwrap();
    refused(
        &run(home, &["verify", "cut.poscert"]),
        &[&format!("at byte {start}, "), "to the end of the file is unreadable"],
    );
    let (salvaged, _) = verdict(home, &["cut.poscert", "--salvage"]);
    assert_ne!(salvaged["verdict"], "passed");
    assert!(remarks(&salvaged).contains("the records are not signed"), "{}", remarks(&salvaged));
    // Nothing is left to read.
    std::fs::write(home.join("start.poscert"), &whole[..40]).unwrap();
    refused(&run(home, &["verify", "start.poscert", "--salvage"]), &["start.poscert", "nothing to salvage"]);
    // An undamaged archive needs no salvaging.
    let (same, code) = verdict(home, &[V1, "--salvage"]);
    assert_eq!((&same, code), (&intact, its_code));
}

#[test]
fn exchange_numbers_outside_the_runs_are_refused_by_all_readers() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    done(home, &["export", V1, "-o", "honest.poscert", "--key", "holder.pem"]);
    for (what, words) in [("zero", "exchange 0 is outside the number range"), ("far", "is outside the number range")] {
        let forged = super::tampering::forge(home, what, "honest.poscert", Some("holder.pem"));
        for arguments in [
            &["verify", &forged][..],
            &["show", &forged],
            &["export", &forged, "-o", "x.har"],
            &["seal", &forged, "--key", "other.pem"],
        ] {
            refused(&run(home, arguments), &[&forged, "is damaged", words]);
        }
        let python = clean(python()).arg(tests("archive_reader.py")).arg(home.join(&forged)).output().unwrap();
        assert_eq!(python.status.code(), Some(1), "{what}: the independent reader accepts it");
        // Salvaging terminates, too.
        let (salvaged, _) = verdict(home, &[&forged, "--salvage"]);
        assert_ne!(salvaged["verdict"], "passed");
    }
}

/// A capture of twelve exchanges in four parts.
fn in_parts(dir: &Path) {
    use poscert::capture::record::{Exchange, Request};
    use poscert::capture::{Record, Writer, WriterOptions};
    let writer = Writer::open(dir, WriterOptions { part_exchanges: 3, ..WriterOptions::default() }).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for _ in 0..12 {
            let request = Request { method: "GET".into(), target: "/pos/v10/stores".into(), ..Request::default() };
            let number = writer.take_number();
            let exchange = Exchange { number, run: 1, request, ..Exchange::default() };
            writer.append(Record::Exchange(Box::new(exchange))).await.unwrap();
        }
        writer.close().await.unwrap();
    });
}

#[test]
fn undamaged_parts_of_a_directory_are_read() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    type Harm = (&'static str, fn(&Path), u64, &'static str);
    let harms: [Harm; 6] = [
        ("emptied", |dir| std::fs::write(dir.join("part-000002/db"), "").unwrap(), 9, "of part-000002 are missing"),
        ("removed", |dir| std::fs::remove_dir_all(dir.join("part-000002")).unwrap(), 9, "of part-000002 are missing"),
        ("last", |dir| std::fs::remove_dir_all(dir.join("part-000004")).unwrap(), 9, "of part-000004 are missing"),
        (
            "swapped",
            |dir| {
                std::fs::rename(dir.join("part-000001"), dir.join("x")).unwrap();
                std::fs::rename(dir.join("part-000003"), dir.join("part-000001")).unwrap();
                std::fs::rename(dir.join("x"), dir.join("part-000003")).unwrap();
            },
            6,
            "record 0 is missing or misplaced",
        ),
        (
            "torn",
            |dir| {
                let path = dir.join("part-000002/db");
                let mut bytes = std::fs::read(&path).unwrap();
                let at = bytes.windows(6).position(|part| part == b"stores").unwrap();
                bytes[at] ^= 1;
                std::fs::write(&path, bytes).unwrap();
            },
            11,
            "part-000002",
        ),
        ("headless", |dir| std::fs::remove_file(dir.join("head")).unwrap(), 12, "its checkpoint cannot be read"),
    ];
    for (what, harm, left, words) in harms {
        let dir = home.join(what);
        in_parts(&dir);
        harm(&dir);
        refused(&run(home, &["verify", what]), &[what, "is damaged", "use another copy"]);
        let (salvaged, _) = verdict(home, &[what, "--salvage"]);
        assert_ne!(salvaged["verdict"], "passed", "{what}");
        assert_eq!(salvaged["capture"]["complete"], false, "{what}");
        let read = salvaged["capture"]["exchanges"].as_u64().unwrap();
        assert!(read <= left && read >= left - 3, "{what}: {read}, {}", remarks(&salvaged));
        assert!(remarks(&salvaged).contains(words), "{what}: {}", remarks(&salvaged));
        assert!(!remarks(&salvaged).contains(&format!("{what}/")), "{what}: a verdict has no paths");
    }
    refused(&run(home, &["verify", "nowhere", "--salvage"]), &["nowhere"]);
    std::fs::write(home.join("letter"), "Dear").unwrap();
    refused(&run(home, &["verify", "letter", "--salvage"]), &["letter is not a capture"]);
    done(home, &["show", V1, "--salvage"]);
}

/// Resumes a stopped capture with one more exchange.
fn goes_on(dir: &Path) -> Result<(), String> {
    use poscert::capture::record::{Exchange, Request};
    use poscert::capture::{Record, Writer, WriterOptions};
    let writer = Writer::open(dir, WriterOptions::default()).map_err(|error| error.to_string())?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let request = Request { method: "DELETE".into(), target: "/pos/v10/stores".into(), ..Request::default() };
        let exchange = Exchange { number: writer.take_number(), run: writer.run(), request, ..Exchange::default() };
        writer.append(Record::Exchange(Box::new(exchange))).await.unwrap();
        writer.close().await.unwrap();
    });
    Ok(())
}

#[test]
fn older_head_is_damage_and_the_capture_cannot_be_resumed() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let dir = home.join("older");
    in_parts(&dir);
    let head = std::fs::read(dir.join("head")).unwrap();
    let parts = || -> std::collections::BTreeSet<String> {
        let names = std::fs::read_dir(&dir).unwrap().map(|entry| text(entry.unwrap().file_name().as_encoded_bytes()));
        names.filter(|name| name.starts_with("part-")).collect()
    };
    let before = parts();
    goes_on(&dir).unwrap();
    let added: Vec<String> = parts().difference(&before).cloned().collect();
    assert_eq!(verdict(home, &["older"]).0["capture"]["exchanges"], 13);
    std::fs::write(dir.join("head"), head).unwrap();
    refused(&run(home, &["verify", "older"]), &[&added[0], "the checkpoint is outdated"]);
    let why = goes_on(&dir).unwrap_err();
    assert!(why.contains("the checkpoint is outdated"), "{why}");
    // Without that part, the `numbers` file still shows the damage.
    added.iter().for_each(|part| std::fs::remove_dir_all(dir.join(part)).unwrap());
    refused(&run(home, &["verify", "older"]), &["exchange numbers below 14 were used"]);
}

#[test]
fn capture_cannot_be_resumed_with_another_key() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("keyed");
    in_parts(&dir);
    let key = std::fs::read_to_string(dir.join("key")).unwrap();
    let flipped = key.replacen(&key[..1], if key.starts_with('0') { "1" } else { "0" }, 1);
    std::fs::write(dir.join("key"), flipped).unwrap();
    let why = goes_on(&dir).unwrap_err();
    assert!(why.contains("its key does not match this capture"), "{why}");
    std::fs::remove_file(dir.join("key")).unwrap();
    let why = goes_on(&dir).unwrap_err();
    assert!(why.contains("its key is missing: restore the original key file"), "{why}");
    std::fs::write(dir.join("key"), key).unwrap();
    goes_on(&dir).unwrap();
    assert_eq!(verdict(home.path(), &["keyed"]).0["capture"]["exchanges"], 13);
}
