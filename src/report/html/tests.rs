//! Tests of the HTML report: required content and forbidden markup.

use super::super::{snapshots, test_verdicts};
use super::*;

#[test]
fn documents_match_snapshots() {
    snapshots::check("passed.html", &render(&test_verdicts::passed(), &test_verdicts::views()));
    snapshots::check("failed.html", &render(&test_verdicts::failed(), &test_verdicts::views()));
    snapshots::check("incomplete.html", &render(&test_verdicts::incomplete(), &test_verdicts::views()));
}

/// Elements and attributes of the template; none of them loads or runs anything.
const ELEMENTS: &str = "html head meta title style body header main footer section article div p h1 h2 h3 h4 h5 span strong bdi code \
    pre a ul ol li dl dt dd details summary figure figcaption table thead tbody tr th td svg line rect text polygon path";
const ATTRIBUTES: &str = "lang charset http-equiv content name class id href open role title aria-label aria-labelledby aria-hidden xmlns viewBox x y x1 \
    y1 x2 y2 width height rx text-anchor points d";

/// Panics at the first element or attribute that is not in these lists, and at an external link.
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
}

#[test]
fn documents_load_nothing_and_escape_client_text() {
    let page = render(&test_verdicts::failed(), &test_verdicts::views());
    check_markup(&page);
    assert!(page.contains("&lt;script&gt;alert(1)"), "the hostile text is shown, as text");
    assert!(!page.chars().any(|c| c != '\n' && wording::is_hidden(c)));
    for loading in ["url(", "@import", "expression("] {
        assert!(!STYLE.contains(loading), "{loading}");
    }
}

#[test]
fn content_security_policy_allows_only_the_style_sheet() {
    let page = render(&test_verdicts::passed(), &[]);
    let style = page.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let digest = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style));
    let policy = format!("default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'");
    assert!(page.replace("&#39;", "'").contains(&policy));
}

#[test]
fn each_exchange_is_shown_once_and_links_have_targets() {
    let page = render(&test_verdicts::failed(), &test_verdicts::views());
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let unique: std::collections::BTreeSet<&&str> = ids.iter().collect();
    assert_eq!(ids.len(), unique.len(), "{ids:?}");
    for target in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(ids.contains(&target), "{target}");
    }
    assert!(ids.contains(&"exchange-10"));
}

#[test]
fn render_uses_only_cited_exchanges() {
    let verdict = test_verdicts::failed();
    let cited = cited(&verdict);
    let only: Vec<ExchangeView> =
        test_verdicts::views().into_iter().filter(|view| cited.contains(&view.number)).collect();
    assert!(only.len() < test_verdicts::views().len());
    assert_eq!(render(&verdict, &only), render(&verdict, &test_verdicts::views()));
}

#[test]
fn long_cases_are_drawn_with_first_and_last_exchanges() {
    let mut verdict = test_verdicts::passed();
    verdict.features[1].cases[0].witness = (100..1000).collect();
    let cited = cited(&verdict);
    assert!(cited.contains(&100) && cited.contains(&999) && !cited.contains(&500));
    let views: Vec<ExchangeView> =
        (100..1000).map(|number| ExchangeView { number, ..test_verdicts::views()[2].clone() }).collect();
    let page = render(&verdict, &views);
    assert!(page.contains("852 exchanges between the first 32 and the last 16 left out"));
    assert_eq!(page.matches("<text class=\"call\"").count(), 48);
}
