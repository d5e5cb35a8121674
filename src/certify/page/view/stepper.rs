//! View of the four steps in the header.

use maud::{Markup, html};

/// The titles of the four steps.
pub(super) const STEPS: [&str; 4] = ["Identification", "Selection", "Certification", "Approval"];

/// Their names in addresses: those of the phases.
pub(in crate::certify::page) const STEP_NAMES: [&str; 4] = ["identification", "selection", "certification", "approval"];

/// The steps. `now`: the one shown; `phase`: the one reached. Once the certification has started, finished steps link to
/// a page that shows them read-only.
pub(super) fn render(now: Option<usize>, phase: &str) -> Markup {
    let reached = STEP_NAMES.iter().position(|name| *name == phase).or(now);
    html! {
        nav aria-label="Steps of the certification" {
            ol.stepper { @for at in 0..STEPS.len() { (step(at, now, reached)) } }
        }
    }
}

fn step(at: usize, now: Option<usize>, reached: Option<usize>) -> Markup {
    let is_now = Some(at) == now;
    let is_done = reached.is_some_and(|reached| at < reached);
    let class = if is_now {
        "now"
    } else if is_done {
        "done"
    } else {
        "next"
    };
    let name = STEP_NAMES.get(at).copied().unwrap_or_default();
    let to = match reached {
        Some(reached) if is_now || reached < 2 || at > reached => None,
        Some(reached) if at == reached => Some("/".to_owned()),
        Some(_) => Some(format!("/step/{name}")),
        None => None,
    };
    let content = html! {
        span.mark aria-hidden="true" { @if is_done { "✓" } @else { (at + 1) } }
        span.name { (STEPS.get(at).copied().unwrap_or_default()) }
        @if is_done { span.unseen { " (done)" } }
    };
    html! {
        li class=(class) aria-current=[is_now.then_some("step")] {
            @match to { Some(to) => a href=(to) { (content) }, None => (content) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finished_steps_link_to_their_read_only_page() {
        let begun = render(Some(2), "certification").into_string();
        assert!(begun.contains("href=\"/step/identification\"") && begun.contains("href=\"/step/selection\""));
        assert!(!begun.contains("href=\"/step/certification\"") && !begun.contains("href=\"/\""));
        let back = render(Some(0), "certification").into_string();
        assert!(back.contains("href=\"/\"") && !back.contains("href=\"/step/identification\""), "{back}");
        // Before the start, the forms have their own way back.
        assert!(!render(Some(1), "selection").into_string().contains("href"));
    }
}
