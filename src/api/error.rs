//! The error codes of the API (endpoint_errors).

/// An error answer's code, with the HTTP status it comes with and its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// The number in the answer's `code`.
    pub code: u16,
    /// The HTTP status.
    pub status: u16,
    /// What it means.
    pub message: &'static str,
}
