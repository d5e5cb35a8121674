//! The built program as its users start it: with its own home directory, no outside settings, and output in files
//! instead of pipes.

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// The first client of the sandbox.
pub(crate) const CLIENT_ID: &str = "c0ffee00-0000-4000-8000-000000000001";
/// Its secret, as documented for the sandbox.
pub(crate) const CLIENT_SECRET: &str = "sandbox-secret-one";

/// Variables that would affect the clients under test.
const FROM_OUTSIDE: [&str; 12] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
];

/// A command without the variables set outside.
pub(crate) fn clean(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("POSCERT_")) {
        command.env_remove(name);
    }
    for name in FROM_OUTSIDE {
        command.env_remove(name);
    }
    command
}

/// The program, with this home directory.
pub(crate) fn poscert(home: &Path) -> Command {
    let mut command = clean(env!("CARGO_BIN_EXE_poscert"));
    command.current_dir(home).env("HOME", home).env("POSCERT_CA_DIR", home.join("ca"));
    command
}

/// `poscert record` on free ports.
pub(crate) fn record(home: &Path) -> Command {
    let mut command = poscert(home);
    command.args(["record", "--listen", "127.0.0.1:0", "--proxy-listen", "127.0.0.1:0"]);
    command
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A path in `tests/`.
pub(crate) fn tests(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path)
}

/// The Python interpreter with the packages of `tests/requirements.txt`.
pub(crate) fn python() -> &'static str {
    static PYTHON: LazyLock<String> = LazyLock::new(|| {
        let made = clean("bash").arg(tests("python-env")).stderr(Stdio::inherit()).output().unwrap();
        assert!(made.status.success(), "tests/python-env failed");
        text(&made.stdout).trim().to_owned()
    });
    &PYTHON
}

/// A running recorder.
pub(crate) struct Recording {
    child: Option<Child>,
    home: PathBuf,
    /// The content of its ready file.
    pub ready: Value,
}

impl Recording {
    /// Starts a recorder with these arguments and waits until it listens.
    pub(crate) fn start(home: &Path, arguments: &[&str]) -> Recording {
        let mut command = record(home);
        command.args(arguments);
        Recording::spawn(home, command)
    }

    /// Starts a command that records, and waits until it listens.
    pub(crate) fn spawn(home: &Path, mut command: Command) -> Recording {
        let ready_file = home.join("ready.json");
        let _ = std::fs::remove_file(&ready_file);
        let file = |name: &str| std::fs::OpenOptions::new().create(true).append(true).open(home.join(name)).unwrap();
        command.env("POSCERT_READY_FILE", &ready_file);
        let mut child = command.stdout(file("stdout.txt")).stderr(file("stderr.txt")).spawn().unwrap();
        let begun = Instant::now();
        let ready = loop {
            if let Ok(text) = std::fs::read_to_string(&ready_file) {
                break serde_json::from_str(&text).expect("the ready file is written atomically");
            }
            let said = std::fs::read_to_string(home.join("stderr.txt")).unwrap_or_default();
            assert!(child.try_wait().unwrap().is_none(), "the recorder ended before it was ready: {said}");
            assert!(begun.elapsed() < Duration::from_secs(60), "the recorder is not ready");
            std::thread::sleep(Duration::from_millis(10));
        };
        Recording { child: Some(child), home: home.to_owned(), ready }
    }

    /// A field of the ready file.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap_or_else(|| panic!("{name} in {}", self.ready))
    }

    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// Its peak memory (VmHWM, proc(5)), in MiB.
    pub(crate) fn memory_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<u64>().unwrap() / 1024
    }

    /// Waits until it has ended by itself; returns the exit code and standard error.
    pub(crate) fn ended(mut self) -> (Option<i32>, String) {
        let mut child = self.child.take().unwrap();
        let status = ended(&mut child);
        (status.code(), std::fs::read_to_string(self.home.join("stderr.txt")).unwrap_or_default())
    }

    /// Kills it like the kernel's out-of-memory killer.
    pub(crate) fn kill(mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Asks it to stop; returns its output.
    pub(crate) fn stop(mut self) -> String {
        let mut child = self.child.take().unwrap();
        Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap();
        let status = ended(&mut child);
        let said = |name: &str| std::fs::read_to_string(self.home.join(name)).unwrap_or_default();
        assert_eq!(status.code(), Some(0), "{}", said("stderr.txt"));
        said("stdout.txt") + &said("stderr.txt")
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until a process that was asked to stop has ended. A process that continues for minutes fails the test instead
/// of blocking it.
pub(crate) fn ended(child: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > Duration::from_secs(180) {
            let _ = child.kill();
            panic!("process {} was asked to stop and continues", child.id());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// All records of a capture, from `poscert show --json`.
pub(crate) fn shown(home: &Path, capture: &str) -> Vec<Value> {
    let output = poscert(home).args(["show", capture, "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The exchanges of a capture, in order.
pub(crate) fn exchanges(home: &Path, capture: &str) -> Vec<Value> {
    shown(home, capture).into_iter().filter(|record| record["record"] == "exchange").collect()
}

/// The verdict of `poscert verify`, and its exit code.
pub(crate) fn verdict(home: &Path, arguments: &[&str]) -> (Value, i32) {
    let output = poscert(home).args(["verify", "--format", "json"]).args(arguments).output().unwrap();
    let said = || format!("{}{}", text(&output.stdout), text(&output.stderr));
    let verdict = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", said()));
    (verdict, output.status.code().unwrap_or_else(|| panic!("{}", said())))
}

/// The ids of the requirements with this status.
pub(crate) fn with_status(verdict: &Value, status: &str) -> Vec<String> {
    let all = verdict["requirements"].as_array().unwrap();
    let wanted = all.iter().filter(|requirement| requirement["status"] == status);
    wanted.map(|requirement| requirement["id"].as_str().unwrap().to_owned()).collect()
}

/// Whether this is one line `error: ...`, at most with one line `help: ...` after it.
pub(crate) fn is_one_error(said: &str) -> bool {
    said.trim_end().lines().count() == 1 && said.starts_with("error: ")
}

/// Checks the output of a command that must refuse its input: exit code 2, one line with these words, and no panic.
pub(crate) fn refused(output: &Output, words: &[&str]) -> String {
    let said = text(&output.stderr);
    assert!(!said.contains("panicked at"), "{said}");
    assert_eq!(output.status.code(), Some(2), "{words:?}: {said}");
    assert!(is_one_error(&said), "one error: {said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in {said}");
    }
    said
}
