//! Injection tests: every text of a verdict and its exchanges is hostile, and no format may let any of it take effect.

use super::{ExchangeView, Format, Style, render, test_verdicts, wording};
use crate::verify::Verdict;
use crate::verify::verdict::CaseStatus;

const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=y>]]>--></style>&amp;&#60;\u{1b}[2J\u{9b}31m\u{202e}\u{2028}\u{feff}\
                       \u{0}\n::error::x ::error::y ##[error]z\r\n| a | [b](c) `d` @e https://f";

fn verdict() -> Verdict {
    let mut verdict = test_verdicts::failed();
    let hostile = || HOSTILE.to_owned();
    verdict.profile.integrator_id = hostile();
    verdict.profile.client_id = hostile();
    verdict.profile.client_version = hostile();
    verdict.capture.digest = hostile();
    verdict.capture.sealed_by = vec![hostile()];
    verdict.rules.digest = hostile();
    verdict.remarks = vec![hostile()];
    for feature in &mut verdict.features {
        feature.title = hostile();
        for case in &mut feature.cases {
            case.id = hostile();
            case.title = hostile();
            case.steps.iter_mut().for_each(|step| step.call = hostile());
        }
    }
    for requirement in &mut verdict.requirements {
        requirement.id = hostile();
        requirement.title = hostile();
        requirement.source = hostile();
        for finding in &mut requirement.findings {
            finding.message = hostile();
            finding.remedy = hostile();
        }
    }
    verdict
}

fn views() -> Vec<ExchangeView> {
    test_verdicts::exchanges()
        .into_iter()
        .map(|mut exchange| {
            exchange.request.method = HOSTILE.into();
            exchange.request.target = HOSTILE.into();
            exchange.request.version = HOSTILE.into();
            exchange.request.refused = Some(HOSTILE.into());
            exchange.request.body.bytes = HOSTILE.into();
            exchange.end.detail = HOSTILE.into();
            exchange.notes = vec![HOSTILE.into()];
            let headers = exchange.answer.iter_mut().flat_map(|answer| {
                answer.reason = HOSTILE.into();
                answer.body.bytes = HOSTILE.into();
                &mut answer.headers
            });
            headers.chain(&mut exchange.request.headers).for_each(|header| {
                header.name = HOSTILE.into();
                header.value = HOSTILE.into();
            });
            ExchangeView::of(&exchange, crate::profile::pos_v10())
        })
        .collect()
}

#[test]
fn hostile_text_is_escaped_in_every_format() {
    for status in [CaseStatus::Failed, CaseStatus::NotTested, CaseStatus::InProgress] {
        let mut verdict = verdict();
        verdict.features.iter_mut().flat_map(|feature| &mut feature.cases).for_each(|case| case.status = status);
        for format in Format::ALL {
            let out = render(format, &verdict, &views(), Style::PLAIN, Some("capture"));
            assert!(out.ends_with('\n'), "{format:?}");
            assert!(!out.chars().any(|c| c != '\n' && wording::is_hidden(c)), "{format:?}: {out:?}");
            assert!(!out.lines().any(|line| line.trim_start().starts_with("::")), "{format:?}: {out}");
            assert!(format == Format::Json || !out.contains("##["), "{format:?}");
            let markup = match format {
                Format::Text | Format::Json => &["\u{1b}"][..],
                Format::Junit => &["<script", "<img", "]]>"][..],
                Format::Html => &["<script", "<img", "'><", "]]>", "--></style>"][..],
                Format::Markdown => &["<script", "<img", "](", "`d`", "@e", "https://", "| a |"][..],
            };
            for wrong in markup {
                assert!(!out.contains(wrong), "{format:?} lets {wrong:?} through");
            }
            if format == Format::Html {
                assert!(out.contains("&lt;script&gt;alert(1)"), "the hostile text is shown, as text");
                super::html_kit::document::check_markup(&out);
            }
        }
    }
}
