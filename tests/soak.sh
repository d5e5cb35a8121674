#!/usr/bin/env bash
# Steady mixed traffic on a recorder for so many seconds (3600); prints memory, open handles and latencies as it goes, and
# fails when memory or handles grow or latency drifts.
set -euo pipefail
cd "$(dirname "$0")/.."
SOAK_SECONDS=${1:-3600} cargo test --release --quiet --test suite soak:: -- --ignored --nocapture
