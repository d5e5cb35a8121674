//! The `poscert` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    poscert::main()
}
