//! Whole documents.

use base64::Engine;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

/// A document: `head` has what its page loads or contains besides the common elements, `body` is the body element.
pub(crate) fn document(title: &str, head: &Markup, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                (head)
            }
            (body)
        }
    };
    page.into_string()
}

/// A document in one file: it loads and runs nothing, and its content security policy allows only its own style sheet.
pub(crate) fn self_contained(title: &str, style: &str, body: &Markup) -> String {
    let policy = policy_of(style);
    let head = html! {
        meta http-equiv="Content-Security-Policy" content=(policy);
        style { (PreEscaped(style)) }
    };
    document(title, &head, &html! { body { (body) } }) + "\n"
}

/// The content security policy of a document in one file.
pub(crate) fn policy_of(style: &str) -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        base64::engine::general_purpose::STANDARD.encode(Sha256::digest(style))
    )
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) use tests::check_markup;
