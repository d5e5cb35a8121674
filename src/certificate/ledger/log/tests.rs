//! Tests: every change of a ledger's lines is detected, and the effects of a crash are told apart from damage.

use super::super::{Evidence, IssuedEntry, Revoked};
use super::*;
use proptest::prelude::*;

fn given(number: u64) -> LedgerEvent {
    LedgerEvent::Issued(IssuedEntry {
        id: format!("pc-{number:012x}"),
        digest: "0".repeat(64),
        signed_by: vec!["k".into()],
        integrator_id: "ACME".into(),
        client_id: "c0ffee00-0000-4000-8000-000000000001".into(),
        production_client_id: None,
        system_name: Some("Till \"one\"\n".into()),
        version: "2.1.0".into(),
        features: vec!["onboarding".into()],
        capture: "1".repeat(64),
        date: "2026-11-18T11:06:40Z".into(),
    })
}

fn revoked(number: u64) -> LedgerEvent {
    let evidence = Evidence { kind: "har".into(), digest: "e".repeat(64), exchanges: 3 };
    LedgerEvent::Revoked(Revoked { id: format!("pc-{number:012x}"), reason: "it lies".into(), evidence })
}

/// The lines of these events, and the chain head after each.
fn ledger(acts: &[LedgerEvent]) -> (Vec<String>, Vec<ChainHead>) {
    let (mut lines, mut heads) = (Vec::new(), vec![ChainHead::default()]);
    for (act, number) in acts.iter().zip(1..) {
        let entry = Entry { number, entered: "2026-12-01T08:00:00Z".into(), act: act.clone() };
        let (line, head) = line(&entry, *heads.last().unwrap()).unwrap();
        lines.push(line);
        heads.push(head);
    }
    (lines, heads)
}

fn some(n: u64) -> (Vec<String>, ChainHead) {
    // Every third event revokes the certificate before it.
    let acts: Vec<LedgerEvent> = (1..=n).map(|at| if at % 3 == 0 { revoked(at - 1) } else { given(at) }).collect();
    let (lines, heads) = ledger(&acts);
    (lines, *heads.last().unwrap())
}

fn line_of(why: &str) -> u64 {
    let rest = why.strip_prefix("line ").unwrap_or_else(|| panic!("{why:?} names no line"));
    rest.split(':').next().unwrap().parse().unwrap()
}

#[test]
fn written_lines_are_read_back() {
    let (lines, head) = some(7);
    let read = read(lines.concat().as_bytes(), Some(head)).unwrap();
    assert_eq!((read.entries.len(), read.head, read.uncounted), (7, head, 0));
    assert!(read.truncated.is_empty() && !read.unbroken && read.whole == lines.concat().len());
    assert_eq!(head_of(&head_text(head)), Some(head));
    assert_eq!(super::read(b"", None), Ok(Lines::default()));
}

proptest! {
    #[test]
    fn any_changed_byte_is_detected(n in 1_u64..8, at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (lines, head) = some(n);
        let mut bytes = lines.concat().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let changed = lines.concat().as_bytes()[..at].split(|&b| b == b'\n').count() as u64;
        // A changed line break leaves an incomplete line, or joins two.
        let why = read(&bytes, Some(head)).unwrap_err();
        prop_assert_eq!(line_of(&why), changed);
    }

    #[test]
    fn any_line_removed_doubled_or_moved_is_detected(n in 2_u64..9, a in any::<prop::sample::Index>(),
                                                     b in any::<prop::sample::Index>()) {
        let (lines, head) = some(n);
        let (a, b) = (a.index(lines.len()), b.index(lines.len()));
        let mut removed = lines.clone();
        removed.remove(a);
        let why = read(removed.concat().as_bytes(), Some(head)).unwrap_err();
        prop_assert_eq!(line_of(&why), a as u64 + 1);
        let mut doubled = lines.clone();
        doubled.insert(a, lines[a].clone());
        prop_assert!(read(doubled.concat().as_bytes(), Some(head)).is_err());
        let mut moved = lines.clone();
        moved.swap(a, b);
        prop_assert_eq!(read(moved.concat().as_bytes(), Some(head)).is_err(), a != b);
    }

    #[test]
    fn truncation_is_damage_unless_the_last_entry_was_being_written(n in 1_u64..6,
                                                                    cut in any::<prop::sample::Index>()) {
        let (lines, last) = some(n);
        let bytes = lines.concat();
        let before = ledger_head_before_last(n);
        let kept = bytes.len() - lines.last().unwrap().len();
        // The last entry was being written: the head file does not count it yet.
        let cut = kept + cut.index(lines.last().unwrap().len());
        let torn = read(&bytes.as_bytes()[..cut], Some(before)).unwrap();
        let whole_but_break = cut == bytes.len() - 1;
        prop_assert_eq!(torn.entries.len() as u64, n - u64::from(!whole_but_break));
        prop_assert_eq!(torn.unbroken, whole_but_break);
        prop_assert_eq!(torn.truncated.len(), if whole_but_break { 0 } else { cut - kept });
        // It was counted: data is lost, unless only the line break is missing.
        prop_assert_eq!(read(&bytes.as_bytes()[..cut], Some(last)).is_err(), !whole_but_break);
    }
}

fn ledger_head_before_last(n: u64) -> ChainHead {
    some(n - 1).1
}

#[test]
fn head_file_is_required_and_must_match() {
    let (lines, _) = some(3);
    let bytes = lines.concat();
    assert!(read(bytes.as_bytes(), None).unwrap_err().contains("the head file is missing"));
    let other = ChainHead { count: 2, digest: Digest::of(b"x") };
    assert_eq!(line_of(&read(bytes.as_bytes(), Some(other)).unwrap_err()), 2);
    assert!(read(bytes.as_bytes(), Some(ChainHead { count: 0, digest: Digest::of(b"x") })).is_err());
    // After a crash the head file is one line behind, which is no damage; if it is further behind, lines were added.
    assert_eq!(read(bytes.as_bytes(), Some(some(2).1)).unwrap().uncounted, 1);
    for (counted, line) in [(ChainHead::default(), 2), (some(1).1, 3)] {
        let why = read(bytes.as_bytes(), Some(counted)).unwrap_err();
        assert!(line_of(&why) == line && why.contains("found 3, more than a crash explains"), "{why}");
    }
}

#[test]
fn events_must_be_in_a_valid_order() {
    for (acts, wanted) in [
        (vec![revoked(1)], "line 1: pc-000000000001 was never issued"),
        (vec![given(1), given(1)], "line 2: pc-000000000001 was already issued"),
        (vec![given(1), revoked(1), revoked(1)], "line 3: pc-000000000001 was already revoked"),
    ] {
        let (lines, heads) = ledger(&acts);
        assert_eq!(read(lines.concat().as_bytes(), heads.last().copied()).unwrap_err(), wanted);
    }
    let skipped = Entry { number: 2, entered: "2026-12-01T08:00:00Z".into(), act: given(1) };
    let (text, head) = line(&skipped, ChainHead::default()).unwrap();
    assert_eq!(read(text.as_bytes(), Some(head)).unwrap_err(), "line 1: expected entry 1, found entry 2");
    let undated = Entry { number: 1, entered: "soon".into(), act: given(1) };
    let (text, head) = line(&undated, ChainHead::default()).unwrap();
    assert_eq!(read(text.as_bytes(), Some(head)).unwrap_err(), "line 1: invalid date");
}
