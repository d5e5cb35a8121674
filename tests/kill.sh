#!/usr/bin/env bash
# Kills recorders with `kill -9` under load, while parts close and while a fault is held, so many times (300), and prints
# what was tried: kills, answers acknowledged, found, lost.
set -euo pipefail
cd "$(dirname "$0")/.."
KILLS=${1:-300} cargo test --release --quiet --test suite kills:: -- --nocapture --test-threads 1
