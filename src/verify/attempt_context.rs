//! The context of an attempt: the resources it is about and its relation to earlier attempts, when its head arrives.

use super::attempt::RunTime;
use super::subjects::Subjects;
use crate::api::ExactAmount;

/// A retry within this time after a connection reset was made by the HTTP library.
pub(crate) const AT_ONCE_MS: i64 = 200;

/// The state when an attempt's head arrived, kept until the attempt ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    /// The tick of the timeline at which its head arrived.
    pub tick: u64,
    pub call: usize,
    pub request: usize,
    /// The resources it is about; the resource of a create is known only after the response.
    pub about: Subjects,
    pub token: Option<usize>,
    /// Time since the end of the call's last attempt.
    pub gap_ms: Option<i64>,
    /// Whether the capture shows when that attempt ended; otherwise `gap_ms` is the maximum.
    pub gap_timed: bool,
    /// Time since the head of the call's last attempt.
    pub head_gap_ms: Option<i64>,
    /// The call's latest attempt still in flight, and the ms since its head.
    pub open_poll: Option<(u64, i64)>,
    /// The call's last attempt that has ended.
    pub last_n: Option<u64>,
    /// The status of that attempt; 0 if it got no response.
    pub last_status: u16,
    /// Whether that attempt failed.
    pub last_failed: bool,
    /// Whether an attempt of the call in flight had already timed out, so that the client had given it up.
    pub after_held: bool,
    /// When the next attempt of the call began, if that was before the end of this one.
    pub next_head: Option<RunTime>,
    /// The connection of the call's last attempt was reset: it ended without a response, and too soon for a timeout.
    pub last_reset: bool,
    /// Time since the connection of the last attempt was reset, for the first retry after a reset.
    pub resent_ms: Option<i64>,
    /// Whether an earlier attempt of the call got a status below 500.
    pub answered_before: bool,
    /// Whether the content equals that of the failed attempt before it, or of the attempt with a status below 500.
    pub same_content: bool,
    /// The number of consecutive failed attempts of the call before this one.
    pub failures: u32,
    /// The number of failed attempts since the last long pause.
    pub failed_in_burst: u32,
    /// The number of failed attempts before a pause that the clock is too coarse to call long or short.
    pub failed_before_pause: u32,
    /// The pause before the last attempt, if that one followed a failed attempt too.
    pub back_off_ms: Option<i64>,
    /// The delay in the last poll response that had one.
    pub poll_delay_ms: Option<i64>,
    /// Time since another call with the same create failed; its outcome is unknown.
    pub duplicate_ms: Option<i64>,
    /// The last attempt of that call.
    pub duplicate_n: Option<u64>,
    /// Whether the clock is too coarse to tell if that call is within the retry window.
    pub duplicate_may_be_old: bool,
    /// An attempt of the same call with another body, sent while this one was in flight.
    pub contradicted_n: Option<u64>,
    /// The exchange that created an existing PoS with the name to be created, as far as the client knows.
    pub name_taken_n: Option<u64>,
    /// That PoS.
    pub name_taken: Option<usize>,
    /// Whether that PoS has been looked up since.
    pub name_looked_up: bool,
    /// Whether it started a payment on a PoS after the payment that blocked the PoS had ended.
    pub block_cleared: bool,
    /// How often the PoS was created again after a name conflict without a look-up.
    pub conflict_repeats: i64,
    /// How often the request was repeated unchanged after a refusal whose cause was not addressed.
    pub unchanged_repeats: i64,
    /// The exchange of that refusal.
    pub refused_n: Option<u64>,
    /// Time since the request got status 429.
    pub throttle_pause_ms: Option<i64>,
    /// Whether the same request (a create: with the same key) already got a status 2xx.
    pub repeats_success: bool,
    /// The total of the payment's refunds, with this one.
    pub refund_sum: Option<ExactAmount>,
}

impl Context {
    /// Whether it is an immediate retry after a connection reset, as HTTP libraries make on their own.
    pub(crate) fn resent_at_once(&self) -> bool {
        self.resent_ms.is_some_and(|ms| ms < AT_ONCE_MS)
    }
}
