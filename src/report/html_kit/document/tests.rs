//! Tests of documents, and the check of their markup that all tests of HTML share.

use super::*;

/// Elements and attributes of the templates; none of them loads or runs anything.
const ELEMENTS: &str = "html head meta title style body header main footer nav section article div p h1 h2 h3 h4 span strong bdi code \
    pre a ul ol li dl dt dd details summary figure figcaption table thead tbody tr th td svg line rect text polygon path";
const ATTRIBUTES: &str = "lang charset http-equiv content name class id href open role tabindex title aria-label aria-labelledby aria-hidden xmlns viewBox x y x1 \
    y1 x2 y2 width height rx text-anchor points d";

/// Panics at the first element or attribute that is not in these lists, at an external link, and at a style sheet that
/// loads something.
pub(crate) fn check_markup(page: &str) {
    let tag = regex::Regex::new(r#"^</?([A-Za-z0-9]+)((?: [A-Za-z0-9-]+(?:="[^"<]*")?)*)>"#).unwrap();
    let attribute = regex::Regex::new(r#" ([A-Za-z0-9-]+)(?:="([^"]*)")?"#).unwrap();
    for (at, _) in page.match_indices('<').skip(1) {
        let found = tag.captures(&page[at..]).unwrap_or_else(|| panic!("{}", &page[at..page.len().min(at + 200)]));
        assert!(ELEMENTS.split_whitespace().any(|name| name == &found[1]), "{}", &found[0]);
        for pair in attribute.captures_iter(&found[2]) {
            assert!(ATTRIBUTES.split_whitespace().any(|name| name == &pair[1]), "{}", &found[0]);
            assert!(&pair[1] != "href" || pair[2].starts_with('#'), "{}", &found[0]);
        }
    }
    for loading in ["url(", "@import", "expression("] {
        assert!(!style_of(page).contains(loading), "{loading}");
    }
}

fn style_of(page: &str) -> &str {
    page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap()
}

#[test]
fn content_security_policy_allows_only_the_style_sheet() {
    let page = self_contained("t", "p { margin: 0; }", &html! { p { "x" } });
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style_of(&page)));
    let policy = format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'");
    assert!(page.replace("&#39;", "'").contains(&policy));
    check_markup(&page);
}
