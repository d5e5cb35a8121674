//! The valid characters and lengths of texts in the API (input_formats#valid_characters).

/// The maximum length of keys, order ids, names and labels, in characters.
pub(crate) const LONGEST: usize = 36;

/// Whether a character is valid in a text: printable ASCII, and the letters and signs of Latin-1.
pub(crate) fn is_valid(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}')
}

/// The problem of a text, in words that follow its field's name; `None` for a valid text.
pub(crate) fn problem(text: &str) -> Option<String> {
    let length = text.chars().count();
    if length == 0 {
        Some("is empty".to_owned())
    } else if length > LONGEST {
        Some(format!("is {length} characters long; {LONGEST} are allowed"))
    } else {
        let wrong = text.chars().find(|&c| !is_valid(c))?;
        Some(format!("contains U+{:04X}, which is not a valid character", wrong as u32))
    }
}
