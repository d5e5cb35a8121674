//! Files in a capture directory that no recorder made: pipes, devices, links and what is too long. Nothing waits for them,
//! follows them or copies them.
#![cfg(unix)]

use super::*;
use std::os::unix::fs::symlink;
use std::process::Command;

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Puts something else in the place of a file.
fn instead(path: &Path, make: impl Fn(&Path)) {
    let _ = std::fs::remove_file(path);
    make(path);
}

#[test]
fn what_is_no_regular_file_is_refused_in_a_sentence() {
    let makers: [fn(&Path); 3] =
        [pipe, |path| symlink("/dev/zero", path).unwrap(), |path| symlink("nowhere", path).unwrap()];
    for name in ["head", "part-000001/db", "part-000001/conf", "part-000002/extra", "part-000003/blobs/7"] {
        for make in makers {
            let place = tempfile::tempdir().unwrap();
            let dir = place.path().join("capture");
            capture_in(&dir);
            instead(&dir.join(name), make);
            let sentence = open(&dir).map(|capture| capture.remarks).unwrap_err().sentence;
            let missing_head = name == "head" && sentence.contains("no head");
            assert!(missing_head || sentence.contains("no regular file"), "{name}: {sentence}");
            assert!(!sentence.contains('\n'), "{sentence}");
        }
    }
    // The note of the numbers and the lock are not needed to read it.
    for name in ["numbers", "lock", "ask"] {
        for make in makers {
            let place = tempfile::tempdir().unwrap();
            let dir = place.path().join("capture");
            capture_in(&dir);
            instead(&dir.join(name), make);
            assert!(open(&dir).unwrap().complete, "{name}");
            let refused = Writer::open(&dir, options()).err().unwrap().sentence;
            assert!(refused.contains("no regular file"), "{name}: {refused}");
        }
    }
}

#[test]
fn a_part_that_is_a_link_and_a_capture_that_is_a_pipe_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    capture_in(&dir);
    std::fs::rename(dir.join("part-000001"), place.path().join("else")).unwrap();
    symlink(place.path().join("else"), dir.join("part-000001")).unwrap();
    assert_eq!(open(&dir).unwrap_err().trouble, CaptureErrorKind::Damaged);
    let path = place.path().join("x.poscert");
    pipe(&path);
    let error = open(&path).unwrap_err();
    assert!(error.sentence.contains("neither a directory nor a regular file"), "{error}");
}

#[test]
fn a_part_without_end_is_not_copied() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    capture_in(&dir);
    let file = std::fs::File::options().write(true).open(dir.join("part-000001/db")).unwrap();
    file.set_len(1 << 40).unwrap();
    let error = open(&dir).unwrap_err();
    assert!(error.trouble == CaptureErrorKind::Damaged && error.sentence.contains("more than"), "{error}");
    // What somebody's file manager left there is passed over.
    let dir = place.path().join("other");
    capture_in(&dir);
    std::fs::write(dir.join("part-000001/.DS_Store"), "x").unwrap();
    assert!(open(&dir).unwrap().complete);
}
