//! The emblem on a certificate's page, as SVG.

use maud::{Markup, html};

/// A rosette of 24 points with a check mark.
pub(super) fn seal() -> Markup {
    html! {
        svg.emblem viewBox="0 0 120 120" width="104" height="104" aria-hidden="true" {
            polygon.rays points=(POINTS) {}
            path.ring d="M60 18a42 42 0 1 1 0 84a42 42 0 1 1 0-84Z" {}
            path.inner d="M60 24a36 36 0 1 1 0 72a36 36 0 1 1 0-72Z" {}
            path.tick d="M44 61l11 12l22-26" {}
        }
    }
}

/// The outline of the rosette: 24 points on a circle of radius 57, alternating with 24 on one of radius 50.5.
const POINTS: &str = "60.0,3.0 66.6,9.9 74.8,4.9 79.3,13.3 88.5,10.6 90.7,19.9 100.3,19.7 100.1,29.3 \
    109.4,31.5 106.7,40.7 115.1,45.2 110.1,53.4 117.0,60.0 110.1,66.6 115.1,74.8 106.7,79.3 \
    109.4,88.5 100.1,90.7 100.3,100.3 90.7,100.1 88.5,109.4 79.3,106.7 74.8,115.1 66.6,110.1 \
    60.0,117.0 53.4,110.1 45.2,115.1 40.7,106.7 31.5,109.4 29.3,100.1 19.7,100.3 19.9,90.7 \
    10.6,88.5 13.3,79.3 4.9,74.8 9.9,66.6 3.0,60.0 9.9,53.4 4.9,45.2 13.3,40.7 \
    10.6,31.5 19.9,29.3 19.7,19.7 29.3,19.9 31.5,10.6 40.7,13.3 45.2,4.9 53.4,9.9";
