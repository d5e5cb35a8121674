//! Mutants of the events, limits and scope of a check.

use super::expression;
use crate::rules::toml_rows::{CheckRow, EventRow};

/// Takes a mutant: the position of the change in bytes, what it is, the test that notices it, and the change.
pub(super) type Add<'a> = dyn FnMut(usize, String, String, &dyn Fn(&mut CheckRow)) + 'a;

/// Mutants without one of several events.
pub(super) fn of_events(check: &CheckRow, add: &mut Add) {
    for (at, name) in check.on.iter().enumerate().filter(|_| check.on.len() > 1) {
        let hint = format!("add a test in which an event of `{}` decides the result", name.as_ref());
        let change = format!("`on` does not contain `{}`", name.as_ref());
        add(name.span().start, change, hint, &|check| drop(check.on.remove(at)));
    }
    // The only event that is needed cannot be dropped; any other call in its place is a weaker rule.
    if let [EventRow { on, .. }] = check.need.as_slice()
        && let [name] = on.as_slice()
        && name.as_ref() != "any"
    {
        let change = format!("`need` is any call instead of `{}`", name.as_ref());
        let hint = format!("add a test with another call in place of `{}`", name.as_ref());
        add(name.span().start, change, hint, &|check| {
            let only = check.need.first_mut().and_then(|event| event.on.first_mut());
            if let Some(only) = only {
                "any".clone_into(only.as_mut());
            }
        });
    }
    type List = (&'static str, fn(&mut CheckRow) -> &mut Vec<EventRow>, usize);
    let lists: [List; 3] = [
        ("need", |check| &mut check.need, 2),
        ("reset", |check| &mut check.reset, 1),
        ("until", |check| &mut check.until, 1),
    ];
    let mut own = check.clone();
    for (key, list, least) in lists {
        let events = list(&mut own).clone();
        for (at, event) in events.iter().enumerate() {
            let names: Vec<&str> = event.on.iter().map(|name| name.as_ref().as_str()).collect();
            let names = names.join(", ");
            let place = event.on.first().map_or(0, |name| name.span().start);
            if events.len() >= least {
                let hint = format!("add a test in which `{names}` as an event of `{key}` decides the result");
                add(place, format!("`{key}` does not contain `{names}`"), hint, &|check| drop(list(check).remove(at)));
            }
            for (of, name) in event.on.iter().enumerate().filter(|_| event.on.len() > 1) {
                let hint = format!("add a test in which `{}` as an event of `{key}` decides the result", name.as_ref());
                let change = format!("`{key}` does not contain `{}`", name.as_ref());
                add(name.span().start, change, hint, &|check| {
                    if let Some(event) = list(check).get_mut(at) {
                        event.on.remove(of);
                    }
                });
            }
        }
    }
}

/// Mutants with another limit, time, flag or scope.
pub(super) fn of_numbers(check: &CheckRow, add: &mut Add) {
    let at = check.pattern.span().start;
    if let Some(limit) = check.limit {
        for changed in expression::neighbors(i64::from(limit), false) {
            let Ok(changed) = u32::try_from(changed) else { continue };
            let hint = format!("add a test with exactly {} events", limit.max(changed));
            let change = format!("`limit` is {changed} instead of {limit}");
            add(at, change, hint, &|check| check.limit = Some(changed));
        }
    }
    if let Some(least) = check.at_least_ms {
        for changed in expression::neighbors(least, true) {
            let hint = format!("add a test with a pause between {} and {} ms", least.min(changed), least.max(changed));
            let change = format!("`at_least_ms` is {changed} instead of {least}");
            add(at, change, hint, &|check| check.at_least_ms = Some(changed));
        }
    }
    if let Some(pause) = check.pause_ms {
        let hint = format!("add a test with a pause of {pause} ms before the event that would exceed the limit");
        add(at, format!("`pause_ms` is dropped: {pause}"), hint, &|check| check.pause_ms = None);
    }
    if check.pattern.as_ref() == "after" {
        let once = check.once.unwrap_or(false);
        let hint = "add a test in which the first event comes again after its obligation was fulfilled".to_owned();
        let change = format!("`once` is {} instead of {once}", !once);
        add(at, change, hint, &|check| check.once = Some(!once));
    }
    let has_state = !["each", "never"].contains(&check.pattern.as_ref().as_str());
    if has_state && check.scope.as_ref() != "client" {
        let scope = check.scope.as_ref();
        let hint = format!("add a test in which the events of two values of `{scope}` alternate");
        let change = format!("`scope` is \"client\" instead of \"{scope}\"");
        add(at, change, hint, &|check| "client".clone_into(check.scope.as_mut()));
    }
}
