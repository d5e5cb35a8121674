//! Parsing of `application/x-www-form-urlencoded`, used by forms, queries and token requests.

use percent_encoding::percent_decode_str;

/// The decoded fields in order; parts without `=` are skipped.
pub(crate) fn fields(form: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let pairs = form.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_in_order() {
        let field = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(fields("a=1+2&a=%C3%A6%3D&b&c="), [field("a", "1 2"), field("a", "æ="), field("c", "")]);
        assert_eq!(fields(""), []);
    }
}
