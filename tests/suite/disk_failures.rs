//! Tests of disk failures: full, file-size limit, read-only, no file handles left. Traffic stops with one message, no
//! delivered response is lost, the capture is incomplete but not damaged, and it can be resumed afterwards.

use super::load::Load;
use super::poscert_process::*;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A small disk, if this test may mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(place: &Path, size: &str) -> Option<SmallDisk> {
        std::fs::create_dir(place).unwrap();
        let output =
            Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]).arg(place).output();
        match output {
            Ok(output) if output.status.success() => Some(SmallDisk(place.to_owned())),
            Ok(output) => {
                eprintln!("skipped: no disk can be mounted here ({})", text(&output.stderr).trim());
                None
            }
            Err(error) => {
                eprintln!("skipped: there is no mount command ({error})");
                None
            }
        }
    }

    fn remount(&self, options: &str) {
        let status = Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status().unwrap();
        assert!(status.success(), "remount with {options}");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// A recorder whose capture will fail.
struct Case<'a> {
    name: &'a str,
    home: &'a Path,
    capture: &'a str,
    load: Load,
}

impl Case<'_> {
    /// Starts `record` with this shell prefix, in which `"$@"` is the command.
    fn recording(&self, shell: &str) -> Recording {
        let mut command = poscert(self.home);
        let own = command.get_envs().map(|(name, value)| (name.to_owned(), value.map(ToOwned::to_owned)));
        let own: Vec<_> = own.collect();
        command = Command::new("bash");
        for (name, value) in own {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let line = if shell.is_empty() { "exec \"$@\"".to_owned() } else { shell.to_owned() };
        command.current_dir(self.home).args(["-c", &line, "bash", env!("CARGO_BIN_EXE_poscert"), "record", "--quiet"]);
        command.args(["--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0", "--capture", self.capture]);
        let _ = std::fs::remove_file(self.home.join("stderr.txt"));
        Recording::spawn(self.home, command)
    }

    /// Sends requests until the recorder has ended by itself, with the failure injected by `inject`. Then checks the
    /// capture, and resumes it after `repair`.
    async fn play(&self, shell: &str, inject: impl FnOnce(u32), words: &[&str], repair: impl FnOnce()) {
        let begun = Instant::now();
        let recording = self.recording(shell);
        let callers = self.load.begin(&recording, "before", 6, true).await;
        while self.load.count() < 20 && begun.elapsed() < Duration::from_secs(30) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        inject(recording.pid());
        let (code, said) = tokio::task::spawn_blocking(|| recording.ended()).await.unwrap();
        for caller in callers {
            caller.await.unwrap();
        }
        let answered = self.load.count();
        assert_eq!(code, Some(2), "{}: {said}", self.name);
        assert!(is_one_error(&said), "{}: one error: {said}", self.name);
        for word in ["no more requests are accepted", self.capture].iter().chain(words) {
            assert!(said.contains(word), "{}: {word:?} is not in {said}", self.name);
        }
        assert!(answered >= 20, "{}: {answered}", self.name);
        // All delivered responses are there, and the capture is incomplete, not damaged.
        self.load.nothing_lost(self.home, self.capture);
        let (verdict, code) = verdict(self.home, &[self.capture]);
        assert_eq!((verdict["verdict"].as_str(), code), (Some("incomplete"), 3), "{}", self.name);
        assert_eq!(verdict["capture"]["complete"], false);

        repair();
        let recording = self.recording("");
        let callers = self.load.begin(&recording, "after", 2, true).await;
        while self.load.count() < answered + 20 {
            assert!(begun.elapsed() < Duration::from_secs(120), "{}: it was not resumed", self.name);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        recording.stop();
        for caller in callers {
            caller.await.unwrap();
        }
        self.load.nothing_lost(self.home, self.capture);
        eprintln!("{}: {answered} answers until it stopped, all found; said: {}", self.name, said.trim_end());
    }
}

fn case<'a>(name: &'a str, home: &'a Path, capture: &'a str) -> Case<'a> {
    Case { name, home, capture, load: Load::new(home) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_stops_traffic_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&home.path().join("small"), "4m") else { return };
    let case = case("disk full", home.path(), "small/capture");
    case.play("", |_| {}, &["free disk space"], || disk.remount("size=64m")).await;
}

/// The same if creating a new part fails.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_disk_at_a_new_part_stops_traffic_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(&home.path().join("small"), "6m") else { return };
    let case = case("disk full at a new part", home.path(), "small/capture");
    let shell = "export POSCERT_PART_EXCHANGES=5; exec \"$@\"";
    case.play(shell, |_| {}, &["free disk space"], || disk.remount("size=64m")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn file_size_limit_stops_traffic_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let case = case("file-size limit", home.path(), "capture");
    case.play("ulimit -f 1500; exec \"$@\"", |_| {}, &["ulimit -f"], || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn missing_file_handles_stop_traffic_and_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    let case = case("no file handles", home.path(), "capture");
    let no_more = |pid: u32| {
        let status = Command::new("prlimit").args(["--pid", &pid.to_string(), "--nofile=4:20000"]).status();
        assert!(status.is_ok_and(|status| status.success()), "prlimit");
    };
    case.play("", no_more, &["Too many open files", "ulimit -n"], || {}).await;
}

/// Root may write anywhere, so it has to drop that capability.
const WITHOUT_OVERRIDE: &str = "if [ \"$(id -u)\" = 0 ]; then exec setpriv --bounding-set=-dac_override,-dac_read_search \
                                --inh-caps=-dac_override,-dac_read_search \"$@\"; else exec \"$@\"; fi";

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn read_only_folder_stops_traffic_and_loses_nothing() {
    let home = tempfile::tempdir().unwrap();
    let case = case("folder turned read-only", home.path(), "capture");
    let place = home.path().join("capture");
    let closed = |_| set_mode(&place, 0o500);
    case.play(WITHOUT_OVERRIDE, closed, &["Permission denied", "permissions"], || set_mode(&place, 0o700)).await;
}

#[test]
fn read_only_capture_path_is_refused_at_the_start() {
    let home = tempfile::tempdir().unwrap();
    let home = home.path();
    let first = Recording::start(home, &["--quiet"]);
    first.stop();
    let capture = home.join("poscert-capture");
    let refuse = |words: &[&str]| {
        let mut command = clean("bash");
        command.args(["-c", WITHOUT_OVERRIDE, "bash", env!("CARGO_BIN_EXE_poscert"), "record", "--quiet"]);
        command.args(["--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
        command.current_dir(home).env("HOME", home).env("POSCERT_CA_DIR", home.join("ca"));
        refused(&command.output().unwrap(), words);
    };
    set_mode(&capture, 0o500);
    refuse(&["poscert-capture", "Permission denied", "permissions"]);
    set_mode(&capture, 0o700);
    std::fs::remove_dir_all(&capture).unwrap();
    set_mode(home, 0o500);
    refuse(&["poscert-capture", "Permission denied", "permissions"]);
    set_mode(home, 0o700);
    if let Some(disk) = SmallDisk::mount(&home.join("small"), "4m") {
        disk.remount("ro");
        let output = record(home).args(["--capture", "small/capture"]).output().unwrap();
        refused(&output, &["small/capture", "Read-only file system", "choose a writable location"]);
    }
}
