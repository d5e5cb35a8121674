#!/usr/bin/env bash
# Measures the recorder's throughput beside nginx's (apt-get install nginx-light) in one run; prints ratios. Nothing else
# should run on the machine meanwhile.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo test --release --quiet --test suite bench:: -- --ignored --nocapture
