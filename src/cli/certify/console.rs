//! What a person at the keyboard asks for while a certification is under way: a line each.

use crate::certify::Conductor;
use crate::certify::notify::Notifier;
use std::sync::Arc;
use tokio::sync::mpsc;

const KEYS: &str = "again CASE, skip, start over, notify, end";

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wish {
    Again(String),
    Skip,
    StartOver,
    Notify,
    End,
}

impl Wish {
    fn parse(line: &str) -> Result<Option<Wish>, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        Ok(Some(match words[..] {
            [] => return Ok(None),
            ["again", case] => Wish::Again(case.to_owned()),
            ["skip"] => Wish::Skip,
            ["start", "over"] => Wish::StartOver,
            ["notify"] => Wish::Notify,
            ["end"] => Wish::End,
            _ => return Err(format!("this can be asked for: {KEYS}")),
        }))
    }
}

/// Does what lines of standard input ask for, until there are no more.
pub async fn listen(conductor: Arc<Conductor>, notifier: Notifier, out: fn(&str)) {
    let (heard, mut lines) = mpsc::unbounded_channel::<String>();
    // A thread of its own: a read that waits for a line cannot be given up.
    std::thread::spawn(move || std::io::stdin().lines().map_while(Result::ok).try_for_each(|line| heard.send(line)));
    while let Some(line) = lines.recv().await {
        let done = match Wish::parse(&line) {
            Ok(None) => continue,
            Ok(Some(Wish::Again(case))) => conductor.again(&case).map(|()| String::new()),
            Ok(Some(Wish::Skip)) => conductor.skip_wait().map(|()| String::new()),
            Ok(Some(Wish::StartOver)) => conductor.start_over().map(|()| String::new()),
            Ok(Some(Wish::Notify)) => notifier.send().await,
            Ok(Some(Wish::End)) => {
                conductor.finish();
                Ok(String::new())
            }
            Err(sentence) => Err(sentence),
        };
        let told = done.unwrap_or_else(|sentence| sentence);
        if !told.is_empty() {
            out(&format!("  {told}\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_wish_or_a_sentence() {
        assert_eq!(Wish::parse(" again  payment/1 "), Ok(Some(Wish::Again("payment/1".to_owned()))));
        assert_eq!(Wish::parse("start over"), Ok(Some(Wish::StartOver)));
        assert_eq!(Wish::parse(" "), Ok(None));
        for odd in ["again", "again a b", "start", "help"] {
            assert!(Wish::parse(odd).unwrap_err().contains("skip"), "{odd}");
        }
    }
}
