//! Tests of files in a capture directory that no recorder wrote: pipes, devices, links and oversized files. A reader
//! neither blocks on them nor follows or copies them.
#![cfg(unix)]

use super::*;
use std::os::unix::fs::symlink;
use std::process::Command;

fn pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

/// Replaces a file by something else.
fn instead(path: &Path, make: impl Fn(&Path)) {
    let _ = std::fs::remove_file(path);
    make(path);
}

#[test]
fn irregular_files_are_refused() {
    let makers: [fn(&Path); 3] =
        [pipe, |path| symlink("/dev/zero", path).unwrap(), |path| symlink("nowhere", path).unwrap()];
    for name in ["head", "part-000001/db", "part-000001/conf", "part-000002/extra", "part-000003/blobs/7"] {
        for make in makers {
            let place = tempfile::tempdir().unwrap();
            let dir = place.path().join("capture");
            capture_in(&dir);
            instead(&dir.join(name), make);
            let sentence = open(&dir).map(|capture| capture.remarks).unwrap_err().message;
            let missing_head = name == "head" && sentence.contains("no checkpoint");
            assert!(missing_head || sentence.contains("not a regular file"), "{name}: {sentence}");
            assert!(!sentence.contains('\n'), "{sentence}");
        }
    }
    // Reading does not need the `numbers` file and the locks.
    for name in ["numbers", "lock", "ask"] {
        for make in makers {
            let place = tempfile::tempdir().unwrap();
            let dir = place.path().join("capture");
            capture_in(&dir);
            instead(&dir.join(name), make);
            assert!(open(&dir).unwrap().complete, "{name}");
            let refused = Writer::open(&dir, options()).err().unwrap().message;
            assert!(refused.contains("not a regular file"), "{name}: {refused}");
        }
    }
}

#[test]
fn linked_segment_and_piped_capture_are_refused() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    capture_in(&dir);
    std::fs::rename(dir.join("part-000001"), place.path().join("else")).unwrap();
    symlink(place.path().join("else"), dir.join("part-000001")).unwrap();
    assert_eq!(open(&dir).unwrap_err().kind, CaptureErrorKind::Damaged);
    let path = place.path().join("x.poscert");
    pipe(&path);
    let error = open(&path).unwrap_err();
    assert!(error.message.contains("neither a directory nor a regular file"), "{error}");
}

#[test]
fn oversized_segment_is_not_copied() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("capture");
    capture_in(&dir);
    let file = std::fs::File::options().write(true).open(dir.join("part-000001/db")).unwrap();
    file.set_len(1 << 40).unwrap();
    let error = open(&dir).unwrap_err();
    assert!(error.kind == CaptureErrorKind::Damaged && error.message.contains("more than"), "{error}");
    // Files of a file manager are ignored.
    let dir = place.path().join("other");
    capture_in(&dir);
    std::fs::write(dir.join("part-000001/.DS_Store"), "x").unwrap();
    assert!(open(&dir).unwrap().complete);
}
