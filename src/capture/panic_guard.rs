//! Conversion of sled's panics into errors. sled can panic on damaged files; the panic hook stays silent meanwhile,
//! so that the panic does not reach the user's terminal.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Calls `run`; returns the message of a panic as an error.
pub(super) fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let sled_own = std::thread::current().name().is_some_and(|name| name.starts_with("sled-"));
            if !QUIET.with(Cell::get) && !sled_own {
                before(info);
            }
        }));
    });
    let was = QUIET.with(|quiet| quiet.replace(true));
    let result = catch_unwind(AssertUnwindSafe(run));
    QUIET.with(|quiet| quiet.set(was));
    result.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("panicked");
        text.lines().next().unwrap_or_default().chars().take(200).collect()
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn panic_message_becomes_an_error() {
        assert_eq!(super::caught(|| 7), Ok(7));
        assert_eq!(super::caught(|| -> u8 { panic!("damaged {}", 1) }), Err("damaged 1".to_owned()));
    }
}
