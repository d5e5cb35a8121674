//! Tests of the ledger file: crashes and concurrent writers lose no entries.

use super::super::{Evidence, IssuedEntry, Revoked};
use super::*;

fn given(id: &str) -> LedgerEvent {
    LedgerEvent::Issued(IssuedEntry {
        id: id.into(),
        digest: "0".repeat(64),
        signed_by: vec![],
        integrator_id: "ACME".into(),
        client_id: "c".into(),
        production_client_id: None,
        system_name: None,
        version: "2.1.0".into(),
        features: vec![],
        capture: String::new(),
        date: "2026-11-18T11:06:40Z".into(),
    })
}

fn add(path: &Path, id: &str) -> Result<Ledger, String> {
    Ledger::add(path, |_| Ok(Some(given(id))))
}

#[test]
fn added_entries_are_read_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("data/ledger.jsonl");
    assert_eq!(Ledger::read(&path).unwrap().lines, Lines::default());
    assert!(!path.exists(), "reading writes nothing");
    for at in 1..=3 {
        let ledger = add(&path, &format!("pc-{at}")).unwrap();
        assert_eq!(ledger.lines, Ledger::read(&path).unwrap().lines);
    }
    let read = Ledger::read(&path).unwrap();
    assert_eq!((read.lines.entries.len(), read.notes.len()), (3, 0));
    assert!(read.lines.entries.iter().all(|entry| date::is_moment(&entry.entered)));
    // Nothing to add, or an error: nothing is written.
    assert_eq!(Ledger::add(&path, |_| Ok(None)).unwrap().lines, read.lines);
    assert_eq!(Ledger::add(&path, |entries| Err(format!("{}", entries.len()))).unwrap_err(), "3");
    assert_eq!(Ledger::read(&path).unwrap().lines, read.lines);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

#[test]
fn concurrent_writers_lose_no_entries() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || (0..10).for_each(|at| drop(add(path, &format!("pc-{writer}-{at}")).unwrap())));
        }
    });
    assert_eq!(Ledger::read(&path).unwrap().lines.entries.len(), 40);
}

#[test]
fn incomplete_entry_is_reported_and_moved() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    let first = add(&path, "pc-1").unwrap().lines.head;
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&whole, &b"{\"chain\":\"12"[..]].concat()).unwrap();
    let read = Ledger::read(&path).unwrap();
    assert!(read.lines.entries.len() == 1 && read.notes[0].contains("is incomplete"), "{:?}", read.notes);
    let mended = add(&path, "pc-2").unwrap();
    assert!(mended.notes[0].contains("was moved to"), "{:?}", mended.notes);
    assert_eq!(Ledger::read(&path).unwrap().lines.entries.len(), 2);
    assert_eq!(std::fs::read(torn_place(&path)).unwrap(), b"{\"chain\":\"12\n");

    // Only the line break is missing, and the head file is one behind: the entry counts.
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    std::fs::write(head_place(&path), log::head_text(first)).unwrap();
    let read = Ledger::read(&path).unwrap();
    assert_eq!((read.lines.entries.len(), read.notes.len()), (2, 1));
    assert!(read.notes[0].contains("number 2, is not counted in its head file"), "{:?}", read.notes);
    assert!(add(&path, "pc-3").unwrap().notes[0].contains("is not counted"));
    let read = Ledger::read(&path).unwrap();
    assert_eq!((read.lines.entries.len(), read.notes.len()), (3, 0));
}

#[test]
fn lines_added_by_another_program_are_refused_or_noted() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    add(&path, "pc-1").unwrap();
    let head = std::fs::read(head_place(&path)).unwrap();
    let forge = |id: &str| {
        add(&path, id).unwrap();
        std::fs::write(head_place(&path), &head).unwrap();
    };
    forge("pc-2");
    assert!(Ledger::read(&path).unwrap().notes[0].contains("or another program added the entry"));
    std::fs::write(head_place(&path), log::head_text(Ledger::read(&path).unwrap().lines.head)).unwrap();
    forge("pc-3");
    let text = std::fs::read_to_string(&path).unwrap();
    for refused in [Ledger::read(&path), add(&path, "pc-4")] {
        let why = refused.unwrap_err();
        assert!(why.contains("line 3: the head file counts 1 entries, found 3"), "{why}");
        assert!(why.contains("restore a good copy"), "{why}");
    }
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn damaged_ledger_is_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    for id in ["pc-1", "pc-2", "pc-3"] {
        add(&path, id).unwrap();
    }
    let text = std::fs::read_to_string(&path).unwrap();
    for (damaged, wanted) in [
        (text.replace("pc-2", "pc-9"), "line 2: "),
        (text.lines().take(2).map(|line| format!("{line}\n")).collect(), "line 3: expected 3 entries, found 2"),
        (String::new(), "line 1: expected 3 entries, found 0"),
    ] {
        std::fs::write(&path, &damaged).unwrap();
        for refused in [Ledger::read(&path), add(&path, "pc-4")] {
            let why = refused.unwrap_err();
            assert!(why.contains(wanted) && why.contains("is damaged"), "{why}");
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), damaged);
    }
    std::fs::write(&path, &text).unwrap();
    std::fs::remove_file(head_place(&path)).unwrap();
    assert!(Ledger::read(&path).unwrap_err().contains("the head file is missing"));
    std::fs::write(head_place(&path), "3").unwrap();
    assert!(Ledger::read(&path).unwrap_err().contains("not the head file of a ledger"));
}

#[test]
fn issued_certificate_can_be_revoked() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ledger.jsonl");
    add(&path, "pc-1").unwrap();
    let evidence = Evidence { kind: "har".into(), digest: "e".repeat(64), exchanges: 1 };
    let revoked = Revoked { id: "pc-1".into(), reason: "r".into(), evidence };
    Ledger::add(&path, |_| Ok(Some(LedgerEvent::Revoked(revoked)))).unwrap();
    assert_eq!(
        super::super::coverage::statuses(&Ledger::read(&path).unwrap().lines.entries)[0].revoked.unwrap().1.reason,
        "r"
    );
}
