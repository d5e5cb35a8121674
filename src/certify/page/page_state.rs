//! The state of the web page, written by the certification and read by the views.
//!
//! It is bounded: only the latest log lines and exchanges are kept; all exchanges are in the capture.

use super::approval::ApprovalView;
use crate::capture::Writer;
use crate::capture::record::{Exchange, Session};
use crate::certify::Director;
use crate::certify::credentials::Secrets;
use crate::certify::driver_command::DriverCommand;
use crate::certify::identification::Identification;
use crate::certify::notify::Notify;
use crate::proxy::Observer;
use crate::report::ExchangeView;
use crate::rules::RuleSet;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{mpsc, watch};

/// The number of log lines kept.
const LOG_LIMIT: usize = 200;
/// The number of exchanges kept.
pub(crate) const KEPT: usize = 300;

/// How to connect a till to the recorder, as texts to copy.
#[derive(Clone, Debug, Default)]
pub(crate) struct ConnectionInfo {
    pub base_url: String,
    /// The HTTPS proxy's URL.
    pub proxy_url: String,
    /// The path of the CA certificate.
    pub ca: String,
    /// The backend that calls are forwarded to.
    pub upstream: String,
    /// The API reference, as HTML, if the embedded sandbox is used.
    pub reference: Option<String>,
    /// A command line that makes a first call, if the embedded sandbox is used.
    pub first_call: Option<String>,
    /// Token endpoint, client id and client secret of the embedded sandbox, if it is used.
    pub sandbox: Option<[String; 3]>,
    /// Kinds of clients, each with a command or setting that makes it trust the CA.
    pub recipes: Vec<(String, String)>,
    /// The prefix of a command line for the reference client.
    pub till: String,
}

/// The current one of the four steps.
#[derive(Clone)]
pub(crate) enum Phase {
    /// Identification of the client.
    Identification,
    /// Selection of features.
    Selection,
    /// The cases.
    Certification(Arc<ActiveCertification>),
    /// The verdict.
    Approval(Arc<ApprovalView>),
}

impl Phase {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Phase::Identification => "identification",
            Phase::Selection => "selection",
            Phase::Certification(_) => "certification",
            Phase::Approval(_) => "approval",
        }
    }
}

/// A running certification.
pub(crate) struct ActiveCertification {
    pub director: Arc<Director>,
    /// Identification and selected features.
    pub session: Session,
    /// How to connect a till.
    pub reach: ConnectionInfo,
    /// The capture, for its chain head.
    pub writer: Writer,
    /// Sends the check-in notification, if the client has a callback.
    pub notify: Option<Notify>,
    /// The number of exchanges in the capture before this run.
    pub before: u64,
    /// This run began with a new attempt.
    pub new_attempt: bool,
    /// A run of the capture did not stop cleanly: no attempt in it can pass.
    pub cut_off: bool,
}

impl ActiveCertification {
    /// Sends the check-in notification to the client's callback and returns a message about the result.
    ///
    /// # Errors
    /// It could not be sent.
    pub(crate) async fn notify(&self) -> Result<String, String> {
        match &self.notify {
            Some(notify) => notify().await,
            None => Err("no callback URL; restart `certify` with --callback-url".to_owned()),
        }
    }
}

/// Checks the credentials for an external backend.
pub(crate) type CredentialCheck =
    Arc<dyn Fn(Identification, Secrets) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// A request of the operator to the command that serves the page.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PageRequest {
    /// Start the certification of this client, with these secrets for the backend.
    Begin(Box<Identification>, Secrets),
    /// After the verdict: record again into the same capture, in a new attempt or in the same one.
    Resume { new_attempt: bool },
    /// Close the page and end the command.
    Close,
}

/// A log line.
#[derive(Clone, Debug)]
pub(crate) struct LogEntry {
    /// Wall clock time, in microseconds since 1970.
    pub wall_us: i64,
    /// The text. A leading space marks a detail of a case.
    pub text: String,
}

/// A recorded exchange.
#[derive(Clone)]
pub(crate) struct TrafficRow {
    /// Its position in the order in which exchanges became durable, from 1.
    pub place: u64,
    /// The fields shown.
    pub view: Arc<ExchangeView>,
}

/// The state of the page.
pub(crate) struct PageState {
    pub rules: &'static RuleSet,
    /// The capture directory.
    pub capture: PathBuf,
    /// The prefix of a command line for another command of this program.
    pub program: String,
    /// Checks credentials; `None` with the embedded sandbox.
    pub credential_check: Option<CredentialCheck>,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    requests: mpsc::UnboundedSender<PageRequest>,
    begun: Instant,
}

/// The mutable state of the page.
pub(crate) struct State {
    /// The current step.
    pub phase: Phase,
    /// The identification, as entered.
    pub identified: Identification,
    /// The secrets for the backend, as entered.
    pub keys: Secrets,
    /// The last command sent to the till.
    pub line: Option<DriverCommand>,
    /// The latest log lines.
    pub log: VecDeque<LogEntry>,
    /// The total number of log lines about a whole case.
    pub case_entries: u64,
    /// The latest exchanges.
    pub traffic: VecDeque<TrafficRow>,
    /// The total number of exchanges of this run.
    pub exchange_count: u64,
    /// The page was opened in a browser.
    pub visited: bool,
}

impl PageState {
    /// The initial state, with the identification known so far.
    pub(crate) fn new(
        rules: &'static RuleSet,
        capture: PathBuf,
        program: String,
        identified: Identification,
        credential_check: Option<CredentialCheck>,
    ) -> (PageState, mpsc::UnboundedReceiver<PageRequest>) {
        let (requests, wished) = mpsc::unbounded_channel();
        let state = State {
            phase: Phase::Identification,
            identified,
            keys: Secrets::default(),
            line: None,
            log: VecDeque::new(),
            case_entries: 0,
            traffic: VecDeque::new(),
            exchange_count: 0,
            visited: false,
        };
        let (state, changed) = (Mutex::new(state), watch::Sender::new(0));
        (
            PageState { rules, capture, program, credential_check, state, changed, requests, begun: Instant::now() },
            wished,
        )
    }

    /// Locks the state.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and notifies the event streams.
    pub(crate) fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// A receiver that is notified of each change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Passes a request of the operator to the command.
    pub(crate) fn request(&self, request: PageRequest) {
        // There is no receiver only if the command is ending.
        let _ = self.requests.send(request);
    }

    /// Milliseconds since the start.
    pub(crate) fn ms(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.begun).as_millis()).unwrap_or(u64::MAX)
    }

    /// Adds a log line.
    pub(crate) fn log(&self, text: &str) {
        let entry = LogEntry { wall_us: jiff::Timestamp::now().as_microsecond(), text: text.to_owned() };
        self.change(|state| {
            state.case_entries = state.case_entries.saturating_add(u64::from(!text.starts_with(' ')));
            state.log.push_back(entry);
            while state.log.len() > LOG_LIMIT {
                state.log.pop_front();
            }
        });
    }
}

impl Observer for PageState {
    fn exchange(&self, exchange: &Exchange) {
        let view = Arc::new(ExchangeView::of(exchange, self.rules.profile));
        self.change(|state| {
            state.exchange_count = state.exchange_count.saturating_add(1);
            state.traffic.push_back(TrafficRow { place: state.exchange_count, view });
            while state.traffic.len() > KEPT {
                state.traffic.pop_front();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn log_lines_and_exchanges_are_bounded() {
        let rules: &'static RuleSet = Box::leak(Box::new(crate::rules::load(None).unwrap()));
        let (page_state, _) =
            PageState::new(rules, PathBuf::new(), "poscert".to_owned(), Identification::default(), None);
        for number in 1..=1000 {
            page_state.exchange(&Exchange { number, ..Exchange::default() });
            page_state.log("x");
        }
        let state = page_state.state();
        assert_eq!((state.traffic.len(), state.log.len(), state.exchange_count), (KEPT, LOG_LIMIT, 1000));
        assert_eq!(state.traffic.front().map(|seen| (seen.place, seen.view.number)), Some((701, 701)));
    }
}
