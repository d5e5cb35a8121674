//! The act that is due as a line for the reference till, for whoever tries a certification with it.

use super::super::driver_command::Line;

/// What to do with the reference till, and the line to copy. `till`: what such a line begins with.
pub fn hint(line: &Line, till: &str) -> Option<(String, String)> {
    let command = |rest: String| format!("{till} {rest}");
    let plain = "With the reference till, in a second terminal:".to_owned();
    let in_another = "With the reference till, in a third terminal, since it waits in the second:".to_owned();
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
            let words = "With the reference till: Ctrl-C where it waits, or, if it does not, in a second terminal:";
            return Some((words.to_owned(), command(act.to_owned())));
        }
        // The payment is followed in the first terminal until it is made ready.
        "ready" => return Some((in_another, command(format!("ready {}", terms())))),
        _ => return None,
    };
    Some((plain, command(rest)))
}

/// The same where the till has to go on by itself: the reference till that was started for one act has a job for that.
pub fn job(till: &str) -> (String, String) {
    let words =
        "A till that runs on does this by itself. The reference till ends when it has given up; then start its job:";
    (words.to_owned(), format!("{till} job"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_is_a_line_to_copy() {
        let line = |act: &str| Line { act: act.into(), amount: Some("12.50".into()), ..Line::default() };
        let shown = |line: &Line| hint(line, "poscert till").map(|(_, command)| command);
        assert_eq!(shown(&line("onboard")).as_deref(), Some("poscert till onboard"));
        let restrictions = [("debitCardDisallowed".to_owned(), true), ("creditCardDisallowed".to_owned(), false)];
        let pay = Line { restrictions: restrictions.into(), capture: Some("6.00".into()), ..line("pay") };
        assert_eq!(shown(&pay).as_deref(), Some("poscert till pay 12.50 --capture 6.00 --no-debit"));
        assert_eq!(shown(&line("prepare")).as_deref(), Some("poscert till prepare --wait"));
        assert_eq!(shown(&line("ready")).as_deref(), Some("poscert till ready 12.50"));
        assert_eq!(shown(&line("refund")).as_deref(), Some("poscert till refund 12.50"));
        assert_eq!(shown(&line("abort")).as_deref(), Some("poscert till abort"));
        assert_eq!(shown(&Line::end()), None);
    }
}
