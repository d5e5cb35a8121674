//! Timestamps of certificates and ledger: RFC 3339 in UTC, to the second; and dates for display.

pub(crate) use crate::verify::recording_period::timestamp as of_micros;
use jiff::Timestamp;

/// The current timestamp.
pub(crate) fn now() -> String {
    let now = Timestamp::now();
    of_micros(now.as_microsecond()).unwrap_or_else(|| now.to_string())
}

/// Whether a text is a timestamp.
pub(crate) fn is_moment(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok()
}

/// The date for display, such as `25 November 2026`; a text that is not a timestamp is returned unchanged.
pub(crate) fn day(moment: &str) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let Ok(at) = moment.parse::<Timestamp>() else { return moment.to_owned() };
    let at = at.to_zoned(jiff::tz::TimeZone::UTC);
    let month = usize::try_from(at.month()).ok().and_then(|month| MONTHS.get(month.saturating_sub(1)));
    month.map_or(moment.to_owned(), |month| format!("{} {month} {}", at.day(), at.year()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamps_are_in_utc_to_the_second() {
        assert_eq!(of_micros(1_795_000_000_999_999).as_deref(), Some("2026-11-18T11:06:40Z"));
        assert_eq!(of_micros(-1).as_deref(), Some("1969-12-31T23:59:59Z"));
        assert_eq!(of_micros(i64::MAX), None);
        assert!(is_moment(&now()) && !is_moment("yesterday"));
        assert_eq!(day("2026-11-18T11:06:40Z"), "18 November 2026");
        assert_eq!(day("soon"), "soon");
    }
}
