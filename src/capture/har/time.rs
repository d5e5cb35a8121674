//! When an entry began and ended. `startedDateTime` is ISO 8601, with or without fractions, with `Z` or an offset; it and
//! `time` make the end, where `time` is what the specification says.

use super::model::{Entry, Timings};
use jiff::Timestamp;
use jiff::civil::DateTime;

/// A moment as an entry names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Started {
    /// Microseconds since the Unix epoch.
    pub wall_us: i64,
    /// Nanoseconds beyond them, for the order.
    pub nanos: i32,
    /// How many digits of a second it was written with.
    pub digits: usize,
    /// Whether it names its offset from UTC.
    pub has_offset: bool,
}

/// Reads a moment; `None` where the text is none. One without an offset is taken as UTC.
pub(super) fn parse(text: &str) -> Option<Started> {
    let text = text.trim();
    let digits = text.split_once(['.', ',']).map_or(0, |(_, rest)| rest.bytes().take_while(u8::is_ascii_digit).count());
    let (moment, has_offset) = match text.parse::<Timestamp>() {
        Ok(moment) => (moment, true),
        Err(_) => (text.parse::<DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp(), false),
    };
    Some(Started { wall_us: moment.as_microsecond(), nanos: moment.subsec_nanosecond() % 1000, digits, has_offset })
}

/// The resolution in microseconds of moments written with so many digits of a second.
pub(super) fn resolution_us(digits: usize) -> u64 {
    10_u64.pow(u32::try_from(6_usize.saturating_sub(digits)).unwrap_or(0))
}

/// How long an entry lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lasted {
    /// In microseconds; where it is not told, the least it can be.
    pub us: u64,
    /// Whether the entry tells it.
    pub is_told: bool,
}

impl Lasted {
    /// By `time`, or where there is none by `timings`. A `time` that only sums up timings which leave out how long the
    /// answer was waited for (mitmproxy without an answer, Playwright's minimal mode) tells no more than they do.
    pub fn of(entry: &Entry, maker: &str, is_answered: bool) -> Lasted {
        let timings = entry.timings.unwrap_or_default();
        let tells = entry.timings.is_some() && timings.tell_the_wait(is_answered);
        let Some(time) = entry.time.filter(|ms| *ms >= 0.0) else {
            return Lasted { us: micros(timings.sum()), is_told: tells };
        };
        if maker == "mitmproxy" && counts_connecting(time, &timings) {
            return Lasted { us: micros(timings.on_the_wire()), is_told: tells };
        }
        // Where no answer came, `send` may well be all of it; but mitmproxy stops its clock there.
        let is_complete = !is_answered && maker != "mitmproxy";
        let only_sums = entry.timings.is_some() && near(time, timings.sum());
        Lasted { us: micros(time), is_told: tells || is_complete || !only_sums }
    }
}

/// mitmproxy connects to the server before its `startedDateTime`, and adds that, with TLS counted twice, to its `time`.
fn counts_connecting(time: f64, timings: &Timings) -> bool {
    let connecting: f64 = [timings.connect, timings.ssl].into_iter().flatten().filter(|ms| *ms > 0.0).sum();
    connecting > 0.0 && near(time, timings.on_the_wire() + connecting)
}

fn near(one: f64, other: f64) -> bool {
    (one - other).abs() < 0.001
}

/// Milliseconds as a HAR writes them, in microseconds.
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
    fn moments_in_every_spelling() {
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
    fn resolution_is_that_of_the_digits() {
        let of = |text: &str| resolution_us(parse(text).unwrap().digits);
        assert_eq!(of("2024-03-01T12:00:00Z"), 1_000_000);
        assert_eq!(of("2024-03-01T12:00:00.000Z"), 1000);
        assert_eq!(of("2024-03-01T12:00:00.123456789Z"), 1);
        assert_eq!((micros(1.5), micros(-1.0), micros(0.0004)), (1500, 0, 0));
    }
}
