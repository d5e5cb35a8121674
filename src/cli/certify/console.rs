//! Operator commands on standard input during a certification, one per line.

use crate::certify::Director;
use crate::certify::notify::Notifier;
use std::sync::Arc;
use tokio::sync::mpsc;

const KEYS: &str = "again CASE, skip, start over, notify, end";

/// A command of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
enum ConsoleCommand {
    Again(String),
    Skip,
    StartOver,
    Notify,
    End,
}

impl ConsoleCommand {
    fn parse(line: &str) -> Result<Option<ConsoleCommand>, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Ok(Some(match words[..] {
            [] => return Ok(None),
            ["again", case] => ConsoleCommand::Again(case.to_owned()),
            ["skip"] => ConsoleCommand::Skip,
            ["start", "over"] => ConsoleCommand::StartOver,
            ["notify"] => ConsoleCommand::Notify,
            ["end"] => ConsoleCommand::End,
            _ => return Err(format!("unknown command; available: {KEYS}")),
        }))
    }
}

/// Executes the commands on standard input until it ends.
pub(super) async fn listen(director: Arc<Director>, notifier: Notifier, out: fn(&str)) {
    let (heard, mut lines) = mpsc::unbounded_channel::<String>();
    // A dedicated thread: a blocking read of standard input cannot be cancelled.
    std::thread::spawn(move || std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| heard.send(line)));
    while let Some(line) = lines.recv().await {
        let done = match ConsoleCommand::parse(&line) {
            Ok(None) => continue,
            Ok(Some(ConsoleCommand::Again(case))) => director.again(&case).map(|()| String::new()),
            Ok(Some(ConsoleCommand::Skip)) => director.skip_wait().map(|()| String::new()),
            Ok(Some(ConsoleCommand::StartOver)) => director.start_over().map(|()| String::new()),
            Ok(Some(ConsoleCommand::Notify)) => notifier.send().await,
            Ok(Some(ConsoleCommand::End)) => {
                director.finish();
                Ok(String::new())
            }
            Err(sentence) => Err(sentence),
        };
        let message = done.unwrap_or_else(|sentence| sentence);
        if !message.is_empty() {
            out(&format!("  {message}\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_parse_to_commands_or_errors() {
        assert_eq!(
            ConsoleCommand::parse(" again  payment/1 "),
            Ok(Some(ConsoleCommand::Again("payment/1".to_owned())))
        );
        assert_eq!(ConsoleCommand::parse("start over"), Ok(Some(ConsoleCommand::StartOver)));
        assert_eq!(ConsoleCommand::parse(" "), Ok(None));
        for odd in ["again", "again a b", "start", "help"] {
            assert!(ConsoleCommand::parse(odd).unwrap_err().contains("skip"), "{odd}");
        }
    }
}
