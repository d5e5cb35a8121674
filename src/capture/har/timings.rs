//! Start and duration of HAR entries. `startedDateTime` is ISO 8601, with or without fractions, with `Z` or an
//! offset; together with `time` it gives the end, if `time` is what the specification says.

use super::model::{Entry, Timings};
use jiff::Timestamp;
use jiff::civil::DateTime;

/// The start time of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryStart {
    /// Microseconds since the Unix epoch.
    pub wall_us: i64,
    /// Additional nanoseconds, for ordering.
    pub nanos: i32,
    /// The number of fractional digits of its seconds.
    pub digits: usize,
    /// Whether it has seconds; a time like `12:00Z` has a resolution of a minute.
    pub has_seconds: bool,
    /// Whether it has a UTC offset.
    pub has_offset: bool,
}

impl EntryStart {
    /// Its resolution in microseconds, as written.
    pub(super) fn resolution_us(self) -> u64 {
        if self.has_seconds { resolution_us(self.digits) } else { MINUTE_US }
    }
}

/// Parses a start time; `None` if the text is not one. A time without an offset is read as UTC.
pub(super) fn parse(text: &str) -> Option<EntryStart> {
    let text = text.trim();
    let digits = text.split_once(['.', ',']).map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    let (moment, has_offset) = match text.parse::<Timestamp>() {
        Ok(moment) => (moment, true),
        Err(_) => (text.parse::<DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp(), false),
    };
    // The colons of an offset follow its sign, which the date has too.
    let time = text.split_once(['T', 't', ' ']).map_or("", |(_, time)| time);
    let time = time.split(['Z', 'z', '+', '-']).next().unwrap_or_default();
    let is_basic = !time.contains(':') && time.len() >= 6;
    let has_seconds = is_basic || time.matches(':').count() == 2;
    let (wall_us, nanos) = (moment.as_microsecond(), moment.subsec_nanosecond() % 1000);
    Some(EntryStart { wall_us, nanos, digits, has_seconds, has_offset })
}

/// The resolution of a file's clock, estimated from its values.
#[derive(Clone, Debug, Default)]
pub(super) struct ClockResolution {
    /// The number of start times.
    count: usize,
    /// How many of them have this number of fractional digits.
    digits: [usize; 8],
    /// Some of them have no seconds.
    lacks_seconds: bool,
    /// The longest step of which all start times are multiples, in microseconds.
    even_us: u64,
    /// The same for durations.
    lasted_even_us: u64,
    lasted_count: usize,
    /// Some entries have a duration of zero.
    lasted_nothing: bool,
    /// Some durations are not a multiple of the step of the start times.
    lasted_finer: bool,
}

const MINUTE_US: u64 = 60_000_000;

const SECOND_US: u64 = 1_000_000;

/// The number of values needed to tell a clock with steps of ten from values that happen to be multiples of ten.
const MIN_SAMPLES: usize = 12;

impl ClockResolution {
    /// Starts with the start times of a file's calls.
    pub(super) fn of(begun: &[EntryStart]) -> ClockResolution {
        let mut clock = ClockResolution {
            count: begun.len(),
            even_us: MINUTE_US,
            lasted_even_us: SECOND_US,
            ..ClockResolution::default()
        };
        for moment in begun {
            if let Some(count) = clock.digits.get_mut(moment.digits.min(7)) {
                *count += 1;
            }
            clock.lacks_seconds |= !moment.has_seconds;
            let us = moment.wall_us.unsigned_abs();
            clock.even_us = divisor(us, clock.even_us);
        }
        clock
    }

    /// Adds the `time` of an entry.
    pub(super) fn lasted(&mut self, time: Option<f64>) {
        let Some(ms) = time.filter(|ms| *ms >= 0.0) else { return };
        // A value finer than a microsecond counts as the finest resolution.
        let us = micros(ms);
        let exact = (ms * 1000.0 - us_as_float(us)).abs() < 1e-6;
        self.lasted_even_us = if exact { divisor(us, self.lasted_even_us) } else { 1 };
        self.lasted_count += 1;
        self.lasted_nothing |= us == 0;
        self.lasted_finer |= !us.is_multiple_of(self.even_us.max(1));
    }

    /// The resolution of `startedDateTime`, in microseconds.
    pub(super) fn begin_us(&self) -> u64 {
        if self.lacks_seconds {
            return MINUTE_US;
        }
        let Some(most) = self.digits.iter().rposition(|count| *count > 0) else { return 1 };
        // Some programs drop trailing zeros: one time in ten has one digit less, one in a hundred two. If more times
        // are short, a coarser clock wrote them.
        let coarser = (0..most).find(|&digits| {
            let so_few: usize = self.digits.iter().take(digits + 1).sum();
            let by_chance = 10_usize.saturating_pow(u32::try_from(most - digits).unwrap_or(9));
            so_few.saturating_mul(by_chance) > self.count.saturating_mul(3)
        });
        resolution_us(coarser.unwrap_or(most)).max(self.padded_us())
    }

    /// The resolution that only the values show: milliseconds that are all whole minutes, whole seconds or
    /// tens. It is the clock's resolution, unless the file was made of round numbers.
    pub(super) fn padded_us(&self) -> u64 {
        let is_even = self.count >= MIN_SAMPLES && (self.lasted_finer || self.lasted_nothing);
        if is_even { self.even_us } else { 1 }
    }

    /// The resolution of `time`, in microseconds.
    pub(super) fn lasted_us(&self) -> u64 {
        let tells = self.lasted_count >= MIN_SAMPLES && self.lasted_nothing;
        let most = if tells { SECOND_US } else { 1000 };
        if self.lasted_count == 0 { 1 } else { self.lasted_even_us.min(most) }
    }
}

/// The largest step, at most `step`, of which `us` is a multiple: a minute or a decimal step.
fn divisor(us: u64, mut step: u64) -> u64 {
    while step > 1 && !us.is_multiple_of(step) {
        step = if step == MINUTE_US { 10 * SECOND_US } else { step / 10 };
    }
    step
}

fn us_as_float(us: u64) -> f64 {
    // Durations have fewer digits than the mantissa of a float.
    #[allow(clippy::cast_precision_loss)]
    let us = us as f64;
    us
}

/// The resolution in microseconds of times with this number of fractional digits.
fn resolution_us(digits: usize) -> u64 {
    10_u64.pow(u32::try_from(6_usize.saturating_sub(digits)).unwrap_or(0))
}

/// Describes a resolution.
pub(super) fn in_words(us: u64) -> String {
    match us {
        MINUTE_US => "a minute".to_owned(),
        SECOND_US => "a second".to_owned(),
        us if us > SECOND_US => format!("{} s", us.div_ceil(SECOND_US)),
        _ => format!("{} ms", us.div_ceil(1000)),
    }
}

/// The duration of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EntryDuration {
    /// In microseconds; a lower bound if it is unknown.
    pub us: u64,
    /// Whether the entry has it.
    pub is_known: bool,
}

impl EntryDuration {
    /// Taken from `time`, or from `timings` if there is none. A `time` that is only the sum of timings without the
    /// wait for the response (mitmproxy without a response, Playwright's minimal mode) says no more than they do.
    pub(super) fn of(entry: &Entry, maker: &str, is_answered: bool) -> EntryDuration {
        let timings = entry.timings.unwrap_or_default();
        let tells = entry.timings.is_some() && timings.has_wait(is_answered);
        let Some(time) = entry.time.filter(|ms| *ms >= 0.0) else {
            return EntryDuration { us: micros(timings.sum()), is_known: tells };
        };
        if maker == "mitmproxy" && counts_connecting(time, &timings) {
            return EntryDuration { us: micros(timings.on_the_wire()), is_known: tells };
        }
        // Without a response, `send` may be the whole duration; but mitmproxy stops its clock there.
        let is_complete = !is_answered && maker != "mitmproxy";
        let only_sums = entry.timings.is_some() && near(time, timings.sum());
        EntryDuration { us: micros(time), is_known: tells || is_complete || !only_sums }
    }
}

/// mitmproxy connects to the server before its `startedDateTime`, and adds the time for that, with TLS counted twice,
/// to its `time`.
fn counts_connecting(time: f64, timings: &Timings) -> bool {
    let connecting: f64 = [timings.connect, timings.ssl].into_iter().flatten().filter(|ms| *ms > 0.0).sum();
    connecting > 0.0 && near(time, timings.on_the_wire() + connecting)
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.001
}

/// Converts milliseconds of a HAR file to microseconds.
pub(super) fn micros(ms: f64) -> u64 {
    // A cast from float saturates; negative values mean "does not apply".
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let micros = (ms * 1000.0).round().clamp(0.0, 1e17) as u64;
    micros
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn start_times_are_parsed_in_every_notation() {
        let us = |text: &str| parse(text).unwrap().wall_us;
        let zero = us("2024-03-01T12:00:00Z");
        assert_eq!(us("2024-03-01T14:00:00+02:00"), zero);
        assert_eq!(us("2024-03-01T14:00:00.000+0200"), zero);
        assert_eq!(us("2024-03-01T12:00:00.123Z"), zero + 123_000);
        assert_eq!(us("2024-03-01T12:00:00.1234567Z"), zero + 123_456);
        assert_eq!(us("2024-03-01T12:00:00.123456+00:00"), zero + 123_456);
        assert_eq!(us("2024-03-01T12:00:00"), zero);
        assert!(!parse("2024-03-01T12:00:00").unwrap().has_offset);
        for text in ["", "x", "12:00", "2024-13-01T12:00:00Z", "1709294400"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn resolution_follows_from_the_digits() {
        let of = |text: &str| parse(text).unwrap().resolution_us();
        assert_eq!(of("2024-03-01T12:00Z"), 60_000_000);
        assert_eq!(of("2024-03-01T12:00+01:00"), 60_000_000);
        assert_eq!(of("20240301T120000Z"), 1_000_000);
        assert_eq!(of("2024-03-01T12:00:00-01:00"), 1_000_000);
        assert_eq!(of("2024-03-01T12:00:00Z"), 1_000_000);
        assert_eq!(of("2024-03-01T12:00:00.000Z"), 1000);
        assert_eq!(of("2024-03-01T12:00:00.123456789Z"), 1);
        assert_eq!((micros(1.5), micros(-1.0), micros(0.0004)), (1500, 0, 0));
    }

    #[test]
    fn clock_of_whole_minutes_is_recognised() {
        let resolution = |texts: &dyn Fn(usize) -> String, lasted: f64| {
            let begun: Vec<EntryStart> = (0..MIN_SAMPLES).map(|at| parse(&texts(at)).unwrap()).collect();
            let mut clock = ClockResolution::of(&begun);
            clock.lasted(Some(lasted));
            clock.begin_us()
        };
        assert_eq!(resolution(&|at| format!("2024-03-01T12:{at:02}Z"), 7.0), MINUTE_US);
        assert_eq!(resolution(&|at| format!("2024-03-01T12:{at:02}:00Z"), 7.0), MINUTE_US);
        assert_eq!(resolution(&|at| format!("2024-03-01T12:{at:02}:00.000Z"), 7.0), MINUTE_US);
        assert_eq!(resolution(&|at| format!("2024-03-01T12:00:{:02}.000Z", at % 6 * 10), 7.0), 10 * SECOND_US);
        assert_eq!(resolution(&|at| format!("2024-03-01T12:00:{at:02}.000Z"), 7.0), SECOND_US);
    }
}
