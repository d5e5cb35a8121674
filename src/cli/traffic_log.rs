//! The live traffic log: one line per exchange and connection event.

use super::terminal::printable;
use crate::capture::record::{AnsweredBy, Connection, EndedBy, Exchange, Stage};
use crate::proxy::Observer;

/// Prints recorded events.
pub(super) struct Lines {
    /// The output.
    pub out: fn(&str),
    /// Print only errors below HTTP.
    pub quiet: bool,
}

impl Observer for Lines {
    fn exchange(&self, exchange: &Exchange) {
        if !self.quiet {
            (self.out)(&format!("{}\n", exchange_line(exchange)));
        }
    }

    fn connection(&self, connection: &Connection) {
        (self.out)(&format!("      {}\n", printable(&connection.detail)));
    }
}

/// `#12   200  POST   /pos/v10/payments  34 ms`, with fault, early end or local response.
fn exchange_line(exchange: &Exchange) -> String {
    let status = exchange.status().map_or("---".to_owned(), |status| status.to_string());
    let ms = exchange.duration_us() / 1000;
    let target = exchange.request.target.chars().take(120).collect::<String>();
    let mut line = format!("#{:<4} {status}  {:<6} {target}  {ms} ms", exchange.number, exchange.request.method);
    if let Some(fault) = exchange.fault {
        line.push_str(&format!("  (injected fault: {})", fault.name()));
    }
    let end = &exchange.end;
    if end.by != EndedBy::Complete || end.stage != Stage::Done {
        line.push_str(&format!("  {}", end.detail));
    } else if exchange.answered_by == AnsweredBy::Recorder && exchange.fault.is_none() {
        line.push_str("  (response from the recorder)");
    }
    printable(&line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Fault;
    use crate::capture::record::{Answer, End, Request, Times};

    #[test]
    fn lines_show_faults_and_early_ends() {
        let request =
            Request { method: "POST".into(), target: "/pos/v10/payments\u{1b}[1m".into(), ..Request::default() };
        let times = Times { request_head: 1_000, end: 35_000, ..Times::default() };
        let mut exchange = Exchange { number: 12, request, times, ..Exchange::default() };
        exchange.answer = Some(Answer { status: 200, ..Answer::default() });
        assert_eq!(exchange_line(&exchange), "#12   200  POST   /pos/v10/payments\u{fffd}[1m  34 ms");
        exchange.fault = Some(Fault::Timeout);
        exchange.end =
            End { by: EndedBy::Client, stage: Stage::Waiting, detail: "the client closed".into(), ..End::default() };
        let line = exchange_line(&exchange);
        assert!(
            line.starts_with("#12   ---") && line.ends_with("(injected fault: timeout)  the client closed"),
            "{line}"
        );
    }
}
