//! The sequence diagram of a case as inline SVG: client, recorder, backend and customer from left to right, time
//! downwards. Colors come from the style sheet, so that light and dark mode work.

use crate::api::{Operation, PaymentStatus};
use crate::report::exchange_view::{Actor, ExchangeView, time};
use crate::report::wording;
use maud::{Markup, html};

/// X coordinates of the lanes, in SVG units.
const CLIENT: i32 = 34;
const RECORDER: i32 = 150;
const BACKEND: i32 = 266;
const CUSTOMER: i32 = 362;
const WIDTH: i32 = 400;
/// Y coordinate of the first row.
const TOP: i32 = 34;

/// A shape at its y coordinate.
struct Mark {
    y: i32,
    class: &'static str,
    shape: Shape,
}

enum Shape {
    /// An arrow between lanes.
    Arrow { from: i32, to: i32 },
    /// The early end of an exchange.
    Cross { x: i32 },
    /// Text at the left edge.
    Label(String),
    /// Text at the right edge.
    CustomerLabel(&'static str),
}

/// What failed in a diagram.
#[derive(Default)]
pub(super) struct Failure<'a> {
    /// The exchanges that are the evidence.
    pub cited: &'a [u64],
    /// The call that is missing after the last of them.
    pub missing: Option<&'a str>,
}

/// Draws exchanges in their order.
pub(super) fn render(id: &str, views: &[&ExchangeView], failure: &Failure<'_>) -> Markup {
    let (marks, bottom) = marks(views, failure);
    let height = bottom + 12;
    let title = format!("Sequence of {}", wording::safe(id));
    html! {
        svg.sequence viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(title) xmlns="http://www.w3.org/2000/svg" {
            title { (title) }
            @for (x, name) in [(CLIENT, "client"), (RECORDER, "recorder"), (BACKEND, "backend"), (CUSTOMER, "customer")] {
                line.lane x1=(x) y1="24" x2=(x) y2=(bottom) {}
                rect.lane-name x=(x - 32) y="4" width="64" height="20" rx="5" {}
                text.lane-name x=(x) y="18" text-anchor="middle" { (name) }
            }
            @for mark in &marks { (draw(mark)) }
        }
    }
}

fn draw(mark: &Mark) -> Markup {
    let (y, class) = (mark.y, mark.class);
    html! {
        @match &mark.shape {
            Shape::Arrow { from, to } => {
                @let side = if to > from { 1 } else { -1 };
                line class={ "arrow " (class) } x1=(from) y1=(y) x2=(to - 5 * side) y2=(y) {}
                polygon class={ "point " (class) }
                    points={ (to - side) "," (y) " " (to - 8 * side) "," (y - 4) " " (to - 8 * side) "," (y + 4) } {}
            }
            Shape::Cross { x } => {
                path class={ "cross " (class) } d={ "M" (x - 5) " " (y - 5) " l10 10 m0 -10 l-10 10" } {}
            }
            Shape::Label(label) => { text class=(class) x="2" y=(y) { (label) } }
            Shape::CustomerLabel(label) => { text class=(class) x=(WIDTH - 2) y=(y) text-anchor="end" { (label) } }
        }
    }
}

/// All marks, and the y coordinate of their end.
fn marks(views: &[&ExchangeView], failure: &Failure<'_>) -> (Vec<Mark>, i32) {
    let mut marks = Vec::new();
    let mut y = TOP;
    let mut before: Option<&ExchangeView> = None;
    let mut state = None;
    for view in views {
        let polled = view.state.filter(|_| view.name == Operation::QUERY_PAYMENT.name());
        if let Some(act) = customers_act(state, polled) {
            y += 16;
            marks.push(Mark { y, class: "customer", shape: Shape::CustomerLabel(act) });
            y += 8;
            marks.push(Mark { y, class: "customer", shape: Shape::Arrow { from: CUSTOMER, to: BACKEND } });
            y += 6;
        }
        state = polled.or(state);
        let is_cited = failure.cited.contains(&view.number);
        y = exchange(&mut marks, view, before, (y, is_cited));
        before = Some(view);
        if let Some(missing) = failure.missing.filter(|_| failure.cited.last() == Some(&view.number)) {
            y = missing_call(&mut marks, missing, y);
        }
    }
    (marks, y)
}

/// The customer's action, inferred from a state change between two polls, or from the first poll if it does not show a
/// newly started payment.
fn customers_act(before: Option<PaymentStatus>, now: Option<PaymentStatus>) -> Option<&'static str> {
    use PaymentStatus::*;
    match (before.unwrap_or(Initiated), now?) {
        (before, now) if before == now => None,
        (Initiated, IssuedToUser) | (Initiated | Prepared, Paired) => Some("the customer checks in"),
        (Initiated | IssuedToUser, Reserved) => Some("the customer accepts"),
        (Prepared | Paired | Initiated | IssuedToUser, CancelledByUser) => Some("the customer cancels"),
        _ => None,
    }
}

/// The place of a call that is missing.
fn missing_call(marks: &mut Vec<Mark>, what: &str, top: i32) -> i32 {
    let label = wording::safe(what).chars().take(60).collect();
    marks.push(Mark { y: top + 18, class: "missing", shape: Shape::Label(label) });
    marks.push(Mark { y: top + 27, class: "missing", shape: Shape::Arrow { from: CLIENT, to: RECORDER } });
    top + 36
}

/// An exchange; its label is marked if it is evidence of a failure.
fn exchange(
    marks: &mut Vec<Mark>,
    view: &ExchangeView,
    before: Option<&ExchangeView>,
    (top, is_cited): (i32, bool),
) -> i32 {
    let from = if view.actor == Actor::Customer { CUSTOMER } else { CLIENT };
    let mut y = top + 18;
    let gap = before
        .filter(|before| before.run == view.run)
        .and_then(|before| view.start_us.checked_sub(before.end_us))
        .map(|gap| format!(", {} later", time(gap)))
        .unwrap_or_default();
    let name: String = view.name.chars().take(34).collect();
    let (class, mark) = if is_cited { ("cited", "✗ ") } else { ("call", "") };
    marks.push(Mark { y, class, shape: Shape::Label(format!("{mark}#{} {name}{gap}", view.number)) });
    y += 9;
    marks.push(Mark { y, class: "request", shape: Shape::Arrow { from, to: RECORDER } });
    if view.forwarded {
        marks.push(Mark { y, class: "request", shape: Shape::Arrow { from: RECORDER, to: BACKEND } });
    }
    y += 14;
    let class = match (view.fault, view.status) {
        (Some(_), _) => "fault",
        (None, Some(..400)) => "answer",
        (None, _) => "problem",
    };
    let whole = view.status.is_some();
    if view.forwarded && (whole || view.fault.is_some()) {
        let back = if view.fault.is_some() { "answer" } else { class };
        marks.push(Mark { y, class: back, shape: Shape::Arrow { from: BACKEND, to: RECORDER } });
    }
    if whole {
        marks.push(Mark { y, class, shape: Shape::Arrow { from: RECORDER, to: from } });
    } else {
        marks.push(Mark { y, class, shape: Shape::Cross { x: i32::midpoint(from, RECORDER) } });
    }
    y += 16;
    let result = match view.fault {
        Some(fault) if whole => format!("fault: {fault}"),
        Some(fault) => format!("fault: {fault}, {}", view.result()),
        None => view.result(),
    };
    marks.push(Mark { y, class, shape: Shape::Label(format!("{result} after {}", view.duration())) });
    y + 6
}
