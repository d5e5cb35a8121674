//! Tests of the HTML report: required content and forbidden markup.

use super::super::{snapshots, test_verdicts};
use super::*;

#[test]
fn documents_match_snapshots() {
    snapshots::check("passed.html", &render(&test_verdicts::passed(), &test_verdicts::views()));
    snapshots::check("failed.html", &render(&test_verdicts::failed(), &test_verdicts::views()));
    snapshots::check("incomplete.html", &render(&test_verdicts::incomplete(), &test_verdicts::views()));
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
