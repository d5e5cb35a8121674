//! A long run with steady mixed traffic: several clients in both proxy modes, and a backend that fails now and then.
//! Memory and open handles must not grow, latency must not drift. Run it with `bash tests/soak.sh [seconds]` (default:
//! an hour).

use super::hostile::Target;
use super::wire::find;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const CLIENTS: usize = 8;
/// The pause between two calls of a client.
const PACE: Duration = Duration::from_millis(40);

/// The measurements of one interval.
struct Stretch {
    calls: usize,
    p50: Duration,
    p99: Duration,
    memory_kib: u64,
    handles: usize,
}

/// The latencies of successful calls since the last measurement.
type Latencies = Arc<Mutex<Vec<Duration>>>;

/// Sends requests forever: most succeed; sometimes the backend truncates or refuses, responds at excessive length, or
/// not at all.
async fn client(target: Arc<Target>, number: usize, latencies: Latencies) {
    let through_connect = number % 2 == 1;
    let mut stream = target.client(through_connect).await;
    for call in number.. {
        let path = match call % 50 {
            7 => "/lie/short",
            17 => "/lie/gone",
            27 => "/lie/long",
            37 => "/lie/chunk-garbage",
            47 => "/lie/status",
            _ => "/pos/v10/payments",
        };
        let body = r#"{"orderId":"soak","amount":12.50,"accessToken":"not-to-be-kept"}"#;
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nX-Call: {call}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let begun = Instant::now();
        let mut answer = Vec::new();
        let sent = stream.write_all(request.as_bytes()).await.is_ok() && stream.flush().await.is_ok();
        let honest = path == "/pos/v10/payments";
        let mut is_open = sent;
        while is_open
            && find(&answer, b"honest /pos/v10/payments").is_none()
            && !(answer.ends_with(b"}") || answer.ends_with(b"ok"))
        {
            is_open = matches!(stream.read_buf(&mut answer).await, Ok(1..));
        }
        if honest && is_open {
            latencies.lock().unwrap().push(begun.elapsed());
        }
        // Every fiftieth call uses a new connection.
        if !is_open || call % 50 == 0 {
            stream = target.client(through_connect).await;
        }
        tokio::time::sleep(PACE).await;
    }
}

fn looked(pid: u32, latencies: &Latencies) -> Stretch {
    let mut latencies = std::mem::take(&mut *latencies.lock().unwrap());
    latencies.sort();
    let at = |percent: usize| latencies.get(latencies.len() * percent / 100).copied().unwrap_or_default();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let memory = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    Stretch {
        calls: latencies.len(),
        p50: at(50),
        p99: at(99),
        memory_kib: memory.split_whitespace().next().unwrap().parse().unwrap(),
        handles: std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(),
    }
}

/// The median of these values.
fn median<T: Ord + Copy>(values: impl Iterator<Item = T>) -> T {
    let mut values: Vec<T> = values.collect();
    values.sort();
    values[values.len() / 2]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes as long as it is told: bash tests/soak.sh"]
async fn memory_handles_and_latency_stay_stable() {
    let seconds = std::env::var("SOAK_SECONDS").ok().and_then(|seconds| seconds.parse().ok()).unwrap_or(3600);
    let target = Arc::new(Target::start(&["--quiet"]).await);
    let latencies = Latencies::default();
    let clients: Vec<_> =
        (0..CLIENTS).map(|number| tokio::spawn(client(target.clone(), number, latencies.clone()))).collect();
    let stretch = Duration::from_secs((seconds / 12).clamp(2, 60));
    let (begun, mut stretches) = (Instant::now(), Vec::new());
    eprintln!("  time     calls   p50      p99      memory   handles");
    while begun.elapsed() < Duration::from_secs(seconds) || stretches.len() < 6 {
        tokio::time::sleep(stretch).await;
        let now = looked(target.recording().pid(), &latencies);
        let (p50, p99, mib) =
            (now.p50.as_secs_f64() * 1e3, now.p99.as_secs_f64() * 1e3, now.memory_kib as f64 / 1024.0);
        eprintln!(
            "{:>5} s {:>8}  {p50:>5.1} ms {p99:>6.1} ms {mib:>6.1} MiB {:>6}",
            begun.elapsed().as_secs(),
            now.calls,
            now.handles
        );
        stretches.push(now);
    }
    for client in clients {
        assert!(!client.is_finished(), "a client gave up");
        client.abort();
        let _ = client.await;
    }
    let Ok(target) = Arc::try_unwrap(target) else { panic!("a client still holds it") };
    let records = target.stop("soak");
    eprintln!("{} records in the capture", records.len());

    // The first interval warms up; then the first third is compared with the last.
    let third = (stretches.len() - 1) / 3;
    let (first, last) = (&stretches[1..=third], &stretches[stretches.len() - third..]);
    let most = |of: &[Stretch], what: fn(&Stretch) -> u64| of.iter().map(what).max().unwrap();
    let (memory, handles) = (|s: &Stretch| s.memory_kib, |s: &Stretch| s.handles as u64);
    assert!(most(last, memory) < most(first, memory) * 6 / 5 + 16 * 1024, "memory grows");
    assert!(most(last, handles) <= most(first, handles) + 12, "handles grow");
    let middle = |of: &[Stretch], what: fn(&Stretch) -> Duration| median(of.iter().map(what));
    let (p50, p99) = (|s: &Stretch| s.p50, |s: &Stretch| s.p99);
    assert!(middle(last, p50) < middle(first, p50) * 2 + Duration::from_millis(5), "p50 drifts");
    assert!(middle(last, p99) < middle(first, p99) * 3 + Duration::from_millis(50), "p99 drifts");
}
