//! The order in which the entries of a HAR file were sent.
//!
//! It follows from `startedDateTime` where possible. For equal times, or times closer than the clock's resolution,
//! the order of the file decides if the file is sorted by time, ascending or descending. Otherwise the order is
//! unknown.

use super::timings::EntryStart;

/// The order of the entries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Order {
    /// The number of each entry, from 1.
    pub numbers: Vec<u64>,
    /// Groups of numbers of calls whose order is unknown, in order.
    pub ties: Vec<Vec<u64>>,
}

/// The properties of an entry that determine its position.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment {
    /// Its start time, if it has a valid one.
    pub started: Option<EntryStart>,
    /// The resolution of its clock in microseconds; it may have started up to this much later.
    pub step_us: u64,
    /// Whether it is an API call.
    pub is_call: bool,
}

/// The direction in which times change through a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Rising,
    Falling,
    Mixed,
}

/// Computes the order of entries.
pub(super) fn of(moments: &[Moment]) -> Order {
    let times = times(moments);
    let calls = times.iter().zip(moments).filter(|(_, moment)| moment.is_call);
    let way = way(&calls.map(|(time, moment)| (*time, until(*time, moment))).collect::<Vec<_>>());
    let mut places: Vec<usize> = (0..moments.len()).collect();
    if way == Way::Falling {
        places.reverse();
    }
    // A step back by less than the resolution is no step back.
    let mut keys = times.clone();
    if way != Way::Mixed {
        let mut latest = i128::MIN;
        for &place in places.iter().filter(|place| moments.get(**place).is_some_and(|moment| moment.is_call)) {
            if let Some(key) = keys.get_mut(place) {
                latest = latest.max(*key);
                *key = latest;
            }
        }
    }
    places.sort_by_key(|&place| keys.get(place).copied());
    let mut order = Order { numbers: vec![0; moments.len()], ties: Vec::new() };
    let mut latest = i128::MIN;
    for (number, place) in (1_u64..).zip(places) {
        if let Some(slot) = order.numbers.get_mut(place) {
            *slot = number;
        }
        let call = moments.get(place).filter(|moment| moment.is_call && way == Way::Mixed);
        if let (Some(&time), Some(moment)) = (times.get(place), call) {
            match order.ties.last_mut() {
                Some(group) if time < latest => group.push(number),
                _ => order.ties.push(vec![number]),
            }
            latest = latest.max(until(time, moment));
        }
    }
    order.ties.retain(|group| group.len() > 1);
    order
}

/// The time of each entry in nanoseconds; an entry without a time keeps its position in the file.
fn times(moments: &[Moment]) -> Vec<i128> {
    let mut last = i128::MIN;
    let time = |moment: &Moment| {
        last = moment.started.map_or(last, |at| i128::from(at.wall_us) * 1000 + i128::from(at.nanos));
        last
    };
    moments.iter().map(time).collect()
}

/// The time by which it has certainly started.
fn until(time: i128, moment: &Moment) -> i128 {
    time.saturating_add(i128::from(moment.step_us.max(1)).saturating_mul(1000))
}

/// `times`: the earliest and the latest possible start of each entry.
fn way(times: &[(i128, i128)]) -> Way {
    let pairs = || times.iter().zip(times.iter().skip(1));
    if pairs().all(|((before, _), (_, after))| after > before) {
        // If all are within one step of each other, the order of the file applies.
        Way::Rising
    } else if pairs().all(|((_, before), (after, _))| before > after) {
        Way::Falling
    } else {
        Way::Mixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(time: Option<&str>) -> Moment {
        let started = time.and_then(|time| super::super::timings::parse(&format!("2024-03-01T12:00:{time}Z")));
        let step_us = started.map_or(1, EntryStart::resolution_us);
        Moment { started, step_us, is_call: started.is_some() }
    }

    fn order(times: &[&str]) -> (Vec<u64>, Vec<Vec<u64>>) {
        let order = of(&times.iter().map(|time| moment(Some(time))).collect::<Vec<_>>());
        (order.numbers, order.ties)
    }

    #[test]
    fn ties_follow_the_sort_direction_of_the_file() {
        assert_eq!(order(&["01.000", "02.000", "02.000", "03.000"]), (vec![1, 2, 3, 4], vec![]));
        assert_eq!(order(&["03.000", "02.000", "02.000", "01.000"]), (vec![4, 3, 2, 1], vec![]));
        assert_eq!(order(&["02.000", "03.000", "02.000", "01.000"]), (vec![2, 4, 3, 1], vec![vec![2, 3]]));
        assert_eq!(order(&["01.000", "01.000"]), (vec![1, 2], vec![]));
    }

    #[test]
    fn coarse_times_are_no_step_back() {
        assert_eq!(order(&["05.200000", "05", "05.600000", "07"]), (vec![1, 2, 3, 4], vec![]));
        assert_eq!(order(&["07", "05", "06", "05.600000"]), (vec![4, 1, 3, 2], vec![vec![1, 2]]));
        assert_eq!(order(&["02", "01.5", "02", "00.000001"]), (vec![3, 2, 4, 1], vec![vec![3, 4]]));
    }

    #[test]
    fn entry_without_a_time_keeps_its_position() {
        assert_eq!(of(&[moment(Some("01.0")), moment(None), moment(Some("02.0"))]).numbers, [1, 2, 3]);
    }
}
