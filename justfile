# Daily commands; `just` lists them. https://just.systems

# List the commands.
default:
    @just --list

# Format and lint, as the tests do.
check:
    cargo fmt
    cargo clippy --release --all-targets --quiet -- -D warnings

# Run the unit tests; a filter selects some.
unit *filter:
    cargo test --release --lib --quiet -- {{filter}}

# Run the tests with the built program; a filter selects some.
suite *filter:
    cargo test --release --test suite --quiet -- {{filter}}

# Run everything that must pass before a change is merged.
all:
    bash tests/run

# Run the demo.
demo *args:
    cargo run --release -- demo {{args}}

# Run the benchmarks.
bench *args:
    bash tests/bench.sh {{args}}

# Build the book and the API documentation.
docs:
    mdbook build
    cargo doc --no-deps

# Check licences, advisories and duplicates of the dependencies.
deny:
    cargo deny check
