//! Operator commands on standard input during a certification, one per line.

use crate::certify::Director;
use crate::certify::notify::Notifier;
use std::sync::Arc;
use tokio::sync::mpsc;

const KEYS: &str = "again CASE, skip, start over, notify, end";

/// A command of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
enum OperatorRequest {
    Again(String),
    Skip,
    StartOver,
    Notify,
    End,
}

impl OperatorRequest {
    fn parse(line: &str) -> Result<Option<OperatorRequest>, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Ok(Some(match words[..] {
            [] => return Ok(None),
            ["again", case] => OperatorRequest::Again(case.to_owned()),
            ["skip"] => OperatorRequest::Skip,
            ["start", "over"] => OperatorRequest::StartOver,
            ["notify"] => OperatorRequest::Notify,
            ["end"] => OperatorRequest::End,
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
        let done = match OperatorRequest::parse(&line) {
            Ok(None) => continue,
            Ok(Some(OperatorRequest::Again(case))) => director.again(&case).map(|()| String::new()),
            Ok(Some(OperatorRequest::Skip)) => director.skip_wait().map(|()| String::new()),
            Ok(Some(OperatorRequest::StartOver)) => director.start_over().map(|()| String::new()),
            Ok(Some(OperatorRequest::Notify)) => notifier.send().await,
            Ok(Some(OperatorRequest::End)) => {
                director.finish();
                Ok(String::new())
            }
            Err(sentence) => Err(sentence),
        };
        let identified = done.unwrap_or_else(|sentence| sentence);
        if !identified.is_empty() {
            out(&format!("  {identified}\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_parse_to_commands_or_errors() {
        assert_eq!(
            OperatorRequest::parse(" again  payment/1 "),
            Ok(Some(OperatorRequest::Again("payment/1".to_owned())))
        );
        assert_eq!(OperatorRequest::parse("start over"), Ok(Some(OperatorRequest::StartOver)));
        assert_eq!(OperatorRequest::parse(" "), Ok(None));
        for odd in ["again", "again a b", "start", "help"] {
            assert!(OperatorRequest::parse(odd).unwrap_err().contains("skip"), "{odd}");
        }
    }
}
