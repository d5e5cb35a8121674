//! The verifier: records in, verdict out. It opens no file and no socket.

pub mod verdict;

pub use verdict::Verdict;
