//! The characters and lengths of texts that the API takes (input_formats#valid_characters).

/// The longest text in characters that the API takes for keys, order ids, names and labels.
pub const LONGEST: usize = 36;

/// Whether a character may stand in a text: printable ASCII, and the letters and signs of Latin-1.
pub fn is_valid(c: char) -> bool {
    matches!(c, ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{ff}')
}

/// What is wrong with a text of the API, in words that follow its field's name; `None` if nothing.
pub fn problem(text: &str) -> Option<String> {
    let length = text.chars().count();
    if length == 0 {
        Some("is empty".to_owned())
    } else if length > LONGEST {
        Some(format!("is {length} characters long, {LONGEST} are allowed"))
    } else {
        let wrong = text.chars().find(|&c| !is_valid(c))?;
        Some(format!("holds U+{:04X}, which is not a valid character", wrong as u32))
    }
}
