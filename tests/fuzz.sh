#!/usr/bin/env bash
# Feeds every reader of foreign bytes with broken input, each for so many seconds (60), and prints what was run. An input
# that breaks one is kept in tests/fuzz/found, and is part of the tests from then on.
set -euo pipefail
cd "$(dirname "$0")/.."
FUZZ_SECONDS=${1:-60} cargo test --release --quiet --test suite fuzz:: -- --nocapture --test-threads 2
