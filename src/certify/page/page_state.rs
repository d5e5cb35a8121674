//! What the page knows: told by those who lead the certification, read by those who look.
//!
//! Bounded: the last sentences and the last exchanges are kept here, all others stand in the capture.

use super::approval::Approval;
use crate::capture::Writer;
use crate::capture::record::{Exchange, Session};
use crate::certify::Director;
use crate::certify::credentials::Secrets;
use crate::certify::driver_command::Line;
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

/// How many sentences are kept.
const SAID: usize = 200;
/// How many exchanges are kept.
pub const KEPT: usize = 300;

/// Where a till finds the recorder, in words to copy.
#[derive(Clone, Debug, Default)]
pub struct ConnectionInfo {
    /// The base URL.
    pub base_url: String,
    /// The HTTPS proxy's URL.
    pub proxy_url: String,
    /// The CA's certificate.
    pub ca: String,
    /// Where calls are forwarded to.
    pub upstream: String,
    /// The embedded sandbox's token endpoint, client id and client secret, where there is one.
    pub sandbox: Option<[String; 3]>,
    /// Lines that make a client trust the CA, each with for whom it is.
    pub recipes: Vec<(String, String)>,
    /// What a line for the reference till begins with.
    pub till: String,
}

/// Which of the four steps is under way.
#[derive(Clone)]
pub enum Phase {
    /// Who is certified.
    Identification,
    /// For what.
    Selection,
    /// The cases.
    Certification(Arc<ActiveCertification>),
    /// What came of it.
    Approval(Arc<Approval>),
}

impl Phase {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Phase::Identification => "identification",
            Phase::Selection => "selection",
            Phase::Certification(_) => "certification",
            Phase::Approval(_) => "approval",
        }
    }
}

/// A certification under way.
pub struct ActiveCertification {
    /// Knows what is due.
    pub director: Arc<Director>,
    /// Who is certified for what.
    pub session: Session,
    /// Where the recorder is.
    pub reach: ConnectionInfo,
    /// The capture, whose chain grows.
    pub writer: Writer,
    /// Sends the check-in notification, where the client has a callback.
    pub notify: Option<Notify>,
    /// How many exchanges the capture held before this start.
    pub before: u64,
    /// A run of the capture was cut off: no verdict on it can be passed any more, of whatever attempt.
    pub cut_off: bool,
}

impl ActiveCertification {
    /// Sends the check-in notification to the client's callback; what became of it, in a sentence.
    ///
    /// # Errors
    /// A sentence where it could not be sent.
    pub async fn notify(&self) -> Result<String, String> {
        match &self.notify {
            Some(notify) => notify().await,
            None => Err("no callback of the client is known: name its URL when `certify` is started".to_owned()),
        }
    }
}

/// Tries what opens a backend elsewhere.
pub type CredentialCheck =
    Arc<dyn Fn(Identification, Secrets) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// What a person at the page wants of the command that serves it.
#[derive(Clone, Debug, PartialEq)]
pub enum OperatorRequest {
    /// The certification begins, of this client, with these keys to the backend.
    Begin(Box<Identification>, Secrets),
    /// The page has been read.
    Close,
}

/// A sentence.
#[derive(Clone, Debug)]
pub struct LogEntry {
    /// Since the start, in ms.
    pub at_ms: u64,
    /// The sentence.
    pub text: String,
}

/// An exchange in the order in which they became durable.
#[derive(Clone)]
pub struct Seen {
    /// Its place in that order, from 1.
    pub place: u64,
    /// What is shown of it.
    pub view: Arc<ExchangeView>,
}

/// All that is known.
pub struct PageState {
    /// By which rules.
    pub rules: &'static RuleSet,
    /// The capture's folder.
    pub capture: PathBuf,
    /// What a line that asks for another command of this program begins with.
    pub program: String,
    /// How the backend is tried, where it is not the embedded sandbox.
    pub credential_check: Option<CredentialCheck>,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    wishes: mpsc::UnboundedSender<OperatorRequest>,
    begun: Instant,
}

/// What changes.
pub struct State {
    /// Which of the four steps is under way.
    pub phase: Phase,
    /// What was told of the client, as typed.
    pub told: Identification,
    /// What opens the backend, as typed.
    pub keys: Secrets,
    /// What the till was told last.
    pub line: Option<Line>,
    /// The last sentences.
    pub said: VecDeque<LogEntry>,
    /// How many of all sentences were on a case, and not on a step of it.
    pub cases_said: u64,
    /// The last exchanges.
    pub traffic: VecDeque<Seen>,
    /// How many exchanges there were.
    pub seen: u64,
    /// Somebody has opened the page.
    pub visited: bool,
}

impl PageState {
    /// Before anything is known but what `told` says.
    pub fn new(
        rules: &'static RuleSet,
        capture: PathBuf,
        program: String,
        told: Identification,
        credential_check: Option<CredentialCheck>,
    ) -> (PageState, mpsc::UnboundedReceiver<OperatorRequest>) {
        let (wishes, wished) = mpsc::unbounded_channel();
        let state = State {
            phase: Phase::Identification,
            told,
            keys: Secrets::default(),
            line: None,
            said: VecDeque::new(),
            cases_said: 0,
            traffic: VecDeque::new(),
            seen: 0,
            visited: false,
        };
        let (state, changed) = (Mutex::new(state), watch::Sender::new(0));
        (PageState { rules, capture, program, credential_check, state, changed, wishes, begun: Instant::now() }, wished)
    }

    /// What is known now.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is known, and tells who looks.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Hears of each change.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Hands on what a person wants.
    pub fn wish(&self, wish: OperatorRequest) {
        // Nobody hears it only when the command ends anyhow.
        let _ = self.wishes.send(wish);
    }

    /// Milliseconds since the start.
    pub fn ms(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.begun).as_millis()).unwrap_or(u64::MAX)
    }

    /// A sentence for people.
    pub fn say(&self, text: &str) {
        let said = LogEntry { at_ms: self.ms(Instant::now()), text: text.to_owned() };
        self.change(|state| {
            state.cases_said = state.cases_said.saturating_add(u64::from(!text.starts_with(' ')));
            state.said.push_back(said);
            while state.said.len() > SAID {
                state.said.pop_front();
            }
        });
    }
}

impl Observer for PageState {
    fn exchange(&self, exchange: &Exchange) {
        let view = Arc::new(ExchangeView::of(exchange));
        self.change(|state| {
            state.seen = state.seen.saturating_add(1);
            state.traffic.push_back(Seen { place: state.seen, view });
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
    fn what_is_kept_is_bounded() {
        let rules: &'static RuleSet = Box::leak(Box::new(crate::rules::load(None).unwrap()));
        let (page_state, _) =
            PageState::new(rules, PathBuf::new(), "poscert".to_owned(), Identification::default(), None);
        for number in 1..=1000 {
            page_state.exchange(&Exchange { number, ..Exchange::default() });
            page_state.say("x");
        }
        let state = page_state.state();
        assert_eq!((state.traffic.len(), state.said.len(), state.seen), (KEPT, SAID, 1000));
        assert_eq!(state.traffic.front().map(|seen| (seen.place, seen.view.number)), Some((701, 701)));
    }
}
