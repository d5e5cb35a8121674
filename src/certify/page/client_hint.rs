//! Command lines of the reference client for the step due.

use super::super::driver_command::DriverCommand;

/// A hint and the command line to copy; `None` if the action has none. `till`: the prefix of the command line.
pub(super) fn hint(line: &DriverCommand, till: &str) -> Option<(String, String)> {
    let command = |rest: String| format!("{till} {rest}");
    let plain = "With the reference client, in a second terminal:".to_owned();
    let in_another = "With the reference client, in a third terminal, as it is waiting in the second:".to_owned();
    let amount = line.amount.as_deref().unwrap_or("100.00");
    let terms = || {
        let capture = line.capture.as_ref().map(|capture| format!(" --capture {capture}")).unwrap_or_default();
        let no = |name: &str, flag: &str| {
            if line.restrictions.get(name).is_some_and(|on| *on) { format!(" {flag}") } else { String::new() }
        };
        format!(
            "{amount}{capture}{}{}",
            no("debitCardDisallowed", "--no-debit"),
            no("creditCardDisallowed", "--no-credit")
        )
    };
    let rest = match line.act.as_str() {
        act @ ("onboard" | "offboard" | "restart") => act.to_owned(),
        "prepare" => "prepare --wait".to_owned(),
        "pay" => format!("pay {}", terms()),
        "refund" => format!("refund {amount}"),
        act @ ("abort" | "cancel-refund") => {
            let words = "With the reference client: press Ctrl-C if it is waiting, otherwise, in a second terminal:";
            return Some((words.to_owned(), command(act.to_owned())));
        }
        // The second terminal follows the payment until it is ready.
        "ready" => return Some((in_another, command(format!("ready {}", terms())))),
        _ => return None,
    };
    Some((plain, command(rest)))
}

/// Hint and command line for a step that the till does on its own: the reference client needs its `job` command for it.
pub(super) fn job(till: &str) -> (String, String) {
    let words = "A till that keeps running does this on its own. The reference client exits when it gives up; then run its job:";
    (words.to_owned(), format!("{till} job"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_action_has_its_command_line() {
        let line =
            |act: &str| DriverCommand { act: act.into(), amount: Some("12.50".into()), ..DriverCommand::default() };
        let shown = |line: &DriverCommand| hint(line, "poscert till").map(|(_, command)| command);
        assert_eq!(shown(&line("onboard")).as_deref(), Some("poscert till onboard"));
        let restrictions = [("debitCardDisallowed".to_owned(), true), ("creditCardDisallowed".to_owned(), false)];
        let pay = DriverCommand { restrictions: restrictions.into(), capture: Some("6.00".into()), ..line("pay") };
        assert_eq!(shown(&pay).as_deref(), Some("poscert till pay 12.50 --capture 6.00 --no-debit"));
        assert_eq!(shown(&line("prepare")).as_deref(), Some("poscert till prepare --wait"));
        assert_eq!(shown(&line("ready")).as_deref(), Some("poscert till ready 12.50"));
        assert_eq!(shown(&line("refund")).as_deref(), Some("poscert till refund 12.50"));
        assert_eq!(shown(&line("abort")).as_deref(), Some("poscert till abort"));
        assert_eq!(shown(&DriverCommand::end()), None);
    }
}
