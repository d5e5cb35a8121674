//! What is true when a send's head has arrived, before it changes anything: its tracks, and how it stands to the sends
//! before it.

use super::attempt::RunTime;
use super::resources::Subjects;
use crate::api::ExactAmount;

/// A request that comes so soon after its connection was reset was sent again by an HTTP library.
pub const AT_ONCE_MS: i64 = 200;

/// What was true when a send's head had arrived, kept until it is over.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// When its head arrived (a tick of the timeline).
    pub tick: u64,
    /// Its call.
    pub call: usize,
    /// Its request.
    pub request: usize,
    /// What it is about; a create's resource is known when it is answered.
    pub about: Subjects,
    /// Its token.
    pub token: Option<usize>,
    /// Since the end of the call's last send.
    pub gap_ms: Option<i64>,
    /// Whether the capture tells when that was; else the gap is the longest it can have been.
    pub gap_timed: bool,
    /// Since the head of the call's last send.
    pub head_gap_ms: Option<i64>,
    /// The call's latest send that is not over, and the ms since its head.
    pub open_poll: Option<(u64, i64)>,
    /// The call's last send that is over.
    pub last_n: Option<u64>,
    /// Its status; 0 where it got no answer.
    pub last_status: u16,
    /// Whether it failed.
    pub last_failed: bool,
    /// Whether a send of the call had been held for a time-out and was not over yet: its client had given it up.
    pub after_held: bool,
    /// When the call was sent again before this send was over.
    pub next_head: Option<RunTime>,
    /// The call's last attempt lost its connection so soon that it must have been reset.
    pub last_reset: bool,
    /// How long after a reset connection the call is sent again, for the first time.
    pub resent_ms: Option<i64>,
    /// Whether the call was answered below 500 before.
    pub answered_before: bool,
    /// Whether the content is that of the send before it, or of the one that was answered.
    pub same_content: bool,
    /// How many sends of the call failed in a row before this one.
    pub failures: u32,
    /// How many of them since the last long pause.
    pub failed_in_burst: u32,
    /// How many of them before a pause that may have been a long one, as far as the clock tells.
    pub failed_before_pause: u32,
    /// The pause before the last send, where that too followed a failed one.
    pub back_off_ms: Option<i64>,
    /// The delay that the last answered poll asked for.
    pub poll_delay_ms: Option<i64>,
    /// Since another call failed that tried to create the same and whose outcome is not known.
    pub duplicate_ms: Option<i64>,
    /// That call's last send.
    pub duplicate_n: Option<u64>,
    /// The clock does not tell whether that is too long ago.
    pub duplicate_may_be_old: bool,
    /// The call was sent with another body while this send was under way.
    pub contradicted_n: Option<u64>,
    /// A PoS of the name that is to be created is there already, by what the client knows.
    pub name_taken_n: Option<u64>,
    /// That PoS.
    pub name_taken: Option<usize>,
    /// And it was looked up since.
    pub name_looked_up: bool,
    /// It started a payment on a PoS where one had been in the way, and that one had been brought to an end.
    pub block_cleared: bool,
    /// How often this PoS was created again after a name conflict without a look.
    pub conflict_repeats: i64,
    /// How often the request was repeated unchanged after a refusal, with nothing done about it.
    pub unchanged_repeats: i64,
    /// The refusal.
    pub refused_n: Option<u64>,
    /// How long the client had waited since the request was answered 429.
    pub throttle_pause_ms: Option<i64>,
    /// The same request (a create: under the same key) was answered 2xx before.
    pub repeats_success: bool,
    /// Whether it makes a payment's sum of refunds larger than what was captured.
    pub refund_sum: Option<ExactAmount>,
}

impl Context {
    /// Whether the call is sent again at once after a reset connection, as HTTP libraries do it by themselves.
    pub fn resent_at_once(&self) -> bool {
        self.resent_ms.is_some_and(|ms| ms < AT_ONCE_MS)
    }
}
