//! Snapshot tests of reports in `tests/golden/`; `POSCERT_BLESS=1 cargo test report::` updates the snapshots.

/// Compares with the snapshot; panics with the first differing line.
pub(crate) fn check(name: &str, actual: &str) {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("POSCERT_BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, actual).unwrap();
        return;
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let differing = kept.lines().zip(actual.lines()).position(|(a, b)| a != b);
    let at = differing.unwrap_or(kept.lines().count().min(actual.lines().count()));
    let line = |text: &str| text.lines().nth(at).map(str::to_owned);
    assert!(
        kept == actual,
        "{name} differs from the snapshot at line {}: expected {:?}, got {:?}; update it with POSCERT_BLESS=1",
        at + 1,
        line(&kept),
        line(actual)
    );
}
